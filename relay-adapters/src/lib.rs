//! Adapters for the ports of `relay-core`, one feature each.

#[cfg(feature = "anthropic")]
pub mod anthropic;
#[cfg(feature = "google")]
pub mod google;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "openai")]
pub mod openai;
#[cfg(feature = "ring")]
pub mod ring;
pub mod system_clock;

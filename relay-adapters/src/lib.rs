//! Adapters for the ports of `relay-core`: one adapter = one file or folder = one feature.

#[cfg(feature = "anthropic")]
pub mod anthropic;
#[cfg(feature = "cache")]
pub mod cache;
#[cfg(feature = "google")]
pub mod google;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "openai")]
pub mod openai;
#[cfg(feature = "ring")]
pub mod ring;
#[cfg(any(feature = "memory", feature = "sqlite"))]
mod rollup;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod system_clock;

//! Adapters for the ports of `relay-core`, one feature each.

#[cfg(feature = "ring")]
pub mod ring;
pub mod system_clock;

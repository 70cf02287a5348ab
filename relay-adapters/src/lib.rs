//! Adapters for `relay-core`'s ports, each behind a feature of its own.

#[cfg(feature = "mock")]
pub mod mock;

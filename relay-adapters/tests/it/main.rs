//! Tests of the adapters against the ports.

#[cfg(feature = "mock")]
mod mock;

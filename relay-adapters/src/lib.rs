//! Adapters for the ports of `relay-core`: one adapter = one file or folder = one feature.

#[cfg(feature = "memory")]
pub mod memory;
#[cfg(any(feature = "memory", feature = "sqlite"))]
mod rollup;

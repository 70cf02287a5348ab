//! Tests of the adapters, one module each.

#[cfg(feature = "ring")]
mod ring;

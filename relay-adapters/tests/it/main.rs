//! Tests of the adapters, one module each.

#[cfg(all(feature = "openai", feature = "anthropic", feature = "google"))]
mod http;
#[cfg(feature = "ring")]
mod ring;

//! What the example programs share, and tests of the Rust code in the documentation.
//!
//! | program | shows |
//! | --- | --- |
//! | `embed_in_axum` | Relay inside a backend of your own, without relay-server |
//! | `own_key_store` | a key store of your own, held to the conformance suite |
//! | `deterministic_ci` | an app's tests with scripted providers |
//!
//! `cargo run -p relay-examples --bin embed_in_axum` runs one; each ends by itself.

pub mod embedded;
pub mod http;

/// The code of these pages is compiled and run by `cargo test --doc`.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/embedding.md")]
    struct Embedding;

    #[doc = include_str!("../../docs/testing.md")]
    struct Testing;
}

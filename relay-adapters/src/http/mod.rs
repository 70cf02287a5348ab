//! HTTP to the providers, with reqwest: one transport for all of them.
//!
//! | what | here |
//! | --- | --- |
//! | limits and time-outs | [`Timeouts`], `body.rs` |
//! | connections | [`HttpTransport`], `lanes.rs` |
//! | one request and its answer | [`HttpProvider`] |
//! | where it may go | [`BaseUrl`] |
//! | what went wrong | `error.rs` |
//!
//! Redirects are not followed, cookies are not kept, proxies of the environment are not used, content codings are refused.
//! Nothing is spawned for a body: who drops it closes the stream.

mod base_url;
mod body;
mod crypto;
mod error;
mod exchange;
#[cfg(test)]
mod http2_tests;
mod lanes;
mod timeouts;
mod transport;

pub use base_url::{BaseUrl, InvalidBaseUrl, PlainHttp};
pub use crypto::install_crypto;
pub use exchange::HttpProvider;
pub use timeouts::Timeouts;
pub use transport::{HttpSetupError, HttpTransport};

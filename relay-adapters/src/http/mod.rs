//! HTTP to the providers, with reqwest: one transport for all of them.
//!
//! | what | here |
//! | --- | --- |
//! | limits and timeouts | [`Timeouts`], `body.rs` |
//! | the body of a request | `outbound.rs` |
//! | connections | [`HttpTransport`], `lanes.rs` |
//! | proxies and certificate authorities | [`Egress`] |
//! | one request and its answer | [`HttpProvider`] |
//! | the provider's base URL | [`BaseUrl`] |
//! | events for webhooks | [`HttpWebhooks`] |
//! | errors | `error.rs`, `cause.rs` |
//!
//! Redirects are not followed, cookies are not stored, proxies are used only as [`Egress`] says, and compressed
//! answers are refused. No task is spawned for a body: dropping it closes the stream.

mod base_url;
mod body;
mod cause;
mod crypto;
#[cfg(test)]
mod dns_tests;
mod egress;
mod error;
mod exchange;
#[cfg(test)]
mod http2_tests;
mod lanes;
mod outbound;
mod timeouts;
mod transport;
mod webhooks;

pub use base_url::{BaseUrl, InvalidBaseUrl, PlainHttp};
pub use crypto::install_crypto;
pub use egress::{Egress, HttpSetupError};
pub use exchange::HttpProvider;
pub use timeouts::Timeouts;
pub use transport::HttpTransport;
pub use webhooks::{HttpWebhooks, Lookup};

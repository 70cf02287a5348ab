//! The port that sends an event to an app's endpoint.

use async_trait::async_trait;

/// Why there is no answer, in a stable word: `dns`, `refused`, `timeout`, `tls`, `blocked_address`, `invalid_url`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct WebhookFailure(pub &'static str);

/// An endpoint's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookAnswer {
    /// The status.
    pub status: u16,
    /// The first bytes of the body, at most [`MAX_KEPT_ANSWER`](crate::domain::MAX_KEPT_ANSWER).
    pub body: Vec<u8>,
}

impl WebhookAnswer {
    /// An answer with this status and the beginning of its body.
    pub fn new(status: u16, body: Vec<u8>) -> Self {
        Self { status, body }
    }
}

/// Sends events to endpoints that developers name.
///
/// Obligations: it connects only to an address that it has checked; it follows no redirect; it gives up after ten
/// seconds; it keeps no cookie and sends no credential.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait WebhookClient: Send + Sync {
    /// Posts a JSON body with these headers.
    ///
    /// # Errors
    /// If there is no answer.
    async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<WebhookAnswer, WebhookFailure>;
}

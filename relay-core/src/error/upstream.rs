//! What goes wrong with a provider, or with what it answers.

use std::error::Error;

use crate::error::{Code, RelayError};

/// No answer, or one that broke off.
impl RelayError {
    /// The provider could not be reached; nothing was sent. 502 `upstream_unreachable`.
    pub(crate) fn upstream_unreachable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamUnreachable, "the provider could not be reached; nothing was sent")
            .with_source(source)
    }

    /// Relay gave up waiting. 504 `upstream_timeout`, not to be retried: the provider may have done, and billed, the work.
    pub(crate) fn upstream_timeout(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamTimeout, "the provider did not answer in time").with_retry(false).with_source(source)
    }

    /// The connection to the provider broke. 502 `upstream_stream_interrupted`.
    pub(crate) fn connection_broken(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamStreamInterrupted, "the connection to the provider broke").with_source(source)
    }

    /// The provider's answer is not HTTP that Relay reads. 502 `upstream_error`.
    pub(crate) fn malformed_response(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamError, "the provider's answer can't be read").with_source(source)
    }
}

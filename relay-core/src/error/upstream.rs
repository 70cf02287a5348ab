//! What goes wrong with a provider, or with what it answers.

use std::borrow::Cow;
use std::error::Error;

use crate::error::{AnyCode, Class, Code, RelayError, error_type};

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

    /// The provider's stream ended before its answer did. 502 `upstream_stream_interrupted`.
    pub(crate) fn interrupted() -> Self {
        Self::coded(Code::UpstreamStreamInterrupted, "the provider ended the stream before its answer was complete")
    }
}

/// An answer that Relay cannot pass on as it is.
impl RelayError {
    /// The provider's answer is not HTTP that Relay reads. 502 `upstream_error`.
    pub(crate) fn malformed_response(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unusable_answer("the provider's answer can't be read").with_source(source)
    }

    /// The provider's answer could not be read, or is longer than Relay holds. 502 `upstream_error`.
    pub fn unusable_answer(message: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(Code::UpstreamError, message)
    }

    /// The error that a provider's answer stands for, where Relay has a code for it. The dialects' tables choose the code.
    pub(crate) fn from_answer(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(code, message)
    }

    /// The error that a provider's answer stands for, in the provider's own words: its status, code and type are passed on.
    /// An empty `code` is `null`, an empty `error_type` the usual one of a wrong request.
    pub(crate) fn passed_on(class: Class, code: &str, error_type: &str, message: impl Into<Cow<'static, str>>) -> Self {
        let error_type = if error_type.is_empty() { error_type::INVALID_REQUEST } else { error_type };
        Self::new(class, AnyCode::of_provider(class, code), message).with_type(error_type.to_owned())
    }

    /// Replaces the code by the provider's own one; an empty one is `null`.
    #[must_use]
    pub(crate) fn with_provider_code(mut self, code: &str) -> Self {
        self.0.code = AnyCode::of_provider(self.0.class, code);
        self
    }
}

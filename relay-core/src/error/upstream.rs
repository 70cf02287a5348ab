//! Errors in reaching a provider, and in the answers it returns.

use std::borrow::Cow;
use std::error::Error;

use crate::error::{AnyCode, Class, Code, RelayError, error_type};

/// No answer, or an incomplete one.
impl RelayError {
    /// Relay could not reach the provider, and sent nothing. 502 `upstream_unreachable`.
    pub(crate) fn upstream_unreachable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamUnreachable, "Relay could not reach the provider and sent nothing; try again")
            .with_source(source)
    }

    /// Relay could not reach the provider in time, and sent nothing. 504 `upstream_timeout`, which may be retried.
    pub(crate) fn connect_timeout(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamTimeout, "Relay could not reach the provider in time and sent nothing; try again")
            .with_source(source)
    }

    /// Relay stopped waiting. 504 `upstream_timeout`, not to be retried: the provider may have done the work and billed
    /// it.
    pub(crate) fn upstream_timeout(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamTimeout, "the provider did not answer in time; stream long answers")
            .with_retry(false)
            .with_source(source)
    }

    /// The connection to the provider broke. 502 `upstream_stream_interrupted`.
    pub(crate) fn connection_broken(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::UpstreamStreamInterrupted, "the connection to the provider broke; send the request again")
            .with_source(source)
    }

    /// The provider's stream ended before its answer did. 502 `upstream_stream_interrupted`.
    pub(crate) fn interrupted() -> Self {
        Self::coded(
            Code::UpstreamStreamInterrupted,
            "the provider ended the stream before its answer was complete; send the request again",
        )
    }
}

/// An answer that Relay cannot pass on unchanged.
impl RelayError {
    /// The provider's answer is not valid HTTP. 502 `upstream_error`.
    pub(crate) fn malformed_response(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::unusable_answer("the provider returned an answer that could not be read; send the request again")
            .with_source(source)
    }

    /// The provider's answer could not be read, or is larger than Relay's limit for an answer. 502 `upstream_error`.
    pub fn unusable_answer(message: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(Code::UpstreamError, message)
    }

    /// Something on the way to the provider answered: a proxy, a firewall, a login page. 502 `upstream_error`.
    pub(crate) fn not_the_provider(label: &str, status: u16) -> Self {
        Self::unusable_answer(format!(
            "something between Relay and {label} answered with status {status}; check the proxy on the way"
        ))
        .with_cause("not_the_provider")
    }

    /// The error that a provider's answer stands for, if Relay has a code for it. The dialects' tables choose the code.
    pub(crate) fn from_answer(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self::coded(code, message)
    }

    /// The error that a provider's answer stands for, with the provider's own status, code and type. An empty `code`
    /// becomes `null`, an empty `error_type` becomes `invalid_request_error`.
    pub(crate) fn passed_on(class: Class, code: &str, error_type: &str, message: impl Into<Cow<'static, str>>) -> Self {
        let error_type = if error_type.is_empty() { error_type::INVALID_REQUEST } else { error_type };
        Self::new(class, AnyCode::of_provider(class, code), message).with_type(error_type.to_owned())
    }

    /// Replaces the code with the provider's own; an empty one becomes `null`.
    #[must_use]
    pub(crate) fn with_provider_code(mut self, code: &str) -> Self {
        self.0.code = AnyCode::of_provider(self.0.class, code);
        self
    }
}

//! Why a request is refused before any route sees it.

use relay_core::RelayError;

/// The limits of a request's head, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    /// The request target.
    pub(crate) url: usize,
    /// The request line and all header fields.
    pub(crate) head: usize,
}

/// Why a request is refused before any route sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The head breaks a rule of HTTP/1.1, which the text names.
    Malformed(&'static str),
    /// The method is longer than any that Relay knows, is not in capitals, or is `CONNECT`.
    UnknownMethod,
    /// The request target is too long.
    UrlTooLong,
    /// The head is too long, or has too many fields.
    HeadTooLarge,
    /// The head did not arrive in time.
    HeadTimeout,
    /// The body breaks a rule of the chunked coding, which the text names.
    BrokenBody(&'static str),
    /// The body did not arrive in time.
    BodyTimeout,
    /// The server has as many connections as it can serve.
    TooManyConnections,
}

impl Refusal {
    /// The error that the client receives.
    pub(crate) fn to_error(self, limits: HeadLimits) -> RelayError {
        match self {
            Self::Malformed(rule) => RelayError::malformed_request(rule),
            Self::UnknownMethod => RelayError::method_not_implemented(),
            Self::UrlTooLong => RelayError::url_too_long(limits.url),
            Self::HeadTooLarge => RelayError::request_headers_too_large(limits.head),
            Self::HeadTimeout => RelayError::head_timeout(),
            Self::BrokenBody(rule) => RelayError::incomplete_body(rule),
            Self::BodyTimeout => RelayError::request_timeout(),
            Self::TooManyConnections => RelayError::too_many_connections(),
        }
    }
}

//! The port that moves bytes to and from a provider.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;

use crate::domain::Provider;
use crate::domain::secret::ProviderKey;
use crate::error::RelayError;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET, without a body.
    Get,
    /// POST, with a JSON body.
    Post,
}

/// What is expected back, which decides on timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// One JSON body.
    Whole,
    /// A server-sent event stream.
    Stream,
}

/// A request in a provider's own format. The client adds the origin and the credential, and nothing else.
#[derive(Clone, PartialEq, Eq)]
pub struct WireRequest {
    /// GET or POST.
    pub method: Method,
    /// Path and query, from the root: `/v1/messages`.
    pub path: String,
    /// Headers beside content type and credential. Lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body; empty for GET.
    pub body: Bytes,
    /// One body or a stream.
    pub expect: Expect,
}

/// Without the body, which holds a prompt.
impl std::fmt::Debug for WireRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WireRequest({:?} {}, {} bytes)", self.method, self.path, self.body.len())
    }
}

impl WireRequest {
    /// A GET of `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), headers: Vec::new(), body: Bytes::new(), expect: Expect::Whole }
    }

    /// A POST of a JSON body to `path`.
    pub fn post(path: impl Into<String>, body: impl Into<Bytes>, expect: Expect) -> Self {
        Self { method: Method::Post, path: path.into(), headers: Vec::new(), body: body.into(), expect }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// A body as it arrives. Dropping it ends the call.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// A provider's answer, of any status.
pub struct WireResponse {
    /// The HTTP status.
    pub status: u16,
    /// Headers with lower-case names, as far as Relay reads any (see [`READ_HEADERS`]).
    pub headers: Vec<(String, String)>,
    /// The body as it arrives.
    pub body: ByteStream,
}

impl WireResponse {
    /// An answer in one piece.
    pub fn whole(status: u16, body: impl Into<Bytes>) -> Self {
        let piece: Bytes = body.into();
        Self { status, headers: Vec::new(), body: Box::pin(futures::stream::iter([Ok(piece)])) }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for WireResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WireResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// Prefixes of the response headers that Relay reads. A client hands over these and drops the rest, so that a provider's
/// cookies and organisation names can't leak by accident.
pub const READ_HEADERS: &[&str] = &[
    "content-type",
    "content-encoding",
    "retry-after",
    "x-should-retry",
    "request-id",
    "x-request-id",
    "x-ratelimit-",
    "anthropic-ratelimit-",
    "x-gemini-service-tier",
    "openai-processing-ms",
];

/// What went wrong between Relay and a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// No connection: nothing was sent, so a retry is safe.
    Connect,
    /// The connection broke after something was sent.
    Interrupted,
    /// A time limit ran out.
    Timeout,
    /// The answer is not HTTP, is too large, or is encoded although it was asked not to be.
    Malformed,
}

/// The provider could not be reached, or stopped in the middle. An answer with an error status is not one of these.
///
/// It holds no URL, since Google accepts keys in a query.
#[derive(Debug, thiserror::Error)]
#[error("provider unreachable: {kind:?}")]
pub struct TransportError {
    /// What a retry needs to know.
    pub kind: TransportErrorKind,
    /// The cause, for the log.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl TransportError {
    /// Wraps a cause.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { kind, source: source.into() }
    }
}

impl From<TransportError> for RelayError {
    fn from(error: TransportError) -> Self {
        match error.kind {
            TransportErrorKind::Connect => Self::upstream_unreachable(error),
            TransportErrorKind::Timeout => Self::upstream_timeout(error),
            TransportErrorKind::Interrupted => Self::connection_broken(error),
            TransportErrorKind::Malformed => Self::malformed_response(error),
        }
    }
}

/// Moves bytes to and from one provider. Knows its origin and its credential header, and nothing of its schema.
///
/// Obligations: follows no redirect (a 3xx comes back as it is), keeps no cookie, asks for no content coding, never puts
/// the key in a URL or an error; retries at most once, and only if nothing was sent. Dropping the future of
/// [`Self::send`], or the response's body, ends the call.
///
/// ```
/// use async_trait::async_trait;
/// use relay_core::Provider;
/// use relay_core::domain::secret::ProviderKey;
/// use relay_core::ports::{ProviderClient, TransportError, WireRequest, WireResponse};
///
/// /// A provider that is down.
/// struct Down;
///
/// #[async_trait]
/// impl ProviderClient for Down {
///     fn provider(&self) -> Provider {
///         Provider::OPENAI
///     }
///
///     async fn send(&self, _: WireRequest, _: &ProviderKey) -> Result<WireResponse, TransportError> {
///         Ok(WireResponse::whole(503, r#"{"error":{"message":"overloaded"}}"#))
///     }
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ProviderClient: Send + Sync {
    /// Which provider it speaks to.
    fn provider(&self) -> Provider;

    /// Sends a request, signed with this key and no other.
    ///
    /// # Errors
    /// [`TransportError`] when there is no answer at all.
    async fn send(&self, request: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError>;
}

#[cfg(feature = "mocks")]
impl MockProviderClient {
    /// Answers every call with this status and these bytes, in one piece.
    pub fn replying(provider: Provider, status: u16, body: &'static [u8]) -> Self {
        let mut mock = Self::new();
        mock.expect_provider().return_const(provider);
        mock.expect_send().returning(move |_, _| Ok(WireResponse::whole(status, body)));
        mock
    }
}

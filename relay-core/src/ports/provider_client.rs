//! The port that sends bytes to a provider and returns its answer.

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures::Stream;

use crate::domain::secret::ProviderKey;
use crate::domain::{AccountIds, Provider, Region};
use crate::error::RelayError;

/// A request's method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET, without a body.
    Get,
    /// POST, with a JSON body.
    Post,
}

/// The expected form of the answer, which decides the timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// One JSON body.
    Whole,
    /// A server-sent event stream.
    Stream,
}

/// A request in a provider's own format. The client adds only the origin and the credential.
#[derive(Clone, PartialEq, Eq)]
pub struct WireRequest {
    /// GET or POST.
    pub method: Method,
    /// Path and query, from the root: `/v1/messages`.
    pub path: String,
    /// Headers other than content type and credential. Lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body; empty for GET.
    pub body: Bytes,
    /// One body or a stream.
    pub expect: Expect,
    /// The region whose host gets it; `None` for the usual one.
    pub region: Option<Region>,
}

/// Leaves out the body, which contains a prompt.
impl std::fmt::Debug for WireRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "WireRequest({:?} {}, {} bytes)", self.method, self.path, self.body.len())
    }
}

impl WireRequest {
    /// A GET of `path`.
    pub fn get(path: impl Into<String>) -> Self {
        Self {
            method: Method::Get,
            path: path.into(),
            headers: Vec::new(),
            body: Bytes::new(),
            expect: Expect::Whole,
            region: None,
        }
    }

    /// A POST of a JSON body to `path`.
    pub fn post(path: impl Into<String>, body: impl Into<Bytes>, expect: Expect) -> Self {
        Self { method: Method::Post, path: path.into(), headers: Vec::new(), body: body.into(), expect, region: None }
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Adds what a key needs beside it: the headers of its account's ids, and the region whose host it works at.
    #[must_use]
    pub(crate) fn addressed(mut self, provider: Provider, ids: &AccountIds, region: Option<Region>) -> Self {
        self.region = region;
        ids.headers(provider).fold(self, |wire, (name, id)| wire.with_header(name, id))
    }
}

/// A body as it arrives. Dropping it ends the call.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// A provider's answer, of any status.
pub struct WireResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers that Relay reads (see [`READ_HEADERS`]), with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body as it arrives.
    pub body: ByteStream,
    /// How long it took to connect, in microseconds, if a connection was made for this request and the client measured it.
    pub connect_micros: Option<u64>,
}

impl WireResponse {
    /// An answer over a connection that was there.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: ByteStream) -> Self {
        Self { status, headers, body, connect_micros: None }
    }

    /// An answer in one piece.
    pub fn whole(status: u16, body: impl Into<Bytes>) -> Self {
        let piece: Bytes = body.into();
        Self::new(status, Vec::new(), Box::pin(futures::stream::iter([Ok(piece)])))
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

/// Prefixes of the response headers that Relay reads. A client returns these and drops the rest, so a provider's
/// cookies and organisation names cannot leak by accident.
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
    /// No connection within the time for one: nothing was sent, but the caller has waited already.
    ConnectTimeout,
    /// The connection broke after something was sent.
    Interrupted,
    /// A timeout expired.
    Timeout,
    /// The answer is not valid HTTP, is too large, or is compressed although the request did not allow it.
    Malformed,
}

/// Why a provider could not be reached, or its answer broke off: what an operator has to look at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum TransportCause {
    /// The host's name was not found.
    Dns,
    /// The host, or the proxy, refused the connection.
    Refused,
    /// There is no route to the host.
    NoRoute,
    /// A timeout expired.
    Timeout,
    /// The connection was closed or reset before the answer was complete.
    Reset,
    /// The certificate's issuer is unknown.
    UnknownCa,
    /// The certificate is for another name.
    WrongCertificateName,
    /// The certificate has expired, or is not valid yet.
    CertificateExpired,
    /// The certificate is not valid for another reason.
    BadCertificate,
    /// The other side does not speak TLS.
    NotTls,
    /// The TLS handshake failed.
    Tls,
    /// The proxy refused to connect to the host.
    ProxyRefused,
    /// The proxy wants a user name and a password, or others.
    ProxyCredentials,
    /// The proxy could not be reached.
    ProxyUnreachable,
    /// The answer is not valid HTTP.
    NotHttp,
    /// The answer is valid HTTP that Relay does not take: too large, or compressed.
    BadAnswer,
    /// Anything else.
    #[default]
    Other,
}

impl TransportCause {
    /// The stable word for logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::Refused => "refused",
            Self::NoRoute => "no_route",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::UnknownCa => "unknown_ca",
            Self::WrongCertificateName => "wrong_certificate_name",
            Self::CertificateExpired => "certificate_expired",
            Self::BadCertificate => "bad_certificate",
            Self::NotTls => "not_tls",
            Self::Tls => "tls",
            Self::ProxyRefused => "proxy_refused",
            Self::ProxyCredentials => "proxy_credentials",
            Self::ProxyUnreachable => "proxy_unreachable",
            Self::NotHttp => "not_http",
            Self::BadAnswer => "bad_answer",
            Self::Other => "other",
        }
    }
}

/// The provider could not be reached, or its answer broke off. An answer with an error status is not a
/// `TransportError`.
///
/// It contains no URL, since Google accepts keys in a query.
#[derive(Debug, thiserror::Error)]
#[error("provider unreachable: {kind:?}")]
pub struct TransportError {
    /// The kind of failure, which decides whether a retry is safe.
    pub kind: TransportErrorKind,
    /// What went wrong, for the log.
    pub cause: TransportCause,
    /// The error behind it, for the log.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl TransportError {
    /// Wraps a cause.
    pub fn new(kind: TransportErrorKind, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let cause = match kind {
            TransportErrorKind::ConnectTimeout | TransportErrorKind::Timeout => TransportCause::Timeout,
            TransportErrorKind::Interrupted => TransportCause::Reset,
            TransportErrorKind::Malformed => TransportCause::BadAnswer,
            TransportErrorKind::Connect => TransportCause::Other,
        };
        Self { kind, cause, source: source.into() }
    }

    /// Sets what went wrong.
    #[must_use]
    pub fn because(mut self, cause: TransportCause) -> Self {
        self.cause = cause;
        self
    }
}

impl From<TransportError> for RelayError {
    fn from(error: TransportError) -> Self {
        let cause = error.cause.as_str();
        let error = match error.kind {
            TransportErrorKind::Connect => Self::upstream_unreachable(error),
            TransportErrorKind::ConnectTimeout => Self::connect_timeout(error),
            TransportErrorKind::Timeout => Self::upstream_timeout(error),
            TransportErrorKind::Interrupted => Self::connection_broken(error),
            TransportErrorKind::Malformed => Self::malformed_response(error),
        };
        error.with_cause(cause)
    }
}

/// Sends bytes to one provider and returns its answer. Knows the provider's origin and credential header, but not its
/// schema.
///
/// Obligations: follows no redirect (a 3xx is returned), stores no cookie, requests no content coding, never puts the
/// key in a URL or an error; retries at most once, and only if nothing was sent. Dropping the future of [`Self::send`],
/// or the response's body, ends the call.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait ProviderClient: Send + Sync {
    /// The provider that it calls.
    fn provider(&self) -> Provider;

    /// Whether it sends a request with a [`Region`] to that region's host. `false` where the operator chose the address:
    /// a key must go nowhere else then.
    fn reaches_regions(&self) -> bool {
        false
    }

    /// Sends a request that is signed with this key.
    ///
    /// # Errors
    /// [`TransportError`] if there is no answer.
    async fn send(&self, request: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError>;
}

#[cfg(feature = "mocks")]
impl MockProviderClient {
    /// Answers every call with this status and these bytes, in one piece.
    pub fn replying(provider: Provider, status: u16, body: &'static [u8]) -> Self {
        let mut mock = Self::new();
        mock.expect_provider().return_const(provider);
        mock.expect_reaches_regions().return_const(false);
        mock.expect_send().returning(move |_, _| Ok(WireResponse::whole(status, body)));
        mock
    }
}

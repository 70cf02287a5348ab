//! The connections, and how long to wait.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, Proxy, redirect, retry};

use super::lanes::{Lanes, Place};

/// Bytes of an answer's head, at most.
pub(super) const MAX_HEAD: usize = 64 * 1024;

/// No limit is longer than a day, so that points in time can be reckoned without overflow.
const LONGEST: Duration = Duration::from_secs(86_400);

/// How long to wait for what. The defaults are for production; a server's configuration may shorten them. Longer than a
/// day counts as a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For name, TCP and TLS together: 5 s.
    pub connect: Duration,
    /// From the call to the head of an answer that streams: 300 s.
    pub first_byte_of_stream: Duration,
    /// From the call to the head of an answer in one piece, which a model writes first: 600 s.
    pub first_byte_of_whole: Duration,
    /// Between two pieces of a body: 120 s.
    pub gap: Duration,
    /// From the call to the end of the body: 3,600 s.
    pub total: Duration,
    /// After which an unused connection is closed: 55 s, less than after which providers close it.
    pub idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte_of_stream: Duration::from_secs(300),
            first_byte_of_whole: Duration::from_secs(600),
            gap: Duration::from_secs(120),
            total: Duration::from_secs(3600),
            idle: Duration::from_secs(55),
        }
    }
}

impl Timeouts {
    fn bounded(self) -> Self {
        let Self { connect, first_byte_of_stream, first_byte_of_whole, gap, total, idle } = self;
        Self {
            connect: connect.min(LONGEST),
            first_byte_of_stream: first_byte_of_stream.min(LONGEST),
            first_byte_of_whole: first_byte_of_whole.min(LONGEST),
            gap: gap.min(LONGEST),
            total: total.min(LONGEST),
            idle: idle.min(LONGEST),
        }
    }
}

/// The client could not be set up: no root certificates, or a proxy's URL that is none.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client can't be set up")]
pub struct HttpSetupError(#[source] reqwest::Error);

/// Connections to the providers. Make one and share it: clones have the same connections.
#[derive(Clone)]
pub struct HttpTransport {
    lanes: Arc<Lanes>,
    timeouts: Timeouts,
}

impl HttpTransport {
    /// A transport that connects directly, whatever proxies the environment names. Roots are the operating system's.
    ///
    /// # Errors
    /// When there are no root certificates.
    pub fn new(timeouts: Timeouts) -> Result<Self, HttpSetupError> {
        Self::build(timeouts, None)
    }

    /// A transport that goes through this proxy (`http://host:port`).
    ///
    /// # Errors
    /// When there are no root certificates, or `proxy` is not a URL.
    pub fn through(proxy: &str, timeouts: Timeouts) -> Result<Self, HttpSetupError> {
        let proxy = Proxy::all(proxy).map_err(|error| HttpSetupError(error.without_url()))?;
        Self::build(timeouts, Some(proxy))
    }

    fn build(timeouts: Timeouts, proxy: Option<Proxy>) -> Result<Self, HttpSetupError> {
        super::crypto::install_crypto();
        let timeouts = timeouts.bounded();
        let first = client(&timeouts, proxy.clone()).map_err(HttpSetupError)?;
        let more = move || client(&timeouts, proxy.clone()).ok();
        Ok(Self { lanes: Arc::new(Lanes::new(first, more)), timeouts })
    }

    /// A transport that speaks HTTP/2 without TLS, which no provider does.
    #[cfg(test)]
    pub(super) fn plain_http2() -> Self {
        super::crypto::install_crypto();
        let timeouts = Timeouts::default();
        let first = builder(&timeouts).http2_prior_knowledge().build().unwrap();
        Self { lanes: Arc::new(Lanes::new(first, || None)), timeouts }
    }

    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    pub(super) fn enter(&self) -> (Client, Place) {
        self.lanes.enter()
    }
}

impl fmt::Debug for HttpTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTransport").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

fn client(timeouts: &Timeouts, proxy: Option<Proxy>) -> reqwest::Result<Client> {
    proxy.into_iter().fold(builder(timeouts), ClientBuilder::proxy).build()
}

fn builder(timeouts: &Timeouts) -> ClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .user_agent(concat!("relay/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(redirect::Policy::none())
        // The exchange decides on that. Besides, reqwest copies every request to be ready for it.
        .retry(retry::never().max_retries_per_request(0))
        .referer(false)
        .no_proxy()
        .connect_timeout(timeouts.connect)
        .pool_idle_timeout(timeouts.idle)
        .pool_max_idle_per_host(1024)
        .tcp_nodelay(true)
        .http2_max_header_list_size(MAX_HEAD as u32)
        // Notices a dead connection while a model thinks. Pings only while a call waits.
        .http2_keep_alive_interval(Duration::from_secs(30))
        .http2_keep_alive_timeout(Duration::from_secs(20))
}

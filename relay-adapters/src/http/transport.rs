//! The connections to the providers, and their timeouts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, redirect, retry};

use super::egress::{Egress, HttpSetupError};
use super::lanes::{Lanes, Place};
use super::timeouts::Timeouts;

/// The largest head of an answer, in bytes.
pub(super) const MAX_HEAD: usize = 64 * 1024;

/// Connections to the providers. Create one and share it: clones share the connections.
#[derive(Clone)]
pub struct HttpTransport {
    lanes: Arc<Lanes>,
    timeouts: Timeouts,
}

impl HttpTransport {
    /// A transport that connects directly and ignores proxies from the environment. It uses the operating system's root
    /// certificates.
    ///
    /// # Errors
    /// If there are no root certificates.
    pub fn new(timeouts: Timeouts) -> Result<Self, HttpSetupError> {
        Self::leaving(Egress::default(), timeouts)
    }

    /// A transport that goes through this proxy (`http://host:port`).
    ///
    /// # Errors
    /// If there are no root certificates, or `proxy` is not a URL.
    pub fn through(proxy: &str, timeouts: Timeouts) -> Result<Self, HttpSetupError> {
        Self::leaving(Egress::default().with_proxy(proxy)?, timeouts)
    }

    /// A transport whose connections leave this machine so.
    ///
    /// # Errors
    /// If there are no root certificates, or one of the given ones can't be used.
    pub fn leaving(egress: Egress, timeouts: Timeouts) -> Result<Self, HttpSetupError> {
        super::crypto::install_crypto();
        let timeouts = timeouts.bounded();
        let first =
            client(&timeouts, &egress).map_err(|error| HttpSetupError::new("no client", error.without_url()))?;
        let more = move || client(&timeouts, &egress).ok();
        Ok(Self { lanes: Arc::new(Lanes::new(first, more)), timeouts })
    }

    /// A transport that uses HTTP/2 without TLS, for tests.
    #[cfg(test)]
    pub(super) fn plain_http2() -> Self {
        super::crypto::install_crypto();
        let timeouts = Timeouts::default();
        let first = builder(&timeouts).http2_prior_knowledge().build().unwrap();
        Self { lanes: Arc::new(Lanes::new(first, || None)), timeouts }
    }

    /// A transport that finds names with this resolver, for tests.
    #[cfg(test)]
    pub(super) fn resolving(timeouts: Timeouts, resolver: impl reqwest::dns::Resolve + 'static) -> Self {
        super::crypto::install_crypto();
        let first = builder(&timeouts).dns_resolver(Arc::new(resolver)).build().unwrap();
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

fn client(timeouts: &Timeouts, egress: &Egress) -> reqwest::Result<Client> {
    egress.apply(builder(timeouts)).build()
}

fn builder(timeouts: &Timeouts) -> ClientBuilder {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    Client::builder()
        .user_agent(concat!("relay/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers)
        .redirect(redirect::Policy::none())
        // The exchange decides on retries. Besides, reqwest would copy every request to be able to retry it.
        .retry(retry::never().max_retries_per_request(0))
        .referer(false)
        .no_proxy()
        .connect_timeout(timeouts.connect)
        .pool_idle_timeout(timeouts.idle)
        .pool_max_idle_per_host(1024)
        .tcp_nodelay(true)
        .http2_max_header_list_size(MAX_HEAD as u32)
        // Detects a dead connection while a model thinks. Pings are only sent while a call waits.
        .http2_keep_alive_interval(Duration::from_secs(30))
        .http2_keep_alive_timeout(Duration::from_secs(20))
}

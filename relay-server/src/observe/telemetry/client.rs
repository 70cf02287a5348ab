//! How exporters send: with our HTTP client, on the server's runtime.

use async_trait::async_trait;
use bytes::Bytes;
use opentelemetry_http::{HttpClient, HttpError, Request, Response};
use reqwest::{Client, redirect};
use tokio::runtime::Handle;

use super::error::TelemetryError;
use crate::config::TelemetryConfig;

/// The longest time that one batch may take to send.
pub(super) const TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);
/// What is read of a collector's answer, in bytes. It says at most which spans were refused.
const MAX_ANSWER: usize = 64 << 10;

/// An HTTP client for exporters, whose threads have no runtime.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    client: Client,
    runtime: Handle,
}

impl Sender {
    /// Needs TLS's crypto library, which `wiring` installs.
    pub(super) fn new() -> Result<Self, TelemetryError> {
        let client = Client::builder()
            .user_agent(concat!("relay/", env!("CARGO_PKG_VERSION")))
            .redirect(redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .timeout(TIMEOUT)
            .build();
        let client = client.map_err(|error| TelemetryError::Setup(relay_core::error::chain(&error.without_url())))?;
        Ok(Self { client, runtime: Handle::current() })
    }

    /// The URL of a signal: the configured one and `v1/traces` or `v1/metrics`.
    pub(super) fn url(config: &TelemetryConfig, signal: &str) -> Option<String> {
        Some(config.endpoint.as_ref()?.join(&format!("v1/{signal}")).ok()?.into())
    }
}

#[async_trait]
impl HttpClient for Sender {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.runtime.spawn(async move { exchange(&client, request).await });
        sent.await?
    }
}

async fn exchange(client: &Client, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
    let mut answer = client.execute(request.try_into()?).await.map_err(reqwest::Error::without_url)?;
    let mut response = Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        std::mem::swap(headers, answer.headers_mut());
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + piece.len() > MAX_ANSWER {
            break;
        }
        body.extend_from_slice(&piece);
    }
    Ok(response.body(body.into())?)
}

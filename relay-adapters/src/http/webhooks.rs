//! Sends events to the endpoints that developers name. They may name anything, so each name is resolved once, checked,
//! and connected to at the very address that was checked.

use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt as _;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, redirect, retry};

use relay_core::domain::{MAX_KEPT_ANSWER, WebhookTargets};
use relay_core::ports::{WebhookAnswer, WebhookClient, WebhookFailure};

use super::egress::HttpSetupError;

/// How long an attempt may take in all.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Finds the addresses of a name.
pub type Lookup =
    Arc<dyn Fn(String) -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>> + Send + Sync>;

/// A [`WebhookClient`] over HTTP. It uses no proxy, also where the providers are reached through one.
pub struct HttpWebhooks {
    client: Client,
    targets: WebhookTargets,
}

impl HttpWebhooks {
    /// A client that reaches these targets, by the names that the operating system resolves.
    ///
    /// # Errors
    /// If there are no root certificates.
    pub fn new(targets: WebhookTargets) -> Result<Self, HttpSetupError> {
        let lookup = |name: String| -> Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>> {
            Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect()) })
        };
        Self::resolving(targets, Arc::new(lookup))
    }

    /// A client that finds names with `lookup`.
    ///
    /// # Errors
    /// If there are no root certificates.
    pub fn resolving(targets: WebhookTargets, lookup: Lookup) -> Result<Self, HttpSetupError> {
        super::crypto::install_crypto();
        let client = Client::builder()
            .user_agent(concat!("relay-webhooks/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Guard { targets, lookup }))
            .redirect(redirect::Policy::none())
            .retry(retry::never().max_retries_per_request(0))
            .referer(false)
            .no_proxy()
            .timeout(TIMEOUT)
            .pool_idle_timeout(Duration::from_secs(30))
            .build()
            .map_err(|error| HttpSetupError::new("no client", error.without_url()))?;
        Ok(Self { client, targets })
    }
}

impl std::fmt::Debug for HttpWebhooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpWebhooks").field("targets", &self.targets).finish_non_exhaustive()
    }
}

/// Resolves a name to checked addresses, to which alone reqwest connects.
struct Guard {
    targets: WebhookTargets,
    lookup: Lookup,
}

/// A name leads into a private or reserved network.
#[derive(Debug, thiserror::Error)]
#[error("the name leads into a private or reserved network")]
struct Blocked;

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let (found, targets) = ((self.lookup)(name.as_str().to_owned()), self.targets);
        Box::pin(async move {
            let found = found.await?;
            // One bad address among good ones is an attempt to be led there.
            if found.is_empty() || !found.iter().all(|address| targets.permits(*address)) {
                return Err(Blocked.into());
            }
            let addresses: Addrs = Box::new(found.into_iter().map(|address| SocketAddr::new(address, 0)));
            Ok(addresses)
        })
    }
}

#[async_trait]
impl WebhookClient for HttpWebhooks {
    async fn post(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: String,
    ) -> Result<WebhookAnswer, WebhookFailure> {
        // What was allowed when the webhook was stored may not be any more. An address in place of a name is not resolved.
        self.targets.check(url).map_err(|_| WebhookFailure("blocked_address"))?;
        let mut request = self.client.post(url).header("content-type", "application/json").body(body);
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        // The timeout holds for the body as well.
        let response = request.send().await.map_err(|error| WebhookFailure(word_for(&error)))?;
        let status = response.status().as_u16();
        let mut kept = Vec::new();
        let mut body = response.bytes_stream();
        while kept.len() < MAX_KEPT_ANSWER
            && let Some(Ok(piece)) = body.next().await
        {
            kept.extend_from_slice(piece.get(..piece.len().min(MAX_KEPT_ANSWER - kept.len())).unwrap_or_default());
        }
        Ok(WebhookAnswer::new(status, kept))
    }
}

/// Why there is no answer. It has no URL: a developer may have put a secret into it.
fn word_for(error: &reqwest::Error) -> &'static str {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    let mut text = String::new();
    while let Some(found) = cause {
        if found.is::<Blocked>() {
            return "blocked_address";
        }
        if let Some(io) = found.downcast_ref::<std::io::Error>() {
            match io.kind() {
                std::io::ErrorKind::ConnectionRefused => return "refused",
                std::io::ErrorKind::ConnectionReset | std::io::ErrorKind::UnexpectedEof => return "reset",
                _ => {}
            }
        }
        text.push_str(&found.to_string());
        cause = found.source();
    }
    match () {
        () if error.is_builder() => "invalid_url",
        () if error.is_timeout() => "timeout",
        () if text.contains("dns error") => "dns",
        () if text.contains("certificate") || text.contains("handshake") => "tls",
        () if error.is_connect() => "unreachable",
        () => "broken",
    }
}

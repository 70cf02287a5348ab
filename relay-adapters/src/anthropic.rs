//! Anthropic over HTTPS. The key goes in `Authorization: Bearer`, and there alone: `x-api-key` would win if both were sent.

use async_trait::async_trait;

use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{ProviderClient, TransportError, WireRequest, WireResponse};

use crate::http::{BaseUrl, Credential, HttpProvider, HttpTransport};

/// Anthropic's API.
#[derive(Clone, Debug)]
pub struct Anthropic(HttpProvider);

impl Anthropic {
    /// Where it is, unless configured otherwise.
    pub const BASE_URL: &str = "https://api.anthropic.com";

    /// A client that uses these connections.
    pub fn new(http: &HttpTransport, base: BaseUrl) -> Self {
        Self(HttpProvider::new(Provider::ANTHROPIC, Credential::Bearer, base, http))
    }
}

#[async_trait]
impl ProviderClient for Anthropic {
    fn provider(&self) -> Provider {
        self.0.provider()
    }

    async fn send(&self, request: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError> {
        self.0.exchange(request, key).await
    }
}

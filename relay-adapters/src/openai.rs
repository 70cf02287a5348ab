//! OpenAI over HTTPS. The key goes in `Authorization: Bearer`.

use async_trait::async_trait;

use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{ProviderClient, TransportError, WireRequest, WireResponse};

use crate::http::{BaseUrl, Credential, HttpProvider, HttpTransport};

/// OpenAI's API.
#[derive(Clone, Debug)]
pub struct OpenAi(HttpProvider);

impl OpenAi {
    /// Where it is, unless configured otherwise.
    pub const BASE_URL: &str = "https://api.openai.com";

    /// A client that uses these connections.
    pub fn new(http: &HttpTransport, base: BaseUrl) -> Self {
        Self(HttpProvider::new(Provider::OPENAI, Credential::Bearer, base, http))
    }
}

#[async_trait]
impl ProviderClient for OpenAi {
    fn provider(&self) -> Provider {
        self.0.provider()
    }

    async fn send(&self, request: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError> {
        self.0.exchange(request, key).await
    }
}

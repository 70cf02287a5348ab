//! Google over HTTPS. The key goes in `x-goog-api-key`, never in the query, where it would end up in logs.

use async_trait::async_trait;

use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{ProviderClient, TransportError, WireRequest, WireResponse};

use crate::http::{BaseUrl, Credential, HttpProvider, HttpTransport};

/// Google's API.
#[derive(Clone, Debug)]
pub struct Google(HttpProvider);

impl Google {
    /// Where it is, unless configured otherwise.
    pub const BASE_URL: &str = "https://generativelanguage.googleapis.com";

    /// A client that uses these connections.
    pub fn new(http: &HttpTransport, base: BaseUrl) -> Self {
        Self(HttpProvider::new(Provider::GOOGLE, Credential::Header("x-goog-api-key"), base, http))
    }
}

#[async_trait]
impl ProviderClient for Google {
    fn provider(&self) -> Provider {
        self.0.provider()
    }

    async fn send(&self, request: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError> {
        self.0.exchange(request, key).await
    }
}

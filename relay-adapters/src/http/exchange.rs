//! One request and its answer.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Request, Response};
use tokio::time::{Instant, Sleep, sleep_until};
use zeroize::Zeroizing;

use relay_core::Provider;
use relay_core::domain::Region;
use relay_core::domain::provider::CredentialHeader;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{
    Expect, Method, ProviderClient, READ_HEADERS, TransportError, TransportErrorKind, WireRequest, WireResponse,
};
use relay_core::translation::dialect;

use super::base_url::BaseUrl;
use super::body::guarded;
use super::error::{is_unprocessed, malformed, timed_out, transport_error};
use super::lanes::Place;
use super::outbound::Outbound;
use super::transport::{HttpTransport, MAX_HEAD};

/// One provider over HTTP: a base URL, a credential header, and connections that all providers share.
///
/// ```
/// use relay_adapters::http::{BaseUrl, HttpProvider, HttpTransport, PlainHttp, Timeouts};
/// use relay_core::Provider;
///
/// let transport = HttpTransport::new(Timeouts::default())?;
/// let with_default_urls = HttpProvider::all(&transport); // for `Ports::providers`
///
/// let gateway = BaseUrl::parse("https://gateway.example/openai", PlainHttp::Refused)?;
/// let openai = HttpProvider::new(Provider::OPENAI, &transport).with_base_url(gateway);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct HttpProvider {
    provider: Provider,
    base: BaseUrl,
    /// The hosts of the provider's regions. Empty where the operator chose another address.
    regional: Arc<[(Region, BaseUrl)]>,
    transport: HttpTransport,
}

impl HttpProvider {
    /// A client of `provider` at its default base URL, with its credential header.
    pub fn new(provider: Provider, transport: &HttpTransport) -> Self {
        Self { provider, base: BaseUrl::of(provider), regional: regional(provider), transport: transport.clone() }
    }

    /// The same client at another base URL, such as a gateway or a test server. It sends no key to a regional host then,
    /// unless the base URL is one.
    #[must_use]
    pub fn with_base_url(self, base: BaseUrl) -> Self {
        let hosts = regional(self.provider);
        let is_own = base == BaseUrl::of(self.provider) || hosts.iter().any(|(_, host)| *host == base);
        Self { base, regional: if is_own { hosts } else { Arc::default() }, ..self }
    }

    /// Asks the provider for its answer to a request without a key: whether it can be reached, over TLS and HTTP. It is the
    /// request that checks a key.
    ///
    /// # Errors
    /// [`TransportError`] if there is no answer.
    pub async fn probe(&self) -> Result<WireResponse, TransportError> {
        let wire = dialect(self.provider).check_key();
        self.exchange(wire, None).await
    }

    /// The base URL for a request.
    fn base_of(&self, wire: &WireRequest) -> &BaseUrl {
        let regional = wire.region.and_then(|region| self.regional.iter().find(|(known, _)| *known == region));
        regional.map_or(&self.base, |(_, base)| base)
    }

    /// A client of every provider, for [`relay_core::Ports::providers`].
    pub fn all(transport: &HttpTransport) -> Vec<Arc<dyn ProviderClient>> {
        Provider::ALL.iter().map(|provider| Arc::new(Self::new(*provider, transport)) as _).collect()
    }

    fn request(
        &self,
        wire: &WireRequest,
        body: &Outbound,
        key: Option<&ProviderKey>,
    ) -> Result<Request, TransportError> {
        let method = match wire.method {
            Method::Get => reqwest::Method::GET,
            Method::Post => reqwest::Method::POST,
        };
        let mut request = Request::new(method, self.base_of(wire).join(&wire.path)?);
        let mut headers = HeaderMap::with_capacity(wire.headers.len() + 8);
        for (name, value) in &wire.headers {
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(refused)?;
            headers.insert(name, HeaderValue::from_str(value).map_err(refused)?);
        }
        if wire.method == Method::Post {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            *request.body_mut() = Some(body.attempt());
        }
        if let Some(key) = key {
            let (name, value) = signed(self.provider.credential(), key)?;
            headers.insert(name, value);
        }
        *request.headers_mut() = headers;
        Ok(request)
    }
}

#[async_trait]
impl ProviderClient for HttpProvider {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn reaches_regions(&self) -> bool {
        !self.regional.is_empty()
    }

    async fn send(&self, wire: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError> {
        self.exchange(wire, Some(key)).await
    }
}

impl HttpProvider {
    /// Sends the request. Sends it once more if the provider cannot have started to process it. A large body is sent once
    /// more only if no connection took it, since it is not kept while the provider works.
    ///
    /// In addition, hyper uses another connection if a pooled one is closed before anything was written.
    async fn exchange(&self, mut wire: WireRequest, key: Option<&ProviderKey>) -> Result<WireResponse, TransportError> {
        let limits = self.transport.timeouts();
        let (client, place) = self.transport.enter();
        let started = Instant::now();
        let head = match wire.expect {
            Expect::Stream => limits.first_byte_of_stream,
            Expect::Whole => limits.first_byte_of_whole,
        };
        let end = started + limits.total;
        let mut timer = Box::pin(sleep_until(end.min(started + head)));
        let body = Outbound::new(std::mem::take(&mut wire.body));
        let request = self.request(&wire, &body, key)?;
        let mut answer = within(&mut timer, client.execute(request)).await?;
        if answer.as_ref().is_err_and(is_unprocessed) && body.is_there() {
            let request = self.request(&wire, &body, key)?;
            answer = within(&mut timer, client.execute(request)).await?;
        }
        let answer = answer.map_err(transport_error)?;
        received(answer, place, timer, end, limits.gap)
    }
}

/// The base URLs of a provider's regions.
fn regional(provider: Provider) -> Arc<[(Region, BaseUrl)]> {
    provider.regions().map(|region| (region, BaseUrl::at(region))).collect()
}

/// The credential header, in the form that the provider expects.
fn signed(header: CredentialHeader, key: &ProviderKey) -> Result<(HeaderName, HeaderValue), TransportError> {
    let name = HeaderName::from_bytes(header.name().as_bytes()).map_err(refused)?;
    // Allocated at once, and wiped when hyper has written the header.
    let mut text = Zeroizing::new(Vec::with_capacity(header.prefix().len() + key.expose().len()));
    text.extend_from_slice(header.prefix().as_bytes());
    text.extend_from_slice(key.expose().as_bytes());
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text)).map_err(refused)?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// The error for a header that cannot be sent. Its cause does not contain the value.
fn refused(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::new(TransportErrorKind::Malformed, cause)
}

/// Waits for the answer's head until the timer expires.
async fn within<T>(timer: &mut Pin<Box<Sleep>>, call: impl Future<Output = T>) -> Result<T, TransportError> {
    tokio::select! {
        biased;
        done = call => Ok(done),
        () = timer => Err(timed_out("the first byte did not arrive in time")),
    }
}

/// The part of an answer that is passed on: the headers that Relay reads, and a body with timeouts.
fn received(
    answer: Response,
    place: Place,
    timer: Pin<Box<Sleep>>,
    end: Instant,
    gap: std::time::Duration,
) -> Result<WireResponse, TransportError> {
    let head = answer.headers();
    if head.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum::<usize>() > MAX_HEAD {
        return Err(malformed("the answer's head is too large"));
    }
    if head.get_all(CONTENT_ENCODING).iter().any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(malformed("the answer is compressed, although the request did not allow it"));
    }
    let headers = head
        .iter()
        .filter(|(name, _)| READ_HEADERS.iter().any(|prefix| name.as_str().starts_with(prefix)))
        .filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())))
        .collect();
    let status = answer.status().as_u16();
    Ok(WireResponse::new(status, headers, guarded(answer.bytes_stream(), place, timer, end, gap)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_signed_request_shows_no_key() {
        let key = ProviderKey::parse("sk-test-0123456789".to_owned()).unwrap();
        for credential in [CredentialHeader::Bearer, CredentialHeader::Named("x-goog-api-key")] {
            let headers: HeaderMap = [signed(credential, &key).unwrap()].into_iter().collect();
            assert!(format!("{headers:?}").ends_with("Sensitive}"), "{headers:?}");
        }
    }
}

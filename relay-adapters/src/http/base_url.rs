//! The base URL of a provider. It comes from the configuration and never from a request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;

use relay_core::Provider;
use relay_core::domain::Region;
use relay_core::domain::origin::is_loopback;
use relay_core::ports::{TransportError, TransportErrorKind};

/// Whether a base URL may use plain HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// Never. Use this in a server.
    Refused,
    /// Only on this machine: for tests, benchmarks and a local gateway.
    OnLoopback,
}

/// Why a text is not a base URL. The error does not repeat the text, which may contain a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBaseUrl {
    /// Not an absolute URL.
    #[error("a provider's base URL must be an absolute URL, such as https://api.openai.com")]
    NotAUrl,
    /// A scheme other than https, or http where it is not allowed.
    #[error("a provider's base URL must begin with https://; http:// is only for loopback addresses, if allowed")]
    NotHttps,
    /// More than scheme, host, port and path.
    #[error("a provider's base URL must not have a user name, password, query or fragment")]
    TooMuch,
}

/// The number of paths that are cached with their parsed URLs. Each API has one path, or one for each model if its name
/// is in the path.
const KNOWN_PATHS: usize = 64;

/// Scheme, host and port of a provider, with an optional path prefix.
#[derive(Clone)]
pub struct BaseUrl {
    /// Without a trailing slash, as `Url` writes it.
    text: String,
    /// Paths that were parsed before, since parsing costs more than a look-up.
    known: Arc<Mutex<HashMap<String, Url>>>,
}

impl PartialEq for BaseUrl {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for BaseUrl {}

impl BaseUrl {
    /// Parses a base URL.
    ///
    /// # Errors
    /// If it is not https (see [`PlainHttp`]), or has more than an origin and a path.
    pub fn parse(text: &str, plain: PlainHttp) -> Result<Self, InvalidBaseUrl> {
        let url = Url::parse(text.trim()).map_err(|_| InvalidBaseUrl::NotAUrl)?;
        let host = url.host_str().ok_or(InvalidBaseUrl::NotAUrl)?;
        let allowed = match url.scheme() {
            "https" => true,
            "http" => plain == PlainHttp::OnLoopback && is_loopback(host),
            _ => false,
        };
        if !allowed {
            return Err(InvalidBaseUrl::NotHttps);
        }
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() {
            return Err(InvalidBaseUrl::TooMuch);
        }
        Ok(Self { text: url.as_str().trim_end_matches('/').to_owned(), known: Arc::default() })
    }

    /// The provider's default. A test checks that all of them parse.
    pub(super) fn of(provider: Provider) -> Self {
        Self { text: provider.base_url().to_owned(), known: Arc::default() }
    }

    /// The host of a region.
    pub(super) fn at(region: Region) -> Self {
        Self { text: format!("https://{}", region.host()), known: Arc::default() }
    }

    /// The URL of a path and query. A parser must not change it: no dot segments, no fragment, nothing that needs
    /// encoding, and nothing that could change the host.
    pub(super) fn join(&self, path: &str) -> Result<Url, TransportError> {
        let refused = || TransportError::new(TransportErrorKind::Malformed, "the path cannot be sent unchanged");
        if let Some(url) = self.known().get(path) {
            return Ok(url.clone());
        }
        if !path.starts_with('/') || path.contains('#') {
            return Err(refused());
        }
        let mut text = String::with_capacity(self.text.len() + path.len());
        text.push_str(&self.text);
        text.push_str(path);
        match Url::parse(&text) {
            Ok(url) if url.as_str() == text => {
                let mut known = self.known();
                if known.len() < KNOWN_PATHS {
                    known.insert(path.to_owned(), url.clone());
                }
                Ok(url)
            }
            _ => Err(refused()),
        }
    }

    /// No code panics while it holds the lock.
    fn known(&self) -> MutexGuard<'_, HashMap<String, Url>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, plain: PlainHttp, want: Result<&str, InvalidBaseUrl>) {
        let got = BaseUrl::parse(text, plain).map(|base| base.to_string());
        assert_eq!(got.as_deref(), want.as_ref().map(|text| *text), "{text}");
    }

    #[test]
    fn every_providers_default_base_url_is_valid() {
        for provider in Provider::ALL {
            let parsed = BaseUrl::parse(provider.base_url(), PlainHttp::Refused);
            assert_eq!(parsed, Ok(BaseUrl::of(*provider)), "{provider}");
        }
    }

    #[test]
    fn every_regions_base_url_is_valid() {
        for region in Provider::ALL.iter().flat_map(|provider| provider.regions()) {
            let parsed = BaseUrl::parse(&format!("https://{}", region.host()), PlainHttp::Refused);
            assert_eq!(parsed, Ok(BaseUrl::at(region)));
        }
    }

    #[test]
    fn a_base_url_is_an_https_origin_with_an_optional_path() {
        check("https://api.openai.com", PlainHttp::Refused, Ok("https://api.openai.com"));
        check(" https://API.openai.com:443/ ", PlainHttp::Refused, Ok("https://api.openai.com"));
        check("https://gateway.example:8443/openai/", PlainHttp::Refused, Ok("https://gateway.example:8443/openai"));
        for text in ["", "api.openai.com", "/v1", "https://", "https://a b/"] {
            check(text, PlainHttp::OnLoopback, Err(InvalidBaseUrl::NotAUrl));
        }
        for text in ["ftp://api.openai.com", "gopher://localhost/x", "ws://127.0.0.1"] {
            check(text, PlainHttp::OnLoopback, Err(InvalidBaseUrl::NotHttps));
        }
        for text in
            ["https://u:p@api.openai.com", "https://u@a.example", "https://a.example/?x=1", "https://a.example#x"]
        {
            check(text, PlainHttp::Refused, Err(InvalidBaseUrl::TooMuch));
        }
    }

    #[test]
    fn plain_http_needs_loopback_and_permission() {
        for text in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:9", "http://localhost:1"] {
            check(text, PlainHttp::OnLoopback, Ok(text));
            check(text, PlainHttp::Refused, Err(InvalidBaseUrl::NotHttps));
        }
        // Another form of 127.0.0.1 counts as 127.0.0.1.
        check("http://0x7f.1", PlainHttp::OnLoopback, Ok("http://127.0.0.1"));
        for text in ["http://api.openai.com", "http://10.0.0.1", "http://localhost.example", "http://0.0.0.0"] {
            check(text, PlainHttp::OnLoopback, Err(InvalidBaseUrl::NotHttps));
        }
    }

    #[test]
    fn a_path_is_sent_unchanged_or_refused() {
        for base in ["https://a.example", "https://a.example:8443/prefix"] {
            let base = BaseUrl::parse(base, PlainHttp::Refused).unwrap();
            for path in [
                "/",
                "/v1/messages",
                "/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
                "//b.example/x",
                "/%41",
            ] {
                assert_eq!(base.join(path).unwrap().as_str(), format!("{base}{path}"));
            }
            for path in [
                "",
                "v1",
                "@b.example/",
                ".b.example/",
                ":1/",
                "?x",
                "/a/../b",
                "/a/./b",
                "/..",
                "/%2e%2e/a",
                "/a#b",
                "/a b",
                "/a\tb",
                "/a\r\nx: y",
                "/\\b.example",
                "/é",
                "/a\0",
                "/a\"b",
                "/a<b>",
            ] {
                assert!(base.join(path).is_err(), "{path:?} is accepted");
            }
        }
    }
}

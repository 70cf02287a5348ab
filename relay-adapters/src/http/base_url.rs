//! Where a provider is: configuration, never part of a request.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use reqwest::Url;

use relay_core::Provider;
use relay_core::domain::origin::is_loopback;
use relay_core::ports::{TransportError, TransportErrorKind};

/// Whether a base URL may do without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlainHttp {
    /// Never: what a server should be told.
    Refused,
    /// On this machine only: for tests, benchmarks and a local gateway.
    OnLoopback,
}

/// Why a text is no base URL. The text is not part of it, since it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidBaseUrl {
    /// Not an absolute URL.
    #[error("a provider's base URL is an absolute URL, such as https://api.openai.com")]
    NotAUrl,
    /// Another scheme than https, or http where it is not allowed.
    #[error(
        "a provider's base URL begins with https://; http:// is for loopback addresses, and only if that is allowed"
    )]
    NotHttps,
    /// More than scheme, host, port and path.
    #[error("a provider's base URL has no user name, password, query or fragment")]
    TooMuch,
}

/// So many paths are remembered with their URLs. There is one for each call, and one for each model where its name is in
/// the path.
const KNOWN_PATHS: usize = 64;

/// Scheme, host and port of a provider, and a path in front of all its paths if there is one (none, usually).
#[derive(Clone)]
pub struct BaseUrl {
    /// Without a slash at its end, as `Url` writes it.
    text: String,
    /// Paths that were parsed before: parsing costs more than a look.
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
    /// When it is not https (see [`PlainHttp`]), or has more than an origin and a path.
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

    /// The provider's own, which a test parses.
    pub(super) fn of(provider: Provider) -> Self {
        Self { text: provider.base_url().to_owned(), known: Arc::default() }
    }

    /// The URL of a path and query, which must be one that no parser changes: no dot segments, no fragment, nothing that
    /// would have to be encoded, nothing that could reach into the host's name.
    pub(super) fn join(&self, path: &str) -> Result<Url, TransportError> {
        let refused = || TransportError::new(TransportErrorKind::Malformed, "the path can't be sent as it is");
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
    fn every_providers_own_base_url_is_one() {
        for provider in Provider::ALL {
            let parsed = BaseUrl::parse(provider.base_url(), PlainHttp::Refused);
            assert_eq!(parsed, Ok(BaseUrl::of(*provider)), "{provider}");
        }
    }

    #[test]
    fn a_base_url_is_an_https_origin_and_perhaps_a_path() {
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
    fn plain_http_is_for_loopback_and_only_if_allowed() {
        for text in ["http://127.0.0.1:8080", "http://127.9.9.9", "http://[::1]:9", "http://localhost:1"] {
            check(text, PlainHttp::OnLoopback, Ok(text));
            check(text, PlainHttp::Refused, Err(InvalidBaseUrl::NotHttps));
        }
        // Another spelling of 127.0.0.1 is 127.0.0.1.
        check("http://0x7f.1", PlainHttp::OnLoopback, Ok("http://127.0.0.1"));
        for text in ["http://api.openai.com", "http://10.0.0.1", "http://localhost.example", "http://0.0.0.0"] {
            check(text, PlainHttp::OnLoopback, Err(InvalidBaseUrl::NotHttps));
        }
    }

    #[test]
    fn a_path_goes_out_as_it_is_or_not_at_all() {
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
                assert!(base.join(path).is_err(), "{path:?} goes out");
            }
        }
    }
}

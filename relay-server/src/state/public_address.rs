//! Where browsers and backends reach this server: what links are made from.

use std::net::SocketAddr;

use relay_core::RelayError;

/// The address under which this server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicAddress {
    /// The URL without a trailing slash; `None` if it is not known.
    url: Option<String>,
    /// How many bytes of the URL are its origin.
    origin_len: usize,
}

impl PublicAddress {
    /// The configured URL, or else the address that the server listens on. An address that stands for all interfaces can be
    /// reached by nobody, so no link is made from it.
    pub(crate) fn new(configured: Option<&str>, listen: SocketAddr) -> Self {
        let own = || (!listen.ip().is_unspecified()).then(|| format!("http://{listen}"));
        let url = configured.map(|url| url.trim_end_matches('/').to_owned()).or_else(own);
        let origin_len = url.as_deref().map_or(0, |url| {
            let host = url.find("://").map_or(0, |at| at + 3);
            url.get(host..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| host + at)
        });
        Self { url, origin_len }
    }

    /// The URL, for links.
    ///
    /// # Errors
    /// `public_url_missing`.
    pub(crate) fn url(&self) -> Result<&str, RelayError> {
        self.url.as_deref().ok_or_else(RelayError::public_url_missing)
    }

    /// Whether links can be made.
    pub(crate) fn is_known(&self) -> bool {
        self.url.is_some()
    }

    /// The origin, as browsers send it; empty if it is not known.
    pub(crate) fn origin(&self) -> &str {
        self.url.as_deref().and_then(|url| url.get(..self.origin_len)).unwrap_or_default()
    }

    /// The path before all routes: empty, or `/relay`.
    pub(crate) fn path(&self) -> &str {
        self.url.as_deref().and_then(|url| url.get(self.origin_len..)).unwrap_or_default()
    }

    /// The rest of a path below this address. A proxy may pass the prefix on or remove it, so a path without it is
    /// looked up as it is.
    pub(crate) fn without_prefix<'a>(&self, path: &'a str) -> Option<&'a str> {
        let prefix = Some(self.path()).filter(|prefix| !prefix.is_empty())?;
        path.strip_prefix(prefix).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_an_origin_and_a_path() {
        for (configured, listen, url, origin, path) in [
            (None, "127.0.0.1:8080", Some("http://127.0.0.1:8080"), "http://127.0.0.1:8080", ""),
            (None, "[::1]:80", Some("http://[::1]:80"), "http://[::1]:80", ""),
            (None, "0.0.0.0:8080", None, "", ""),
            (None, "[::]:8080", None, "", ""),
            (Some("https://r.example"), "0.0.0.0:80", Some("https://r.example"), "https://r.example", ""),
            (
                Some("https://r.example:1/a/b"),
                "[::]:80",
                Some("https://r.example:1/a/b"),
                "https://r.example:1",
                "/a/b",
            ),
        ] {
            let address = PublicAddress::new(configured, listen.parse().unwrap());
            assert_eq!((address.url().ok(), address.origin(), address.path()), (url, origin, path));
        }
    }

    #[test]
    fn only_a_whole_prefix_is_removed() {
        let address = PublicAddress::new(Some("https://r.example/relay"), "127.0.0.1:1".parse().unwrap());
        for (path, rest) in [
            ("/relay/v1/users", Some("/v1/users")),
            ("/relay", Some("")),
            ("/relay/", Some("/")),
            ("/relayed/v1", None),
            ("/v1/users", None),
        ] {
            assert_eq!(address.without_prefix(path), rest, "{path}");
        }
        let none = PublicAddress::new(None, "127.0.0.1:1".parse().unwrap());
        assert_eq!(none.without_prefix("/v1/users"), None);
    }
}

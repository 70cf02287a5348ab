//! A server, and the requests to it.

use std::time::Duration;

use relay_core::domain::origin::is_loopback;
use reqwest::header::HeaderValue;
use zeroize::Zeroizing;

use super::request::{Method, Request};
use super::response::{Response, StreamingResponse, cause};
use crate::failure::{Exit, Failure};

/// Timeout for establishing a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout for a silent server. Relay sends a comment every 15 s on a stream.
const READ_TIMEOUT: Duration = Duration::from_secs(600);

/// A Relay server.
#[derive(Clone, Debug)]
pub struct Server {
    base: String,
    client: reqwest::Client,
}

impl Server {
    /// The server at this URL.
    ///
    /// # Errors
    /// If it is not an http or https URL.
    pub fn at(base_url: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::usage(format_args!("the base URL {base_url} is invalid: {why}"));
        let url = reqwest::Url::parse(base_url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("it must begin with http:// or https:// and name a host"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it must not have a user, a query or a fragment"));
        }
        relay_adapters::http::install_crypto();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("relay-cli/", env!("CARGO_PKG_VERSION")))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT);
        if is_this_machine(&url) {
            builder = builder.no_proxy();
        }
        let client = builder
            .build()
            .map_err(|error| Failure::failed(format_args!("could not set up the HTTP client: {}", cause(&error))))?;
        let base = url.as_str().trim_end_matches('/');
        // The SDKs' base URL ends with /v1; paths here begin with it.
        Ok(Self { base: base.strip_suffix("/v1").unwrap_or(base).to_owned(), client })
    }

    /// Whether requests travel in the clear: http to another machine.
    pub fn is_plaintext(&self) -> bool {
        let url = reqwest::Url::parse(&self.base);
        url.is_ok_and(|url| url.scheme() == "http" && !is_this_machine(&url))
    }

    /// The base URL, without a trailing slash.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request; returns when the headers of the response have arrived.
    ///
    /// # Errors
    /// If the server does not respond.
    pub async fn send(&self, request: &Request) -> Result<StreamingResponse, Failure> {
        let url = format!("{}{}", self.base, request.path);
        let mut builder = match request.method {
            Method::Get => self.client.get(url),
            Method::Post => self.client.post(url),
            Method::Delete => self.client.delete(url),
        };
        if let Some(bearer) = &request.bearer {
            let value = Zeroizing::new(format!("Bearer {}", bearer.as_str()));
            let mut value =
                HeaderValue::from_str(&value).map_err(|_| Failure::usage("the key cannot be sent in a header"))?;
            value.set_sensitive(true);
            builder = builder.header("authorization", value);
        }
        for (name, value) in &request.headers {
            builder = builder.header(*name, value);
        }
        if let Some(body) = &request.body {
            builder = builder.header("content-type", "application/json").body(body.to_string());
        }
        let response = builder.send().await.map_err(|error| self.unreachable(&error))?;
        Ok(StreamingResponse::new(response))
    }

    /// Sends a request and reads the whole response.
    ///
    /// # Errors
    /// If the server does not respond, or the connection breaks.
    pub async fn call(&self, request: &Request) -> Result<Response, Failure> {
        self.send(request).await?.whole().await
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        Failure::new(Exit::Unavailable, format_args!("no Relay answers at {}: {}", self.base, cause(error)))
            .hint("start one with `relay serve` or `relay demo`, or set RELAY_BASE_URL")
    }
}

fn is_this_machine(url: &reqwest::Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_end_in_v1() {
        for url in
            ["http://127.0.0.1:8080", "http://127.0.0.1:8080/", "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1/"]
        {
            assert_eq!(Server::at(url).unwrap().base(), "http://127.0.0.1:8080");
        }
    }

    #[test]
    fn a_base_url_without_a_host_or_with_more_is_refused() {
        for url in ["", "127.0.0.1:8080", "ftp://relay", "http://u:p@relay", "http://relay/?a=b", "file:///etc/passwd"]
        {
            assert_eq!(Server::at(url).unwrap_err().exit, Exit::Usage, "{url}");
        }
    }

    #[test]
    fn only_http_to_another_machine_is_plaintext() {
        for (url, open) in
            [("http://relay.example", true), ("https://relay.example", false), ("http://[::1]:8080", false)]
        {
            assert_eq!(Server::at(url).unwrap().is_plaintext(), open, "{url}");
        }
    }
}

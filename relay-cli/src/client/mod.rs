//! Calls to a Relay server over HTTP, as values: the demo prints the very call that it sends.

use std::io::Write as _;
use std::time::Duration;

use bytes::Bytes;
use relay_core::domain::origin::is_loopback;
use reqwest::header::HeaderValue;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::cli::RemoteArgs;
use crate::failure::{Exit, Failure};
use crate::json::{at, text};
use crate::secrets;

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a server may be silent. Relay sends a comment every 15 s on a stream.
const READ_TIMEOUT: Duration = Duration::from_secs(600);

/// What is done with a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Read.
    Get,
    /// Do or create.
    Post,
    /// Delete.
    Delete,
}

impl Verb {
    /// The method's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Delete => "DELETE",
        }
    }
}

/// One call.
#[derive(Clone)]
pub struct Call {
    /// GET, POST, DELETE.
    pub verb: Verb,
    /// Path and query, from the root.
    pub path: String,
    /// A Relay key or a registration token.
    pub bearer: Option<Zeroizing<String>>,
    /// Headers beside those for the bearer and the JSON.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON body.
    pub body: Option<Value>,
}

impl std::fmt::Debug for Call {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({} {})", self.verb.as_str(), self.path)
    }
}

impl Call {
    /// A call without bearer or body.
    pub fn new(verb: Verb, path: impl Into<String>) -> Self {
        Self { verb, path: path.into(), bearer: None, headers: Vec::new(), body: None }
    }

    /// With this bearer.
    #[must_use]
    pub fn bearer(mut self, bearer: &str) -> Self {
        self.bearer = Some(Zeroizing::new(bearer.to_owned()));
        self
    }

    /// On behalf of this user.
    #[must_use]
    pub fn user(self, user: &str) -> Self {
        self.header("X-Relay-User", user)
    }

    /// With this header.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// With this JSON body.
    #[must_use]
    pub fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl Answer {
    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }

    /// The body as JSON; `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as JSON if the status is 2xx.
    ///
    /// # Errors
    /// What the server said otherwise.
    pub fn ok(self) -> Result<Value, Failure> {
        if (200..300).contains(&self.status) {
            Ok(self.json())
        } else {
            Err(refusal(self.status, &self.headers, &self.json()))
        }
    }
}

/// An answer as it arrives.
#[derive(Debug)]
pub struct Incoming {
    /// The status.
    pub status: u16,
    /// The headers, with lower-case names.
    pub headers: Vec<(String, String)>,
    response: reqwest::Response,
}

impl Incoming {
    /// The next piece of the body; `None` at its end.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Failure> {
        self.response.chunk().await.map_err(|error| {
            let mut failure = Failure::new(Exit::Unavailable, format_args!("the answer broke off: {}", cause(&error)));
            failure.request_id = header(&self.headers, "x-relay-request-id").map(str::to_owned);
            failure
        })
    }

    /// The rest of the body.
    ///
    /// # Errors
    /// When the connection broke.
    pub async fn whole(mut self) -> Result<Answer, Failure> {
        let mut body = Vec::new();
        while let Some(piece) = self.piece().await? {
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status: self.status, headers: self.headers, body: body.into() })
    }
}

/// A server to call.
#[derive(Clone, Debug)]
pub struct Server {
    base: String,
    client: reqwest::Client,
}

impl Server {
    /// The server at this URL.
    ///
    /// # Errors
    /// When it is no http or https URL.
    pub fn at(base_url: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| Failure::usage(format_args!("the base URL {base_url} is of no use: {why}"));
        let url = reqwest::Url::parse(base_url).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("it must begin with http:// or https:// and name a host"));
        }
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() || url.fragment().is_some() {
            return Err(wrong("it has no user, query or fragment"));
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
        let client =
            builder.build().map_err(|error| Failure::failed(format_args!("no HTTP client: {}", cause(&error))))?;
        let base = url.as_str().trim_end_matches('/');
        // The SDKs' base URL ends with /v1; paths here begin with it.
        Ok(Self { base: base.strip_suffix("/v1").unwrap_or(base).to_owned(), client })
    }

    /// Whether what is sent can be read on its way.
    pub fn is_open(&self) -> bool {
        let url = reqwest::Url::parse(&self.base);
        url.is_ok_and(|url| url.scheme() == "http" && !is_this_machine(&url))
    }

    /// Where it is, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a call; returns once the answer has begun.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, call: &Call) -> Result<Incoming, Failure> {
        let url = format!("{}{}", self.base, call.path);
        let mut request = match call.verb {
            Verb::Get => self.client.get(url),
            Verb::Post => self.client.post(url),
            Verb::Delete => self.client.delete(url),
        };
        if let Some(bearer) = &call.bearer {
            let value = Zeroizing::new(format!("Bearer {}", bearer.as_str()));
            let mut value =
                HeaderValue::from_str(&value).map_err(|_| Failure::usage("the key can't be sent in a header"))?;
            value.set_sensitive(true);
            request = request.header("authorization", value);
        }
        for (name, value) in &call.headers {
            request = request.header(*name, value);
        }
        if let Some(body) = &call.body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = response.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        Ok(Incoming { status: response.status().as_u16(), headers, response })
    }

    /// Sends a call and waits for the whole answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn call(&self, call: &Call) -> Result<Answer, Failure> {
        self.send(call).await?.whole().await
    }

    fn unreachable(&self, error: &reqwest::Error) -> Failure {
        Failure::new(Exit::Unavailable, format_args!("no Relay answers at {}: {}", self.base, cause(error)))
            .hint("start one with `relay serve` or `relay demo`, or set RELAY_BASE_URL")
    }
}

/// A server with the Relay key that is shown to it.
#[derive(Debug)]
pub struct Remote {
    /// The server.
    pub server: Server,
    key: Zeroizing<String>,
}

impl Remote {
    /// The server and the Relay key that the arguments and the environment name.
    ///
    /// # Errors
    /// When one of them is missing or of no use.
    pub fn new(args: &RemoteArgs) -> Result<Self, Failure> {
        let remote =
            Self { server: Server::at(&args.base_url)?, key: secrets::relay_key(args.relay_key_file.as_deref())? };
        if remote.server.is_open() {
            // Nobody is left to tell if this fails.
            let warning = "relay: warning: without https, keys can be read on their way";
            let _ = writeln!(std::io::stderr(), "{warning} to {}", remote.server.base());
        }
        Ok(remote)
    }

    /// Sends a call with the Relay key.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn send(&self, call: Call) -> Result<Incoming, Failure> {
        self.server.send(&call.bearer(&self.key)).await
    }

    /// Sends a call with the Relay key; the body of a good answer.
    ///
    /// # Errors
    /// When there is no answer, or it is an error.
    pub async fn json(&self, call: Call) -> Result<Value, Failure> {
        self.send(call).await?.whole().await?.ok()
    }
}

/// What a server's error answer means for a command.
pub fn refusal(status: u16, headers: &[(String, String)], body: &Value) -> Failure {
    let error = at(body, "/error");
    let message =
        text(error, "/message").map_or_else(|| format!("the server answered with status {status}"), str::to_owned);
    let mut failure = Failure::new(Exit::of_status(status), message);
    failure.code = text(error, "/code").map(str::to_owned);
    failure.request_id = header(headers, "x-relay-request-id").map(str::to_owned);
    failure
}

/// One segment of a path, percent-encoded but for the unreserved characters (RFC 3986, 2.3).
///
/// # Errors
/// For `.` and `..`, which no URL can carry as a name.
pub fn segment(text: &str) -> Result<String, Failure> {
    if matches!(text, "." | "..") {
        return Err(Failure::usage("a user label of only dots has no place in a URL"));
    }
    Ok(percent_encode(text))
}

/// Percent-encodes all but the unreserved characters (RFC 3986, 2.3).
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
}

fn is_this_machine(url: &reqwest::Url) -> bool {
    url.host_str().is_some_and(is_loopback)
}

/// The innermost cause: "Connection refused" rather than "error sending request".
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    cause.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_url_may_end_as_the_sdks_have_it() {
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
    fn only_plain_http_to_another_machine_is_open() {
        for (url, open) in
            [("http://relay.example", true), ("https://relay.example", false), ("http://[::1]:8080", false)]
        {
            assert_eq!(Server::at(url).unwrap().is_open(), open, "{url}");
        }
    }

    #[test]
    fn labels_are_encoded_in_paths() {
        assert_eq!(segment("a/b?c%d@e.f").unwrap(), "a%2Fb%3Fc%25d%40e.f");
        assert!(segment("..").is_err());
    }

    #[test]
    fn the_server_s_error_becomes_the_failure() {
        let body = serde_json::json!({"error": {"message": "no", "code": "invalid_relay_key"}});
        let failure = refusal(401, &[("x-relay-request-id".into(), "req_1".into())], &body);
        assert_eq!((failure.exit, failure.code.as_deref()), (Exit::Refused, Some("invalid_relay_key")));
        assert_eq!(failure.request_id.as_deref(), Some("req_1"));
        assert_eq!(refusal(502, &[], &Value::Null).exit, Exit::Unavailable);
    }

    #[test]
    fn a_call_shows_no_secret_in_debug() {
        let call = Call::new(Verb::Get, "/v1/models").bearer("rly-secret");
        assert_eq!(format!("{call:?}"), "Call(GET /v1/models)");
    }
}

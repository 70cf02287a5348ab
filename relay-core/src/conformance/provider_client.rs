//! The conformance suite of a [`ProviderClient`] that uses HTTP.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test suite")]

use std::collections::BTreeSet;

use futures::TryStreamExt as _;

use crate::domain::Provider;
use crate::domain::secret::ProviderKey;
use crate::ports::{Expect, ProviderClient, TransportErrorKind, WireRequest, WireResponse};

/// A request as the server received it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenRequest {
    /// Request line and headers as they were sent, CRLF between them, without the empty line at the end.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl SeenRequest {
    /// The values of a header, by its lower-case name.
    pub fn header<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.filter(move |(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// The server that the client under test calls.
pub trait FarSide: Send + Sync {
    /// Answers the next request, on whichever connection, with these bytes: an HTTP/1.1 response with its length.
    fn answer_next(&self, response: Vec<u8>);

    /// Returns the requests since the last call of this function, oldest first.
    fn take_seen(&self) -> Vec<SeenRequest>;
}

/// Checks every obligation of [`ProviderClient`] that the server can observe in one exchange.
///
/// The adapter's own tests must check timeouts and broken connections.
///
/// # Panics
/// If one is not met.
pub async fn provider_client(client: &dyn ProviderClient, far: &dyn FarSide) {
    rule!(a_request_is_sent_unchanged(client, far));
    rule!(a_key_travels_in_one_header_of_its_own_request(client, far));
    rule!(no_path_changes_the_host(client, far));
    rule!(a_header_with_a_line_break_is_not_sent(client, far));
    rule!(an_answer_is_returned_unchanged(client, far));
    rule!(a_redirect_is_not_followed(client, far));
    rule!(only_headers_that_relay_reads_are_returned(client, far));
    rule!(no_cookie_is_stored(client, far));
    rule!(no_compressed_answer_is_requested_or_accepted(client, far));
}

const KEY: &str = "sk-contract-0123456789";

fn key() -> ProviderKey {
    ProviderKey::parse(KEY.to_owned()).unwrap()
}

fn response(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n{headers}\r\n", body.len());
    [head.as_bytes(), body].concat()
}

fn post(path: &str) -> WireRequest {
    WireRequest::post(path, &b"{}"[..], Expect::Whole)
}

/// Sends a request that is answered with 200, and returns the request that the server received.
async fn seen(client: &dyn ProviderClient, far: &dyn FarSide, request: WireRequest, key: &ProviderKey) -> SeenRequest {
    far.answer_next(response("200 OK", &[], b"{}"));
    let answer = client.send(request, key).await.unwrap();
    assert_eq!((answer.status, body(answer).await), (200, b"{}".to_vec()));
    let mut seen = far.take_seen();
    assert_eq!(seen.len(), 1, "one request must be sent, once");
    seen.remove(0)
}

async fn body(answer: WireResponse) -> Vec<u8> {
    answer.body.try_collect::<Vec<_>>().await.unwrap().concat()
}

async fn a_request_is_sent_unchanged(client: &dyn ProviderClient, far: &dyn FarSide) {
    let text = r#"{"a":  1e400, "é":"\u00e9"}"#;
    let path = "/v1beta/models/some-model:generate?alt=sse";
    let request = WireRequest::post(path, text, Expect::Stream).with_header("x-conformance", "yes");
    let posted = seen(client, far, request, &key()).await;
    assert!(posted.head.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{}", posted.head);
    assert_eq!(posted.body, text.as_bytes());
    assert_eq!(posted.header("x-conformance").collect::<Vec<_>>(), ["yes"]);
    assert_eq!(posted.header("content-type").collect::<Vec<_>>(), ["application/json"]);
    let got = seen(client, far, WireRequest::get("/v1/models?limit=2"), &key()).await;
    assert!(got.head.starts_with("GET /v1/models?limit=2 HTTP/1.1\r\n"), "{}", got.head);
    assert_eq!((got.body.len(), got.header("content-type").count()), (0, 0));
}

async fn a_key_travels_in_one_header_of_its_own_request(client: &dyn ProviderClient, far: &dyn FarSide) {
    let keys = ["sk-conformance-first", "sk-conformance-second", "!#$%&'*+,-./:;<=>?@[]^_`{|}~"];
    for text in keys {
        let request = seen(client, far, post("/"), &ProviderKey::parse(text.into()).unwrap()).await;
        let holders: Vec<&str> = request.head.lines().filter(|line| line.contains(text)).collect();
        assert_eq!(holders.len(), 1, "the key is in {holders:?}");
        assert!(!holders[0].starts_with("POST "), "the key is in the URL");
        for other in keys.iter().filter(|other| **other != text) {
            assert!(!request.head.contains(other), "another request's key is in {}", request.head);
        }
        let known = Provider::ALL.iter().map(|provider| provider.credential().name());
        let secrets: BTreeSet<&str> =
            known.chain(["authorization", "x-api-key", "x-goog-api-key", "api-key"]).collect();
        let sent: usize = secrets.iter().map(|name| request.header(name).count()).sum();
        assert_eq!(sent, 1, "one credential is sent: {}", request.head);
    }
}

async fn no_path_changes_the_host(client: &dyn ProviderClient, far: &dyn FarSide) {
    let paths =
        ["", "v1/x", "@127.0.0.2/", ":1/x", ".example/", "/a/../b", "/a#b", "/a b", "/a\r\nx-smuggled: 1", "\\b"];
    for path in paths {
        let error = client.send(post(path), &key()).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Malformed, "{path:?}");
        assert_eq!(far.take_seen(), [], "{path:?} is sent");
    }
}

async fn a_header_with_a_line_break_is_not_sent(client: &dyn ProviderClient, far: &dyn FarSide) {
    let request = post("/").with_header("x-conformance", "a\r\nx-smuggled: 1");
    assert_eq!(client.send(request, &key()).await.unwrap_err().kind, TransportErrorKind::Malformed);
    assert_eq!(far.take_seen(), []);
}

async fn an_answer_is_returned_unchanged(client: &dyn ProviderClient, far: &dyn FarSide) {
    for (status, text) in [("200 OK", "{}"), ("401 Unauthorized", "<html>\0"), ("429 x", ""), ("503 y", "data: 1\n\n")]
    {
        far.answer_next(response(status, &[("Content-Type", "text/html"), ("Retry-After", "7")], text.as_bytes()));
        let answer = client.send(post("/"), &key()).await.unwrap();
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!((answer.header("content-type"), answer.header("retry-after")), (Some("text/html"), Some("7")));
        assert_eq!(body(answer).await, text.as_bytes());
        assert_eq!(far.take_seen().len(), 1, "{status} must not be retried");
    }
}

async fn a_redirect_is_not_followed(client: &dyn ProviderClient, far: &dyn FarSide) {
    for status in ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"] {
        far.answer_next(response(status, &[("location", "/elsewhere")], b""));
        let answer = client.send(post("/"), &key()).await.unwrap();
        assert_eq!(answer.status.to_string(), status[..3]);
        assert_eq!(far.take_seen().len(), 1, "{status} must not be followed");
    }
}

async fn only_headers_that_relay_reads_are_returned(client: &dyn ProviderClient, far: &dyn FarSide) {
    let read = [("x-request-id", "a"), ("x-ratelimit-limit-requests", "5"), ("anthropic-ratelimit-tokens-limit", "6")];
    let others =
        [("set-cookie", "a=b"), ("openai-organization", "acme"), ("server", "x"), ("location", "/"), ("via", "v")];
    far.answer_next(response("200 OK", &[&read[..], &others[..]].concat(), b""));
    let answer = client.send(post("/"), &key()).await.unwrap();
    read.iter().for_each(|(name, value)| assert_eq!(answer.header(name), Some(*value), "{name}"));
    others.iter().for_each(|(name, _)| assert_eq!(answer.header(name), None, "{name} is returned"));
    far.take_seen();
}

async fn no_cookie_is_stored(client: &dyn ProviderClient, far: &dyn FarSide) {
    far.answer_next(response("200 OK", &[("set-cookie", "__cf_bm=1; Path=/")], b""));
    client.send(post("/"), &key()).await.unwrap();
    far.take_seen();
    assert_eq!(seen(client, far, post("/"), &key()).await.header("cookie").count(), 0);
}

async fn no_compressed_answer_is_requested_or_accepted(client: &dyn ProviderClient, far: &dyn FarSide) {
    let request = seen(client, far, post("/"), &key()).await;
    assert!(request.header("accept-encoding").all(|codings| codings == "identity"), "{}", request.head);
    for coding in ["gzip", "br", "zstd", "deflate", "identity, gzip"] {
        far.answer_next(response("200 OK", &[("Content-Encoding", coding)], b"\x1f\x8b"));
        let error = client.send(post("/"), &key()).await.unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Malformed, "{coding}");
        far.take_seen();
    }
    far.answer_next(response("200 OK", &[("content-encoding", "identity")], b"x"));
    assert_eq!(body(client.send(post("/"), &key()).await.unwrap()).await, b"x");
    far.take_seen();
}

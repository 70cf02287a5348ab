//! Event streams: their head, their silences, their ends.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Method, ProviderClient, TransportError, WireRequest, WireResponse};
use relay_mock::Scripted;
use tokio::sync::Notify;

use crate::harness::TestServer;

#[tokio::test]
async fn a_stream_is_never_cached_buffered_or_named() {
    let test = TestServer::start().await;
    let answer = test.chat("gpt-4o-mini", "hello", true).send().await;
    assert_eq!(answer.status, 200);
    for (name, value) in [
        ("content-type", "text/event-stream; charset=utf-8"),
        ("cache-control", "no-cache, no-transform"),
        ("x-accel-buffering", "no"),
        ("transfer-encoding", "chunked"),
    ] {
        assert_eq!(answer.header(name), Some(value));
    }
    assert!(answer.header("x-relay-key").unwrap().starts_with("openai/"));
    assert!(answer.header("x-relay-overhead-us").unwrap().parse::<u64>().is_ok());
    assert!(answer.header("content-encoding").is_none());
    let text = answer.text();
    assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("event:") && answer.complete, "{text}");
}

#[tokio::test]
async fn an_early_failure_of_a_stream_has_a_status() {
    let test = TestServer::start().await;
    test.connect("cy", Provider::OPENAI, "ratelimited").await;
    for stream in [false, true] {
        let body = crate::harness::chat_body("gpt-4o-mini", "hi", stream);
        let request = test.as_app("POST", crate::harness::CHAT).header("x-relay-user", "cy").json(&body);
        let answer = request.send().await;
        assert_eq!((answer.status, answer.header("content-type")), (429, Some("application/json")), "{answer:?}");
        assert!(answer.header("x-relay-key").unwrap().starts_with("openai/"), "a failure names the key, too");
    }
}

#[tokio::test]
async fn comments_fill_the_silence_in_the_middle_of_a_stream() {
    let test = TestServer::with(|options| options.limits.ping = Duration::from_millis(20)).await;
    let mut connection = test.chat("gpt-4o-mini", "{{silent}}", true).open().await;
    let text = connection.read_text(": ping\n\n\r\n8\r\n: ping\n\n").await;
    assert!(text.find("data: ").unwrap() < text.find(": ping").unwrap(), "{text}");
    assert!(!text.contains("[DONE]"));
}

#[tokio::test]
async fn a_stream_that_speaks_is_not_interrupted_by_comments() {
    let test = TestServer::with(|options| options.limits.ping = Duration::from_millis(500)).await;
    let answer = test.chat("gpt-4o-mini", "{{chunks=60}}{{delay_ms=20}} hi", true).send().await;
    assert!(!answer.text().contains(": ping") && answer.text().contains("[DONE]"));
}

#[tokio::test]
async fn the_status_line_waits_for_the_first_event_only_so_long() {
    let test = TestServer::with(|options| options.limits.ping = Duration::from_millis(20)).await;
    let mut connection = test.chat("gpt-4o-mini", "{{hang}}", true).open().await;
    let text = connection.read_text(": ping\n\n").await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    assert!(text.contains("x-relay-key: openai/") && text.contains("x-request-id: req_"), "{text}");
}

/// A provider that accepts every key, and answers calls when the test lets it.
struct Gated {
    open: Arc<Notify>,
    answer: fn() -> Result<WireResponse, TransportError>,
}

#[async_trait]
impl ProviderClient for Gated {
    fn provider(&self) -> Provider {
        Provider::OPENAI
    }
    async fn send(&self, request: WireRequest, _: &ProviderKey) -> Result<WireResponse, TransportError> {
        if request.method == Method::Get {
            return Ok(WireResponse::whole(200, "{}"));
        }
        self.open.notified().await;
        (self.answer)()
    }
}

async fn gated(answer: fn() -> Result<WireResponse, TransportError>) -> (TestServer, Arc<Notify>) {
    let open = Arc::new(Notify::new());
    let client: Arc<dyn ProviderClient> = Arc::new(Gated { open: open.clone(), answer });
    let test = TestServer::around(
        |options| options.limits.ping = Duration::from_millis(20),
        |mut ports| {
            ports.providers[0] = client;
            ports
        },
    )
    .await;
    (test, open)
}

#[tokio::test]
async fn a_late_failure_is_one_error_event_without_done() {
    let (test, open) = gated(|| {
        Ok(WireResponse::whole(
            429,
            r#"{"error":{"message":"slow down","type":"requests","code":"rate_limit_exceeded"}}"#,
        ))
    })
    .await;
    let mut connection = test.chat("gpt-4o-mini", "hi", true).open().await;
    connection.read_text(": ping").await;
    open.notify_one();
    let answer = connection.answer(false).await;
    let text = answer.text();
    let last = text.trim_end().rsplit("\n\n").next().unwrap();
    let error: serde_json::Value = serde_json::from_str(last.strip_prefix("data: ").unwrap()).unwrap();
    assert_eq!(error["error"]["code"], "rate_limit_exceeded", "{text}");
    assert!(answer.complete && !text.contains("[DONE]"));
}

#[tokio::test]
async fn a_late_answer_streams_on() {
    let (test, open) = gated(|| {
        let mut answer = WireResponse::whole(200, "data: {\"id\":\"1\",\"choices\":[]}\n\ndata: [DONE]\n\n");
        answer.headers.push(("content-type".into(), "text/event-stream".into()));
        Ok(answer)
    })
    .await;
    let mut connection = test.chat("gpt-4o-mini", "hi", true).open().await;
    connection.read_text(": ping").await;
    open.notify_one();
    let answer = connection.answer(false).await;
    assert!(answer.complete && answer.text().ends_with("data: [DONE]\n\n"), "{}", answer.text());
}

#[tokio::test]
async fn a_broken_stream_ends_in_an_error_event() {
    let test = TestServer::start().await;
    for text in ["{{break}} one two three four", "{{cut}} one two three four", "{{error_midstream}} one two three"] {
        let answer = test.chat("gpt-4o-mini", text, true).send().await;
        let body = answer.text();
        assert_eq!(answer.status, 200);
        assert!(answer.complete && body.contains("data: {\"error\":{") && !body.contains("[DONE]"), "{text}: {body}");
    }
}

#[tokio::test]
async fn a_panic_ends_one_call_and_no_other() {
    let (test, open) = gated(|| panic!("as the test wants")).await;
    open.notify_one();
    let answer = test.chat("gpt-4o-mini", "hi", false).send().await;
    answer.assert_error(500, "internal_error");
    assert!(!answer.text().contains("as the test wants"));
    let (in_stream, open) = gated(|| {
        let mut answer = WireResponse::whole(200, "");
        let first = Bytes::from_static(b"data: {\"id\":\"1\",\"choices\":[]}\n\n");
        let pieces = futures::stream::iter(0..2).map(move |n| if n == 0 { Ok(first.clone()) } else { panic!("later") });
        answer.body = Box::pin(pieces);
        Ok(answer)
    })
    .await;
    open.notify_one();
    let answer = in_stream.chat("gpt-4o-mini", "hi", true).send().await;
    assert!(answer.complete && answer.text().contains("\"internal_error\""), "{}", answer.text());
    for test in [test, in_stream] {
        assert_eq!(test.chat("claude-haiku-4-5", "hi", false).send().await.status, 200);
    }
}

#[tokio::test]
async fn a_reader_that_stalls_is_cut_off() {
    let test = TestServer::with(|options| options.limits.write_stall = Duration::from_secs(1)).await;
    let piece = format!("data: {{\"id\":\"1\",\"choices\":[],\"x\":\"{}\"}}\n\n", "y".repeat(60_000));
    test.mock.script(Provider::OPENAI, Scripted::stream(vec![piece; 400]).then_silence());
    let connection = test.chat("gpt-4o-mini", "hi", true).open().await;
    test.mock.until(|mock| mock.aborted_calls().len() == 1).await;
    connection.leave();
}

//! Providers that answer anything but what they should, over real TCP: each fault has its code, OpenAI's shape and a
//! request id, and the next call works.

use std::time::Duration;

use relay_adapters::http::Timeouts;
use relay_adapters::mock::Mock;
use relay_core::Provider;
use relay_tests::process::{Folder, Process};
use relay_tests::upstream::{Step, Upstream, answer, event, json, stream_head};
use relay_tests::{Answer, Api, TestRelay, says, streams};
use reqwest::Method;
use serde_json::Value;

type Expected = (u16, &'static str);

/// What a provider does, and what the caller of a whole answer and of a stream gets.
struct Fault {
    name: &'static str,
    steps: fn() -> Vec<Step>,
    whole: Expected,
    stream: Expected,
}

const UPSTREAM: Expected = (502, "upstream_error");
const BROKEN: Expected = (502, "upstream_stream_interrupted");
const LATE: Expected = (504, "upstream_timeout");

const fn always(name: &'static str, steps: fn() -> Vec<Step>, expected: Expected) -> Fault {
    Fault { name, steps, whole: expected, stream: expected }
}

fn bytes(text: &str) -> Vec<Step> {
    vec![Step::send(text.to_owned())]
}

fn ok(headers: &str, body: &[u8]) -> Vec<Step> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}connection: close\r\n\r\n");
    vec![Step::send([head.as_bytes(), body].concat())]
}

const PAGE: &str = "<!DOCTYPE html><title>Hotel</title><p onclick=x>Please pay for the network</p>";

const FAULTS: &[Fault] = &[
    always("a page", || answer(200, "text/html", PAGE), UPSTREAM),
    always("a page that says it is JSON", || json(200, PAGE), UPSTREAM),
    always("a page as an error", || answer(500, "text/html", PAGE), UPSTREAM),
    always("another protocol", || bytes("SSH-2.0-OpenSSH_9.2\r\n"), UPSTREAM),
    always("no status line", || bytes("{\"choices\":[]}\r\n\r\n"), UPSTREAM),
    always("nothing", Vec::new, BROKEN),
    always("a reset", || vec![Step::Reset], BROKEN),
    always("half a head", || bytes("HTTP/1.1 200 OK\r\ncontent-ty"), BROKEN),
    always("an empty body", || json(200, ""), UPSTREAM),
    always("no content", || bytes("HTTP/1.1 204 No\r\n\r\n"), UPSTREAM),
    always("a body that is too short", || bytes("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":"), BROKEN),
    always("gzip", || ok("content-encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0\0\0"), UPSTREAM),
    always(
        "a redirect",
        || bytes("HTTP/1.1 302 F\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"),
        UPSTREAM,
    ),
    always(
        "another protocol on demand",
        || bytes("HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        UPSTREAM,
    ),
    always("bad content length", || bytes("HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"), UPSTREAM),
    always("bad chunks", || ok("transfer-encoding: chunked\r\n", b"zz\r\n"), UPSTREAM),
    always("a head of 2 MiB", || ok(&format!("x: {}\r\n", "x".repeat(2 << 20)), b""), UPSTREAM),
    always("10,000 headers", || ok(&"x: y\r\n".repeat(10_000), b""), UPSTREAM),
    always("no JSON", || json(200, "{\"id\": tru"), UPSTREAM),
    always("JSON of another kind", || json(200, "[[\"choices\"], null]"), UPSTREAM),
    always("deep JSON", || json(200, &"[".repeat(200_000)), UPSTREAM),
    always("bytes that are no text", || ok("content-type: application/json\r\n", b"{\"id\":\"\xff\xfe\"}"), UPSTREAM),
    always("an error that is no object", || json(500, "[\"x\"]"), UPSTREAM),
    always("an error of odd types", || json(500, "{\"error\":{\"message\":7,\"type\":[],\"code\":{}}}"), UPSTREAM),
    always("an unheard-of status", || json(599, "{}"), UPSTREAM),
    always("a silence", || vec![Step::UntilLeft], LATE),
    always("half a head, then silence", || vec![Step::send("HTTP/1.1 200"), Step::UntilLeft], LATE),
    always(
        "early hints without end",
        || vec![Step::Repeat("HTTP/1.1 103 E\r\nlink: </x>\r\n\r\n".into(), Duration::from_millis(1))],
        LATE,
    ),
    always("a head and silence", || vec![stream_head(), Step::UntilLeft], LATE),
    Fault {
        name: "half an event",
        steps: || vec![stream_head(), Step::send("data: {\"id\":\"x\",\"cho")],
        whole: UPSTREAM,
        stream: UPSTREAM,
    },
];

fn timeouts() -> Timeouts {
    let short = Duration::from_millis(300);
    Timeouts { first_byte_of_stream: short, first_byte_of_whole: short, gap: short, ..Timeouts::default() }
}

fn model(provider: Provider) -> &'static str {
    match provider.name() {
        "anthropic" => "claude-haiku-4-5",
        "google" => "gemini-2.5-flash",
        _ => "gpt-4o-mini",
    }
}

/// The answer's error, of a stream's last event too, if it has OpenAI's shape.
fn error_of(answer: &Answer) -> Result<(u16, String), String> {
    let text = answer.text.clone();
    let last = text.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let body: Value = serde_json::from_str(last.strip_prefix("data: ").unwrap_or(last))
        .map_err(|error| format!("{error}: {text}"))?;
    let error = &body["error"];
    let message = error["message"].as_str().unwrap_or_default();
    if message.is_empty() || !error["type"].is_string() || error.get("param").is_none() {
        return Err(format!("not OpenAI's shape: {text}"));
    }
    if !answer.header("x-relay-request-id").starts_with("req_") || text.contains('<') || text.contains("[DONE]") {
        return Err(format!("no id, a page, or an end: {text}"));
    }
    Ok((answer.status, error["code"].as_str().unwrap_or_default().to_owned()))
}

#[actix_web::test]
async fn whatever_a_provider_answers_the_caller_gets_an_error_with_a_code() {
    let upstream = Upstream::start(Mock::new());
    let relay = TestRelay::with().clients(upstream.clients(timeouts())).start().await;
    let mut wrong = Vec::new();
    for provider in Provider::ALL {
        relay.connect("ana", *provider, "good").await;
        for fault in FAULTS {
            for (body, expected) in
                [(says(model(*provider), "hi"), fault.whole), (streams(model(*provider), "hi"), fault.stream)]
            {
                upstream.script((fault.steps)());
                let answer = relay.chat("ana", &body).await;
                let got = error_of(&answer);
                if got != Ok((expected.0, expected.1.to_owned())) {
                    wrong.push(format!(
                        "{provider}, {}, stream {}: {got:?}, not {expected:?}",
                        fault.name, body["stream"]
                    ));
                }
                assert_eq!(upstream.scripts_left(), 0, "{}", fault.name);
            }
        }
        relay.chat("ana", &says(model(*provider), "hi")).await.expect(200);
        relay.call(Method::GET, "/api/health", &Value::Null).await.expect(200);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

//! Providers that answer anything but what they should, over real TCP: each fault has its code, OpenAI's shape and a
//! request id, and the next call works.

use std::time::Duration;

use relay_adapters::http::Timeouts;
use relay_core::Provider;
use relay_mock::tcp::{MockServer, Step};
use relay_tests::process::{Folder, Process};
use relay_tests::upstream;
use relay_tests::{Answer, Api, TestRelay, says, streams};
use reqwest::Method;
use serde_json::Value;

type Expected = (u16, &'static str);

/// What a provider does, and what the caller gets.
struct Fault {
    name: &'static str,
    steps: fn() -> Vec<Step>,
    expected: fn(Provider, stream: bool) -> Expected,
}

const fn fault(name: &'static str, steps: fn() -> Vec<Step>, expected: fn(Provider, bool) -> Expected) -> Fault {
    Fault { name, steps, expected }
}

/// What is not HTTP, or not the HTTP that was asked for.
fn malformed(_: Provider, _: bool) -> Expected {
    (502, "upstream_error")
}

/// HTTP, but no answer of this provider. As a stream it is one without events.
fn useless(_: Provider, stream: bool) -> Expected {
    (502, if stream { "upstream_stream_interrupted" } else { "upstream_error" })
}

/// As [`useless`]; for Google, whose members are all optional, it is an answer with nothing in it.
fn hollow(provider: Provider, stream: bool) -> Expected {
    if provider == Provider::GOOGLE && !stream { (502, "empty_response") } else { useless(provider, stream) }
}

/// A 500 with an uninformative body.
fn failed(provider: Provider, _: bool) -> Expected {
    (if provider == Provider::GOOGLE { 502 } else { 500 }, "upstream_error")
}

fn broken(_: Provider, _: bool) -> Expected {
    (502, "upstream_stream_interrupted")
}

fn late(_: Provider, _: bool) -> Expected {
    (504, "upstream_timeout")
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
    fault("a page", || Step::answer(200, "text/html", PAGE), useless),
    fault("a page that says it is JSON", || Step::json(200, PAGE), useless),
    fault("a page as an error", || Step::answer(500, "text/html", PAGE), failed),
    fault("another protocol", || bytes("SSH-2.0-OpenSSH_9.2\r\n"), malformed),
    fault("no status line", || bytes("{\"choices\":[]}\r\n\r\n"), malformed),
    fault("nothing", Vec::new, broken),
    fault("a reset", || vec![Step::Reset], broken),
    fault("half a head", || bytes("HTTP/1.1 200 OK\r\ncontent-ty"), broken),
    fault("an empty body", || Step::json(200, ""), hollow),
    fault("no content", || bytes("HTTP/1.1 204 No\r\nconnection: close\r\n\r\n"), hollow),
    fault("a body that is too short", || bytes("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"id\":"), broken),
    fault("gzip", || ok("content-encoding: gzip\r\n", b"\x1f\x8b\x08\0\0\0\0\0"), malformed),
    fault(
        "a redirect",
        || bytes("HTTP/1.1 302 F\r\nlocation: http://127.0.0.1:1/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"),
        malformed,
    ),
    fault(
        "another protocol on demand",
        || bytes("HTTP/1.1 101 S\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"),
        malformed,
    ),
    fault("bad content length", || bytes("HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n"), malformed),
    fault("bad chunks", || ok("transfer-encoding: chunked\r\n", b"zz\r\n"), malformed),
    fault("a head of 2 MiB", || ok(&format!("x: {}\r\n", "x".repeat(2 << 20)), b""), malformed),
    fault("10,000 headers", || ok(&"x: y\r\n".repeat(10_000), b""), malformed),
    fault("no JSON", || Step::json(200, "{\"id\": tru"), useless),
    fault("JSON of another kind", || Step::json(200, "[[\"choices\"], null]"), useless),
    fault("deep JSON", || Step::json(200, &"[".repeat(200_000)), useless),
    fault("bytes that are no text", || ok("content-type: application/json\r\n", b"{\"id\":\"\xff\xfe\"}"), useless),
    fault("an error that is no object", || Step::json(500, "[\"x\"]"), failed),
    fault("an error of odd types", || Step::json(500, "{\"error\":{\"message\":7,\"type\":[],\"code\":{}}}"), failed),
    fault("an unheard-of status", || Step::json(599, "{}"), malformed),
    fault("a silence", || vec![Step::UntilClosed], late),
    fault("half a head, then silence", || vec![Step::send("HTTP/1.1 200"), Step::UntilClosed], late),
    fault(
        "early hints without end",
        || vec![Step::Repeat("HTTP/1.1 103 E\r\nlink: </x>\r\n\r\n".into(), Duration::from_millis(1))],
        late,
    ),
    fault("a head and silence", || vec![Step::stream_head(), Step::UntilClosed], late),
    fault("half an event", || vec![Step::stream_head(), Step::send("data: {\"id\":\"x\",\"cho")], useless),
];

/// For a relay that gives up soon. It is used where nothing else is waited for.
fn impatient() -> Timeouts {
    let short = Duration::from_millis(200);
    let total = short * 2;
    Timeouts { first_byte_of_stream: short, first_byte_of_whole: short, gap: short, total, ..Timeouts::default() }
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

/// Calls for each provider, as a whole and as a stream.
fn calls() -> impl Iterator<Item = (Provider, Value)> {
    Provider::ALL.iter().flat_map(|provider| {
        [says(model(*provider), "hi"), streams(model(*provider), "hi")].map(|body| (*provider, body))
    })
}

async fn relay_on(upstream: &MockServer) -> TestRelay {
    relay_with(upstream, Timeouts::default()).await
}

async fn relay_with(upstream: &MockServer, timeouts: Timeouts) -> TestRelay {
    let relay = TestRelay::with().clients(upstream::clients(upstream, timeouts)).start().await;
    for provider in Provider::ALL {
        relay.connect("ana", *provider, "good").await;
    }
    upstream.take_received();
    relay
}

/// The next call of each kind works, and the server is well.
async fn assert_well(relay: &TestRelay) {
    for (_, body) in calls() {
        relay.chat("ana", &body).await.expect(200);
    }
    relay.call(Method::GET, "/api/health/ready", &Value::Null).await.expect(200);
}

#[actix_web::test]
async fn whatever_a_provider_answers_the_caller_gets_an_error_with_a_code() {
    let upstream = upstream::start();
    let relay = relay_on(&upstream).await;
    let hasty = relay_with(&upstream, impatient()).await;
    let mut wrong = Vec::new();
    for (provider, body) in calls() {
        let stream = body["stream"] == true;
        for Fault { name, steps, expected } in FAULTS {
            let (status, code) = expected(provider, stream);
            upstream.script(steps());
            let relay = if status == 504 { &hasty } else { &relay };
            let got = error_of(&relay.chat("ana", &body).await);
            if got != Ok((status, code.to_owned())) {
                wrong.push(format!("{provider}, {name}, stream {stream}: {got:?}, not {status} {code}"));
            }
            let seen = upstream.take_received().len();
            assert_eq!(seen, 1, "{provider}, {name}: a call was sent {seen} times");
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_well(&relay).await;
    println!("{} faults x {} kinds of calls", FAULTS.len(), calls().count());
}

const FIRST_EVENTS: [(Provider, &str); 3] = [
    (
        Provider::OPENAI,
        r#"data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"first"},"finish_reason":null}]}"#,
    ),
    (
        Provider::ANTHROPIC,
        concat!(
            r#"data: {"type":"message_start","message":{"id":"m","type":"message","role":"assistant","content":[],"model":"claude-haiku-4-5","stop_reason":null,"usage":{"input_tokens":1,"output_tokens":1}}}"#,
            "\n\n",
            r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            "\n\n",
            r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"first"}}"#,
        ),
    ),
    (
        Provider::GOOGLE,
        r#"data: {"candidates":[{"content":{"parts":[{"text":"first"}],"role":"model"},"index":0}],"modelVersion":"gemini-2.5-flash"}"#,
    ),
];

type Steps = fn() -> Vec<Step>;

/// What happens in a stream that has begun, and the code of the last event.
const IN_STREAMS: &[(&str, Steps, &str)] = &[
    ("its end", Vec::new, "upstream_stream_interrupted"),
    ("a reset", || vec![Step::Reset], "upstream_stream_interrupted"),
    ("half an event", || bytes("data: {\"id\":\"x\",\"cho"), "upstream_stream_interrupted"),
    ("half an event's name", || bytes("dat"), "upstream_stream_interrupted"),
    ("an event that is no JSON", || bytes("data: <html>\n\n"), "upstream_error"),
    ("a silence", || vec![Step::UntilClosed], "upstream_timeout"),
    ("comments without end", || vec![Step::Repeat(": x\n\n".into(), Duration::from_millis(1))], "upstream_timeout"),
    ("a line without end", || vec![Step::Repeat("x".repeat(1 << 20).into(), Duration::ZERO)], "upstream_error"),
    (
        "an event without end",
        || vec![Step::Repeat(format!("data: {}\n", "x".repeat(1 << 20)).into(), Duration::ZERO)],
        "upstream_error",
    ),
];

#[actix_web::test]
async fn whatever_happens_in_a_stream_its_last_event_is_an_error_with_a_code() {
    let upstream = upstream::start();
    let relay = relay_on(&upstream).await;
    let hasty = relay_with(&upstream, impatient()).await;
    let mut wrong = Vec::new();
    for (provider, first) in FIRST_EVENTS {
        for (name, steps, code) in IN_STREAMS {
            let begin = [Step::stream_head(), Step::send(format!("{first}\n\n"))];
            upstream.script(begin.into_iter().chain(steps()));
            let relay = if *code == "upstream_timeout" { &hasty } else { &relay };
            let answer = relay.chat("ana", &streams(model(provider), "hi")).await;
            let got = error_of(&answer);
            // A reset may throw away what was sent before it.
            let has_begun = got.as_ref().is_ok_and(|got| got.0 == 200) && answer.text.contains("first");
            if got.as_ref().map_or("", |got| got.1.as_str()) != *code || !(has_begun || *name == "a reset") {
                wrong.push(format!("{provider}, {name}: {got:?}, not {code}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_well(&relay).await;
}

#[actix_web::test]
async fn a_provider_that_refuses_connections_is_unreachable() {
    let gone = upstream::start();
    let relay = relay_on(&gone).await;
    let address = gone.url().trim_start_matches("http://").to_owned();
    drop(gone);
    while tokio::net::TcpStream::connect(&address).await.is_ok() {}
    for (_, body) in calls() {
        let answer = relay.chat("ana", &body).await;
        answer.assert_error(502, "upstream_unreachable");
    }
    relay.call(Method::GET, "/api/health/ready", &Value::Null).await.expect(200);
}

#[actix_web::test]
async fn early_hints_before_an_answer_are_skipped() {
    let upstream = upstream::start();
    let relay = relay_on(&upstream).await;
    let answer = r#"{"id":"c","object":"chat.completion","created":1,"model":"m","choices":[]}"#;
    let hints = Step::send("HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n".repeat(1000));
    upstream.script([hints].into_iter().chain(Step::json(200, answer)));
    assert_eq!(relay.chat("ana", &says(model(Provider::OPENAI), "hi")).await.expect(200).text, answer);
}

#[actix_web::test]
async fn a_redirect_is_not_followed() {
    let (upstream, trap) = (upstream::start(), upstream::start());
    let relay = relay_on(&upstream).await;
    for (_, body) in calls() {
        for status in [301, 302, 303, 307, 308] {
            let head = format!(
                "HTTP/1.1 {status} X\r\nlocation: {}/openai/\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                trap.url()
            );
            upstream.script(bytes(&head));
            relay.chat("ana", &body).await.assert_error(502, "upstream_error");
        }
    }
    assert_eq!(trap.take_received().len(), 0, "a key went where no configuration says");
}

#[actix_web::test]
async fn deeply_nested_requests_are_refused_for_every_provider() {
    let relay = TestRelay::start().await;
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    for provider in Provider::ALL {
        relay.connect("ana", *provider, "good").await;
        for place in [
            r#""messages":@"#,
            r#""messages":[{"role":"user","content":@}]"#,
            r#""messages":[{"role":"user","content":"a"}],"tools":[{"type":"function","function":{"name":"f","parameters":@}}]"#,
            r#""messages":[{"role":"user","content":"a"}],"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":@}}"#,
            r#""messages":[{"role":"user","content":"a"}],"metadata":@"#,
            r#""messages":[{"role":"user","content":"a"}],"unheard_of":@"#,
        ] {
            let body = format!("{{\"model\":\"{}\",{}}}", model(*provider), place.replace('@', &nested(100_000)));
            let bearer = format!("Bearer {}", relay.key);
            let headers =
                [("authorization", bearer.as_str()), ("x-relay-user", "ana"), ("content-type", "application/json")];
            let answer = relay.send(Method::POST, "/v1/chat/completions", &headers, body).await;
            assert_eq!(answer.status, 400, "{provider} {place}: {}", answer.text);
            assert_eq!(error_of(&answer).unwrap().0, 400);
        }
    }
    assert_well(&relay).await;
}

/// A figure of a process's memory, in KiB.
fn memory(process: &Process, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Connects a key over the API of a process.
async fn connect(api: &Api) {
    for provider in Provider::ALL {
        api.connect("ana", *provider, "good").await;
    }
}

#[actix_web::test]
async fn answers_without_end_are_cut_and_cost_bounded_memory() {
    let upstream = upstream::start();
    let folder = Folder::init();
    let mut command = folder.serve();
    command.envs(upstream::settings(&upstream));
    let server = Process::start(command, &folder.key);
    connect(&server.api).await;
    let flood = |bytes: Vec<u8>| Step::Repeat(bytes.into(), Duration::ZERO);
    let head = |head: &str| Step::send(format!("HTTP/1.1 {head}\r\n\r\n"));
    let before = memory(&server, "VmHWM");
    for (name, head, flood, limit_mib) in [
        // The line's limit is 8 MiB; buffers grow by doubling.
        ("a line", Step::stream_head(), flood(vec![b'x'; 1 << 20]), 48),
        (
            "an event",
            Step::stream_head(),
            flood([b"data: ".to_vec(), vec![b'x'; 1 << 20], b"\n".to_vec()].concat()),
            96,
        ),
        ("an error", head("400 Bad"), flood(vec![b'x'; 1 << 20]), 96),
        ("a whole answer", head("200 OK\r\ncontent-type: application/json"), flood(vec![b' '; 1 << 20]), 384),
    ] {
        for (_, body) in
            calls().filter(|(_, body)| (name == "a line" || name == "an event") == (body["stream"] == true))
        {
            upstream.script([head.clone(), flood.clone()]);
            let answer = server.api.chat("ana", &body).await;
            let (status, _) = error_of(&answer).unwrap();
            assert!((400..=502).contains(&status), "{name}: {}", answer.text);
            upstream.client_closed().await;
        }
        let grown = (memory(&server, "VmHWM") - before) >> 10;
        println!("{name} without end: {grown} MiB more at most");
        assert!(grown < limit_mib, "{name}: {grown} MiB");
    }
    server.api.chat("ana", &says("gpt-4o-mini", "hi")).await.expect(200);
}

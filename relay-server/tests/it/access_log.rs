//! The one line that each request leaves in the log: true to how it ended, whatever the way.

use serde_json::{Value, json};

use crate::harness::{CHAT, Connection, chat_body};
use crate::process::{Server, Site, write_config};

/// The bytes of a call for a user.
fn call(server: &Server, user: &str, text: &str, stream: bool) -> String {
    let body = chat_body("gpt-4o-mini", text, stream).to_string();
    let request = server.request(&format!("POST {CHAT}"), &format!("Bearer {}", server.key), &body);
    request.replacen("x-relay-user: ana", &format!("x-relay-user: {user}"), 1)
}

/// Sends a call, reads its answer, and returns its id.
async fn answered(server: &Server, request: &str) -> String {
    let mut connection = Connection::to(server.addr).await;
    connection.write(request.as_bytes()).await;
    connection.answer(false).await.header("x-request-id").unwrap().to_owned()
}

/// The access line of a request.
fn line<'a>(lines: &'a [Value], id: &str) -> &'a Value {
    let mut own = lines.iter().filter(|line| line["request_id"] == *id && line["target"] == "relay::access");
    let line = own.next().unwrap_or_else(|| panic!("no line for {id}"));
    assert!(own.next().is_none(), "one line for each request");
    line
}

/// An end: the call, and what its line says.
struct Case {
    user: &'static str,
    text: &'static str,
    stream: bool,
    status: u16,
    outcome: &'static str,
    code: Value,
    complete: bool,
}

fn case(user: &'static str, text: &'static str, stream: bool) -> Case {
    Case { user, text, stream, status: 200, outcome: "complete", code: Value::Null, complete: true }
}

fn cases() -> Vec<Case> {
    let failed = |text, stream: bool, status: u16, outcome, code: &str| Case {
        status,
        outcome,
        code: json!(code),
        complete: !stream || status != 200,
        ..case("ana", text, stream)
    };
    vec![
        case("ana", "hi", false),
        case("ana", "hi", true),
        failed("{{break}}", true, 200, "provider", "upstream_stream_interrupted"),
        failed("{{cut}}", true, 200, "provider", "upstream_stream_interrupted"),
        failed("{{cut}}", false, 502, "provider", "upstream_error"),
        failed("{{garbage}}", true, 200, "provider", "upstream_error"),
        failed("{{error_midstream}}", true, 200, "provider", "upstream_error"),
        failed("{{status=500}}", false, 500, "provider", "upstream_error"),
        failed("{{status=503}}", true, 503, "provider", "upstream_overloaded"),
        failed("{{status=400}}", false, 400, "caller", ""),
        Case { user: "poor", ..failed("hi", true, 429, "user", "insufficient_quota") },
        Case { user: "nobody", ..failed("hi", true, 403, "user", "provider_key_missing") },
    ]
}

#[tokio::test]
async fn a_line_says_how_a_call_ended_and_whose_fault_it_was() {
    let site = Site::new().await;
    let server = site.start();
    server.connect("sk-mock-good-000000000ana").await;
    server.connect_as("poor", "sk-mock-nocredit-00000poor").await;
    let mut expected = vec![];
    for case in cases() {
        expected.push((answered(&server, &call(&server, case.user, case.text, case.stream)).await, case));
    }
    server.signal("TERM");
    let (_, log) = server.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for (id, case) in &expected {
        let line = line(&lines, id);
        let found = (&line["status"], &line["outcome"], &line["complete"], &line["provider"], &line["client"]);
        let want =
            (&json!(case.status), &json!(case.outcome), &json!(case.complete), &json!("openai"), &json!("127.0.0.1"));
        assert_eq!(found, want, "{} {}: {line}", case.text, case.stream);
        if case.code != "" {
            assert_eq!(line["code"], case.code, "{} {}: {line}", case.text, case.stream);
        }
        assert_eq!(line["model"].is_string(), case.user != "nobody", "{line}");
        let was_asked = case.user != "nobody" && case.text != "{{break}}";
        if was_asked {
            assert!(line["provider_request_id"].is_string(), "{} {}: {line}", case.text, case.stream);
        }
    }
    let broken = line(&lines, &expected[2].0);
    assert!(broken["cause"].as_str().is_some_and(|cause| !cause.is_empty()), "{broken}");
}

#[tokio::test]
async fn a_line_says_when_the_client_left_or_was_refused() {
    let site = Site::new().await;
    let config = std::fs::read_to_string(site.path("relay.toml")).unwrap();
    let more = "trusted_proxies = \"127.0.0.1\"\nmax_body_mib = 1\nbody_budget_mib = 1\n";
    write_config(&site, &config.replacen("[server]\n", &format!("[server]\n{more}"), 1));
    let server = site.start();
    server.connect("sk-mock-good-000000000ana").await;
    for (text, stream) in [("{{silent}}", true), ("{{hang}}", false)] {
        let mut connection = Connection::to(server.addr).await;
        connection.write(call(&server, "ana", text, stream).as_bytes()).await;
        if stream {
            connection.read_text("data: ").await;
        } else {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        connection.leave();
    }
    let forwarded = "GET /v1/users HTTP/1.1\r\nhost: x\r\nauthorization: Bearer rly-wrong\r\n\
                     x-forwarded-for: 198.51.100.9, 203.0.113.7\r\n\r\n";
    let wrong_key = answered(&server, forwarded).await;
    let malformed = answered(&server, "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n").await;
    let head =
        format!("POST {CHAT} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nx-relay-user: ana\r\n", server.key);
    let large =
        answered(&server, &format!("{head}content-type: application/json\r\ncontent-length: 9999999\r\n\r\n")).await;
    server.signal("TERM");
    let (_, log) = server.end();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let left: Vec<_> = lines.iter().filter(|line| line["outcome"] == "cancelled").collect();
    let ends: Vec<_> = left.iter().map(|line| (&line["status"], &line["stream"], &line["complete"])).collect();
    let (yes, no) = (&json!(true), &json!(false));
    assert_eq!(ends, [(&json!(200), yes, no), (&json!(499), no, no)], "{left:?}");
    for (id, status, code, client) in [
        (&wrong_key, 401, "invalid_relay_key", "203.0.113.7"),
        (&malformed, 400, "malformed_request", "127.0.0.1"),
        (&large, 413, "request_too_large", "127.0.0.1"),
    ] {
        let line = line(&lines, id);
        let found = (&line["status"], &line["outcome"], &line["code"], &line["client"]);
        assert_eq!(found, (&json!(status), &json!("caller"), &json!(code), &json!(client)), "{line}");
    }
    // What docs/self-hosting.md gives to fail2ban, which reads from left to right.
    let caught = |line: &&str| {
        let code = line.find("\"code\":\"invalid_relay_key\"");
        code.is_some_and(|code| line[code..].contains("\"client\":\"203.0.113.7\""))
    };
    assert_eq!(log.lines().filter(caught).count(), 1, "{log}");
}

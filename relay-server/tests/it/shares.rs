//! Who may hold how much memory with request bodies, and what nobody may without a credential.

use std::time::Duration;

use relay_core::Provider;
use relay_core::domain::Policy;
use relay_core::relay::relay_keys::NewRelayKey;
use serde_json::json;
use tokio::time::timeout;

use crate::harness::{Answer, CHAT, Connection, Request, TestServer, chat_body};
use crate::routes;

/// The largest body in these tests: more than a small one.
const LARGE: usize = 100_000;

/// A server that holds four of the largest bodies, one of each project.
async fn server(share: u8) -> TestServer {
    TestServer::with(|options| {
        options.limits.inference_body = LARGE;
        options.limits.bodies_at_once = 4 * LARGE;
        options.limits.small_bodies_at_once = 4 * LARGE;
        options.limits.body_share_percent = share;
        options.metrics_listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await
}

/// A Relay key of another project, with the user `ana` and her key.
async fn other_project(test: &TestServer) -> String {
    let project = test.relay.create_project("Other", Policy::default()).await.unwrap();
    let key = test.relay.create_relay_key(&project.id, NewRelayKey::new("test")).await.unwrap().key.expose().to_owned();
    let body = json!({"user": "ana"});
    let issued = as_key(test, &key, "POST", "/v1/registration-tokens").json(&body).send().await.json();
    let token = issued["registrationToken"].as_str().unwrap();
    let stored = register(test, token, "other").send().await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    key
}

fn as_key<'a>(test: &'a TestServer, key: &str, method: &str, path: &str) -> Request<'a> {
    test.request(method, path).header("authorization", &format!("Bearer {key}"))
}

fn register<'a>(test: &'a TestServer, token: &str, tag: &str) -> Request<'a> {
    let key = relay_mock::sample_key(Provider::OPENAI, "good", tag);
    as_key(test, token, "POST", "/v1/registration").json(&json!({"provider": "openai", "apiKey": key}))
}

/// Announces a body of `LARGE` bytes and sends all but ten of them.
async fn unfinished(test: &TestServer, key: &str) -> Connection {
    let request = as_key(test, key, "POST", CHAT).header("x-relay-user", "ana");
    let request = request.header("content-type", "application/json").header("content-length", &LARGE.to_string());
    let mut connection = request.open().await;
    connection.write(&vec![b' '; LARGE - 10]).await;
    connection
}

async fn chat(test: &TestServer, key: &str, length: usize) -> Answer {
    let body = chat_body("gpt-4o-mini", &"x".repeat(length), false);
    as_key(test, key, "POST", CHAT).header("x-relay-user", "ana").json(&body).send().await
}

/// The value of a metric, by its line without the value.
async fn metric(test: &TestServer, name: &str) -> usize {
    let mut connection = Connection::to(test.running.metrics_addr.unwrap()).await;
    connection.write(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let text = connection.answer(false).await.text();
    let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok());
    value.unwrap_or(0)
}

/// Waits until this many bytes of bodies are held, or none.
async fn until_held(test: &TestServer, want: usize) {
    let is_so = |held: usize| if want == 0 { held == 0 } else { held >= want };
    let waited = timeout(Duration::from_secs(10), async {
        while !is_so(metric(test, "relay_inflight_bytes").await) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    waited.await.unwrap_or_else(|_| panic!("not {want}"));
}

#[tokio::test]
async fn no_route_reads_a_body_before_the_credential() {
    let test = TestServer::start().await;
    let tokens = &test.relay.ports().tokens;
    let unknown_key = tokens.relay_key().unwrap().expose().to_owned();
    let unknown_token = tokens.registration_token().unwrap().expose().to_owned();
    let mistyped = |text: &str| format!("{}x", &text[..text.len() - 1]);
    let credentials = [
        None,
        Some("x".to_owned()),
        Some(mistyped(&unknown_key)),
        Some(mistyped(&unknown_token)),
        Some(unknown_key),
        Some(unknown_token),
    ];
    let mut asked = 0;
    for route in routes::all() {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            for credential in &credentials {
                for framing in [("content-length", "15000"), ("transfer-encoding", "chunked")] {
                    let request = test.request(method, &route.path).header("content-type", "application/json");
                    let request = request.header("x-relay-user", "ana").header(framing.0, framing.1);
                    let request = match credential {
                        Some(credential) => request.header("authorization", &format!("Bearer {credential}")),
                        None => request,
                    };
                    let mut connection = request.open().await;
                    if framing.0 == "content-length" {
                        connection.write(b"{").await;
                    }
                    let answer = timeout(Duration::from_secs(5), connection.answer(method == "HEAD")).await;
                    let answer = answer.unwrap_or_else(|_| panic!("{method} {} waits for the body", route.path));
                    let takes_credential = matches!(route.cors, "Refused" | "WithToken");
                    if takes_credential && route.methods.contains(&method) {
                        assert_eq!(answer.status, 401, "{method} {}", route.path);
                        asked += 1;
                    }
                }
            }
        }
    }
    assert!(asked >= 15 * 12, "{asked}");
    assert_eq!(test.mock.total_calls(), 5, "only ana's registrations");
}

#[tokio::test]
async fn a_spent_or_expired_token_is_refused_before_its_body() {
    let test = TestServer::start().await;
    let token = test.registration_token("bo").await;
    assert_eq!(register(&test, &token, "bo").send().await.status, 201);
    // The answer can still be repeated, so the body is read.
    assert_eq!(register(&test, &token, "bo").send().await.status, 201);
    let bound = test.token_with("bo", json!({"allowedOrigins": ["https://app.example"]})).await;
    let request = as_key(&test, &bound, "POST", "/v1/registration").header("origin", "https://evil.example");
    let mut connection = request.header("content-length", "100").open().await;
    connection.answer(false).await.assert_error(403, "origin_not_allowed");
}

#[tokio::test]
async fn a_project_that_uses_its_share_up_stops_nobody_else() {
    let test = server(25).await;
    let other = other_project(&test).await;
    let first = unfinished(&test, &test.key).await;
    until_held(&test, LARGE - 10).await;
    // Its own large bodies are refused, whole or not.
    let refused = chat(&test, &test.key, 80_000).await;
    refused.assert_error(429, "rate_limit_exceeded");
    assert_eq!((refused.header("retry-after"), refused.header("x-should-retry")), (Some("1"), None));
    let mut second = unfinished(&test, &test.key).await;
    second.answer(false).await.assert_error(429, "rate_limit_exceeded");
    assert_eq!(metric(&test, "relay_bodies_refused_total{limit=\"project\"}").await, 2);
    // Small ones and other projects' are not.
    assert_eq!(chat(&test, &test.key, 10).await.status, 200);
    assert_eq!(chat(&test, &other, 80_000).await.status, 200);
    assert_eq!(test.request("GET", "/api/health/ready").send().await.status, 200);
    // The share comes back with the connection.
    first.leave();
    until_held(&test, 0).await;
    assert_eq!(chat(&test, &test.key, 80_000).await.status, 200);
}

#[tokio::test]
async fn a_project_whose_small_bodies_are_many_stops_nobody_else() {
    let test = server(25).await;
    let other = other_project(&test).await;
    let mut open = Vec::new();
    for _ in 0..2 {
        let request = as_key(&test, &test.key, "POST", "/v1/registration-tokens");
        let request = request.header("content-type", "application/json").header("content-length", "49000");
        let mut connection = request.open().await;
        connection.write(&vec![b' '; 48_990]).await;
        open.push(connection);
    }
    until_held(&test, 2 * 48_990).await;
    chat(&test, &test.key, 10_000).await.assert_error(429, "rate_limit_exceeded");
    assert_eq!(chat(&test, &other, 10_000).await.status, 200);
}

#[tokio::test]
async fn a_registration_token_holds_a_few_bodies_at_once() {
    let test = TestServer::with(|options| options.metrics_listen = Some(([127, 0, 0, 1], 0).into())).await;
    let (token, other) = (test.registration_token("bo").await, test.registration_token("cy").await);
    let open = || async {
        let request = as_key(&test, &token, "POST", "/v1/registration").header("content-type", "application/json");
        let mut connection = request.header("content-length", "16000").open().await;
        connection.write(&[b' '; 15_990]).await;
        connection
    };
    let mut held = Vec::new();
    for n in 1..=4 {
        held.push(open().await);
        until_held(&test, n * 15_990).await;
    }
    open().await.answer(false).await.assert_error(429, "rate_limit_exceeded");
    assert_eq!(register(&test, &other, "cy").send().await.status, 201);
    assert_eq!(test.registration_token("dy").await.len(), 53, "the project goes on");
}

#[tokio::test]
async fn readiness_reports_that_the_memory_for_bodies_is_spent() {
    let test = server(100).await;
    let other = other_project(&test).await;
    let mut held = Vec::new();
    for _ in 0..4 {
        held.push(unfinished(&test, &test.key).await);
    }
    until_held(&test, 4 * (LARGE - 10)).await;
    let refused = chat(&test, &other, 80_000).await;
    refused.assert_error(503, "overloaded");
    assert_eq!(refused.header("retry-after"), Some("1"));
    test.request("GET", "/api/health/ready").send().await.assert_error(503, "overloaded");
    for path in ["/api/health", "/api/health/live"] {
        assert_eq!(test.request("GET", path).send().await.status, 200);
    }
    assert_eq!(chat(&test, &other, 10).await.status, 200, "a small body never waits for large ones");
    held.drain(..).for_each(Connection::leave);
    until_held(&test, 0).await;
    assert_eq!(test.request("GET", "/api/health/ready").send().await.status, 200);
}

#[tokio::test]
async fn a_body_is_held_until_it_has_been_sent() {
    for model in ["gpt-4o-mini", "claude-haiku-4-5", "gemini-2.5-flash"] {
        for stream in [false, true] {
            let test = server(25).await;
            let body = chat_body(model, &format!("{{{{hang}}}}{}", "x".repeat(80_000)), stream);
            let mut calls = Vec::new();
            for n in 1..=3 {
                calls.push(test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&body).open().await);
                test.mock.until(|mock| mock.open_calls() == n).await;
            }
            until_held(&test, 0).await;
        }
    }
}

#[tokio::test]
async fn a_refused_call_returns_its_share() {
    let test = server(25).await;
    for (model, status) in [("gpt-4o-mini", 200), ("no-such-model", 404)] {
        let body = chat_body(model, &"x".repeat(80_000), false);
        let answer = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&body).send().await;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    test.as_app("POST", CHAT).header("x-relay-user", "nobody").json(&chat_body("gpt-4o-mini", "x", false)).send().await;
    until_held(&test, 0).await;
}

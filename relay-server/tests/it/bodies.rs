//! Bodies: what kind, how long, how slow, how many.

use std::time::Duration;

use relay_core::Provider;

use crate::harness::{CHAT, TestServer, chat_body};

#[tokio::test]
async fn a_body_is_plain_json() {
    let test = TestServer::start().await;
    let body = chat_body("gpt-4o-mini", "hi", false).to_string();
    let send = |headers: &'static [(&str, &str)]| {
        let request = test.as_app("POST", CHAT).header("x-relay-user", "ana");
        headers.iter().fold(request, |request, (name, value)| request.header(name, value)).body(body.clone()).send()
    };
    for good in [
        &[("content-type", "application/json")][..],
        &[("content-type", "application/json; charset=utf-8")],
        &[("content-type", "APPLICATION/JSON")],
        &[("content-type", "application/json"), ("content-encoding", "identity")],
    ] {
        assert_eq!(send(good).await.status, 200, "{good:?}");
    }
    for bad in [
        &[][..],
        &[("content-type", "text/plain")],
        &[("content-type", "application/x-www-form-urlencoded")],
        &[("content-type", "application/jsonx")],
        &[("content-type", "application/json"), ("content-encoding", "gzip")],
        &[("content-type", "application/json"), ("content-encoding", "identity, br")],
    ] {
        send(bad).await.assert_error(415, "unsupported_media_type");
    }
}

#[tokio::test]
async fn what_is_not_json_is_refused_by_name() {
    let test = TestServer::start().await;
    for bad in ["", "{", "[]", "null", "\u{feff}{}", "{\"model\":\"gpt-4o-mini\"}x"] {
        let request = test.as_app("POST", CHAT).header("x-relay-user", "ana");
        let answer = request.header("content-type", "application/json").body(bad).send().await;
        answer.assert_error(400, "invalid_json");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
    }
    let deep = "[".repeat(100_000);
    let request = test.as_app("POST", CHAT).header("x-relay-user", "ana").header("content-type", "application/json");
    request.body(deep).send().await.assert_error(400, "invalid_json");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused_announced_or_not() {
    let test = TestServer::with(|options| options.limits.inference_body = 1000).await;
    let request = || test.as_app("POST", CHAT).header("x-relay-user", "ana").header("content-type", "application/json");
    let fit = chat_body("gpt-4o-mini", &"x".repeat(800), false).to_string();
    assert_eq!(request().body(fit).send().await.status, 200);
    let answer = request().body("x".repeat(1001)).send().await;
    answer.assert_error(413, "request_too_large");
    // Announced and never sent: answered at once.
    let mut connection = request().header("content-length", "1001").open().await;
    connection.answer(false).await.assert_error(413, "request_too_large");
    // In chunks, without a length.
    let mut connection = request().header("transfer-encoding", "chunked").open().await;
    for _ in 0..3 {
        connection.write(format!("200\r\n{}\r\n", "x".repeat(512)).as_bytes()).await;
    }
    connection.answer(false).await.assert_error(413, "request_too_large");
}

#[tokio::test]
async fn each_route_has_its_own_limit() {
    let test = TestServer::start().await;
    let token = format!("Bearer {}", test.registration_token("bo").await);
    let big = |bytes: usize| format!("{{\"x\":\"{}\"}}", "x".repeat(bytes));
    let registration = test.request("POST", "/v1/registration").header("authorization", &token);
    let answer = registration.header("content-type", "application/json").body(big(17 << 10)).send().await;
    answer.assert_error(413, "request_too_large");
    let tokens = test.as_app("POST", "/v1/registration-tokens").header("content-type", "application/json");
    tokens.body(big(65 << 10)).send().await.assert_error(413, "request_too_large");
    let answer = test.chat("gpt-4o-mini", &"word ".repeat(1 << 20), false).send().await;
    assert_eq!(answer.status, 200, "five megabytes of text are a body like any other: {}", answer.text());
}

#[tokio::test]
async fn a_body_that_drips_or_stops_is_given_up() {
    let test = TestServer::with(|options| {
        options.limits.body_grace = Duration::from_millis(50);
        options.limits.body_time = Duration::from_millis(2500);
        options.limits.body_rate = 10;
    })
    .await;
    let request = || {
        let request = test.as_app("POST", CHAT).header("x-relay-user", "ana");
        request.header("content-type", "application/json").header("content-length", "100")
    };
    // Nothing comes.
    let mut connection = request().open().await;
    connection.answer(false).await.assert_error(408, "request_timeout");
    // Enough comes at first, and then nothing: it is over when all the time is.
    let mut connection = request().open().await;
    connection.write(&[b' '; 90]).await;
    connection.answer(false).await.assert_error(408, "request_timeout");
    // It comes late, and fast enough.
    let body = chat_body("gpt-4o-mini", "hi", false).to_string();
    let length = body.len().to_string();
    let request = test.as_app("POST", CHAT).header("x-relay-user", "ana").header("content-type", "application/json");
    let mut connection = request.header("content-length", &length).open().await;
    connection.write(&body.as_bytes()[..50]).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    connection.write(&body.as_bytes()[50..]).await;
    assert_eq!(connection.answer(false).await.status, 200);
}

#[tokio::test]
async fn a_body_that_ends_early_or_is_framed_wrongly_is_no_body() {
    let test = TestServer::start().await;
    let request = || test.as_app("POST", CHAT).header("x-relay-user", "ana").header("content-type", "application/json");
    let mut connection = request().header("transfer-encoding", "chunked").open().await;
    connection.write(b"5\r\n{\"mod\r\nzz\r\n").await;
    connection.answer(false).await.assert_error(400, "incomplete_body");
    assert_eq!(
        usize::try_from(test.mock.total_calls()).unwrap(),
        Provider::ALL.len() + 2,
        "only ana's registrations, of which two take two calls"
    );
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let test = TestServer::start().await;
    let mut connection = crate::harness::Connection::to(test.addr()).await;
    for stream in [false, true, false, true] {
        connection.write(&test.chat("gpt-4o-mini", "hi", stream).bytes()).await;
        let answer = connection.answer(false).await;
        assert!(answer.status == 200 && answer.complete && answer.header("connection").is_none(), "{answer:?}");
    }
    connection.write(&test.request("GET", "/nothing").bytes()).await;
    assert_eq!(connection.answer(false).await.status, 404);
    connection.write(&test.request("HEAD", "/api/health").bytes()).await;
    assert_eq!(connection.answer(true).await.status, 200);
    connection.write(&test.request("GET", "/api/health").bytes()).await;
    assert_eq!(connection.answer(false).await.json()["status"], "ok");
}

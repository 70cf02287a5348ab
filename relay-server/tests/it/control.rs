//! `/__mock`: tests in any language script the simulated providers and see what they were sent.

use relay_core::Provider;
use relay_mock::sample_key;
use serde_json::{Value, json};

use super::harness::{Answer, Request, TestServer, chat_body};

const PATHS: [(&str, &str); 4] = [
    ("/__mock/scripts", "GET, POST"),
    ("/__mock/calls", "GET"),
    ("/__mock/reset", "POST"),
    ("/__mock/settings", "GET, PUT"),
];

const MODELS: [(&str, &str); 3] =
    [("openai", "gpt-4o-mini"), ("anthropic", "claude-haiku-5-5"), ("google", "gemini-3.6-flash")];

/// A request without `max_tokens`: the one for Claude is always a stream.
fn chat<'a>(test: &'a TestServer, model: &str, stream: bool) -> Request<'a> {
    test.chat(model, "hi {{nonsense}}", stream)
}

async fn script(test: &TestServer, provider: &str, answer: Value) {
    let body = json!({"provider": provider, "answer": answer});
    let answer = test.request("POST", "/__mock/scripts").json(&body).send().await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&answer.json()["added"], &answer.json()["waiting"]), (&json!(1), &json!(1)));
}

async fn calls(test: &TestServer, provider: &str) -> Value {
    let answer = test.request("GET", &format!("/__mock/calls?provider={provider}")).send().await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("application/json")));
    answer.assert_ids();
    assert!(!answer.text().contains("-good-"), "{}", answer.text());
    answer.json()
}

async fn reset(test: &TestServer) {
    assert_eq!(test.request("POST", "/__mock/reset").send().await.status, 200);
}

/// The text of an answer, whole or streamed.
fn text(answer: &Answer, stream: bool) -> String {
    if !stream {
        return answer.json()["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
    }
    let body = answer.text();
    let events = body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    let events = events.map(|data| serde_json::from_str::<Value>(data).unwrap());
    events.filter_map(|event| event["choices"][0]["delta"]["content"].as_str().map(str::to_owned)).collect()
}

#[tokio::test]
async fn a_server_without_control_has_no_such_path() {
    let test = TestServer::start().await;
    let usual = test.request("GET", "/nowhere").send().await.json()["error"]["message"].as_str().unwrap().to_owned();
    for (path, _) in PATHS {
        for method in ["GET", "POST", "PUT"] {
            let answer = test.request(method, path).json(&json!({})).send().await;
            let error = answer.assert_error(404, "unknown_endpoint");
            // The same as for any other path.
            assert_eq!(error["message"].as_str().unwrap().replace(path, "/nowhere"), usual);
        }
    }
}

#[tokio::test]
async fn every_form_of_a_script_answers_a_chat() {
    let test = TestServer::controlled().await;
    let whole = [
        json!({"choices": [{"index": 0, "message": {"role": "assistant", "content": "It rains."}, "finish_reason": "stop"}],
            "object": "chat.completion", "id": "c", "created": 1, "model": "gpt-4o-mini"}),
        json!({"type": "message", "role": "assistant", "id": "m", "model": "claude-haiku-5-5", "stop_reason": "end_turn",
            "content": [{"type": "text", "text": "It rains."}], "usage": {"input_tokens": 1, "output_tokens": 2}}),
        json!({"candidates": [{"content": {"parts": [{"text": "It rains."}], "role": "model"}, "finishReason": "STOP"}]}),
    ];
    for ((provider, model), whole) in MODELS.into_iter().zip(whole) {
        for stream in [false, true] {
            reset(&test).await;
            for says in [json!({"says": "It rains."}), json!({"status": 200, "body": whole})] {
                script(&test, provider, says).await;
                let answer = chat(&test, model, stream).send().await;
                assert_eq!((answer.status, text(&answer, stream).as_str()), (200, "It rains."), "{}", answer.text());
                assert_eq!(stream, answer.text().ends_with("data: [DONE]\n\n"));
            }
            for (failing, status, code) in [
                (json!({"status": 429, "headers": {"retry-after": 7}}), 429, "rate_limit_exceeded"),
                (json!({"error": "no_credit"}), 429, "insufficient_quota"),
                (json!({"failure": "timeout"}), 504, "upstream_timeout"),
            ] {
                script(&test, provider, failing.clone()).await;
                let answer = chat(&test, model, stream).send().await;
                answer.assert_error(status, code);
                if failing["headers"].is_object() {
                    assert_eq!(answer.header("retry-after"), Some("7"));
                }
            }
            script(&test, provider, json!({"status": 500, "body": "no JSON"})).await;
            let answer = chat(&test, model, stream).send().await;
            assert!(answer.status >= 500 && answer.json()["error"]["code"] == "upstream_error", "{}", answer.text());
            let seen = calls(&test, provider).await;
            assert_eq!(seen["aborted"], 0);
            let went: Vec<_> = seen["calls"].as_array().unwrap().iter().map(|call| call["scripted"] == true).collect();
            assert!(went.iter().all(|scripted| *scripted), "{seen}");
            let failed: Vec<_> = seen["calls"].as_array().unwrap().iter().map(|call| call["failure"].clone()).collect();
            assert!(failed.contains(&json!("timeout")), "{seen}");
        }
    }
}

#[tokio::test]
async fn a_scripted_stream_breaks_where_it_says() {
    let test = TestServer::controlled().await;
    let events = [
        json!([{"choices": [{"index": 0, "delta": {"role": "assistant", "content": "one"}}], "object": "chat.completion.chunk", "id": "c", "created": 1, "model": "m"}]),
        json!([
            {"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": null, "usage": {"input_tokens": 1, "output_tokens": 1}}},
            {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "one"}}]),
        json!([{"candidates": [{"content": {"parts": [{"text": "one"}], "role": "model"}, "index": 0}]}]),
    ];
    for ((provider, model), events) in MODELS.into_iter().zip(events) {
        script(&test, provider, json!({"events": events, "then": "break"})).await;
        let answer = chat(&test, model, true).send().await;
        assert_eq!((answer.status, text(&answer, true).as_str()), (200, "one"), "{}", answer.text());
        assert!(answer.text().contains(r#"data: {"error":"#) && !answer.text().contains("[DONE]"), "{}", answer.text());
        // Silence lasts until the caller leaves, and the mock sees that.
        script(&test, provider, json!({"events": events, "then": "silence"})).await;
        let mut connection = chat(&test, model, true).open().await;
        connection.read_text("one").await;
        assert_eq!(calls(&test, provider).await["open"], 1);
        connection.leave();
        test.mock.until(|mock| mock.open_calls() == 0).await;
        script(&test, provider, json!({"never": true})).await;
        let connection = chat(&test, model, false).open().await;
        test.mock.until(|mock| mock.open_calls() == 1).await;
        connection.leave();
        test.mock.until(|mock| mock.open_calls() == 0).await;
        let seen = calls(&test, provider).await;
        assert_eq!((&seen["total"], &seen["open"], &seen["aborted"]), (&json!(3), &json!(0), &json!(2)));
    }
}

#[tokio::test]
async fn calls_show_what_the_provider_was_sent() {
    let test = TestServer::controlled().await;
    for (provider, model) in MODELS {
        let known = Provider::from_name(provider).unwrap();
        let body = chat_body(model, "What is the weather?", false);
        let answer = test.as_app("POST", "/v1/chat/completions").header("x-relay-user", "ana").json(&body).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let seen = calls(&test, provider).await;
        let call = &seen["calls"][0];
        assert_eq!((&call["provider"], &call["method"]), (&json!(provider), &json!("POST")));
        assert!(call["body"].to_string().contains("What is the weather?"), "{call}");
        assert!(sample_key(known, "good", "ana").ends_with(call["last4"].as_str().unwrap()));
        let credential = known.credential();
        assert_eq!(call["headers"][credential.name()], format!("{}<key>", credential.prefix()));
        assert_eq!(
            (&call["state"], &call["status"], &call["scripted"]),
            (&json!("complete"), &json!(200), &json!(false))
        );
        assert!(!call["headers"].as_object().unwrap().keys().any(|name| name.starts_with("x-relay")), "{call}");
    }
}

#[tokio::test]
async fn a_slip_in_a_directive_is_named_through_relay() {
    let test = TestServer::controlled().await;
    for (_, model) in MODELS {
        for slip in ["{{statu=503}}", "{{status=abc}}", "{{chunks=0}}"] {
            let answer = test.chat(model, slip, false).send().await;
            let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
            assert_eq!(answer.status, 400, "{message}");
            assert!(message.contains(slip) && message.contains("docs/mock.md"), "{message}");
        }
        let answer = test.chat(model, "{{literal}}Dear {{name}}", false).send().await;
        assert!(text(&answer, false).ends_with("you said \"Dear {{name}}\""));
    }
}

#[tokio::test]
async fn what_can_not_be_read_is_refused_in_relays_shape() {
    let test = TestServer::controlled().await;
    let post = || test.request("POST", "/__mock/scripts");
    let bad = json!({"provider": "openai", "answer": {"staus": 503}});
    let error = post().json(&bad).send().await.assert_error(400, "unknown_parameter");
    assert_eq!(error["param"], "answer.staus");
    let bad = json!([{"provider": "openai", "answer": {"status": "503"}}]);
    let error = post().json(&bad).send().await.assert_error(400, "invalid_value");
    assert_eq!(error["param"], "scripts[0].answer.status");
    post().header("content-type", "application/json").body("{").send().await.assert_error(400, "invalid_json");
    post().header("content-type", "application/json").send().await.assert_error(400, "invalid_json");
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let answer = post().header("content-type", kind).body(bad.to_string()).send().await;
        answer.assert_error(415, "unsupported_media_type");
    }
    post().body(bad.to_string()).send().await.assert_error(415, "unsupported_media_type");
    let large = vec![b' '; relay_mock::control::MAX_BODY + 1];
    post().header("content-type", "application/json").body(large).send().await.assert_error(413, "request_too_large");
    let error = test.request("GET", "/__mock/calls?user=ana").send().await.assert_error(400, "unknown_parameter");
    assert_eq!(error["param"], "user");
    let error = test.request("PUT", "/__mock/settings").json(&json!({"pause": 1})).send().await;
    error.assert_error(400, "unknown_parameter");
    test.request("GET", "/__mock/other").send().await.assert_error(404, "unknown_endpoint");
    assert_eq!(test.mock.scripts_left(), 0);
}

#[tokio::test]
async fn no_page_may_call_these_routes() {
    let test = TestServer::controlled().await;
    script(&test, "openai", json!({"never": true})).await;
    for (path, allow) in PATHS {
        for method in ["GET", "POST", "PUT"] {
            let ask = |origin: &'static str| test.request(method, path).header("origin", origin);
            let answer = ask("https://evil.example").send().await;
            assert_eq!(answer.header("access-control-allow-origin"), None);
            if !allow.contains(method) {
                answer.assert_error(405, "method_not_allowed");
                assert_eq!(answer.header("allow"), Some(allow));
            } else if method != "GET" {
                answer.assert_error(403, "cors_not_allowed");
                ask("null").json(&json!({})).send().await.assert_error(403, "cors_not_allowed");
            }
        }
        let preflight = test.request("OPTIONS", path).header("origin", "https://evil.example");
        let answer = preflight.header("access-control-request-method", "POST").send().await;
        answer.assert_error(403, "cors_not_allowed");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let answer = test.request("OPTIONS", path).send().await;
        assert_eq!((answer.status, answer.header("allow")), (204, Some(allow)));
    }
    assert_eq!(test.mock.scripts_left(), 1, "nothing was changed");
}

#[tokio::test]
async fn a_reset_forgets_scripts_calls_and_settings() {
    let test = TestServer::controlled().await;
    let as_before = test.request("GET", "/__mock/settings").send().await.json();
    let changed = json!({"pauseMs": 1, "cutBytes": 7});
    let answer = test.request("PUT", "/__mock/settings/").json(&changed).send().await.json();
    assert_eq!((&answer["pauseMs"], &answer["cutBytes"]), (&json!(1), &json!(7)));
    assert_eq!(test.chat("gpt-4o-mini", "hi", true).send().await.status, 200);
    script(&test, "openai", json!({"status": 503})).await;
    let waiting = test.request("GET", "/__mock/scripts").send().await.json();
    assert_eq!(waiting["scripts"]["openai"], json!([{"answer": {"status": 503}, "times": 1}]));
    assert!(calls(&test, "openai").await["total"].as_u64() > Some(0));
    let answer = test.request("POST", "/__mock/reset").json(&json!({})).send().await;
    assert_eq!((answer.status, answer.json()), (200, json!({"reset": true})));
    assert_eq!(calls(&test, "openai").await, json!({"total": 0, "open": 0, "aborted": 0, "calls": []}));
    let waiting = test.request("GET", "/__mock/scripts").send().await.json();
    assert_eq!((&waiting["waiting"], &waiting["scripts"]["openai"]), (&json!(0), &json!([])));
    assert_eq!(test.request("GET", "/__mock/settings").send().await.json(), as_before);
    assert_eq!(test.chat("gpt-4o-mini", "hi", false).send().await.status, 200);
}

#[tokio::test]
async fn metrics_know_the_routes() {
    let test = TestServer::with(|options| {
        options.simulator = relay_mock::Mock::new().into();
        options.metrics_listen = Some(([127, 0, 0, 1], 0).into());
    })
    .await;
    test.request("GET", "/__mock/calls").send().await;
    let mut connection = super::harness::Connection::to(test.running.metrics_addr.unwrap()).await;
    connection.write(b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    let text = String::from_utf8(connection.rest().await).unwrap();
    assert!(text.contains(r#"route="/__mock/calls""#), "{text}");
}

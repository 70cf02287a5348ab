//! Scripts and calls as JSON.

use futures::StreamExt as _;
use relay_core::Provider;
use relay_core::domain::provider::Format;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Expect, WireRequest, WireResponse};
use serde_json::{Value, json};

use super::*;
use crate::sample_key;

fn add(mock: &Mock, script: &Value) -> Result<String, RelayError> {
    add_scripts(mock, script.to_string().as_bytes())
}

fn waiting(mock: &Mock) -> Value {
    serde_json::from_str(&scripts(mock)).unwrap()
}

#[test]
fn every_form_is_read_and_shown_again() {
    let answers = [
        json!({"says": "It rains."}),
        json!({"says": ""}),
        json!({"says": "One moment.", "calls": [{"name": "weather", "arguments": {"city": "Seoul"}}], "finish": "length"}),
        json!({"says": "x", "headers": {"x-a": "b"}, "pauseMs": 5, "then": "break"}),
        json!({"status": 429}),
        json!({"status": 429, "body": {"error": {"message": "slow down"}}, "headers": {"retry-after": "7"}}),
        json!({"status": 200, "body": "<html>", "then": "silence"}),
        json!({"events": ["data: {\"a\":1}\n\n", "data: [DONE]\n\n"], "pauseMs": 100, "then": "break"}),
        json!({"events": []}),
        json!({"error": "overloaded"}),
        json!({"between": "cloudflare"}),
        json!({"failure": "connect"}),
        json!({"failure": "connect_timeout"}),
        json!({"failure": "interrupted"}),
        json!({"failure": "timeout"}),
        json!({"failure": "malformed"}),
        json!({"never": true}),
    ];
    for provider in Provider::ALL {
        for answer in &answers {
            let mock = Mock::new();
            let script =
                json!({"provider": provider.name(), "answer": answer, "times": 3, "for": "chat", "last4": "ana1"});
            assert_eq!(add(&mock, &script).unwrap(), r#"{"added":1,"waiting":3}"#);
            let mut want = script.clone();
            want.as_object_mut().unwrap().remove("provider");
            let shown = waiting(&mock);
            assert_eq!((&shown["waiting"], &shown["scripts"][provider.name()]), (&json!(3), &json!([want])));
        }
    }
}

#[test]
fn short_forms_mean_what_they_are_shown_as() {
    for (provider, answer, shown) in [
        ("openai", json!({"calls": [{"name": "f"}]}), json!({"says": "", "calls": [{"name": "f", "arguments": {}}]})),
        ("openai", json!({"body": {"a": 1}}), json!({"status": 200, "body": {"a": 1}})),
        ("openai", json!({"body": "{\"a\": 1}"}), json!({"status": 200, "body": {"a": 1}})),
        ("openai", json!({"says": "x", "then": "end"}), json!({"says": "x"})),
        (
            "openai",
            json!({"status": 429, "headers": {"Retry-After": 7}}),
            json!({"status": 429, "headers": {"retry-after": "7"}}),
        ),
        (
            "openai",
            json!({"events": [{"a": [1, 2.50]}, "[DONE]"]}),
            json!({"events": ["data: {\"a\":[1,2.5]}\n\n", "data: [DONE]\n\n"]}),
        ),
        (
            "anthropic",
            json!({"events": [{"type": "ping"}]}),
            json!({"events": ["event: ping\ndata: {\"type\":\"ping\"}\n\n"]}),
        ),
        ("google", json!({"events": [{"a": 1}]}), json!({"events": ["data: {\"a\":1}\r\n\r\n"]})),
    ] {
        let mock = Mock::new();
        add(&mock, &json!({"provider": provider, "answer": answer})).unwrap();
        assert_eq!(waiting(&mock)["scripts"][provider], json!([{"answer": shown, "times": 1}]));
    }
}

#[test]
fn a_list_is_added_whole_or_not_at_all() {
    let mock = Mock::new();
    let good = json!({"provider": "google", "answer": {"says": "a"}});
    assert_eq!(add(&mock, &json!([good, good])).unwrap(), r#"{"added":2,"waiting":2}"#);
    assert_eq!(add(&mock, &json!([])).unwrap(), r#"{"added":0,"waiting":2}"#);
    let error = add(&mock, &json!([good, {"provider": "google", "answer": {"status": "429"}}])).unwrap_err();
    assert_eq!(error.param(), Some("scripts[1].answer.status"));
    assert_eq!(mock.scripts_left(), 2);
    let error = add(&mock, &Value::Array(vec![good; 999])).unwrap_err();
    assert!(error.message().contains("/__mock/reset"), "{error}");
    assert_eq!(mock.scripts_left(), 2);
}

#[test]
fn what_is_wrong_is_named() {
    let of = |answer: Value| json!({"provider": "openai", "answer": answer}).to_string();
    let with = |name: &str, value: Value| {
        let mut script = json!({"provider": "openai", "answer": {"says": "x"}});
        script[name] = value;
        script.to_string()
    };
    let cases = [
        (String::new(), None, "could not be read as JSON"),
        ("{".into(), None, "could not be read as JSON"),
        ("[{]".into(), None, "could not be read as JSON"),
        ("7".into(), None, "could not be read as JSON"),
        (r#"[], "x": [1]"#.into(), None, "could not be read as JSON"),
        ("[7]".into(), Some("scripts[0]"), "must be an object"),
        ("{}".into(), Some("provider"), "is missing"),
        (with("provider", json!("nobody")), Some("provider"), "openai, anthropic, google"),
        (with("provider", json!(7)), Some("provider"), "openai, anthropic, google"),
        (r#"{"provider":"openai"}"#.into(), Some("answer"), "is missing"),
        (with("answer", json!("x")), Some("answer"), "must be an object"),
        (with("anwser", json!({})), Some("anwser"), "not a parameter"),
        (with("times", json!(0)), Some("times"), "an integer from 1 to 1000"),
        (with("times", json!(1.5)), Some("times"), "an integer from 1 to 1000"),
        (with("times", json!("3")), Some("times"), "an integer from 1 to 1000"),
        (with("for", json!("chats")), Some("for"), "chat, embeddings, models, count"),
        (with("for", json!("models")), Some("for"), "what a model says"),
        (with("last4", json!("sk-mock-good-1234")), Some("last4"), "last four"),
        (
            of(json!({})),
            Some("answer"),
            "needs one of: `says`, `status`, `events`, `error`, `between`, `failure`, `never`",
        ),
        (of(json!({"headers": {}})), Some("answer"), "needs one of"),
        (of(json!({"statu": 503})), Some("answer.statu"), "not a parameter"),
        (of(json!({"says": "x", "status": 503})), Some("answer"), "both `says` and `status`"),
        (of(json!({"says": "x", "body": {}})), Some("answer"), "both `says` and `body`"),
        (of(json!({"says": "x", "text": "y"})), Some("answer.text"), "says, calls, finish"),
        (of(json!({"says": 7})), Some("answer.says"), "a string"),
        (of(json!({"calls": {"name": "f"}})), Some("answer.calls"), "an array"),
        (of(json!({"calls": ["f"]})), Some("answer.calls[0]"), "an object"),
        (of(json!({"calls": [{}]})), Some("answer.calls[0].name"), "is missing"),
        (of(json!({"calls": [{"name": "f", "args": {}}]})), Some("answer.calls[0].args"), "name, arguments"),
        (of(json!({"calls": [{"name": "f", "arguments": "{}"}]})), Some("answer.calls[0].arguments"), "an object"),
        (of(json!({"says": "x", "finish": ""})), Some("answer.finish"), "a finish reason"),
        (of(json!({"status": 199})), Some("answer.status"), "from 200 to 599"),
        (of(json!({"status": 200})), Some("answer.body"), "is missing"),
        (of(json!({"status": 503, "events": []})), Some("answer"), "both `status` and `events`"),
        (of(json!({"status": 503, "retry": 1})), Some("answer.retry"), "not a parameter"),
        (of(json!({"status": 503, "headers": []})), Some("answer.headers"), "an object"),
        (of(json!({"status": 503, "headers": {"a b": "c"}})), Some("answer.headers"), "names of headers"),
        (of(json!({"status": 503, "headers": {"a": "b\r\nc: d"}})), Some("answer.headers.a"), "visible ASCII"),
        (of(json!({"status": 503, "headers": {"a": ["b"]}})), Some("answer.headers.a"), "a string or a number"),
        (
            of(json!({"status": 503, "headers": {"Content-Length": 3}})),
            Some("answer.headers.Content-Length"),
            "connection",
        ),
        (of(json!({"status": 503, "pauseMs": -1})), Some("answer.pauseMs"), "from 0 to 3600000"),
        (of(json!({"status": 503, "then": "stop"})), Some("answer.then"), "end, break, silence"),
        (of(json!({"events": "x"})), Some("answer.events"), "an array"),
        (of(json!({"events": ["a", 7]})), Some("answer.events[1]"), "an object, which is an event's data, or a string"),
        (of(json!({"error": "nonsense"})), Some("answer.error"), "spend_limit"),
        (of(json!({"error": "overloaded", "then": "break"})), Some("answer.then"), "not a parameter"),
        (of(json!({"between": "nowhere"})), Some("answer.between"), "one of: cloudflare, "),
        (of(json!({"failure": "dns"})), Some("answer.failure"), "connect, connect_timeout"),
        (of(json!({"never": false})), Some("answer.never"), "must be true"),
        (r#"{"provider":"openai","provider":"google","answer":{"says":"x"}}"#.into(), Some("provider"), "twice"),
    ];
    for (script, param, part) in cases {
        let error = add_scripts(&Mock::new(), script.as_bytes()).expect_err(&script);
        assert_eq!(error.param(), param, "{script}: {error}");
        assert!(error.message().contains(part), "{script}: {error}");
        assert_eq!(error.class().status(), 400);
    }
}

fn chat(provider: Provider, text: &str) -> WireRequest {
    let messages = json!([{"role": "user", "content": text}]);
    let post = |path: &str, body: Value| WireRequest::post(path, body.to_string(), Expect::Whole);
    match provider.format() {
        Format::Anthropic => {
            post("/v1/messages", json!({"model": "claude-haiku-5-5", "max_tokens": 99, "messages": messages}))
                .with_header("anthropic-version", "2026-10-21")
        }
        Format::Google => post(
            "/v1beta/models/gemini-3.6-flash:generateContent",
            json!({"contents": [{"role": "user", "parts": [{"text": text}]}]}),
        ),
        _ => post("/v1/chat/completions", json!({"model": "gpt-4o-mini", "messages": messages})),
    }
}

async fn read(response: WireResponse) {
    response.body.for_each(|_| std::future::ready(())).await;
}

#[tokio::test]
async fn calls_are_shown_as_the_provider_saw_them_without_the_key() {
    let mock = Mock::new().observing(true);
    for provider in Provider::ALL {
        let text = sample_key(*provider, "good", "ana1");
        let key = ProviderKey::parse(text.clone()).unwrap();
        let client = mock.client(*provider);
        add(&mock, &json!({"provider": provider.name(), "answer": {"status": 429}})).unwrap();
        add(&mock, &json!({"provider": provider.name(), "answer": {"failure": "timeout"}})).unwrap();
        read(client.send(chat(*provider, "hi"), &key).await.unwrap()).await;
        client.send(chat(*provider, "hi"), &key).await.unwrap_err();
        // The user's text has the key, too.
        read(client.send(chat(*provider, &format!("my key is {text}")), &key).await.unwrap()).await;
        drop(client.send(chat(*provider, "hi"), &key).await.unwrap());
        let shown = calls(&mock, &format!("provider={provider}&last4=ana1")).unwrap();
        assert!(!shown.contains("mock-good"), "{shown}");
        let shown: Value = serde_json::from_str(&shown).unwrap();
        assert_eq!((&shown["total"], &shown["open"], &shown["aborted"]), (&json!(4), &json!(0), &json!(1)));
        let calls = shown["calls"].as_array().unwrap();
        let went: Vec<_> = calls.iter().map(|call| json!([call["state"], call["status"], call["scripted"]])).collect();
        let want =
            json!([["complete", 429, true], ["failed", null, true], ["complete", 200, false], ["aborted", 200, false]]);
        assert_eq!(Value::from(went), want);
        assert_eq!(calls[1]["failure"], "timeout");
        let wire = chat(*provider, "hi");
        let sent: Value = serde_json::from_slice(&wire.body).unwrap();
        assert_eq!((&calls[0]["body"], &calls[0]["bodyBytes"]), (&sent, &json!(wire.body.len())));
        assert_eq!(
            (&calls[0]["method"], &calls[0]["path"], &calls[0]["last4"]),
            (&json!("POST"), &json!(wire.path), &json!("ana1"))
        );
        let credential = provider.credential();
        assert_eq!(calls[0]["headers"][credential.name()], format!("{}<key>", credential.prefix()));
        assert_eq!(calls[0]["headers"]["content-type"], "application/json");
        assert!(calls[2]["body"].to_string().contains("my key is <key>"));
    }
    assert!(calls(&mock, "last4=bob1").unwrap().ends_with(r#""calls":[]}"#));
    assert_eq!(calls(&mock, "provider=nobody").unwrap_err().param(), Some("provider"));
    assert_eq!(calls(&mock, "user=ana").unwrap_err().param(), Some("user"));
}

#[tokio::test]
async fn a_key_is_hidden_wherever_it_was_sent() {
    let mock = Mock::new().observing(true);
    let incoming = crate::Incoming {
        provider: Provider::GOOGLE,
        method: "POST".into(),
        target: "/v1beta/models?key=AQ.mock-good-aaaa&alt=sse".into(),
        headers: vec![
            ("x-goog-api-key".into(), "AQ.mock-good-bbbb".into()),
            ("authorization".into(), "Bearer AQ.mock-good-cccc".into()),
            ("x-api-key".into(), "AQ.mock-good-dddd".into()),
            ("x-note".into(), "AQ.mock-good-bbbb".into()),
            ("cookie".into(), "a=AQ.mock-good-eeee".into()),
            ("x-note".into(), "two".into()),
        ],
        body: "AQ.mock-good-aaaa AQ.mock-good-cccc AQ.mock-good-dddd".into(),
    };
    mock.handle(incoming).await.unwrap();
    let shown: Value = serde_json::from_str(&calls(&mock, "").unwrap()).unwrap();
    assert!(!shown.to_string().contains("mock-good"), "{shown}");
    let call = &shown["calls"][0];
    assert_eq!(
        (&call["path"], &call["body"]),
        (&json!("/v1beta/models?key=<key>&alt=sse"), &json!("<key> <key> <key>"))
    );
    assert_eq!((&call["headers"]["x-note"], &call["headers"]["cookie"]), (&json!("<key>, two"), &json!("<hidden>")));
    assert_eq!(call["last4"], json!(null));
}

#[tokio::test]
async fn a_reset_begins_again() {
    let mock = Mock::new().observing(true).pausing(std::time::Duration::from_millis(1));
    let as_before = settings(&mock);
    assert_eq!(as_before, r#"{"pauseMs":1,"slowPauseMs":50,"cutBytes":null}"#);
    add(&mock, &json!({"provider": "openai", "answer": {"never": true}, "for": "models"})).unwrap();
    let key = ProviderKey::parse(sample_key(Provider::OPENAI, "good", "ana1")).unwrap();
    mock.client(Provider::OPENAI).send(chat(Provider::OPENAI, "hi"), &key).await.unwrap();
    let changed = change_settings(&mock, br#"{"pauseMs": 0, "cutBytes": 3}"#).unwrap();
    assert_eq!(changed, r#"{"pauseMs":0,"slowPauseMs":50,"cutBytes":3}"#);
    assert_eq!(
        change_settings(&mock, br#"{"cutBytes": null}"#).unwrap(),
        r#"{"pauseMs":0,"slowPauseMs":50,"cutBytes":null}"#
    );
    assert_eq!(reset(&mock, b"").unwrap(), r#"{"reset":true}"#);
    assert_eq!((settings(&mock), mock.scripts_left(), mock.requests().len()), (as_before, 0, 0));
    assert_eq!(calls(&mock, "").unwrap(), r#"{"total":0,"open":0,"aborted":0,"calls":[]}"#);
    reset(&mock, b"{}").unwrap();
    assert_eq!(reset(&mock, br#"{"calls":true}"#).unwrap_err().param(), Some("calls"));
    for (bad, param) in
        [(r#"{"pause":1}"#, "pause"), (r#"{"cutBytes":0}"#, "cutBytes"), (r#"{"pauseMs":"1"}"#, "pauseMs")]
    {
        assert_eq!(change_settings(&mock, bad.as_bytes()).unwrap_err().param(), Some(param), "{bad}");
    }
}

#[test]
fn a_page_can_change_nothing() {
    let json = Some("application/json");
    for (origin, content_type, has_body, code) in [
        (None, json, true, None),
        (None, Some("application/json; charset=utf-8"), true, None),
        (None, None, false, None),
        (None, None, true, Some("unsupported_media_type")),
        (None, Some("text/plain"), true, Some("unsupported_media_type")),
        (None, Some("application/x-www-form-urlencoded"), false, Some("unsupported_media_type")),
        (Some("https://evil.example"), None, false, Some("cors_not_allowed")),
        (Some("null"), json, true, Some("cors_not_allowed")),
    ] {
        let got = refuse_pages(origin, content_type, has_body).err();
        assert_eq!(got.as_ref().map(RelayError::code), code, "{origin:?} {content_type:?} {has_body}");
    }
}

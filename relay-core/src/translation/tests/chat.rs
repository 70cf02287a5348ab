//! The translation without a store: [`chat`] and what it returns.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{ID, NOW};
use crate::domain::Provider;
use crate::domain::ids::RequestId;
use crate::error::RelayError;
use crate::translation::{ChatCall, ChatOptions, chat};

fn called(provider: Provider, body: &Value) -> Result<ChatCall, RelayError> {
    let options = ChatOptions::new(RequestId::new(NOW.0, ID), NOW);
    chat(provider, &Bytes::from(body.to_string()), options)
}

fn request(model: &str) -> Value {
    json!({"model": model, "messages": [{"role": "user", "content": "Hi"}], "stream": true})
}

#[test]
fn the_prefix_of_the_provider_is_taken_off_and_no_other() {
    let call = called(Provider::OPENAI, &request("openai/gpt-5")).unwrap();
    assert!(String::from_utf8_lossy(&call.wire().body).contains("\"model\":\"gpt-5\""));
    let call = called(Provider::OPENAI, &request("anthropic/claude")).unwrap();
    assert!(String::from_utf8_lossy(&call.wire().body).contains("\"model\":\"anthropic/claude\""));
    assert_eq!(called(Provider::OPENAI, &json!({"messages": []})).unwrap_err().param(), Some("model"));
}

#[test]
fn a_whole_answer_and_its_failures_have_openais_shape() {
    let call = called(Provider::ANTHROPIC, &request("claude-opus-5-5")).unwrap();
    let answer = r#"{"id":"msg_1","model":"m","content":[{"type":"text","text":"A"}],"stop_reason":"end_turn"}"#;
    let answer: Value = serde_json::from_slice(&call.whole(answer.into()).unwrap()).unwrap();
    assert_eq!(answer["choices"][0]["message"]["content"], "A");
    let error = call.whole("<html>".into()).unwrap_err();
    assert_eq!((error.code(), error.provider()), ("upstream_error", Some(Provider::ANTHROPIC)));
    let error = call.error(529, &[("retry-after".to_owned(), "3".to_owned())], b"<html>");
    assert_eq!((error.code(), error.provider()), ("upstream_overloaded", Some(Provider::ANTHROPIC)));
}

#[test]
fn an_error_in_a_stream_is_its_last_event() {
    let call = called(Provider::GOOGLE, &request("gemini-3.8-flash")).unwrap();
    let text = r#"data: {"candidates":[{"content":{"parts":[{"text":"A"}]}}]}"#;
    let mut stream = call.stream();
    let first = stream.feed(format!("{text}\n\n").as_bytes());
    assert!(String::from_utf8_lossy(&first).contains("\"content\":\"A\"") && stream.error().is_none());
    let error = r#"data: {"error":{"code":503,"message":"m","status":"UNAVAILABLE"}}"#;
    let last = stream.feed(format!("{error}\n\n{text}\n\n").as_bytes());
    assert!(last.starts_with(b"data: {\"error\":") && last.ends_with(b"}\n\n"));
    assert_eq!(stream.error().map(RelayError::code), Some("upstream_overloaded"));
    assert!(stream.feed(text.as_bytes()).is_empty() && stream.finish().is_empty(), "nothing follows an error");
}

#[test]
fn a_stream_that_breaks_off_ends_with_an_error() {
    for provider in [Provider::OPENAI, Provider::ANTHROPIC, Provider::GOOGLE] {
        let call = called(provider, &request("m")).unwrap();
        let last = call.stream().finish();
        let last: Value = serde_json::from_slice(&last[6..]).unwrap();
        assert_eq!(last["error"]["code"], "upstream_stream_interrupted", "{provider}");
        assert_eq!(last["error"]["provider"], provider.name());
    }
}

#[test]
fn an_answer_that_wants_another_request_ends_as_it_is() {
    let request = json!({"model": "claude-opus-5-5", "web_search_options": {}, "stream": true,
        "messages": [{"role": "user", "content": "Hi"}]});
    let mut stream = called(Provider::ANTHROPIC, &request).unwrap().stream();
    let mut chunks = Vec::new();
    for event in [
        r#"{"type":"message_start","message":{"id":"msg_1","model":"m"}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"pause_turn"}}"#,
        r#"{"type":"message_stop"}"#,
    ] {
        chunks.extend_from_slice(&stream.feed(format!("data: {event}\n\n").as_bytes()));
    }
    chunks.extend_from_slice(&stream.finish());
    let chunks = String::from_utf8_lossy(&chunks);
    assert!(chunks.contains("\"finish_reason\":\"length\"") && chunks.ends_with("data: [DONE]\n\n"), "{chunks}");
}

//! What no case shows: broken and strange input, limits, and rules where the cases have only one side.

use bytes::Bytes;
use serde_json::{Value, json};

use super::{chat, streamed};
use crate::error::{Class, RelayError};
use crate::translation::anthropic::Anthropic;
use crate::translation::surrogates;
use crate::translation::tests::plain_context;
use crate::translation::tests::support::feed::{Cut, chunks};
use crate::translation::{ChatContext, Dialect, ProviderError, TranslatedChat, TranslationOptions};

const START: &str =
    r#"{"type":"message_start","message":{"id":"msg_1","model":"m","content":[],"usage":{"input_tokens":3}}}"#;
const STOP: &str = r#"{"type":"message_stop"}"#;

fn translated(request: &Value) -> Result<TranslatedChat, RelayError> {
    chat(&Bytes::from(request.to_string()), None, TranslationOptions::default())
}

/// The body that Anthropic gets for a request with these members.
#[track_caller]
fn sent(members: Value) -> Value {
    let mut request = json!({ "model": "claude-opus-5", "messages": [{ "role": "user", "content": "x" }] });
    request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    serde_json::from_slice(&translated(&request).unwrap().wire.body).unwrap()
}

fn stream(events: &[&str]) -> (Vec<Value>, Result<(), ProviderError>) {
    let body: String = events.iter().map(|data| format!("data: {data}\n\n")).collect();
    let (text, result) = streamed(&body, Cut::Whole, plain_context());
    (chunks(&text), result)
}

#[test]
fn an_error_as_the_first_event_is_the_only_thing_written() {
    let (chunks, result) = stream(&[
        r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
        START,
        STOP,
    ]);
    let fault = result.unwrap_err();
    assert_eq!((fault.error.class(), fault.error.code()), (Class::Forbidden, "provider_key_invalid"));
    assert!(fault.signal.is_some());
    assert_eq!(chunks.len(), 1);
}

#[test]
fn a_stream_without_a_start_or_without_a_reason_to_stop_is_not_complete() {
    let delta = r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#;
    for events in [&[][..], &[STOP], &[START], &[delta, STOP], &[START, delta]] {
        let (_, result) = stream(events);
        assert_eq!(result.unwrap_err().error.code(), "upstream_stream_interrupted", "{events:?}");
    }
    let cut = format!("data: {START}\n\ndata: {{\"type\":\"content_block_sta");
    let (text, result) = streamed(&cut, Cut::EveryByte, plain_context());
    assert!(result.is_err() && !text.contains("[DONE]"));
}

#[test]
fn a_bare_error_body_in_a_stream_is_told_as_it_is() {
    let body = r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#;
    let (_, result) = streamed(body, Cut::Whole, plain_context());
    assert_eq!(result.unwrap_err().error.code(), "upstream_overloaded");
}

#[test]
fn an_event_that_is_no_json_ends_the_stream_and_a_new_kind_does_not() {
    let (_, result) = stream(&[START, "{\"type\":"]);
    assert_eq!(result.unwrap_err().error.code(), "upstream_error");
    let new = r#"{"type":"content_block_delta","index":0,"delta":{"type":"shape_delta","text":{"a":1}}}"#;
    let newer = r#"{"type":"later","index":"x","delta":7}"#;
    let end = r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#;
    let (chunks, result) = stream(&[START, new, newer, end, STOP]);
    assert!(result.is_ok());
    assert_eq!(chunks.last(), Some(&json!("[DONE]")));
}

#[test]
fn an_error_in_place_of_an_answer_is_an_error() {
    let body = Bytes::from_static(br#"{"type":"error","error":{"type":"rate_limit_error","message":"slow down"}}"#);
    assert_eq!(Anthropic.chat_answer(body, &plain_context()).unwrap_err().code(), "rate_limit_exceeded");
    for broken in ["", "<html>", "{}", "[]", r#"{"content":7}"#, r#"{"content":[{"type":"text","text":1}]}"#] {
        let error = Anthropic.chat_answer(Bytes::from(broken), &plain_context()).unwrap_err();
        assert_eq!(error.code(), "upstream_error", "{broken}");
    }
}

#[test]
fn plain_text_files_are_decoded_and_white_space_leaves_base64() {
    let part = |data: &str| json!({ "type": "file", "file": { "filename": "a", "file_data": data } });
    let parts = [part("data:text/plain;charset=utf-8;base64,aMOp\n"), part("data:application/pdf;base64,JVB\r\n ERi")];
    let body = sent(json!({ "messages": [{ "role": "user", "content": parts }] }));
    let content = &body["messages"][0]["content"];
    assert_eq!(content[0]["source"], json!({ "type": "text", "media_type": "text/plain", "data": "hé" }));
    assert_eq!(content[1]["source"]["data"], "JVBERi==");
}

#[test]
fn a_layout_that_does_not_fit_gives_the_usual_order() {
    for layout in
        [json!(["text:5", "thinking"]), json!(["thinking", "text:4", "thinking"]), json!("thinking"), json!([1])]
    {
        let answer = json!({ "role": "assistant", "content": "äbcd", "content_layout": layout,
            "thinking_blocks": [{ "type": "thinking", "thinking": "t", "signature": "s" }] });
        let user = json!({ "role": "user", "content": "x" });
        let body = sent(json!({ "messages": [user, answer, user] }));
        let kinds: Vec<_> =
            body["messages"][1]["content"].as_array().unwrap().iter().map(|b| b["type"].clone()).collect();
        assert_eq!(kinds, ["thinking", "text"]);
    }
}

#[test]
fn the_callers_own_thinking_gets_the_binding_that_replay_needs() {
    let answer = json!({ "role": "assistant", "content": "a",
        "thinking_blocks": [{ "type": "redacted_thinking", "data": "d" }] });
    let user = json!({ "role": "user", "content": "x" });
    let request = json!({ "model": "claude-opus-5-5", "thinking": { "type": "adaptive", "x": 1.50 },
        "messages": [user, answer, user] });
    let wire = translated(&request).unwrap().wire;
    let body: Value = serde_json::from_slice(&wire.body).unwrap();
    let binding = json!({ "prefix_mismatch_behavior": "drop_block" });
    assert_eq!(body["thinking"], json!({ "type": "adaptive", "x": 1.5, "block_binding": binding }));
    assert!(wire.headers.iter().any(|(name, _)| *name == "anthropic-beta"));
}

#[test]
fn tools_and_choices_that_do_not_fit_together_are_refused() {
    let tool = |name: &str| json!({ "type": "function", "function": { "name": name } });
    for (members, param) in [
        (json!({ "tool_choice": "required" }), "tool_choice"),
        (json!({ "tools": [tool("a")], "tool_choice": tool("b") }), "tool_choice"),
        (json!({ "tools": [tool("a b")] }), "tools[0].function.name"),
        (
            json!({ "tools": [tool("a")], "tool_choice":
            { "type": "allowed_tools", "allowed_tools": { "mode": "auto", "tools": [tool("b")] } } }),
            "tool_choice",
        ),
        (json!({ "functions": [{ "name": "a" }], "function_call": { "name": "b" } }), "function_call"),
    ] {
        let mut request = json!({ "model": "claude-opus-5", "messages": [{ "role": "user", "content": "x" }] });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        assert_eq!(translated(&request).unwrap_err().param(), Some(param), "{members}");
    }
    assert!(sent(json!({ "tool_choice": "auto", "parallel_tool_calls": false })).get("tool_choice").is_none());
}

#[test]
fn what_openai_does_not_compile_is_refused_with_its_code() {
    let schema = |pattern: &str, required: &str| {
        json!({ "type": "object", "properties": { "a": { "type": "string", "pattern": pattern } },
            "required": ["a", required], "additionalProperties": false })
    };
    let tool = |schema: Value| json!({ "tools": [{ "type": "function", "function": { "name": "f", "strict": true, "parameters": schema } }] });
    let answer = |strict: bool, schema: Value| json!({ "response_format": { "type": "json_schema", "json_schema": { "name": "n", "strict": strict, "schema": schema } } });
    let (of_tool, of_answer) = ("tools[0].function.parameters", "response_format");
    for (members, want) in [
        (tool(schema("(?<=x)a", "a")), Some(("invalid_json_schema", of_tool))),
        (tool(schema("a", "b")), Some(("invalid_function_parameters", of_tool))),
        (answer(true, schema("(?!x)a", "a")), Some(("invalid_json_schema", of_answer))),
        (answer(true, schema("a", "b")), Some(("", of_answer))),
        (answer(false, schema("(?!x)a", "b")), None),
    ] {
        let mut request = json!({ "model": "claude-opus-5", "messages": [{ "role": "user", "content": "x" }] });
        request.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let error = translated(&request).err();
        let got = error.as_ref().map(|error| (error.code(), error.param().unwrap_or_default()));
        assert_eq!(got, want, "{members}");
    }
}

#[test]
fn a_strict_tool_with_an_open_map_is_sent_without_strict() {
    let parameters =
        json!({ "type": "object", "properties": { "m": { "type": "object", "additionalProperties": true } } });
    let tool = json!({ "type": "function", "function": { "name": "a", "strict": true, "parameters": parameters } });
    let request =
        json!({ "model": "claude-opus-5", "messages": [{ "role": "user", "content": "x" }], "tools": [tool] });
    let call = translated(&request).unwrap();
    assert_eq!(call.notes.dropped, ["tools.strict"]);
    let body: Value = serde_json::from_slice(&call.wire.body).unwrap();
    assert_eq!(body["tools"], json!([{ "name": "a", "input_schema": parameters }]));
}

#[test]
fn user_names_that_could_be_personal_are_hashed() {
    for (user, plain) in [("u-1|x:y.z", true), ("+49 (170) 123-456", false), ("1234567", false), ("jane doe", false)] {
        let id = sent(json!({ "user": user }))["metadata"]["user_id"].as_str().unwrap().to_owned();
        assert_eq!(id == user, plain, "{user}");
        assert!(plain || id.len() == 64);
    }
    assert_eq!(sent(json!({ "user": "a", "safety_identifier": "b" }))["metadata"]["user_id"], "b");
}

#[test]
fn the_result_of_a_doubled_or_foreign_call_is_refused() {
    let call = |id: &str| json!({ "id": id, "type": "function", "function": { "name": "f", "arguments": "{}" } });
    let result = |id: &str| json!({ "role": "tool", "tool_call_id": id, "content": "r" });
    let user = json!({ "role": "user", "content": "x" });
    let answer = |calls: &[Value]| json!({ "role": "assistant", "tool_calls": calls });
    for (messages, word) in [
        (vec![user.clone(), answer(&[call("a")]), result("a"), result("a")], "see `a`"),
        (vec![user.clone(), answer(&[call("a")]), result("b")], "see `b`"),
        (vec![user.clone(), answer(&[call("a"), call("b")]), result("b")], "`a` has no result"),
        (vec![user.clone(), answer(&[call("a")])], "`a` has no result"),
        (vec![user, json!({ "role": "function", "name": "g", "content": "r" })], "`g`"),
    ] {
        let error = translated(&json!({ "model": "claude-opus-5", "messages": messages })).unwrap_err();
        assert_eq!((error.code(), error.param()), ("invalid_value", Some("messages")));
        assert!(error.message().contains(word), "{}", error.message());
    }
}

#[test]
fn an_old_model_name_with_a_date_keeps_its_familys_limits() {
    let request = json!({ "model": "claude-haiku-4-5-20251001", "max_tokens": 70_000,
        "messages": [{ "role": "user", "content": "x" }] });
    let call = translated(&request).unwrap();
    assert_eq!(call.notes.adjusted, ["max_tokens"]);
    assert_eq!(serde_json::from_slice::<Value>(&call.wire.body).unwrap()["max_tokens"], 64_000);
}

/// Every value of a case is replaced by each of these in turn.
fn odd_values() -> [Value; 7] {
    [json!(null), json!(-1.5), json!(true), json!(""), json!("data:,é"), json!([[1]]), json!({ "type": {} })]
}

/// All JSON pointers into a value.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| pointers(item, &format!("{at}/{i}"), found));
        }
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            pointers(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found)
        }),
        _ => {}
    }
}

fn each_changed(value: &Value, mut check: impl FnMut(&Value)) {
    let mut found = Vec::new();
    pointers(value, "", &mut found);
    for pointer in found {
        for odd in odd_values() {
            let mut changed = value.clone();
            *changed.pointer_mut(&pointer).unwrap() = odd;
            check(&changed);
        }
    }
}

fn cases(kind: &str) -> Vec<Value> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/src/translation/anthropic/cases");
    let read = |entry: std::io::Result<std::fs::DirEntry>| std::fs::read_to_string(entry.unwrap().path()).unwrap();
    let read = |entry| surrogates::mended(read(entry).into());
    let cases =
        std::fs::read_dir(directory).unwrap().map(|entry| serde_json::from_slice::<Value>(&read(entry)).unwrap());
    cases.filter(|case| case["kind"] == kind).collect()
}

#[test]
fn a_request_with_any_one_value_replaced_is_translated_or_refused() {
    for case in cases("request") {
        each_changed(&case["input"]["body"], |request| {
            if let Err(error) = translated(request) {
                let is_callers = matches!(error.class(), Class::InvalidRequest | Class::TooLarge);
                // OpenAI has no code for a strict schema of an answer that it refuses.
                let has_code = !error.code().is_empty() || error.param() == Some("response_format");
                assert!(is_callers && has_code, "{error:?} for {request}");
            }
        });
    }
}

#[test]
fn an_answer_with_any_one_value_replaced_is_translated_or_an_error() {
    for case in cases("response") {
        each_changed(&case["input"]["body"], |answer| {
            if let Ok(answer) = Anthropic.chat_answer(Bytes::from(answer.to_string()), &plain_context()) {
                assert!(serde_json::from_slice::<Value>(&answer.body).is_ok());
            }
        });
    }
}

#[test]
fn a_stream_with_any_one_value_replaced_ends_properly() {
    for case in cases("stream") {
        let events = &case["input"]["events"];
        each_changed(events, |events| {
            let data = |event: &Value| format!("data: {}\n\n", event.get("data").unwrap_or(event));
            let body: String = events.as_array().into_iter().flatten().map(data).collect();
            let context = ChatContext { include_usage: true, ..plain_context() };
            let (text, result) = streamed(&body, Cut::Whole, context);
            assert_eq!(result.is_ok(), text.ends_with("data: [DONE]\n\n"), "{body}");
            chunks(&text);
        });
    }
}

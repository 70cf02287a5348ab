//! What other gateways get wrong with just such answers (`anthropic.md` 7.2, `gemini.md` 8), one test each.

use bytes::Bytes;
use serde_json::{Value, json};

use super::plain_context;
use super::support::feed::{Cut, chunks, streamed};
use super::support::fold;
use crate::translation::anthropic::Anthropic;
use crate::translation::google::Google;
use crate::translation::{ChatContext, Dialect};

/// What a caller gets of these events.
fn translated(dialect: &dyn Dialect, events: &[Value]) -> Vec<Value> {
    let body: String = events.iter().map(|event| format!("data: {event}\r\n\r\n")).collect();
    let context = ChatContext { include_usage: true, ..plain_context() };
    chunks(&streamed(dialect, body.as_bytes(), Cut::AtEvents, &context).0)
}

/// The events of one of Claude's answers, with these blocks and their deltas.
fn claude(blocks: &[(Value, &[Value])], stop_reason: &str) -> Vec<Value> {
    let usage = json!({"input_tokens": 10, "output_tokens": 1});
    let mut events = vec![json!({"type": "message_start", "message": {"id": "msg_1", "model": "m", "usage": usage}})];
    for (index, (start, deltas)) in blocks.iter().enumerate() {
        events.push(json!({"type": "content_block_start", "index": index, "content_block": start}));
        events
            .extend(deltas.iter().map(|delta| json!({"type": "content_block_delta", "index": index, "delta": delta})));
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": stop_reason});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 5}}));
    events.push(json!({"type": "message_delta", "delta": {}, "usage": {"output_tokens": 9, "input_tokens": 11}}));
    events.push(json!({"type": "message_stop"}));
    events
}

fn gemini(parts: Value, reason: Option<&str>, usage: Value) -> Value {
    let mut event = json!({"candidates": [{"content": {"role": "model", "parts": parts}}], "usageMetadata": usage});
    if let Some(reason) = reason {
        event["candidates"][0]["finishReason"] = reason.into();
    }
    event
}

fn json_delta(text: &str) -> Value {
    json!({"type": "input_json_delta", "partial_json": text})
}

/// The one choice that Node's and Python's helpers agree on.
fn folded(chunks: &[Value]) -> Value {
    let chunks = chunks.strip_suffix(&[json!("[DONE]")]).expect("a whole answer");
    let (node, mut python) = (fold::node(chunks), fold::python(chunks).unwrap());
    for call in python["choices"][0]["message"]["tool_calls"].as_array_mut().into_iter().flatten() {
        call.as_object_mut().unwrap().remove("index");
    }
    assert_eq!(node["choices"][0]["message"]["tool_calls"], python["choices"][0]["message"]["tool_calls"]);
    python
}

#[test]
fn the_input_of_a_servers_own_tool_is_no_call_of_the_callers() {
    let server = json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}});
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}});
    let result = json!({"type": "web_search_tool_result", "tool_use_id": "srvtoolu_1", "content": []});
    let input = [json_delta("{\"query\":\"x\"}")];
    let blocks = [(server.clone(), &input[..]), (result.clone(), &[]), (call.clone(), &[]), (server.clone(), &input)];
    let answer = folded(&translated(&Anthropic, &claude(&blocks, "tool_use")));
    let calls = answer["choices"][0]["message"]["tool_calls"].as_array().unwrap();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0]["function"], json!({"name": "f", "arguments": "{}"}));
    let whole = json!({"id": "msg_1", "model": "m", "content": [server, result, call], "stop_reason": "tool_use"});
    let whole = Anthropic.chat_answer(Bytes::from(whole.to_string()), &plain_context()).unwrap();
    let whole: Value = serde_json::from_slice(&whole.body).unwrap();
    assert_eq!(whole["choices"][0]["message"]["tool_calls"].as_array().unwrap().len(), 1);
}

#[test]
fn an_answer_with_only_servers_tools_ends_in_stop() {
    let server = json!({"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {}});
    let answer = folded(&translated(&Anthropic, &claude(&[(server, &[])], "tool_use")));
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    let parts = json!([{"executableCode": {"code": "1"}}, {"toolCall": {"id": "t"}}, {"text": "1"}]);
    let answer = folded(&translated(&Google, &[gemini(parts, Some("STOP"), json!({}))]));
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
}

#[test]
fn thinking_tokens_are_part_of_the_answers_tokens() {
    let usage =
        json!({"promptTokenCount": 5, "candidatesTokenCount": 3, "thoughtsTokenCount": 40, "totalTokenCount": 48});
    let answer = folded(&translated(&Google, &[gemini(json!([{"text": "a"}]), Some("STOP"), usage)]));
    assert_eq!(answer["usage"]["completion_tokens"], 43);
    assert_eq!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 40);
    assert_eq!(answer["usage"]["total_tokens"], 48);
}

#[test]
fn an_answer_with_calls_ends_in_tool_calls_although_gemini_says_stop() {
    let call = gemini(json!([{"functionCall": {"name": "f", "args": {}}}]), None, json!({}));
    let end = gemini(json!([{"text": ""}]), Some("STOP"), json!({}));
    let answer = folded(&translated(&Google, &[call, end]));
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
}

#[test]
fn a_stream_ends_in_done_although_gemini_sends_none() {
    let chunks = translated(&Google, &[gemini(json!([{"text": "a"}]), Some("STOP"), json!({}))]);
    assert_eq!(chunks.iter().filter(|chunk| **chunk == json!("[DONE]")).count(), 1);
    assert_eq!(chunks.last(), Some(&json!("[DONE]")));
}

#[test]
fn a_choices_index_does_not_count_blocks() {
    let text = |text: &str| [json!({"type": "text_delta", "text": text})];
    let (first, second) = (text("a"), text("b"));
    let block = json!({"type": "text", "text": ""});
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}});
    let blocks = [(block.clone(), &first[..]), (block, &second), (call, &[])];
    let chunks = translated(&Anthropic, &claude(&blocks, "tool_use"));
    assert!(chunks.iter().filter_map(|chunk| chunk["choices"][0]["index"].as_u64()).all(|index| index == 0));
    // A call's index counts calls, not blocks.
    assert!(chunks.iter().filter_map(|chunk| chunk.pointer("/choices/0/delta/tool_calls/0/index")).all(|at| *at == 0));
}

#[test]
fn usage_is_the_last_word_and_not_the_sum() {
    let answer = folded(&translated(&Anthropic, &claude(&[], "end_turn")));
    assert_eq!((&answer["usage"]["prompt_tokens"], &answer["usage"]["completion_tokens"]), (&json!(11), &json!(9)));
    let part = |count: u64| {
        gemini(json!([{"text": "a"}]), None, json!({"promptTokenCount": 5, "candidatesTokenCount": count}))
    };
    let end = gemini(json!([]), Some("STOP"), json!({"promptTokenCount": 5, "candidatesTokenCount": 8}));
    let answer = folded(&translated(&Google, &[part(1), part(4), end]));
    assert_eq!((&answer["usage"]["prompt_tokens"], &answer["usage"]["completion_tokens"]), (&json!(5), &json!(8)));
}

#[test]
fn a_call_without_arguments_has_an_empty_object_once() {
    let call = json!({"type": "tool_use", "id": "toolu_1", "name": "f", "input": {}});
    let (empty, full) = ([json_delta(""), json_delta("")], [json_delta(""), json_delta("{\"a\""), json_delta(":1}")]);
    for (deltas, want) in [(&[][..], "{}"), (&empty, "{}"), (&full, "{\"a\":1}")] {
        let answer = folded(&translated(&Anthropic, &claude(&[(call.clone(), deltas)], "tool_use")));
        assert_eq!(answer.pointer("/choices/0/message/tool_calls/0/function/arguments"), Some(&json!(want)));
    }
    for args in [json!({"name": "f"}), json!({"name": "f", "args": {}}), json!({"name": "f", "args": null})] {
        let answer = folded(&translated(&Google, &[gemini(json!([{"functionCall": args}]), Some("STOP"), json!({}))]));
        assert_eq!(answer.pointer("/choices/0/message/tool_calls/0/function/arguments"), Some(&json!("{}")));
    }
}

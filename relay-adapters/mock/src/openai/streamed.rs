//! A whole answer that a test wrote, as the chunks of a stream.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::members::string;
use crate::reply::{Reply, data_event};
use crate::text;

/// The chunks of this completion and `[DONE]`; `None` for anything else. With `with_usage` they end with its usage.
pub(super) fn stream(completion: &Value, with_usage: bool) -> Option<Reply> {
    let choices = completion.get("choices")?.as_array()?;
    let mut chunks = Chunks { completion: completion.as_object()?, with_usage, out: Vec::new() };
    for (place, choice) in choices.iter().enumerate() {
        let index = choice.get("index").cloned().unwrap_or_else(|| json!(place));
        let mut logprobs = choice.get("logprobs").cloned().unwrap_or_default();
        for delta in deltas(choice.get("message").unwrap_or(&Value::Null)) {
            let spoken = delta.get("content").and_then(Value::as_str).is_some_and(|text| !text.is_empty());
            let own = if spoken { logprobs.take() } else { Value::Null };
            chunks.push(json!([{"index": index, "delta": delta, "logprobs": own, "finish_reason": null}]), Value::Null);
        }
        let finish = choice.get("finish_reason");
        chunks.push(json!([{"index": index, "delta": {}, "logprobs": null, "finish_reason": finish}]), Value::Null);
    }
    if let (Some(usage), true) = (completion.get("usage"), with_usage) {
        chunks.push(json!([]), usage.clone());
    }
    chunks.out.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Some(Reply::pieces(200, "text/event-stream; charset=utf-8", chunks.out))
}

struct Chunks<'a> {
    completion: &'a Map<String, Value>,
    with_usage: bool,
    out: Vec<Bytes>,
}

impl Chunks<'_> {
    fn push(&mut self, choices: Value, usage: Value) {
        let mut chunk = self.completion.clone();
        chunk.insert("object".into(), json!("chat.completion.chunk"));
        chunk.insert("choices".into(), choices);
        chunk.remove("usage");
        if self.with_usage {
            chunk.insert("usage".into(), usage);
        }
        self.out.push(data_event(&Value::Object(chunk)));
    }
}

/// A message in pieces.
fn deltas(message: &Value) -> Vec<Value> {
    let role = message.get("role").cloned().unwrap_or_else(|| json!("assistant"));
    let content = message.get("content").filter(|content| content.is_string()).map(|_| "");
    let mut deltas = vec![json!({"role": role, "content": content, "refusal": null})];
    for (name, value) in message.as_object().into_iter().flatten() {
        match (name.as_str(), value) {
            ("role", _) | (_, Value::Null) => {}
            ("tool_calls", Value::Array(calls)) => deltas.extend(calls.iter().enumerate().flat_map(tool_call)),
            ("function_call", call) => {
                let pieces = in_pieces(call, "arguments");
                deltas.extend(pieces.into_iter().map(|piece| json!({"function_call": piece})));
            }
            (_, Value::Array(list)) if list.is_empty() => {}
            (_, Value::String(text)) => {
                deltas.extend(text::word_pieces(text).into_iter().map(|piece| json!({ name: piece })));
            }
            _ => deltas.push(json!({ name: value })),
        }
    }
    deltas
}

/// A call: its name first, then its arguments in pieces.
fn tool_call((index, call): (usize, &Value)) -> Vec<Value> {
    let (member, long) = if call.get("custom").is_some() { ("custom", "input") } else { ("function", "arguments") };
    let mut pieces = in_pieces(call.get(member).unwrap_or(&Value::Null), long).into_iter();
    let mut head = call.clone();
    if let Some(map) = head.as_object_mut() {
        map.insert("index".into(), json!(index));
        map.insert(member.into(), pieces.next().unwrap_or_default());
    }
    let rest = pieces.map(|piece| json!({"index": index, member: piece}));
    std::iter::once(head).chain(rest).map(|piece| json!({"tool_calls": [piece]})).collect()
}

/// An object with one long text: first with an empty one, then the text in pieces.
fn in_pieces(object: &Value, long: &str) -> Vec<Value> {
    let mut head = object.clone();
    if let Some(map) = head.as_object_mut() {
        map.insert(long.to_owned(), json!(""));
    }
    let pieces = text::small_pieces(string(object, long), 6);
    std::iter::once(head).chain(pieces.into_iter().map(|piece| json!({ long: piece }))).collect()
}

/// Whether the request wants the usage in its stream.
pub(super) fn wants_usage(body: &Value) -> bool {
    body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true))
}

//! Google's answers, whole and as events.

use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::super::reply::Reply;
use super::super::text;
use super::super::turn::{Ask, Finish, ToolCall, Turn};
use super::{classes, json_reply};

/// A `GenerateContentResponse`.
pub(super) fn whole(ask: &Ask, turn: &Turn) -> Reply {
    let mut parts = thoughts(turn);
    if turn.calls.is_empty() {
        parts.push(last_text(&turn.text(), turn));
    }
    parts.extend(calls(ask, turn));
    let candidates = (0..ask.count).map(|index| candidate(parts.clone(), Some(turn), index)).collect();
    json_reply(200, &response(ask, turn, candidates, true))
}

/// The same in events: thoughts, then texts or calls, and at the end the reason, beside a last empty text after calls.
pub(super) fn stream(ask: &Ask, turn: &Turn) -> Reply {
    let mut steps: Vec<(Vec<Value>, bool)> = thoughts(turn).into_iter().map(|part| (vec![part], false)).collect();
    match turn.pieces.split_last() {
        Some((last, pieces)) => {
            steps.extend(pieces.iter().map(|piece| (vec![json!({ "text": piece })], false)));
            steps.push((vec![last_text(last, turn)], true));
        }
        None => {
            steps.extend(calls(ask, turn).into_iter().map(|part| (vec![part], false)));
            steps.push((vec![last_text("", turn)], true));
        }
    }
    let mut events = Vec::new();
    for (parts, last) in steps {
        let candidates = |index| candidate(parts.clone(), last.then_some(turn), index);
        events.push(response(ask, turn, (0..ask.count).map(candidates).collect(), last));
    }
    if turn.finish == Finish::Refusal {
        events = vec![response(ask, turn, Vec::new(), true)];
    }
    if ask.json_array {
        return Reply::body(200, "application/json; charset=UTF-8", format!("{:#}", Value::Array(events)));
    }
    Reply::pieces(200, "text/event-stream", events.iter().map(event).collect())
}

/// An event: CRLF, and a space behind colons.
pub(super) fn event(value: &Value) -> Bytes {
    let mut out = b"data: ".to_vec();
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, Spaced);
    // Writing a `Value` to memory can't fail.
    let _ = value.serialize(&mut serializer);
    out.extend_from_slice(b"\r\n\r\n");
    Bytes::from(out)
}

struct Spaced;

impl serde_json::ser::Formatter for Spaced {
    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        writer.write_all(b": ")
    }
}

fn response(ask: &Ask, turn: &Turn, candidates: Vec<Value>, last: bool) -> Value {
    let mut body = Map::new();
    if turn.finish == Finish::Refusal {
        body.insert("promptFeedback".into(), json!({"blockReason": "SAFETY"}));
    } else {
        body.insert("candidates".into(), json!(candidates));
    }
    let answers = turn.answer_tokens * ask.count as u64;
    let mut usage = json!({"promptTokenCount": turn.prompt_tokens});
    if let Some(map) = usage.as_object_mut() {
        // Only the last event knows how much the answer is.
        let refused = turn.finish == Finish::Refusal;
        let (answers, thoughts) = if refused || !last { (0, 0) } else { (answers, turn.thinking_tokens) };
        if answers > 0 {
            map.insert("candidatesTokenCount".into(), json!(answers));
        }
        map.insert("totalTokenCount".into(), json!(turn.prompt_tokens + answers + thoughts));
        map.insert("promptTokensDetails".into(), json!([{"modality": "TEXT", "tokenCount": turn.prompt_tokens}]));
        if thoughts > 0 {
            map.insert("thoughtsTokenCount".into(), json!(thoughts));
        }
    }
    body.insert("usageMetadata".into(), usage);
    body.insert("modelVersion".into(), json!(ask.model));
    body.insert("responseId".into(), json!(text::id("", ask.seed, "response", 23)));
    Value::Object(body)
}

fn candidate(parts: Vec<Value>, last: Option<&Turn>, index: usize) -> Value {
    let content = json!({"parts": parts, "role": "model"});
    match last {
        Some(turn) => json!({"content": content, "finishReason": reason(turn), "index": index}),
        None => json!({"content": content, "index": index}),
    }
}

fn reason(turn: &Turn) -> &str {
    match &turn.finish {
        Finish::Stop | Finish::StopText(_) | Finish::Calls | Finish::Refusal => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Filter => "SAFETY",
        Finish::Other(word) => word,
    }
}

fn thoughts(turn: &Turn) -> Vec<Value> {
    let thinking = turn.thinking.as_ref().filter(|thinking| !thinking.is_empty());
    thinking.map(|thinking| json!({"text": thinking, "thought": true})).into_iter().collect()
}

/// What a text part's signature is made for.
pub(super) const ABOUT_TEXT: &str = "text";

/// A text part; with the signature if there was thinking.
fn last_text(text: &str, turn: &Turn) -> Value {
    match turn.thinking {
        Some(_) if turn.calls.is_empty() => json!({"text": text, "thoughtSignature": text::signature(ABOUT_TEXT)}),
        _ => json!({ "text": text }),
    }
}

/// Calls; from Gemini 3 on with ids, and the first one with a signature.
fn calls(ask: &Ask, turn: &Turn) -> Vec<Value> {
    let signs = classes::find(&ask.model).unwrap_or(&classes::ADDED).signs;
    let call = |(at, call): (usize, &ToolCall)| {
        let mut inner = Map::new();
        if signs {
            inner.insert("id".into(), json!(text::id("", ask.seed, &format!("call{at}"), 8)));
        }
        inner.insert("name".into(), json!(call.name));
        inner.insert("args".into(), call.arguments.clone());
        let mut part = Map::new();
        part.insert("functionCall".into(), Value::Object(inner));
        if at == 0 && (signs || turn.thinking.is_some()) {
            part.insert("thoughtSignature".into(), json!(text::signature(&about_call(&call.name, &call.arguments))));
        }
        Value::Object(part)
    };
    turn.calls.iter().enumerate().map(call).collect()
}

/// What a call's signature is made for.
pub(super) fn about_call(name: &str, arguments: &Value) -> String {
    format!("{name}{arguments}")
}

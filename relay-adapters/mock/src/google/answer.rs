//! Google's answers, whole and as events.

use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::reply::json_reply;
use super::{continuation, models, signatures};
use crate::chat::{ChatAnswer, ChatRequest, Finish, ToolCall};
use crate::hash;
use crate::reply::Reply;
use crate::text;

/// A `GenerateContentResponse`.
pub(super) fn whole(chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
    let segment = Segment::of(chat, answer);
    let mut parts = future(answer);
    parts.extend(thoughts(&segment.answer));
    if answer.calls.is_empty() || !answer.pieces.is_empty() {
        parts.push(segment.signed(&segment.answer.text()));
    }
    parts.extend(calls(chat, answer));
    let candidates = (0..chat.count).map(|index| candidate(parts.clone(), Some(&segment), index)).collect();
    json_reply(200, &response(chat, &segment.answer, candidates, true))
}

/// The same in events: thoughts, then texts or calls. Behind calls, and for the text's signature, comes an empty text.
pub(super) fn stream(chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
    let segment = Segment::of(chat, answer);
    let mut parts = future(answer);
    parts.extend(thoughts(&segment.answer));
    parts.extend(segment.answer.pieces.iter().map(|piece| json!({ "text": piece })));
    parts.extend(calls(chat, answer));
    if segment.signs || segment.answer.pieces.is_empty() {
        parts.push(segment.signed(""));
    }
    let most = parts.len();
    let mut events = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        let last = at + 1 == most;
        let candidates = |index| candidate(vec![part.clone()], last.then_some(&segment), index);
        events.push(response(chat, &segment.answer, (0..chat.count).map(candidates).collect(), last));
    }
    if answer.finish == Finish::Refusal {
        events = vec![response(chat, answer, Vec::new(), true)];
    }
    if chat.json_array {
        return Reply::body(200, "application/json; charset=UTF-8", format!("{:#}", Value::Array(events)));
    }
    Reply::pieces(200, "text/event-stream", events.iter().map(event).collect())
}

/// What one call gives of an answer: all of it, unless it has to be continued.
struct Segment {
    answer: ChatAnswer,
    /// The text of all calls, which the signature is for.
    full_text: String,
    /// Whether the text gets its signature here.
    signs: bool,
    /// For the next call.
    token: Option<String>,
}

impl Segment {
    fn of(chat: &ChatRequest, answer: &ChatAnswer) -> Self {
        let family = models::find(&chat.model).unwrap_or(&models::ADDED);
        let signs = answer.calls.is_empty() && (family.signs || answer.thinking.is_some());
        let mut own = answer.clone();
        let splits = family.long && answer.calls.is_empty() && answer.finish != Finish::Refusal && answer.continues > 0;
        if !splits {
            return Self { answer: own, full_text: answer.text(), signs, token: None };
        }
        let (calls, at) = (answer.continues + 1, chat.continuation.min(answer.continues));
        let pieces = &answer.pieces;
        let pieces = if pieces.len() < calls { text::even_pieces(&answer.text(), calls) } else { pieces.clone() };
        let (start, end) = (at * pieces.len() / calls, (at + 1) * pieces.len() / calls);
        own.pieces = pieces.iter().take(end).skip(start).cloned().collect();
        own.answer_tokens = text::words(&own.text());
        if at > 0 {
            own.thinking = None;
            own.thinking_tokens = 0;
        }
        let last = at == answer.continues;
        let token = (!last).then(|| continuation::token(at + 1, chat.digest));
        Self { answer: own, full_text: pieces.concat(), signs: signs && last, token }
    }

    /// A text part, with the signature if it is due.
    fn signed(&self, text: &str) -> Value {
        if self.signs {
            json!({"text": text, "thoughtSignature": signatures::of_text(&self.full_text)})
        } else {
            json!({ "text": text })
        }
    }
}

/// A kind of part that does not exist yet.
fn future(answer: &ChatAnswer) -> Vec<Value> {
    if answer.unknown { vec![json!({"futurePart": {"text": "not yet"}, "futureMember": 1})] } else { Vec::new() }
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

fn response(chat: &ChatRequest, answer: &ChatAnswer, candidates: Vec<Value>, last: bool) -> Value {
    let mut body = Map::new();
    if answer.finish == Finish::Refusal {
        body.insert("promptFeedback".into(), json!({"blockReason": "SAFETY"}));
    } else {
        body.insert("candidates".into(), json!(candidates));
    }
    let answers = answer.answer_tokens * chat.count as u64;
    let mut usage = json!({"promptTokenCount": answer.prompt_tokens});
    if let Some(map) = usage.as_object_mut() {
        // Only the last event knows how much the answer is.
        let refused = answer.finish == Finish::Refusal;
        let (answers, thoughts) = if refused || !last { (0, 0) } else { (answers, answer.thinking_tokens) };
        if answers > 0 {
            map.insert("candidatesTokenCount".into(), json!(answers));
        }
        map.insert("totalTokenCount".into(), json!(answer.prompt_tokens + answers + thoughts));
        map.insert("promptTokensDetails".into(), json!([{"modality": "TEXT", "tokenCount": answer.prompt_tokens}]));
        if thoughts > 0 {
            map.insert("thoughtsTokenCount".into(), json!(thoughts));
        }
    }
    if answer.unknown {
        body.insert("futureMember".into(), json!({"text": "not yet"}));
    }
    body.insert("usageMetadata".into(), usage);
    body.insert("modelVersion".into(), json!(chat.model));
    body.insert("responseId".into(), json!(hash::id("", chat.seed, "response", 23)));
    Value::Object(body)
}

fn candidate(parts: Vec<Value>, last: Option<&Segment>, index: usize) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
    if let (Some(map), Some(segment)) = (candidate.as_object_mut(), last) {
        let reason = if segment.token.is_some() { "CONTINUATION" } else { reason(&segment.answer) };
        map.insert("finishReason".into(), json!(reason));
        if let Some(token) = &segment.token {
            map.insert("continuationToken".into(), json!(token));
        }
        if segment.answer.unknown {
            map.insert("futureRatings".into(), json!([{"category": "FUTURE", "text": "not yet"}]));
        }
    }
    if let Some(map) = candidate.as_object_mut() {
        map.insert("index".into(), json!(index));
    }
    candidate
}

fn reason(answer: &ChatAnswer) -> &str {
    match &answer.finish {
        Finish::Stop | Finish::StopText(_) | Finish::Calls | Finish::Refusal => "STOP",
        Finish::Length => "MAX_TOKENS",
        Finish::Filter => "SAFETY",
        Finish::Other(word) => word,
    }
}

fn thoughts(answer: &ChatAnswer) -> Vec<Value> {
    let thinking = answer.thinking.as_ref().filter(|thinking| !thinking.is_empty());
    thinking.map(|thinking| json!({"text": thinking, "thought": true})).into_iter().collect()
}

/// Calls; from Gemini 3 on with ids, and the first one with a signature.
fn calls(chat: &ChatRequest, answer: &ChatAnswer) -> Vec<Value> {
    let signs = models::find(&chat.model).unwrap_or(&models::ADDED).signs;
    let call = |(at, call): (usize, &ToolCall)| {
        let mut inner = Map::new();
        let id = signs.then(|| hash::id("", chat.seed, &format!("call{at}"), 8));
        if let Some(id) = &id {
            inner.insert("id".into(), json!(id));
        }
        inner.insert("name".into(), json!(call.name));
        inner.insert("args".into(), call.arguments.clone());
        let mut part = Map::new();
        part.insert("functionCall".into(), Value::Object(inner));
        if at == 0 && (signs || answer.thinking.is_some()) {
            part.insert(
                "thoughtSignature".into(),
                json!(signatures::of_call(&call.name, &call.arguments, id.as_deref())),
            );
        }
        Value::Object(part)
    };
    answer.calls.iter().enumerate().map(call).collect()
}

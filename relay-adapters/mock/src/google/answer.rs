//! Google's answers, whole and as events.

use std::io;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{continuation, json_reply, models, signatures};
use crate::chat::{Ask, Finish, ToolCall, Turn};
use crate::reply::Reply;
use crate::text;

/// A `GenerateContentResponse`.
pub(super) fn whole(ask: &Ask, turn: &Turn) -> Reply {
    let hop = Hop::of(ask, turn);
    let mut parts = future(turn);
    parts.extend(thoughts(&hop.turn));
    if turn.calls.is_empty() {
        parts.push(hop.signed(&hop.turn.text()));
    }
    parts.extend(calls(ask, turn));
    let candidates = (0..ask.count).map(|index| candidate(parts.clone(), Some(&hop), index)).collect();
    json_reply(200, &response(ask, &hop.turn, candidates, true))
}

/// The same in events: thoughts, then texts or calls. Behind calls, and for the text's signature, comes an empty text.
pub(super) fn stream(ask: &Ask, turn: &Turn) -> Reply {
    let hop = Hop::of(ask, turn);
    let mut parts = future(turn);
    parts.extend(thoughts(&hop.turn));
    parts.extend(hop.turn.pieces.iter().map(|piece| json!({ "text": piece })));
    parts.extend(calls(ask, turn));
    if hop.signs || hop.turn.pieces.is_empty() {
        parts.push(hop.signed(""));
    }
    let most = parts.len();
    let mut events = Vec::new();
    for (at, part) in parts.into_iter().enumerate() {
        let last = at + 1 == most;
        let candidates = |index| candidate(vec![part.clone()], last.then_some(&hop), index);
        events.push(response(ask, &hop.turn, (0..ask.count).map(candidates).collect(), last));
    }
    if turn.finish == Finish::Refusal {
        events = vec![response(ask, turn, Vec::new(), true)];
    }
    if ask.json_array {
        return Reply::body(200, "application/json; charset=UTF-8", format!("{:#}", Value::Array(events)));
    }
    Reply::pieces(200, "text/event-stream", events.iter().map(event).collect())
}

/// What one call gives of an answer: all of it, unless it has to be continued.
struct Hop {
    turn: Turn,
    /// The text of all hops, which the signature is for.
    said: String,
    /// Whether the text gets its signature here.
    signs: bool,
    /// For the next hop.
    token: Option<String>,
}

impl Hop {
    fn of(ask: &Ask, turn: &Turn) -> Self {
        let class = models::find(&ask.model).unwrap_or(&models::ADDED);
        let signs = turn.calls.is_empty() && (class.signs || turn.thinking.is_some());
        let mut own = turn.clone();
        let splits = class.long && turn.calls.is_empty() && turn.finish != Finish::Refusal && turn.continues > 0;
        if !splits {
            return Self { turn: own, said: turn.text(), signs, token: None };
        }
        let (hops, at) = (turn.continues + 1, ask.hop.min(turn.continues));
        let pieces = &turn.pieces;
        let pieces = if pieces.len() < hops { text::even_pieces(&turn.text(), hops) } else { pieces.clone() };
        let (start, end) = (at * pieces.len() / hops, (at + 1) * pieces.len() / hops);
        own.pieces = pieces.iter().take(end).skip(start).cloned().collect();
        own.answer_tokens = text::words(&own.text());
        if at > 0 {
            own.thinking = None;
            own.thinking_tokens = 0;
        }
        let last = at == turn.continues;
        let token = (!last).then(|| continuation::token(at + 1, ask.digest));
        Self { turn: own, said: pieces.concat(), signs: signs && last, token }
    }

    /// A text part, with the signature if it is due.
    fn signed(&self, said: &str) -> Value {
        if self.signs {
            json!({"text": said, "thoughtSignature": signatures::of_text(&self.said)})
        } else {
            json!({ "text": said })
        }
    }
}

/// A kind of part that does not exist yet.
fn future(turn: &Turn) -> Vec<Value> {
    if turn.unknown { vec![json!({"futurePart": {"text": "not yet"}, "futureMember": 1})] } else { Vec::new() }
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
    if turn.unknown {
        body.insert("futureMember".into(), json!({"text": "not yet"}));
    }
    body.insert("usageMetadata".into(), usage);
    body.insert("modelVersion".into(), json!(ask.model));
    body.insert("responseId".into(), json!(text::id("", ask.seed, "response", 23)));
    Value::Object(body)
}

fn candidate(parts: Vec<Value>, last: Option<&Hop>, index: usize) -> Value {
    let mut candidate = json!({"content": {"parts": parts, "role": "model"}});
    if let (Some(map), Some(hop)) = (candidate.as_object_mut(), last) {
        let reason = if hop.token.is_some() { "CONTINUATION" } else { reason(&hop.turn) };
        map.insert("finishReason".into(), json!(reason));
        if let Some(token) = &hop.token {
            map.insert("continuationToken".into(), json!(token));
        }
        if hop.turn.unknown {
            map.insert("futureRatings".into(), json!([{"category": "FUTURE", "text": "not yet"}]));
        }
    }
    if let Some(map) = candidate.as_object_mut() {
        map.insert("index".into(), json!(index));
    }
    candidate
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

/// Calls; from Gemini 3 on with ids, and the first one with a signature.
fn calls(ask: &Ask, turn: &Turn) -> Vec<Value> {
    let signs = models::find(&ask.model).unwrap_or(&models::ADDED).signs;
    let call = |(at, call): (usize, &ToolCall)| {
        let mut inner = Map::new();
        let id = signs.then(|| text::id("", ask.seed, &format!("call{at}"), 8));
        if let Some(id) = &id {
            inner.insert("id".into(), json!(id));
        }
        inner.insert("name".into(), json!(call.name));
        inner.insert("args".into(), call.arguments.clone());
        let mut part = Map::new();
        part.insert("functionCall".into(), Value::Object(inner));
        if at == 0 && (signs || turn.thinking.is_some()) {
            part.insert(
                "thoughtSignature".into(),
                json!(signatures::of_call(&call.name, &call.arguments, id.as_deref())),
            );
        }
        Value::Object(part)
    };
    turn.calls.iter().enumerate().map(call).collect()
}

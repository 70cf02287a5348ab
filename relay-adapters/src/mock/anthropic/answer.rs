//! Anthropic's answers, whole and as events.

use bytes::Bytes;
use serde_json::{Value, json};

use super::super::reply::Reply;
use super::super::text;
use super::super::turn::{Ask, Finish, REFUSAL, Turn};

/// A `message`.
pub(super) fn whole(ask: &Ask, turn: &Turn) -> Reply {
    let mut content = Vec::new();
    if let Some(thinking) = &turn.thinking {
        content.push(json!({"type": "thinking", "thinking": thinking, "signature": text::signature(thinking)}));
    }
    if !turn.pieces.is_empty() && turn.finish != Finish::Refusal {
        content.push(json!({"type": "text", "text": turn.text()}));
    }
    content.extend((0..turn.calls.len()).filter_map(|at| tool_use(ask, turn, at, true)));
    let mut body = message(ask, turn, content);
    if let Some(map) = body.as_object_mut() {
        map.insert("stop_reason".into(), json!(stop_reason(turn)));
        map.insert("stop_sequence".into(), stop_text(turn));
        map.insert("usage".into(), usage(turn, total(turn)));
        if turn.finish == Finish::Refusal {
            map.insert("stop_details".into(), refusal());
        }
    }
    Reply::body(200, "application/json", body.to_string())
}

/// The same as a stream: blocks with start, deltas and stop.
pub(super) fn stream(ask: &Ask, turn: &Turn) -> Reply {
    let mut events = Events::default();
    events.push("message_start", json!({"type": "message_start", "message": message(ask, turn, Vec::new())}));
    if let Some(thinking) = &turn.thinking {
        // Hidden thinking still has one delta, an empty one.
        let pieces = if thinking.is_empty() { vec![String::new()] } else { text::word_pieces(thinking) };
        let deltas = pieces.into_iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
        let signature = json!({"type": "signature_delta", "signature": text::signature(thinking)});
        events.block(json!({"type": "thinking", "thinking": "", "signature": ""}), deltas.chain([signature]));
    }
    if !turn.pieces.is_empty() && turn.finish != Finish::Refusal {
        let deltas = turn.pieces.iter().map(|piece| json!({"type": "text_delta", "text": piece}));
        events.block(json!({"type": "text", "text": ""}), deltas);
    }
    for (at, call) in turn.calls.iter().enumerate() {
        let arguments = call.arguments.to_string();
        let pieces = if arguments == "{}" { Vec::new() } else { text::small_pieces(&arguments, 8) };
        // The first one is empty, and the only one for a call without arguments.
        let deltas = std::iter::once(String::new()).chain(pieces);
        let deltas = deltas.map(|piece| json!({"type": "input_json_delta", "partial_json": piece}));
        events.block(tool_use(ask, turn, at, false).unwrap_or_default(), deltas);
    }
    let mut delta = json!({"stop_reason": stop_reason(turn), "stop_sequence": stop_text(turn)});
    if let (Some(map), Finish::Refusal) = (delta.as_object_mut(), &turn.finish) {
        map.insert("stop_details".into(), refusal());
    }
    let totals = json!({"input_tokens": turn.prompt_tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "output_tokens": total(turn)});
    events.push("message_delta", json!({"type": "message_delta", "delta": delta, "usage": totals}));
    events.push("message_stop", json!({"type": "message_stop"}));
    Reply::pieces(200, "text/event-stream; charset=utf-8", events.out).header("cache-control", "no-cache")
}

#[derive(Default)]
struct Events {
    out: Vec<Bytes>,
    blocks: usize,
}

impl Events {
    fn push(&mut self, name: &str, value: Value) {
        self.out.push(event(self.out.len(), name, &value));
    }

    fn block(&mut self, start: Value, deltas: impl Iterator<Item = Value>) {
        let index = self.blocks;
        self.push(
            "content_block_start",
            json!({"type": "content_block_start", "index": index, "content_block": start}),
        );
        if index == 0 {
            self.out.push(Bytes::from_static(b"event: ping\ndata: {\"type\": \"ping\"}\n\n"));
        }
        for delta in deltas {
            self.push("content_block_delta", json!({"type": "content_block_delta", "index": index, "delta": delta}));
        }
        self.push("content_block_stop", json!({"type": "content_block_stop", "index": index}));
        self.blocks += 1;
    }
}

/// An event, padded before the last brace as Anthropic does.
pub(super) fn event(at: usize, name: &str, value: &Value) -> Bytes {
    let json = value.to_string();
    let body = json.strip_suffix('}').unwrap_or(&json);
    Bytes::from(format!("event: {name}\ndata: {body}{}}}\n\n", " ".repeat(at * 7 % 16)))
}

fn message(ask: &Ask, turn: &Turn, content: Vec<Value>) -> Value {
    json!({
        "model": ask.model, "id": text::id("msg_01", ask.seed, "", 22), "type": "message", "role": "assistant",
        "content": content, "stop_reason": null, "stop_sequence": null, "usage": usage(turn, 1),
    })
}

fn usage(turn: &Turn, output: u64) -> Value {
    json!({"input_tokens": turn.prompt_tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output, "service_tier": "standard"})
}

fn total(turn: &Turn) -> u64 {
    turn.answer_tokens + turn.thinking_tokens
}

fn tool_use(ask: &Ask, turn: &Turn, at: usize, whole: bool) -> Option<Value> {
    let call = turn.calls.get(at)?;
    let input = if whole { call.arguments.clone() } else { json!({}) };
    let id = text::id("toolu_01", ask.seed, &at.to_string(), 22);
    Some(json!({"type": "tool_use", "id": id, "name": call.name, "input": input}))
}

fn stop_reason(turn: &Turn) -> &str {
    match &turn.finish {
        Finish::Stop => "end_turn",
        Finish::StopText(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
        Finish::Filter | Finish::Refusal => "refusal",
        Finish::Other(word) => word,
    }
}

fn stop_text(turn: &Turn) -> Value {
    match &turn.finish {
        Finish::StopText(stop) => json!(stop),
        _ => Value::Null,
    }
}

fn refusal() -> Value {
    json!({"type": "refusal", "category": null, "explanation": REFUSAL})
}

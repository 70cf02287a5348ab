//! Anthropic's answers, whole and as events.

use bytes::Bytes;
use serde_json::{Value, json};

use super::blocks::{Block, Blocks};
use crate::chat::{Ask, Finish, REFUSAL, Turn};
use crate::reply::Reply;
use crate::text;

/// A `message`.
pub(super) fn whole(ask: &Ask, turn: &Turn) -> Reply {
    let blocks = Blocks::of(ask, turn);
    let mut body = message(ask, turn, blocks.list.iter().map(Block::json).collect());
    if let Some(map) = body.as_object_mut() {
        map.insert("stop_reason".into(), json!(stop_reason(turn, &blocks)));
        map.insert("stop_sequence".into(), stop_text(turn));
        map.insert("usage".into(), usage(turn, Some(&blocks)));
        if turn.finish == Finish::Refusal {
            map.insert("stop_details".into(), refusal());
        }
    }
    Reply::body(200, "application/json", body.to_string())
}

/// The same as a stream: blocks with start, deltas and stop.
pub(super) fn stream(ask: &Ask, turn: &Turn) -> Reply {
    let blocks = Blocks::of(ask, turn);
    let mut events = Events::default();
    events.push("message_start", json!({"type": "message_start", "message": message(ask, turn, Vec::new())}));
    if turn.unknown {
        events.push("future_event", json!({"type": "future_event", "index": 0, "delta": {"text": "not yet"}}));
    }
    for block in &blocks.list {
        let mut deltas = block.deltas();
        if turn.unknown {
            deltas.insert(deltas.len() / 2, json!({"type": "future_delta", "text": "not yet"}));
        }
        events.block(block.start(), deltas);
    }
    let mut delta = json!({"stop_reason": stop_reason(turn, &blocks), "stop_sequence": stop_text(turn)});
    if let (Some(map), Finish::Refusal) = (delta.as_object_mut(), &turn.finish) {
        map.insert("stop_details".into(), refusal());
    }
    let mut totals = usage(turn, Some(&blocks));
    if let Some(map) = totals.as_object_mut() {
        map.remove("cache_creation");
        map.remove("service_tier");
    }
    events.push("message_delta", json!({"type": "message_delta", "delta": delta, "usage": totals}));
    if turn.unknown {
        events.push("future_event", json!({"type": "future_event"}));
    }
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

    fn block(&mut self, start: Value, deltas: Vec<Value>) {
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
    let mut message = json!({
        "model": ask.model, "id": text::id("msg_01", ask.seed, "", 22), "type": "message", "role": "assistant",
        "content": content, "stop_reason": null, "stop_sequence": null, "usage": usage(turn, None),
    });
    if let (Some(map), true) = (message.as_object_mut(), turn.unknown) {
        map.insert("future_member".into(), json!({"text": "not yet"}));
    }
    message
}

/// At the beginning, and once the answer is known.
fn usage(turn: &Turn, blocks: Option<&Blocks>) -> Value {
    let mut usage = json!({"input_tokens": turn.prompt_tokens, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0, "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 1, "service_tier": "standard"});
    let (Some(map), Some(blocks)) = (usage.as_object_mut(), blocks) else { return usage };
    let said: u64 = blocks.list.iter().map(Block::tokens).sum();
    map.insert("output_tokens".into(), json!(said + turn.thinking_tokens));
    if turn.thinking.is_some() {
        map.insert("output_tokens_details".into(), json!({ "thinking_tokens": turn.thinking_tokens }));
    }
    if blocks.searches > 0 {
        map.insert("server_tool_use".into(), json!({ "web_search_requests": blocks.searches }));
    }
    usage
}

fn stop_reason<'a>(turn: &'a Turn, blocks: &Blocks) -> &'a str {
    match &turn.finish {
        Finish::Other(word) => word,
        Finish::Filter | Finish::Refusal => "refusal",
        _ if blocks.pauses => "pause_turn",
        Finish::Stop => "end_turn",
        Finish::StopText(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
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

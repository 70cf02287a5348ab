//! Anthropic's answers, whole and as events.

use bytes::Bytes;
use serde_json::{Value, json};

use super::blocks::{Block, Blocks};
use super::reply::json_reply;
use crate::chat::{ChatAnswer, ChatRequest, Finish, REFUSAL};
use crate::hash;
use crate::reply::Reply;

/// A `message`.
pub(super) fn whole(chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
    let blocks = Blocks::of(chat, answer);
    let mut body = message(chat, answer, blocks.list.iter().map(Block::json).collect());
    if let Some(map) = body.as_object_mut() {
        map.insert("stop_reason".into(), json!(stop_reason(answer, &blocks)));
        map.insert("stop_sequence".into(), stop_text(answer));
        map.insert("usage".into(), usage(answer, Some(&blocks)));
        if answer.finish == Finish::Refusal {
            map.insert("stop_details".into(), refusal());
        }
    }
    json_reply(200, &body)
}

/// The same as a stream: blocks with start, deltas and stop.
pub(super) fn stream(chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
    let blocks = Blocks::of(chat, answer);
    let mut events = Events::default();
    events.push("message_start", json!({"type": "message_start", "message": message(chat, answer, Vec::new())}));
    if answer.unknown {
        events.push("future_event", json!({"type": "future_event", "index": 0, "delta": {"text": "not yet"}}));
    }
    for block in &blocks.list {
        let mut deltas = block.deltas();
        if answer.unknown {
            deltas.insert(deltas.len() / 2, json!({"type": "future_delta", "text": "not yet"}));
        }
        events.block(block.start(), deltas);
    }
    let mut delta = json!({"stop_reason": stop_reason(answer, &blocks), "stop_sequence": stop_text(answer)});
    if let (Some(map), Finish::Refusal) = (delta.as_object_mut(), &answer.finish) {
        map.insert("stop_details".into(), refusal());
    }
    let mut totals = usage(answer, Some(&blocks));
    if let Some(map) = totals.as_object_mut() {
        map.remove("cache_creation");
        map.remove("service_tier");
    }
    events.push("message_delta", json!({"type": "message_delta", "delta": delta, "usage": totals}));
    if answer.unknown {
        events.push("future_event", json!({"type": "future_event"}));
    }
    events.push("message_stop", json!({"type": "message_stop"}));
    events.reply()
}

/// Events of a stream, framed.
#[derive(Default)]
pub(super) struct Events {
    out: Vec<Bytes>,
    blocks: usize,
}

impl Events {
    pub(super) fn push(&mut self, name: &str, value: Value) {
        self.out.push(event(self.out.len(), name, &value));
    }

    pub(super) fn reply(self) -> Reply {
        Reply::pieces(200, "text/event-stream; charset=utf-8", self.out).header("cache-control", "no-cache")
    }

    pub(super) fn block(&mut self, start: Value, deltas: Vec<Value>) {
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

fn message(chat: &ChatRequest, answer: &ChatAnswer, content: Vec<Value>) -> Value {
    let mut message = json!({
        "model": chat.model, "id": hash::id("msg_01", chat.seed, "", 22), "type": "message", "role": "assistant",
        "content": content, "stop_reason": null, "stop_sequence": null, "usage": usage(answer, None),
    });
    if let (Some(map), true) = (message.as_object_mut(), answer.unknown) {
        map.insert("future_member".into(), json!({"text": "not yet"}));
    }
    message
}

/// At the beginning, and once the answer is known.
fn usage(answer: &ChatAnswer, blocks: Option<&Blocks>) -> Value {
    let mut usage = json!({"input_tokens": answer.prompt_tokens, "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0, "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": 1, "service_tier": "standard"});
    let (Some(map), Some(blocks)) = (usage.as_object_mut(), blocks) else { return usage };
    let tokens: u64 = blocks.list.iter().map(Block::tokens).sum();
    map.insert("output_tokens".into(), json!(tokens + answer.thinking_tokens));
    if answer.thinking.is_some() {
        map.insert("output_tokens_details".into(), json!({ "thinking_tokens": answer.thinking_tokens }));
    }
    if blocks.searches > 0 {
        map.insert("server_tool_use".into(), json!({ "web_search_requests": blocks.searches }));
    }
    usage
}

fn stop_reason<'a>(answer: &'a ChatAnswer, blocks: &Blocks) -> &'a str {
    match &answer.finish {
        Finish::Other(word) => word,
        Finish::Filter | Finish::Refusal => "refusal",
        _ if blocks.pauses => "pause_turn",
        Finish::Stop => "end_turn",
        Finish::StopText(_) => "stop_sequence",
        Finish::Length => "max_tokens",
        Finish::Calls => "tool_use",
    }
}

fn stop_text(answer: &ChatAnswer) -> Value {
    match &answer.finish {
        Finish::StopText(stop) => json!(stop),
        _ => Value::Null,
    }
}

fn refusal() -> Value {
    json!({"type": "refusal", "category": null, "explanation": REFUSAL})
}

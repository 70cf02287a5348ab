//! OpenAI's answers, whole and as chunks.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::json_reply;
use crate::chat::{Ask, Finish, REFUSAL, Turn};
use crate::reply::{Reply, data_event};
use crate::text;

/// When every answer was made: the mock has no clock.
const CREATED: u64 = 1_790_000_000;

/// A `chat.completion`.
pub(super) fn whole(ask: &Ask, turn: &Turn) -> Reply {
    let choice = |index: usize| {
        let text = turn.text();
        let refused = turn.finish == Finish::Refusal;
        let content = if refused || !turn.calls.is_empty() { Value::Null } else { json!(text) };
        let mut message =
            json!({"role": "assistant", "content": content, "refusal": refused.then_some(REFUSAL), "annotations": []});
        if let (Some(map), false) = (message.as_object_mut(), turn.calls.is_empty()) {
            if ask.legacy {
                map.insert("function_call".into(), turn.calls.first().map(called).unwrap_or_default());
            } else {
                map.insert(
                    "tool_calls".into(),
                    (0..turn.calls.len()).filter_map(|at| call(ask, turn, index, at)).collect(),
                );
            }
        }
        if let (Some(map), true) = (message.as_object_mut(), turn.unknown) {
            map.insert("future_member".into(), json!({"text": "not yet"}));
        }
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish(ask, turn)})
    };
    json_reply(
        200,
        &json!({
            "id": id(ask), "object": "chat.completion", "created": CREATED, "model": ask.model,
            "choices": (0..ask.count).map(choice).collect::<Vec<_>>(),
            "usage": usage(ask, turn), "service_tier": "default", "system_fingerprint": "fp_mock",
        }),
    )
}

/// `chat.completion.chunk`s and `[DONE]`.
pub(super) fn stream(ask: &Ask, turn: &Turn) -> Reply {
    let mut out = Vec::new();
    for index in 0..ask.count {
        deltas(ask, turn, index, &mut |delta| {
            let choices = json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": null}]);
            let at = out.len();
            out.push(chunk(ask, choices, None, at));
        });
        let choices = json!([{"index": index, "delta": {}, "logprobs": null, "finish_reason": finish(ask, turn)}]);
        out.push(chunk(ask, choices, None, out.len()));
    }
    if ask.include_usage {
        out.push(chunk(ask, json!([]), Some(usage(ask, turn)), out.len()));
    }
    out.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Reply::pieces(200, "text/event-stream; charset=utf-8", out)
}

fn chunk(ask: &Ask, choices: Value, usage: Option<Value>, at: usize) -> Bytes {
    let mut chunk = json!({
        "id": id(ask), "object": "chat.completion.chunk", "created": CREATED, "model": ask.model,
        "service_tier": "default", "system_fingerprint": "fp_mock", "choices": choices,
    });
    if let Some(map) = chunk.as_object_mut() {
        if ask.include_usage {
            map.insert("usage".into(), usage.unwrap_or_default());
        }
        map.insert("obfuscation".into(), json!(text::id("", ask.seed, &at.to_string(), 4 + at % 12)));
    }
    data_event(&chunk)
}

fn deltas(ask: &Ask, turn: &Turn, index: usize, out: &mut dyn FnMut(Value)) {
    if turn.unknown {
        out(json!({"future_member": {"text": "not yet"}}));
    }
    if turn.calls.is_empty() {
        let refused = turn.finish == Finish::Refusal;
        let field = if refused { "refusal" } else { "content" };
        out(json!({"role": "assistant", "content": if refused { Value::Null } else { json!("") }, "refusal": null}));
        for piece in &turn.pieces {
            out(json!({ field: piece }));
        }
        return;
    }
    for (at, tool_call) in turn.calls.iter().enumerate() {
        let mut start = Map::new();
        if at == 0 {
            start.insert("role".into(), json!("assistant"));
            start.insert("content".into(), Value::Null);
        }
        let wrap = |call: Value| if ask.legacy { ("function_call", call) } else { ("tool_calls", json!([call])) };
        let head = if ask.legacy {
            json!({"name": tool_call.name, "arguments": ""})
        } else {
            json!({"index": at, "id": call_id(ask, index, at), "type": "function",
                "function": {"name": tool_call.name, "arguments": ""}})
        };
        let (name, value) = wrap(head);
        start.insert(name.into(), value);
        out(Value::Object(start));
        for piece in text::small_pieces(&tool_call.arguments.to_string(), 6) {
            let part = json!({ "arguments": piece });
            let (name, value) = wrap(if ask.legacy { part } else { json!({"index": at, "function": part}) });
            out(json!({ name: value }));
        }
    }
}

fn id(ask: &Ask) -> String {
    text::id("chatcmpl-", ask.seed, "", 29)
}

fn call_id(ask: &Ask, choice: usize, at: usize) -> String {
    text::id("call_", ask.seed, &format!("{choice}.{at}"), 24)
}

fn call(ask: &Ask, turn: &Turn, choice: usize, at: usize) -> Option<Value> {
    let function = called(turn.calls.get(at)?);
    Some(json!({"id": call_id(ask, choice, at), "type": "function", "function": function}))
}

fn called(call: &crate::chat::ToolCall) -> Value {
    json!({"name": call.name, "arguments": call.arguments.to_string()})
}

fn finish(ask: &Ask, turn: &Turn) -> String {
    match &turn.finish {
        Finish::Stop | Finish::StopText(_) | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::Calls if ask.legacy => "function_call",
        Finish::Calls => "tool_calls",
        Finish::Filter => "content_filter",
        Finish::Other(word) => word,
    }
    .to_owned()
}

fn usage(ask: &Ask, turn: &Turn) -> Value {
    let answers = ask.count as u64 * (turn.answer_tokens + turn.thinking_tokens);
    json!({
        "prompt_tokens": turn.prompt_tokens, "completion_tokens": answers, "total_tokens": turn.prompt_tokens + answers,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": turn.thinking_tokens * ask.count as u64, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

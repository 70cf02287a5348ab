//! OpenAI's answers, whole and as chunks.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::reply::json_reply;
use crate::chat::{ChatAnswer, ChatRequest, Finish, REFUSAL};
use crate::hash;
use crate::reply::{Reply, data_event};
use crate::text;

/// When every answer was made: the mock has no clock.
const CREATED: u64 = 1_790_000_000;

/// A `chat.completion`.
pub(super) fn whole(chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
    let choice = |index: usize| {
        let text = answer.text();
        let refused = answer.finish == Finish::Refusal;
        let only_calls = !answer.calls.is_empty() && text.is_empty();
        let content = if refused || only_calls { Value::Null } else { json!(text) };
        let mut message =
            json!({"role": "assistant", "content": content, "refusal": refused.then_some(REFUSAL), "annotations": []});
        if let (Some(map), false) = (message.as_object_mut(), answer.calls.is_empty()) {
            if chat.legacy {
                map.insert("function_call".into(), answer.calls.first().map(called).unwrap_or_default());
            } else {
                map.insert(
                    "tool_calls".into(),
                    (0..answer.calls.len()).filter_map(|at| call(chat, answer, index, at)).collect(),
                );
            }
        }
        if let (Some(map), true) = (message.as_object_mut(), answer.unknown) {
            map.insert("future_member".into(), json!({"text": "not yet"}));
        }
        json!({"index": index, "message": message, "logprobs": null, "finish_reason": finish(chat, answer)})
    };
    json_reply(
        200,
        &json!({
            "id": id(chat), "object": "chat.completion", "created": CREATED, "model": chat.model,
            "choices": (0..chat.count).map(choice).collect::<Vec<_>>(),
            "usage": usage(chat, answer), "service_tier": "default", "system_fingerprint": "fp_mock",
        }),
    )
}

/// `chat.completion.chunk`s and `[DONE]`.
pub(super) fn stream(chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
    let mut out = Vec::new();
    for index in 0..chat.count {
        deltas(chat, answer, index, &mut |delta| {
            let choices = json!([{"index": index, "delta": delta, "logprobs": null, "finish_reason": null}]);
            let at = out.len();
            out.push(chunk(chat, choices, None, at));
        });
        let choices = json!([{"index": index, "delta": {}, "logprobs": null, "finish_reason": finish(chat, answer)}]);
        out.push(chunk(chat, choices, None, out.len()));
    }
    if chat.include_usage {
        out.push(chunk(chat, json!([]), Some(usage(chat, answer)), out.len()));
    }
    out.push(Bytes::from_static(b"data: [DONE]\n\n"));
    Reply::pieces(200, "text/event-stream; charset=utf-8", out)
}

fn chunk(chat: &ChatRequest, choices: Value, usage: Option<Value>, at: usize) -> Bytes {
    let mut chunk = json!({
        "id": id(chat), "object": "chat.completion.chunk", "created": CREATED, "model": chat.model,
        "service_tier": "default", "system_fingerprint": "fp_mock", "choices": choices,
    });
    if let Some(map) = chunk.as_object_mut() {
        if chat.include_usage {
            map.insert("usage".into(), usage.unwrap_or_default());
        }
        map.insert("obfuscation".into(), json!(hash::id("", chat.seed, &at.to_string(), 4 + at % 12)));
    }
    data_event(&chunk)
}

fn deltas(chat: &ChatRequest, answer: &ChatAnswer, index: usize, out: &mut dyn FnMut(Value)) {
    if answer.unknown {
        out(json!({"future_member": {"text": "not yet"}}));
    }
    let speaks = answer.calls.is_empty() || !answer.pieces.is_empty();
    if speaks {
        let refused = answer.finish == Finish::Refusal;
        let field = if refused { "refusal" } else { "content" };
        out(json!({"role": "assistant", "content": if refused { Value::Null } else { json!("") }, "refusal": null}));
        for piece in &answer.pieces {
            out(json!({ field: piece }));
        }
    }
    for (at, tool_call) in answer.calls.iter().enumerate() {
        let mut start = Map::new();
        if at == 0 && !speaks {
            start.insert("role".into(), json!("assistant"));
            start.insert("content".into(), Value::Null);
        }
        let wrap = |call: Value| if chat.legacy { ("function_call", call) } else { ("tool_calls", json!([call])) };
        let head = if chat.legacy {
            json!({"name": tool_call.name, "arguments": ""})
        } else {
            json!({"index": at, "id": call_id(chat, index, at), "type": "function",
                "function": {"name": tool_call.name, "arguments": ""}})
        };
        let (name, value) = wrap(head);
        start.insert(name.into(), value);
        out(Value::Object(start));
        for piece in text::small_pieces(&tool_call.arguments.to_string(), 6) {
            let part = json!({ "arguments": piece });
            let (name, value) = wrap(if chat.legacy { part } else { json!({"index": at, "function": part}) });
            out(json!({ name: value }));
        }
    }
}

fn id(chat: &ChatRequest) -> String {
    hash::id("chatcmpl-", chat.seed, "", 29)
}

fn call_id(chat: &ChatRequest, choice: usize, at: usize) -> String {
    hash::id("call_", chat.seed, &format!("{choice}.{at}"), 24)
}

fn call(chat: &ChatRequest, answer: &ChatAnswer, choice: usize, at: usize) -> Option<Value> {
    let function = called(answer.calls.get(at)?);
    Some(json!({"id": call_id(chat, choice, at), "type": "function", "function": function}))
}

fn called(call: &crate::chat::ToolCall) -> Value {
    json!({"name": call.name, "arguments": call.arguments.to_string()})
}

fn finish(chat: &ChatRequest, answer: &ChatAnswer) -> String {
    match &answer.finish {
        Finish::Stop | Finish::StopText(_) | Finish::Refusal => "stop",
        Finish::Length => "length",
        Finish::Calls if chat.legacy => "function_call",
        Finish::Calls => "tool_calls",
        Finish::Filter => "content_filter",
        Finish::Other(word) => word,
    }
    .to_owned()
}

fn usage(chat: &ChatRequest, answer: &ChatAnswer) -> Value {
    let answers = chat.count as u64 * (answer.answer_tokens + answer.thinking_tokens);
    json!({
        "prompt_tokens": answer.prompt_tokens, "completion_tokens": answers, "total_tokens": answer.prompt_tokens + answers,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": answer.thinking_tokens * chat.count as u64, "audio_tokens": 0,
            "accepted_prediction_tokens": 0, "rejected_prediction_tokens": 0},
    })
}

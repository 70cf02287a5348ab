//! A whole answer that a test wrote, as the events of a stream.

use serde_json::{Value, json};

use super::answer::Events;
use crate::members::{items, string};
use crate::reply::Reply;
use crate::text;

/// The events of this message; `None` for anything else.
pub(super) fn stream(message: &Value) -> Option<Reply> {
    let blocks = message.get("content")?.as_array()?;
    let mut events = Events::default();
    events.push("message_start", json!({"type": "message_start", "message": beginning(message)}));
    for block in blocks {
        let (start, deltas) = parts(block);
        events.block(start, deltas);
    }
    let mut end = json!({"type": "message_delta", "delta": {
        "stop_reason": message.get("stop_reason"), "stop_sequence": message.get("stop_sequence")}});
    for name in ["stop_details", "container"] {
        if let (Some(value), Some(delta)) = (message.get(name), end.get_mut("delta")) {
            insert(delta, name, value.clone());
        }
    }
    if let Some(usage) = message.get("usage") {
        insert(&mut end, "usage", usage.clone());
    }
    events.push("message_delta", end);
    events.push("message_stop", json!({"type": "message_stop"}));
    Some(events.reply())
}

/// The message before its content is known.
fn beginning(message: &Value) -> Value {
    let mut message = message.clone();
    insert(&mut message, "content", json!([]));
    insert(&mut message, "stop_reason", Value::Null);
    insert(&mut message, "stop_sequence", Value::Null);
    if let Some(map) = message.as_object_mut() {
        map.remove("stop_details");
    }
    if let Some(usage) = message.get_mut("usage") {
        insert(usage, "output_tokens", json!(1));
    }
    message
}

/// The start of a block, and the deltas behind it.
fn parts(block: &Value) -> (Value, Vec<Value>) {
    let mut start = block.clone();
    let deltas = match string(block, "type") {
        "text" => {
            insert(&mut start, "text", json!(""));
            if block.get("citations").is_some_and(Value::is_array) {
                insert(&mut start, "citations", json!([]));
            }
            let cited = items(block, "citations");
            let cited = cited.into_iter().map(|citation| json!({"type": "citations_delta", "citation": citation}));
            let pieces = text::word_pieces(string(block, "text"));
            cited.chain(pieces.into_iter().map(|piece| json!({"type": "text_delta", "text": piece}))).collect()
        }
        "thinking" => {
            insert(&mut start, "thinking", json!(""));
            insert(&mut start, "signature", json!(""));
            let mut pieces = text::word_pieces(string(block, "thinking"));
            if pieces.is_empty() {
                pieces.push(String::new());
            }
            let thought = pieces.into_iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
            let signature = json!({"type": "signature_delta", "signature": string(block, "signature")});
            thought.chain([signature]).collect()
        }
        _ => match block.get("input").filter(|input| input.is_object()) {
            Some(input) => {
                insert(&mut start, "input", json!({}));
                let input = input.to_string();
                let pieces = if input == "{}" { Vec::new() } else { text::small_pieces(&input, 8) };
                let pieces = std::iter::once(String::new()).chain(pieces);
                pieces.map(|piece| json!({"type": "input_json_delta", "partial_json": piece})).collect()
            }
            None => Vec::new(),
        },
    };
    (start, deltas)
}

fn insert(value: &mut Value, name: &str, member: Value) {
    if let Some(map) = value.as_object_mut() {
        map.insert(name.to_owned(), member);
    }
}

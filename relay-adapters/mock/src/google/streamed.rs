//! A whole answer that a test wrote, as the events of a stream.

use serde_json::{Map, Value, json};

use super::answer;
use crate::members::string;
use crate::reply::Reply;
use crate::text;

/// The events of this response, or the array of them that Google sends without `alt=sse`; `None` for anything else.
pub(super) fn stream(response: &Value, as_array: bool) -> Option<Reply> {
    let response = response.as_object()?;
    let is_answer = response.get("candidates").is_some_and(Value::is_array) || response.contains_key("promptFeedback");
    let events = if is_answer { events(response) } else { return None };
    Some(if as_array {
        Reply::body(200, "application/json; charset=UTF-8", format!("{:#}", Value::Array(events)))
    } else {
        Reply::pieces(200, "text/event-stream", events.iter().map(answer::event).collect())
    })
}

/// One event a piece if there is one candidate, else all in one.
fn events(response: &Map<String, Value>) -> Vec<Value> {
    let candidates = response.get("candidates").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [candidate] = candidates else { return vec![Value::Object(response.clone())] };
    let parts = candidate.pointer("/content/parts").and_then(Value::as_array);
    let pieces: Vec<Value> = parts.into_iter().flatten().flat_map(pieces).collect();
    let Some((last, before)) = pieces.split_last() else { return vec![Value::Object(response.clone())] };
    let event = |candidate: Value, is_last: bool| {
        let mut event = response.clone();
        event.insert("candidates".into(), json!([candidate]));
        if !is_last {
            event.remove("usageMetadata");
        }
        Value::Object(event)
    };
    let mut events: Vec<Value> = before
        .iter()
        .map(|piece| event(json!({"content": {"parts": [piece], "role": "model"}, "index": 0}), false))
        .collect();
    let mut end = candidate.clone();
    if let Some(parts) = end.pointer_mut("/content/parts") {
        *parts = json!([last]);
    }
    events.push(event(end, true));
    events
}

/// A text in pieces, the last one with what else the part has; any other part as it is.
fn pieces(part: &Value) -> Vec<Value> {
    let mut words = text::word_pieces(string(part, "text"));
    let (Some(map), Some(last)) = (part.as_object(), words.pop()) else { return vec![part.clone()] };
    let piece = |text: String| match map.get("thought") {
        Some(thought) => json!({"text": text, "thought": thought}),
        None => json!({ "text": text }),
    };
    let mut end = map.clone();
    end.insert("text".into(), json!(last));
    words.into_iter().map(piece).chain([Value::Object(end)]).collect()
}

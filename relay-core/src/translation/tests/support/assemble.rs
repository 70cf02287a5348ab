//! The whole answer that a provider's events amount to: an oracle for the translators of streams.
//!
//! Written from the specs (`anthropic.md` 3.4, `gemini.md` 2 and 3), without the code that it checks.

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::translation::surrogates;

/// The data of each event of a body.
pub(crate) fn events(body: &str) -> Vec<Value> {
    let body = body.replace("\r\n", "\n");
    let data = |event: &str| {
        let lines: Vec<&str> = event.lines().filter_map(|line| line.strip_prefix("data:")).collect();
        let json = surrogates::mended_text(lines.join("\n").into());
        (!lines.is_empty()).then(|| serde_json::from_str(&json).ok()).flatten()
    };
    body.split("\n\n").filter_map(data).collect()
}

/// A message that Anthropic sent in events. `None`: it did not end, or ended in an error.
///
/// The input of a tool call that is no JSON (a limit cut it off) stays a JSON string of its text.
pub(crate) fn anthropic(events: &[Value]) -> Option<Value> {
    let (mut message, mut is_over) = (Value::Null, false);
    let mut blocks: BTreeMap<u64, Value> = BTreeMap::new();
    let mut inputs: BTreeMap<u64, String> = BTreeMap::new();
    for event in events {
        let index = event["index"].as_u64().unwrap_or(0);
        match event["type"].as_str().unwrap_or_default() {
            "error" => return None,
            "message_start" if message.is_null() => message = event["message"].clone(),
            "content_block_start" => {
                blocks.insert(index, event["content_block"].clone());
            }
            "content_block_delta" => {
                if let Some(block) = blocks.get_mut(&index) {
                    anthropic_delta(block, &event["delta"], inputs.entry(index).or_default());
                }
            }
            "message_delta" => anthropic_end(&mut message, event),
            "message_stop" => {
                is_over = true;
                break;
            }
            _ => {}
        }
    }
    for (index, input) in inputs.iter().filter(|(_, input)| !input.is_empty()) {
        let block = blocks.get_mut(index)?;
        if block["type"] == "tool_use" {
            // As text, so that the order of keys and the numbers stay.
            let is_json = serde_json::from_str::<&RawValue>(input).is_ok();
            block["input"] = json!({ "raw": input, "is_json": is_json });
        }
    }
    message["content"] = blocks.into_values().collect();
    // A stop without a reason is one, and so is a reason without the last event.
    (is_over || !message["stop_reason"].is_null()).then_some(message)
}

fn anthropic_delta(block: &mut Value, delta: &Value, input: &mut String) {
    let kind = text(&block["type"]).to_owned();
    match (kind.as_str(), text(&delta["type"])) {
        ("text", "text_delta") => append(block, delta, "text"),
        ("thinking", "thinking_delta") => append(block, delta, "thinking"),
        ("thinking", "signature_delta") => block["signature"] = delta["signature"].clone(),
        ("text", "citations_delta") => {
            if !block["citations"].is_array() {
                block["citations"] = json!([]);
            }
            block["citations"].as_array_mut().unwrap().push(delta["citation"].clone());
        }
        ("tool_use", "input_json_delta") => input.push_str(text(&delta["partial_json"])),
        _ => {}
    }
}

fn append(block: &mut Value, delta: &Value, name: &str) {
    block[name] = format!("{}{}", text(&block[name]), text(&delta[name])).into();
}

fn anthropic_end(message: &mut Value, event: &Value) {
    for name in ["stop_reason", "stop_sequence", "stop_details"] {
        if !event["delta"][name].is_null() {
            message[name] = event["delta"][name].clone();
        }
    }
    for (name, value) in event["usage"].as_object().into_iter().flatten() {
        // The tier is sent once, at the start; counters are totals so far.
        if !value.is_null() && name != "service_tier" {
            message["usage"][name] = value.clone();
        }
    }
}

/// A message as Anthropic writes it: tool inputs as they came, not read and written again.
pub(crate) fn anthropic_body(message: &Value) -> String {
    let mut body = message.clone();
    let mut raw = Vec::new();
    for block in body["content"].as_array_mut().unwrap().iter_mut().filter(|block| block["type"] == "tool_use") {
        if let Some(input) = block["input"]["raw"].as_str() {
            let is_json = block["input"]["is_json"] == true;
            raw.push(if is_json { input.to_owned() } else { json!(input).to_string() });
            block["input"] = json!(format!("@@{}@@", raw.len() - 1));
        }
    }
    let body = body.to_string();
    raw.iter().enumerate().fold(body, |body, (i, input)| body.replacen(&format!("\"@@{i}@@\""), input, 1))
}

/// An answer that Google sent in events. `None`: it did not end, or ended in an error.
///
/// Adjacent texts of one kind are one part, as they are in a whole answer. What comes after the end of a candidate is not
/// read; `STOP` is an end only if nothing else follows, since some models say it in every event.
pub(crate) fn google(events: &[Value]) -> Option<Value> {
    let mut whole = Map::new();
    let mut candidates: Vec<(u64, Value)> = Vec::new();
    for event in events {
        if event.get("error").is_some() {
            return None;
        }
        for name in ["modelVersion", "responseId"] {
            if whole.is_empty() {
                whole.insert(name.to_owned(), event[name].clone());
            }
            whole.entry(name).or_insert_with(|| event[name].clone());
        }
        for name in ["usageMetadata", "promptFeedback"] {
            if !event[name].is_null() {
                whole.insert(name.to_owned(), event[name].clone());
            }
        }
        for (candidate, position) in event["candidates"].as_array().into_iter().flatten().zip(0..) {
            let index = candidate["index"].as_u64().unwrap_or(position);
            let at = candidates.iter().position(|(known, _)| *known == index).unwrap_or_else(|| {
                candidates.push((index, json!({"index": index, "content": {"parts": []}})));
                candidates.len() - 1
            });
            google_candidate(&mut candidates[at].1, candidate);
        }
    }
    let is_blocked = candidates.is_empty() && !whole["promptFeedback"]["blockReason"].is_null();
    let is_over = candidates.iter().all(|(_, candidate)| !candidate["finishReason"].is_null());
    whole.insert("candidates".to_owned(), candidates.iter().map(|(_, candidate)| candidate.clone()).collect());
    (is_blocked || (is_over && !candidates.is_empty())).then(|| whole.into())
}

fn google_candidate(all: &mut Value, more: &Value) {
    if all["finishReason"].as_str().is_some_and(|reason| reason != "STOP") {
        return;
    }
    for part in more["content"]["parts"].as_array().into_iter().flatten() {
        google_part(all["content"]["parts"].as_array_mut().unwrap(), part);
    }
    let is_telling = |grounding: &Value| grounding.get("groundingSupports").is_some();
    if is_telling(&more["groundingMetadata"]) {
        all["groundingMetadata"] = more["groundingMetadata"].clone();
    }
    for name in ["chosenCandidates", "topCandidates"] {
        for entry in more["logprobsResult"][name].as_array().into_iter().flatten() {
            if !all["logprobsResult"][name].is_array() {
                all["logprobsResult"][name] = json!([]);
            }
            all["logprobsResult"][name].as_array_mut().unwrap().push(entry.clone());
        }
    }
    if !more["finishReason"].is_null() {
        all["finishReason"] = more["finishReason"].clone();
    }
}

fn google_part(parts: &mut Vec<Value>, part: &Value) {
    let is_plain = |part: &Value| part["text"].is_string() && part["functionCall"].is_null();
    match parts.last_mut() {
        Some(last) if is_plain(last) && is_plain(part) && (last["thought"] == true) == (part["thought"] == true) => {
            last["text"] = format!("{}{}", text(&last["text"]), text(&part["text"])).into();
            if !text(&part["thoughtSignature"]).is_empty() {
                last["thoughtSignature"] = part["thoughtSignature"].clone();
            }
        }
        _ => parts.push(part.clone()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

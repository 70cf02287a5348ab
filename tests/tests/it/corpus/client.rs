//! What an OpenAI client makes of an answer: the first choice of a body, or of the chunks of a stream.

use serde_json::{Value, json};

use super::oracle::{Call, Seen, Usage};

/// How a stream ended.
#[derive(Debug, PartialEq)]
pub(crate) enum End {
    /// With `[DONE]`.
    Done,
    /// With an error event.
    Error(String),
    /// With neither: what a client can't tell from success.
    Silent,
}

/// The first choice of a `chat.completion`.
pub(crate) fn whole(body: &Value) -> Seen {
    let choice = &body["choices"][0];
    let message = &choice["message"];
    let mut calls: Vec<Call> = message["tool_calls"].as_array().into_iter().flatten().map(call).collect();
    if message["function_call"].is_object() {
        calls.push(function(None, &message["function_call"]));
    }
    Seen {
        text: message["content"].as_str().unwrap_or_default().to_owned(),
        calls,
        finish: choice["finish_reason"].as_str().unwrap_or_default().to_owned(),
        usage: usage(&body["usage"]),
    }
}

fn call(call: &Value) -> Call {
    let function_or_custom = if call["function"].is_object() { &call["function"] } else { &call["custom"] };
    function(call["id"].as_str(), function_or_custom)
}

fn function(id: Option<&str>, function: &Value) -> Call {
    let text = function["arguments"].as_str().or(function["input"].as_str()).unwrap_or_default();
    Call {
        id: id.map(str::to_owned),
        name: function["name"].as_str().unwrap_or_default().to_owned(),
        arguments: arguments(text),
    }
}

fn arguments(text: &str) -> Value {
    if text.trim().is_empty() { json!({}) } else { serde_json::from_str(text).unwrap_or_else(|_| Value::from(text)) }
}

fn usage(usage: &Value) -> Option<Usage> {
    usage.is_object().then(|| Usage {
        prompt: usage["prompt_tokens"].as_u64().unwrap_or(0),
        completion: usage["completion_tokens"].as_u64().unwrap_or(0),
    })
}

/// The code of an answer that is an error, or of a stream that ends with one.
pub(crate) fn error_code(body: &str) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(body) => body["error"]["code"].as_str().unwrap_or_default().to_owned(),
        Err(_) => match streamed(body).1 {
            End::Error(code) => code,
            _ => String::new(),
        },
    }
}

/// Joins the chunks of a stream, as the official clients do.
pub(crate) fn streamed(sse: &str) -> (Seen, End) {
    let (mut seen, mut parts, mut legacy, mut end) =
        (Seen::default(), Vec::<(u64, Option<String>, String, String)>::new(), None, End::Silent);
    for data in sse.split("\n\n").filter_map(|event| event.strip_prefix("data: ")) {
        assert_eq!(end, End::Silent, "nothing follows the end: {data}");
        if data == "[DONE]" {
            end = End::Done;
            continue;
        }
        let chunk: Value = serde_json::from_str(data).unwrap_or_else(|error| panic!("{error}: {data}"));
        if chunk["error"].is_object() {
            end = End::Error(chunk["error"]["code"].as_str().unwrap_or_default().to_owned());
            continue;
        }
        if let Some(usage) = usage(&chunk["usage"]) {
            seen.usage = Some(usage);
        }
        let choices = chunk["choices"].as_array().into_iter().flatten();
        for choice in choices.filter(|choice| choice["index"].as_u64().unwrap_or(0) == 0) {
            take(choice, &mut seen, &mut parts, &mut legacy);
        }
    }
    seen.calls = parts.into_iter().map(|(_, id, name, text)| Call { id, name, arguments: arguments(&text) }).collect();
    seen.calls.extend(legacy.map(|(name, text): (String, String)| Call {
        id: None,
        name,
        arguments: arguments(&text),
    }));
    (seen, end)
}

type Parts = Vec<(u64, Option<String>, String, String)>;

fn take(choice: &Value, seen: &mut Seen, parts: &mut Parts, legacy: &mut Option<(String, String)>) {
    let delta = &choice["delta"];
    seen.text.push_str(delta["content"].as_str().unwrap_or_default());
    if let Some(reason) = choice["finish_reason"].as_str() {
        seen.finish = reason.to_owned();
    }
    for call in delta["tool_calls"].as_array().into_iter().flatten() {
        let index = call["index"].as_u64().expect("a streamed call has an index");
        let place = parts.iter().position(|part| part.0 == index).unwrap_or_else(|| {
            parts.push((index, None, String::new(), String::new()));
            parts.len() - 1
        });
        let part = &mut parts[place];
        part.1 = part.1.take().or_else(|| call["id"].as_str().map(str::to_owned));
        let function = if call["function"].is_object() { &call["function"] } else { &call["custom"] };
        part.2.push_str(function["name"].as_str().unwrap_or_default());
        part.3.push_str(function["arguments"].as_str().or(function["input"].as_str()).unwrap_or_default());
    }
    if delta["function_call"].is_object() {
        let (name, text) = legacy.get_or_insert_default();
        name.push_str(delta["function_call"]["name"].as_str().unwrap_or_default());
        text.push_str(delta["function_call"]["arguments"].as_str().unwrap_or_default());
    }
}

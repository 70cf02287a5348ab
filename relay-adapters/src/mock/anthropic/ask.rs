//! What an answer depends on in Anthropic's chat requests.

use serde_json::Value;

use super::super::peek::{items, string};
use super::super::text;
use super::super::turn::{Ask, Choice, Form, Think, Tool};

pub(super) fn ask(body: &Value, seed: u64) -> Ask {
    let messages = items(body, "messages");
    let is_said = |message: &&&Value| string(message, "role") == "user" && !said(message).is_empty();
    let tools = items(body, "tools").into_iter().filter(|tool| tool.get("input_schema").is_some()).map(|tool| Tool {
        name: string(tool, "name").to_owned(),
        schema: tool.get("input_schema").cloned().unwrap_or_default(),
    });
    let choice = match body.pointer("/tool_choice/type").and_then(Value::as_str) {
        Some("none") => Choice::Never,
        Some("any") => Choice::Must(Vec::new()),
        Some("tool") => Choice::Must(
            body.pointer("/tool_choice/name").and_then(Value::as_str).map(str::to_owned).into_iter().collect(),
        ),
        _ => Choice::Auto,
    };
    let think = match (body.pointer("/thinking/type").and_then(Value::as_str), body.pointer("/thinking/display")) {
        (Some("adaptive" | "enabled"), Some(display)) if display == "summarized" => Think::Shown,
        (Some("enabled"), None) => Think::Shown,
        (Some("adaptive" | "enabled"), _) => Think::Hidden,
        _ => Think::No,
    };
    let all = messages.iter().map(|message| text::words(&content(message))).sum::<u64>();
    Ask {
        model: string(body, "model").to_owned(),
        said: messages.iter().rev().find(is_said).map(|message| said(message)).unwrap_or_default(),
        results: results(&messages),
        prompt_words: all + body.get("system").map_or(0, |system| text::words(&content(system))),
        tools: tools.collect(),
        choice,
        one_call: body.pointer("/tool_choice/disable_parallel_tool_use") == Some(&Value::Bool(true)),
        limit: body.get("max_tokens").and_then(Value::as_u64),
        stops: items(body, "stop_sequences").into_iter().map(content).collect(),
        form: body.pointer("/output_config/format/schema").map_or(Form::Text, |schema| Form::Schema(schema.clone())),
        think,
        stream: body.get("stream") == Some(&Value::Bool(true)),
        count: 1,
        seed,
        ..Ask::default()
    }
}

/// The user's own text in a message, without tool results.
fn said(message: &Value) -> String {
    if let Some(text) = message.get("content").and_then(Value::as_str) {
        return text.to_owned();
    }
    items(message, "content").into_iter().filter(|block| string(block, "type") == "text").map(content).collect()
}

/// The results in the last message, if there is no text of the user beside them.
fn results(messages: &[&Value]) -> Vec<(String, String)> {
    let Some(last) = messages.last().filter(|last| said(last).is_empty()) else { return Vec::new() };
    let result = |block: &&Value| {
        let id = string(block, "tool_use_id");
        let mut calls = messages.iter().flat_map(|message| items(message, "content"));
        let call = calls.find(|call| string(call, "type") == "tool_use" && string(call, "id") == id)?;
        Some((string(call, "name").to_owned(), block.get("content").map(content).unwrap_or_default()))
    };
    items(last, "content").iter().filter_map(result).collect()
}

/// All text of a message, a block or a list of blocks.
pub(super) fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(blocks) => blocks.iter().map(content).collect::<Vec<_>>().join(" "),
        Value::Object(map) => map.get("text").or(map.get("content")).map(content).unwrap_or_default(),
        _ => String::new(),
    }
}

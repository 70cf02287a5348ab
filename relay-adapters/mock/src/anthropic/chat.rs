//! What an answer depends on in Anthropic's chat requests.

use std::collections::HashMap;

use serde_json::Value;

use super::digests;
use super::models::Family;
use crate::chat::{Binding, ChatRequest, Choice, Form, Think, Tool};
use crate::members::{items, string};
use crate::text;

/// Reads a body that was checked.
pub(super) fn read(body: &Value, family: &Family, seed: u64) -> ChatRequest {
    let messages = items(body, "messages");
    let has_text = |message: &&&Value| string(message, "role") == "user" && !own_text(message).is_empty();
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
    let spoken = messages.iter().rposition(|message| has_text(&message));
    let turn = messages.get(spoken.unwrap_or(0)..).unwrap_or_default();
    let calls = names_of_calls(&messages);
    let all = messages.iter().map(|message| text::words(&content(message))).sum::<u64>();
    ChatRequest {
        model: string(body, "model").to_owned(),
        user_text: messages.iter().rev().find(has_text).map(|message| own_text(message)).unwrap_or_default(),
        results: if paused(&messages) { Vec::new() } else { results(&messages, &calls) },
        turn_results: turn.iter().flat_map(|message| results_of(message, &calls)).collect(),
        rounds: turn.iter().filter(|message| has(message, "tool_use")).count(),
        prompt_words: all + body.get("system").map_or(0, |system| text::words(&content(system))),
        tools: tools.collect(),
        choice,
        one_call: body.pointer("/tool_choice/disable_parallel_tool_use") == Some(&Value::Bool(true)),
        limit: body.get("max_tokens").and_then(Value::as_u64),
        stops: items(body, "stop_sequences").into_iter().map(content).collect(),
        form: body.pointer("/output_config/format/schema").map_or(Form::Text, |schema| Form::Schema(schema.clone())),
        think: think(body, family),
        stream: body.get("stream") == Some(&Value::Bool(true)),
        count: 1,
        seed,
        binding: bound(body, &messages),
        ..ChatRequest::default()
    }
}

/// The user's own text in a message, without tool results.
fn own_text(message: &Value) -> String {
    if let Some(text) = message.get("content").and_then(Value::as_str) {
        return text.to_owned();
    }
    items(message, "content").into_iter().filter(|block| string(block, "type") == "text").map(content).collect()
}

/// The results in the last message, if there is no text of the user beside them.
fn results(messages: &[&Value], calls: &HashMap<&str, &str>) -> Vec<(String, String)> {
    let last = messages.last().filter(|last| own_text(last).is_empty());
    last.map(|last| results_of(last, calls)).unwrap_or_default()
}

/// The name of the tool in each call, by its id.
fn names_of_calls<'a>(messages: &[&'a Value]) -> HashMap<&'a str, &'a str> {
    let mut names = HashMap::new();
    let blocks = messages.iter().flat_map(|message| items(message, "content"));
    for call in blocks.filter(|block| string(block, "type") == "tool_use") {
        names.entry(string(call, "id")).or_insert(string(call, "name"));
    }
    names
}

/// The results in a message, with the names of the tools.
fn results_of(message: &Value, calls: &HashMap<&str, &str>) -> Vec<(String, String)> {
    let result = |block: &&Value| {
        let name = calls.get(string(block, "tool_use_id"))?;
        Some(((*name).to_owned(), block.get("content").map(content).unwrap_or_default()))
    };
    items(message, "content").iter().filter_map(result).collect()
}

fn has(message: &Value, kind: &str) -> bool {
    items(message, "content").iter().any(|block| string(block, "type") == kind)
}

/// Whether the conversation ends with a turn that a server tool interrupted.
pub(super) fn paused(messages: &[&Value]) -> bool {
    messages.last().is_some_and(|last| string(last, "role") == "assistant" && has(last, "server_tool_use"))
}

fn think(body: &Value, family: &Family) -> Think {
    match body.pointer("/thinking/type").and_then(Value::as_str) {
        Some("disabled" | "between_tools") => return Think::No,
        None if !family.thinks => return Think::No,
        _ => {}
    }
    match body.pointer("/thinking/display").and_then(Value::as_str) {
        Some("summarized") => Think::Shown,
        None if family.shows => Think::Shown,
        _ => Think::Hidden,
    }
}

/// What this answer has to be bound to.
fn bound(body: &Value, messages: &[&Value]) -> Binding {
    let continued = messages.last().filter(|last| string(last, "role") == "assistant");
    let blocks = continued.map(|last| items(last, "content")).unwrap_or_default();
    Binding {
        prefix: digests::prefix(
            body,
            messages.iter().rposition(|one| string(one, "role") != "assistant").map_or(0, |last| last + 1),
        ),
        blocks: blocks.len(),
        pauses: blocks.iter().filter(|block| string(block, "type") == "server_tool_use").count(),
        searches: items(body, "tools")
            .iter()
            .any(|tool| string(tool, "name") == "web_search" && tool.get("input_schema").is_none()),
        tools: digests::tools(body),
    }
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

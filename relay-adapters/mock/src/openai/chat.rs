//! What an answer depends on in OpenAI's chat requests.

use std::collections::HashMap;

use serde_json::Value;

use crate::chat::{ChatRequest, Choice, Form, Tool};
use crate::members::{flag, items, string};
use crate::text;

/// Reads a body that was checked.
pub(super) fn read(body: &Value, seed: u64) -> ChatRequest {
    let messages = items(body, "messages");
    let spoken = messages.iter().rposition(|message| string(message, "role") == "user");
    let turn = messages.get(spoken.unwrap_or(0)..).unwrap_or_default();
    let legacy = body.get("functions").is_some_and(Value::is_array);
    let declared = if legacy { items(body, "functions") } else { items(body, "tools") };
    let tools = declared.into_iter().map(|tool| {
        let tool = tool.get("function").or(tool.get("custom")).unwrap_or(tool);
        Tool { name: string(tool, "name").to_owned(), schema: tool.get("parameters").cloned().unwrap_or_default() }
    });
    let names = names_of_calls(&messages);
    let limit = ["max_completion_tokens", "max_tokens"].into_iter().find_map(|name| body.get(name)?.as_u64());
    let count = body.get("n").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    ChatRequest {
        model: string(body, "model").to_owned(),
        user_text: spoken.and_then(|at| messages.get(at)).map(|message| content(message)).unwrap_or_default(),
        results: results(&messages, &names),
        turn_results: turn.iter().filter(|message| is_result(message)).map(|message| result(message, &names)).collect(),
        rounds: turn.iter().filter(|message| calls(message)).count(),
        prompt_words: messages.iter().map(|message| text::words(&content(message))).sum(),
        tools: tools.collect(),
        choice: choice(body.get("tool_choice").or(body.get("function_call"))),
        one_call: legacy || body.get("parallel_tool_calls") == Some(&Value::Bool(false)),
        limit,
        stops: match body.get("stop") {
            Some(Value::String(stop)) => vec![stop.clone()],
            _ => items(body, "stop").into_iter().map(content).collect(),
        },
        form: match body.pointer("/response_format/type").and_then(Value::as_str) {
            Some("json_object") => Form::Json,
            Some("json_schema") => body
                .pointer("/response_format/json_schema/schema")
                .map_or(Form::Json, |schema| Form::Schema(schema.clone())),
            _ => Form::Text,
        },
        stream: flag(body, "stream"),
        count: count.unwrap_or(1),
        include_usage: body.pointer("/stream_options/include_usage") == Some(&Value::Bool(true)),
        legacy,
        seed,
        ..ChatRequest::default()
    }
}

/// The tool messages at the end, with the names of the tools.
fn results(messages: &[&Value], names: &HashMap<&str, &str>) -> Vec<(String, String)> {
    let at_end = messages.iter().rev().take_while(|message| is_result(message));
    let mut results: Vec<_> = at_end.map(|message| result(message, names)).collect();
    results.reverse();
    results
}

fn is_result(message: &Value) -> bool {
    matches!(string(message, "role"), "tool" | "function")
}

fn calls(message: &Value) -> bool {
    !items(message, "tool_calls").is_empty() || message.get("function_call").is_some_and(Value::is_object)
}

/// The name of the function in each call, by its id. Of an empty id nothing is known.
fn names_of_calls<'a>(messages: &[&'a Value]) -> HashMap<&'a str, &'a str> {
    let mut names = HashMap::new();
    let calls = messages.iter().flat_map(|message| items(message, "tool_calls"));
    for call in calls.filter(|call| !string(call, "id").is_empty()) {
        names.entry(string(call, "id")).or_insert(call.pointer("/function/name").and_then(Value::as_str));
    }
    names.into_iter().filter_map(|(id, name)| Some((id, name?))).collect()
}

fn result(message: &Value, names: &HashMap<&str, &str>) -> (String, String) {
    let name = names.get(string(message, "tool_call_id")).copied().unwrap_or(string(message, "name"));
    (name.to_owned(), content(message))
}

fn choice(choice: Option<&Value>) -> Choice {
    let Some(choice) = choice else { return Choice::Auto };
    match choice.as_str() {
        Some("none") => return Choice::Never,
        Some("required") => return Choice::Must(Vec::new()),
        Some(_) => return Choice::Auto,
        None => {}
    }
    if let Some(allowed) = choice.get("allowed_tools") {
        let name = |tool: &Value| Some(tool.pointer("/function/name")?.as_str()?.to_owned());
        let names: Vec<String> = items(allowed, "tools").into_iter().filter_map(name).collect();
        return if string(allowed, "mode") == "required" { Choice::Must(names) } else { Choice::Only(names) };
    }
    let named = choice.get("function").or(choice.get("custom")).unwrap_or(choice);
    Choice::Must(vec![string(named, "name").to_owned()])
}

/// The text of a string, a message or a part.
pub(super) fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(content).collect(),
        Value::Object(map) => {
            ["content", "text", "refusal"].into_iter().find_map(|name| map.get(name)).map(content).unwrap_or_default()
        }
        _ => String::new(),
    }
}

//! What an answer depends on in Google's chat requests.

use serde_json::Value;

use super::models::Family;
use crate::chat::{ChatRequest, Choice, Form, Think, Tool};
use crate::members::{items, string};
use crate::text;

fn declarations(body: &Value) -> Vec<&Value> {
    items(body, "tools").into_iter().flat_map(|tool| items(tool, "functionDeclarations")).collect()
}

/// Reads a body that was checked.
pub(super) fn read(body: &Value, family: &Family, seed: u64) -> ChatRequest {
    let contents = items(body, "contents");
    let at = |name: &str| body.pointer(&format!("/generationConfig/{name}"));
    let has_text = |one: &&&Value| string(one, "role") != "model" && !own_text(one).is_empty();
    let tool = |one: &Value| Tool {
        name: string(one, "name").to_owned(),
        schema: one.get("parametersJsonSchema").or(one.get("parameters")).cloned().unwrap_or_default(),
    };
    let config = body.pointer("/toolConfig/functionCallingConfig").unwrap_or(&Value::Null);
    let names = || {
        items(config, "allowedFunctionNames").into_iter().filter_map(|name| name.as_str().map(str::to_owned)).collect()
    };
    let schema = at("responseJsonSchema").or(at("responseSchema"));
    let all = contents.iter().map(|one| text::words(&content(one))).sum::<u64>();
    let spoken = contents.iter().rposition(|one| has_text(&one));
    let turn = contents.get(spoken.unwrap_or(0)..).unwrap_or_default();
    ChatRequest {
        turn_results: turn.iter().flat_map(|one| results_of(one)).collect(),
        rounds: turn.iter().filter(|one| !with(one, "functionCall").is_empty()).count(),
        user_text: contents.iter().rev().find(has_text).map(|one| own_text(one)).unwrap_or_default(),
        results: results(&contents),
        prompt_words: all + body.get("systemInstruction").map_or(0, |system| text::words(&content(system))),
        tools: declarations(body).into_iter().map(tool).collect(),
        choice: match string(config, "mode") {
            "NONE" => Choice::Never,
            "ANY" => Choice::Must(names()),
            _ => Choice::Only(names()),
        },
        limit: at("maxOutputTokens").and_then(Value::as_u64),
        stops: at("stopSequences").and_then(Value::as_array).into_iter().flatten().map(content).collect(),
        form: match (at("responseMimeType").and_then(Value::as_str), schema) {
            (Some("application/json"), Some(schema)) => Form::Schema(schema.clone()),
            (Some("application/json"), None) => Form::Json,
            _ => Form::Text,
        },
        think: match at("thinkingConfig/includeThoughts") {
            Some(Value::Bool(true)) => Think::Shown,
            _ if family.signs => Think::Hidden,
            _ => Think::No,
        },
        count: at("candidateCount").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
        seed,
        ..ChatRequest::default()
    }
}

/// The text of a content, without results.
fn own_text(one: &Value) -> String {
    with(one, "text").into_iter().map(content).collect()
}

/// The results in the last content, if there is no text beside them.
fn results(contents: &[&Value]) -> Vec<(String, String)> {
    let last = contents.last().filter(|last| own_text(last).is_empty());
    last.map(|last| results_of(last)).unwrap_or_default()
}

fn results_of(one: &Value) -> Vec<(String, String)> {
    let result = |result: &Value| {
        let response = result.get("response").unwrap_or(&Value::Null);
        let output = response.get("output").filter(|_| response.as_object().is_some_and(|map| map.len() == 1));
        let text = output.and_then(Value::as_str).map_or_else(|| output.unwrap_or(response).to_string(), str::to_owned);
        (string(result, "name").to_owned(), text)
    };
    with(one, "functionResponse").into_iter().map(result).collect()
}

/// All text of a content or a part; of a result the whole response.
pub(super) fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(content).collect::<Vec<_>>().join(" "),
        Value::Object(map) => {
            if let Some(response) = map.get("functionResponse").and_then(|one| one.get("response")) {
                return response.to_string();
            }
            map.get("text").or(map.get("parts")).map(content).unwrap_or_default()
        }
        _ => String::new(),
    }
}

pub(super) fn with<'a>(one: &'a Value, name: &str) -> Vec<&'a Value> {
    items(one, "parts").into_iter().filter_map(|part| part.get(name)).collect()
}

//! What OpenAI accepts.

use serde_json::Value;

use super::chat::{ask, content};
use super::fields::{CHAT, CHOICE, EMBEDDINGS};
use super::{bad, bad_param, knows, no_model, unknown_parameter};
use crate::chat::Ask;
use crate::members::{flag, items, string};
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::{Fault, Step, Type, What, check};

/// Checks a chat request and reads what the answer depends on.
pub(super) fn chat(request: &Request<'_>) -> Result<Ask, Reply> {
    let body = parse(request)?;
    check(&CHAT, &body).map_err(|fault| words(&fault))?;
    if let Some(choice) = body.get("tool_choice").filter(|choice| !choice.is_null()) {
        check(&CHOICE, choice).map_err(|fault| words(&within("tool_choice", fault)))?;
    }
    let model = string(&body, "model");
    if !knows(request, model) || model.starts_with("text-embedding") {
        return Err(no_model(model));
    }
    together(&body)?;
    conversation(&items(&body, "messages"))?;
    for (at, tool) in items(&body, "tools").iter().enumerate() {
        tool_name(tool, &format!("tools[{at}]"))?;
    }
    Ok(ask(&body, request.seed))
}

/// An embeddings request.
pub(super) struct Embeddings {
    pub(super) model: String,
    pub(super) inputs: Vec<String>,
    pub(super) dimensions: usize,
    pub(super) base64: bool,
}

/// Checks an embeddings request.
pub(super) fn embeddings(request: &Request<'_>) -> Result<Embeddings, Reply> {
    let body = parse(request)?;
    check(&EMBEDDINGS, &body).map_err(|fault| words(&fault))?;
    let model = string(&body, "model");
    let largest = match model {
        "text-embedding-3-large" => 3072,
        "text-embedding-3-small" | "text-embedding-ada-002" => 1536,
        _ if request.models.contains(&model) => 3072,
        _ => return Err(no_model(model)),
    };
    let dimensions = body.get("dimensions").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    if dimensions.is_some() && model == "text-embedding-ada-002" {
        return Err(bad("This model does not support specifying dimensions."));
    }
    if let Some(count) = dimensions.filter(|count| *count > largest) {
        let message = format!("Invalid value for 'dimensions' = {count}. Must be less than or equal to {largest}.");
        return Err(bad_param("dimensions", None, &message));
    }
    let inputs: Vec<String> = match body.get("input") {
        Some(Value::Array(items)) if items.first().is_some_and(Value::is_number) => vec![join(items)],
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_array().map_or_else(|| content(item), |ids| join(ids))).collect()
        }
        one => vec![one.map(content).unwrap_or_default()],
    };
    if inputs.iter().any(String::is_empty) {
        let message =
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.";
        return Err(bad(message));
    }
    let base64 = string(&body, "encoding_format") == "base64";
    Ok(Embeddings { model: model.to_owned(), inputs, dimensions: dimensions.unwrap_or(largest), base64 })
}

fn join(ids: &[Value]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn parse(request: &Request<'_>) -> Result<Value, Reply> {
    serde_json::from_slice(request.body).map_err(|_| {
        bad("We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library \
             correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. If you have trouble \
             figuring out how to fix this, please contact us through our help center at help.openai.com.)")
    })
}

/// Rules about several members.
fn together(body: &Value) -> Result<(), Reply> {
    let has = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let streams = flag(body, "stream");
    if has("stream_options") && !streams {
        let message = "The 'stream_options' parameter is only allowed when 'stream' is enabled.";
        return Err(bad_param("stream_options", None, message));
    }
    for (name, with) in [("tool_choice", "tools"), ("parallel_tool_calls", "tools"), ("function_call", "functions")] {
        if has(name) && !has(with) {
            let message = format!("Invalid value for '{name}': '{name}' is only allowed when '{with}' are specified.");
            return Err(bad_param(name, None, &message));
        }
    }
    if has("top_logprobs") && !flag(body, "logprobs") {
        let message = "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.";
        return Err(bad_param("top_logprobs", None, message));
    }
    let reasons =
        string(body, "model").strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if reasons && has("max_tokens") {
        let message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.";
        return Err(bad_param("max_tokens", Some("unsupported_parameter"), message));
    }
    if reasons && body.get("temperature").and_then(Value::as_f64).is_some_and(|value| value != 1.0) {
        let message = "Unsupported value: 'temperature' does not support this value with this model. Only the default (1) value is supported.";
        return Err(bad_param("temperature", Some("unsupported_value"), message));
    }
    let json_mode = body.pointer("/response_format/type").and_then(Value::as_str) == Some("json_object");
    let mentions = || items(body, "messages").iter().any(|message| content(message).to_lowercase().contains("json"));
    if json_mode && !mentions() {
        let message =
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'.";
        return Err(bad_param("messages", None, message));
    }
    Ok(())
}

/// Every call has its result right behind it, and no result comes out of nothing.
fn conversation(messages: &[&Value]) -> Result<(), Reply> {
    let mut open: Vec<&str> = Vec::new();
    let mut asked_at = 0;
    for (at, message) in messages.iter().enumerate() {
        let role = string(message, "role");
        let id = string(message, "tool_call_id");
        if role == "tool" {
            let Some(found) = open.iter().position(|known| *known == id) else {
                let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                return Err(bad_param(&format!("messages.[{at}].role"), None, message));
            };
            open.remove(found);
            continue;
        }
        unanswered(&open, asked_at)?;
        asked_at = at;
        open = items(message, "tool_calls").into_iter().map(|call| string(call, "id")).collect();
        if role == "assistant"
            && content(message).is_empty()
            && open.is_empty()
            && string(message, "refusal").is_empty()
            && message.get("function_call").is_none_or(Value::is_null)
            && message.get("content").is_none_or(Value::is_null)
        {
            let text = format!("Invalid value for 'content': expected a string, got null. (messages.[{at}].content)");
            return Err(bad_param(&format!("messages.[{at}].content"), None, &text));
        }
    }
    unanswered(&open, asked_at)
}

fn unanswered(open: &[&str], at: usize) -> Result<(), Reply> {
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The \
         following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(bad_param(&format!("messages.[{at}].role"), None, &message))
}

fn tool_name(tool: &Value, path: &str) -> Result<(), Reply> {
    let name =
        tool.pointer("/function/name").or(tool.pointer("/custom/name")).and_then(Value::as_str).unwrap_or_default();
    let fits =
        !name.is_empty() && name.len() <= 64 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if fits {
        return Ok(());
    }
    let message = format!(
        "Invalid '{path}.function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
    );
    Err(bad_param(&format!("{path}.function.name"), Some("invalid_value"), &message))
}

/// A fault in OpenAI's words.
fn words(fault: &Fault) -> Reply {
    let path = fault.dotted();
    let (code, message) = match &fault.what {
        What::Missing if path == "model" => return bad("you must provide a model parameter"),
        What::Missing => ("missing_required_parameter", format!("Missing required parameter: '{path}'.")),
        What::Unknown if fault.path.len() == 1 => {
            return bad(&format!("Unrecognized request argument supplied: {path}"));
        }
        What::Unknown => return unknown_parameter(&path),
        What::Type { want, got } => {
            let (want, got) = (article(*want), article(Type::of(got)));
            ("invalid_type", format!("Invalid type for '{path}': expected {want}, but got {got} instead."))
        }
        What::Value { got, allowed } => ("invalid_value", not_in(got, allowed)),
        What::Tag { tag, got, allowed } => {
            return bad_param(&format!("{path}.{tag}"), Some("invalid_value"), &not_in(got, allowed));
        }
        What::Low { min, got, decimal } => {
            let kind = if *decimal { "decimal" } else { "integer" };
            let text = format!(
                "Invalid '{path}': {kind} below minimum value. Expected a value >= {min}, but got {got} instead."
            );
            return bad_param(
                &path,
                Some(if *decimal { "decimal_below_min_value" } else { "integer_below_min_value" }),
                &text,
            );
        }
        What::High { max, got, decimal } => {
            let kind = if *decimal { "decimal" } else { "integer" };
            let text = format!(
                "Invalid '{path}': {kind} above maximum value. Expected a value <= {max}, but got {got} instead."
            );
            return bad_param(
                &path,
                Some(if *decimal { "decimal_above_max_value" } else { "integer_above_max_value" }),
                &text,
            );
        }
        What::Short { min } => (
            "empty_array",
            format!(
                "Invalid '{path}': empty array. Expected an array with minimum length {min}, but got an empty array instead."
            ),
        ),
        What::Long { max, got } => (
            "array_above_max_length",
            format!(
                "Invalid '{path}': array too long. Expected an array with maximum length {max}, but got an array with length {got} instead."
            ),
        ),
    };
    bad_param(&path, Some(code), &message)
}

fn within(name: &str, mut fault: Fault) -> Fault {
    fault.path.insert(0, Step::Key(name.to_owned()));
    fault
}

fn not_in(got: &str, allowed: &[&str]) -> String {
    let list = match allowed.split_last() {
        Some((last, rest)) if !rest.is_empty() => {
            format!("{}, and '{last}'", rest.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", "))
        }
        _ => allowed.iter().map(|one| format!("'{one}'")).collect(),
    };
    format!("Invalid value: '{got}'. Supported values are: {list}.")
}

fn article(kind: Type) -> &'static str {
    match kind {
        Type::Null => "null",
        Type::Boolean => "a boolean",
        Type::Integer => "an integer",
        Type::Decimal => "a decimal",
        Type::String => "a string",
        Type::Array => "an array",
        Type::Object => "an object",
    }
}

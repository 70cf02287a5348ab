//! What OpenAI accepts.

use serde_json::Value;

use super::chat::{self, content};
use super::conversation;
use super::errors::{bad, bad_param, no_model, unknown_parameter};
use super::fields::{CHAT, CHOICE};
use super::models;
use crate::chat::ChatRequest;
use crate::members::{flag, items, string};
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::{Problem, Step, Type, Violation, check};

/// Checks a chat request and reads what the answer depends on.
pub(super) fn chat(request: &Request<'_>) -> Result<ChatRequest, Reply> {
    let body = parse(request)?;
    check(&CHAT, &body).map_err(|violation| describe(&violation))?;
    if let Some(choice) = body.get("tool_choice").filter(|choice| !choice.is_null()) {
        check(&CHOICE, choice).map_err(|violation| describe(&within("tool_choice", violation)))?;
    }
    if !request.provider.takes_stream_options() && body.get("stream_options").is_some() {
        return Err(unknown_parameter("stream_options"));
    }
    let model = string(&body, "model");
    if !models::exists(request, model) || model.starts_with("text-embedding") {
        return Err(no_model(model));
    }
    together(&body)?;
    conversation::check(&items(&body, "messages"))?;
    for (at, tool) in items(&body, "tools").iter().enumerate() {
        tool_name(tool, &format!("tools[{at}]"))?;
    }
    let mut read = chat::read(&body, request.seed);
    // Who has no such option sends usage unasked.
    read.include_usage |= !request.provider.takes_stream_options();
    Ok(read)
}

/// The body as JSON.
pub(super) fn parse(request: &Request<'_>) -> Result<Value, Reply> {
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
pub(super) fn describe(violation: &Violation) -> Reply {
    let path = violation.dotted();
    let (code, message) = match &violation.what {
        Problem::Missing if path == "model" => return bad("you must provide a model parameter"),
        Problem::Missing => ("missing_required_parameter", format!("Missing required parameter: '{path}'.")),
        Problem::Unknown if violation.path.len() == 1 => {
            return bad(&format!("Unrecognized request argument supplied: {path}"));
        }
        Problem::Unknown => return unknown_parameter(&path),
        Problem::Type { want, got } => {
            let (want, got) = (article(*want), article(Type::of(got)));
            ("invalid_type", format!("Invalid type for '{path}': expected {want}, but got {got} instead."))
        }
        Problem::Value { got, allowed } => ("invalid_value", not_in(got, allowed)),
        Problem::Tag { tag, got, allowed } => {
            return bad_param(&format!("{path}.{tag}"), Some("invalid_value"), &not_in(got, allowed));
        }
        Problem::Low { min, got, decimal } => {
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
        Problem::High { max, got, decimal } => {
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
        Problem::Short { min } => (
            "empty_array",
            format!(
                "Invalid '{path}': empty array. Expected an array with minimum length {min}, but got an empty array instead."
            ),
        ),
        Problem::Long { max, got } => (
            "array_above_max_length",
            format!(
                "Invalid '{path}': array too long. Expected an array with maximum length {max}, but got an array with length {got} instead."
            ),
        ),
    };
    bad_param(&path, Some(code), &message)
}

fn within(name: &str, mut violation: Violation) -> Violation {
    violation.path.insert(0, Step::Key(name.to_owned()));
    violation
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

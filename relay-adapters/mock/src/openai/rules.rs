//! What OpenAI accepts.

use std::borrow::Cow;

use serde_json::Value;

use super::chat::{self, content};
use super::errors::{bad, bad_param, no_model, unknown_parameter};
use super::fields::{CHAT, CHOICE};
use super::refusals::{
    EMPTY_ARRAY, JSON, JSON_MODE, LONG_ARRAY, MAX_TOKENS, MEMBER_HIGH, MEMBER_LOW, MEMBER_TYPE, MEMBER_VALUE,
    MISSING_MEMBER, NO_MODEL, ONLY_WITH, STREAM_OPTIONS, TEMPERATURE, TOP_LOGPROBS, UNKNOWN_ARGUMENT,
};
use super::{conversation, models, tools};
use crate::chat::ChatRequest;
use crate::json_text;
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
    tools::check(&body)?;
    let mut read = chat::read(&body, request.seed);
    // Who has no such option sends usage unasked.
    read.include_usage |= !request.provider.takes_stream_options();
    Ok(read)
}

/// The body as JSON.
pub(super) fn parse(request: &Request<'_>) -> Result<Value, Reply> {
    // Half a character is taken, as OpenAI is reported to do.
    let body = match json_text::lone_surrogate(request.body) {
        Some(_) => Cow::Owned(json_text::replaced(request.body)),
        None => Cow::Borrowed(&request.body[..]),
    };
    serde_json::from_slice(&body).map_err(|_| bad(JSON.words))
}

/// Rules about several members.
fn together(body: &Value) -> Result<(), Reply> {
    let has = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
    let streams = flag(body, "stream");
    if has("stream_options") && !streams {
        return Err(bad_param("stream_options", None, STREAM_OPTIONS.words));
    }
    for (name, with) in [("tool_choice", "tools"), ("parallel_tool_calls", "tools"), ("function_call", "functions")] {
        if has(name) && !has(with) {
            return Err(bad_param(name, None, &ONLY_WITH.say(&[name, name, with])));
        }
    }
    if has("top_logprobs") && !flag(body, "logprobs") {
        return Err(bad_param("top_logprobs", None, TOP_LOGPROBS.words));
    }
    let reasons =
        string(body, "model").strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    if reasons && has("max_tokens") {
        return Err(bad_param("max_tokens", Some("unsupported_parameter"), MAX_TOKENS.words));
    }
    if reasons && body.get("temperature").and_then(Value::as_f64).is_some_and(|value| value != 1.0) {
        return Err(bad_param("temperature", Some("unsupported_value"), TEMPERATURE.words));
    }
    let json_mode = body.pointer("/response_format/type").and_then(Value::as_str) == Some("json_object");
    let mentions = || items(body, "messages").iter().any(|message| content(message).to_lowercase().contains("json"));
    if json_mode && !mentions() {
        return Err(bad_param("messages", None, JSON_MODE.words));
    }
    Ok(())
}

/// A fault in OpenAI's words.
pub(super) fn describe(violation: &Violation) -> Reply {
    let path = violation.dotted();
    let (code, message) = match &violation.what {
        Problem::Missing if path == "model" => return bad(NO_MODEL.words),
        Problem::Missing => ("missing_required_parameter", MISSING_MEMBER.say(&[&path])),
        Problem::Unknown if violation.path.len() == 1 => return bad(&UNKNOWN_ARGUMENT.say(&[&path])),
        Problem::Unknown => return unknown_parameter(&path),
        Problem::Type { want, got } => {
            ("invalid_type", MEMBER_TYPE.say(&[&path, article(*want), article(Type::of(got))]))
        }
        Problem::Value { got, allowed } => ("invalid_value", not_in(got, allowed)),
        Problem::Tag { tag, got, allowed } => {
            return bad_param(&format!("{path}.{tag}"), Some("invalid_value"), &not_in(got, allowed));
        }
        Problem::Low { min, got, decimal } => {
            let (kind, code) =
                if *decimal { ("decimal", "decimal_below_min_value") } else { ("integer", "integer_below_min_value") };
            (code, MEMBER_LOW.say(&[&path, kind, &min.to_string(), &got.to_string()]))
        }
        Problem::High { max, got, decimal } => {
            let (kind, code) =
                if *decimal { ("decimal", "decimal_above_max_value") } else { ("integer", "integer_above_max_value") };
            (code, MEMBER_HIGH.say(&[&path, kind, &max.to_string(), &got.to_string()]))
        }
        Problem::Short { min } => ("empty_array", EMPTY_ARRAY.say(&[&path, &min.to_string()])),
        Problem::Long { max, got } => {
            ("array_above_max_length", LONG_ARRAY.say(&[&path, &max.to_string(), &got.to_string()]))
        }
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
    MEMBER_VALUE.say(&[got, &list])
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

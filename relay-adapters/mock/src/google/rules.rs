//! What Google accepts.

use serde_json::{Value, json};

use super::chat::{self, content};
use super::errors::{Checked, detailed, error, no_model};
use super::fields::{COUNT, GENERATE};
use super::models::{self, Family, Thinking};
use super::refusals::{
    ALT, CANDIDATES, JSON, JSON_WITH_FORCED_CALL, JSON_WITH_TOOLS, LIST_LONG, LOGPROBS, LONE_SURROGATE, MEMBER_HIGH,
    MEMBER_LOW, MEMBER_TYPE, MEMBER_VALUE, MISSING_MEMBER, NO_JSON, NO_THINKING, NO_THINKING_LEVEL, OUTPUT_LIMIT,
    PENALTY, SCHEMA_BOTH, SCHEMA_MIME_TYPE, THINKING_BOTH, THINKING_BUDGET, THINKING_LEVEL, THINKING_MODE,
    UNKNOWN_MEMBER,
};
use super::{continuation, conversation, json_schema, tools};
use crate::chat::ChatRequest;
use crate::json_text;
use crate::members::items;
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::{Problem, Type, Violation, check};
use crate::text;

/// The body as JSON.
pub(super) fn parse(request: &Request<'_>) -> Result<Value, Reply> {
    match json_text::lone_surrogate(request.body) {
        Some(lone) => Err(error(400, &LONE_SURROGATE.say(&[&lone.at.to_string()]))),
        None => serde_json::from_slice(request.body).map_err(|cause| error(400, &JSON.say(&[&cause.to_string()]))),
    }
}

/// Counts the words of a prompt.
pub(super) fn count(request: &Request<'_>, model: &str) -> Result<u64, Reply> {
    family(request, model, "countTokens")?;
    let body = parse(request)?;
    check(&COUNT, &body).map_err(|violation| describe(&violation))?;
    let contents = items(body.get("generateContentRequest").unwrap_or(&body), "contents");
    Ok(contents.into_iter().map(|one| text::words(&content(one))).sum::<u64>().max(1))
}

/// Checks a chat request and reads what the answer depends on.
pub(super) fn generate(request: &Request<'_>, model: &str, stream: bool) -> Result<ChatRequest, Reply> {
    let refuse = |message: String| error(400, &message);
    let verb = if stream { "streamGenerateContent" } else { "generateContent" };
    let family = family(request, model, verb)?;
    match request.query("alt") {
        None | Some("json") => {}
        Some("sse") if stream => {}
        Some(other) => return Err(refuse(ALT.say(&[other]))),
    }
    let body = parse(request)?;
    check(&GENERATE, &body).map_err(|violation| describe(&violation))?;
    config(&body, family, model).map_err(refuse)?;
    tools::check(&body, family, model).map_err(refuse)?;
    conversation::check(&body, family, model).map_err(refuse)?;
    let (continuation, digest) = continuation::read(&body, family).map_err(refuse)?;
    let array = stream && request.query("alt") != Some("sse");
    Ok(ChatRequest {
        json_array: array,
        stream,
        model: model.to_owned(),
        continuation,
        digest,
        ..chat::read(&body, family, request.seed)
    })
}

fn family(request: &Request<'_>, model: &str, verb: &str) -> Result<&'static Family, Reply> {
    let added = request.models.contains(&model).then_some(&models::ADDED);
    models::find(model).or(added).ok_or_else(|| no_model(model, verb))
}

/// What this class can't do.
fn config(body: &Value, family: &Family, model: &str) -> Checked {
    let at = |name: &str| body.pointer(&format!("/generationConfig/{name}")).filter(|value| !value.is_null());
    if at("candidateCount").is_some_and(|count| count != 1) && !family.several {
        return Err(CANDIDATES.say(&[]));
    }
    if at("responseLogprobs") == Some(&Value::Bool(true)) || at("logprobs").is_some() {
        return Err(LOGPROBS.say(&[model]));
    }
    if at("presencePenalty").or(at("frequencyPenalty")).is_some() {
        return Err(PENALTY.say(&[model]));
    }
    let limit = at("maxOutputTokens").and_then(Value::as_u64).unwrap_or(1);
    if limit > family.most_output {
        return Err(OUTPUT_LIMIT.say(&[&limit.to_string(), &(family.most_output + 1).to_string()]));
    }
    let json_answer = at("responseMimeType").is_some_and(|kind| kind == "application/json");
    if json_answer && !family.functions {
        return Err(NO_JSON.say(&[model]));
    }
    if at("responseSchema").is_some() && at("responseJsonSchema").is_some() {
        return Err(SCHEMA_BOTH.say(&[]));
    }
    if at("responseSchema").or(at("responseJsonSchema")).is_some() && !json_answer {
        let name = if at("responseSchema").is_some() { "response_schema" } else { "response_json_schema" };
        return Err(SCHEMA_MIME_TYPE.say(&[name]));
    }
    let declared = items(body, "tools").iter().any(|tool| tool.get("functionDeclarations").is_some());
    if json_answer && declared && !family.json_with_tools {
        return Err(JSON_WITH_TOOLS.say(&[]));
    }
    let forced = body.pointer("/toolConfig/functionCallingConfig/mode").is_some_and(|mode| mode == "ANY");
    if json_answer && declared && forced {
        return Err(JSON_WITH_FORCED_CALL.say(&[]));
    }
    if let Some(schema) = at("responseJsonSchema") {
        json_schema::check(schema, "generation_config.response_json_schema")?;
    }
    thinking(at("thinkingConfig"), family)
}

fn thinking(config: Option<&Value>, family: &Family) -> Checked {
    let Some(config) = config else { return Ok(()) };
    let level = config.get("thinkingLevel").and_then(Value::as_str).map(str::to_ascii_uppercase);
    let budget = config.get("thinkingBudget").and_then(Value::as_i64);
    if level.is_some() && budget.is_some() {
        return Err(THINKING_BOTH.say(&[]));
    }
    match (family.thinking, level, budget) {
        (Thinking::None, _, _) => Err(NO_THINKING.say(&[])),
        (Thinking::Budget(..), Some(_), _) => Err(NO_THINKING_LEVEL.say(&[])),
        (Thinking::Budget(_, _, false), _, Some(0)) => Err(THINKING_MODE.say(&[])),
        (Thinking::Budget(min, max, _), _, Some(budget))
            if budget > 0 && !(min..=max).contains(&budget) || budget < -1 =>
        {
            Err(THINKING_BUDGET.say(&[&budget.to_string(), &min.to_string(), &max.to_string()]))
        }
        (Thinking::Level(levels), Some(level), _) if !levels.contains(&level.as_str()) => {
            Err(THINKING_LEVEL.say(&[&level]))
        }
        _ => Ok(()),
    }
}

/// The answer of Google to a violation.
pub(super) fn describe(violation: &Violation) -> Reply {
    let path = snake(&violation.dotted());
    let message = match &violation.what {
        Problem::Unknown => {
            let parent = Violation {
                path: violation.path.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default(),
                what: Problem::Unknown,
            };
            let place = snake(&parent.dotted());
            let at = if place.is_empty() { String::new() } else { format!(" at '{place}'") };
            let message = UNKNOWN_MEMBER.say(&[violation.name(), &at]);
            let violation = json!({"field": place, "description": message});
            let details =
                json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]);
            return detailed(400, &message, details);
        }
        Problem::Missing => MISSING_MEMBER.say(&[&path]),
        Problem::Type { want, got } => MEMBER_TYPE.say(&[&path, type_name(*want), &got.to_string()]),
        Problem::Value { got, .. } | Problem::Tag { got, .. } => MEMBER_VALUE.say(&[&path, got]),
        Problem::Low { min, .. } => MEMBER_LOW.say(&[&path, &min.to_string()]),
        Problem::High { max, .. } => MEMBER_HIGH.say(&[&path, &max.to_string()]),
        Problem::Short { min } => format!("* GenerateContentRequest.{path}: must have at least {min} entries\n"),
        Problem::Long { max, got } => LIST_LONG.say(&[&path, &max.to_string(), &got.to_string()]),
    };
    error(400, &message)
}

/// Google names fields in messages as its protocol buffers do. Names that the caller chose stay.
fn snake(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for c in path.chars() {
        if c.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(c.to_ascii_lowercase());
    }
    out
}

fn type_name(want: Type) -> &'static str {
    match want {
        Type::Boolean => "TYPE_BOOL",
        Type::Integer => "TYPE_INT32",
        Type::Decimal => "TYPE_FLOAT",
        Type::String => "TYPE_STRING",
        Type::Null | Type::Array | Type::Object => "TYPE_MESSAGE",
    }
}

//! What Google accepts.

use serde_json::{Value, json};

use super::chat::{self, content};
use super::continuation;
use super::conversation;
use super::errors::{Checked, detailed, error, no_model};
use super::fields::{COUNT, GENERATE};
use super::json_schema;
use super::models::{self, Family, Thinking};
use crate::chat::ChatRequest;
use crate::members::{items, string};
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::{Problem, Type, Violation, check};
use crate::text;

/// The body as JSON.
pub(super) fn parse(request: &Request<'_>) -> Result<Value, Reply> {
    serde_json::from_slice(request.body)
        .map_err(|cause| error(400, &format!("Invalid JSON payload received. Parsing failed: {cause}")))
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
        Some(other) => return Err(refuse(format!("Invalid value at 'alt' (TYPE_ENUM), \"{other}\""))),
    }
    let body = parse(request)?;
    check(&GENERATE, &body).map_err(|violation| describe(&violation))?;
    config(&body, family, model).map_err(refuse)?;
    tools(&body, family).map_err(refuse)?;
    conversation::check(&body, family).map_err(refuse)?;
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
        return Err("Multiple candidates is not enabled for this model".to_owned());
    }
    if at("responseLogprobs") == Some(&Value::Bool(true)) || at("logprobs").is_some() {
        return Err(format!("Logprobs is not enabled for models/{model}"));
    }
    if at("presencePenalty").or(at("frequencyPenalty")).is_some() {
        return Err(format!("Penalty is not enabled for models/{model}"));
    }
    let json_answer = at("responseMimeType").is_some_and(|kind| kind == "application/json");
    if at("responseSchema").is_some() && at("responseJsonSchema").is_some() {
        return Err("`response_schema` and `response_json_schema` must not both be set.".to_owned());
    }
    if at("responseSchema").or(at("responseJsonSchema")).is_some() && !json_answer {
        let name = if at("responseSchema").is_some() { "response_schema" } else { "response_json_schema" };
        return Err(format!(
            "* GenerateContentRequest.generation_config.{name}: only allowed when response_mime_type is 'application/json'\n"
        ));
    }
    let declared = items(body, "tools").iter().any(|tool| tool.get("functionDeclarations").is_some());
    if json_answer && declared && !family.json_with_tools {
        return Err("Function calling with a response mime type: 'application/json' is unsupported".to_owned());
    }
    let forced = body.pointer("/toolConfig/functionCallingConfig/mode").is_some_and(|mode| mode == "ANY");
    if json_answer && declared && forced {
        return Err("Forced function calling (mode ANY) with a response mime type: 'application/json' is unsupported"
            .to_owned());
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
        return Err("You can only set only one of thinking budget and thinking level.".to_owned());
    }
    match (family.thinking, level, budget) {
        (Thinking::None, _, _) => Err("Thinking is not supported for this model.".to_owned()),
        (Thinking::Budget(..), Some(_), _) => Err("Thinking level is not supported for this model.".to_owned()),
        (Thinking::Budget(_, _, false), _, Some(0)) => {
            Err("Budget 0 is invalid. This model only works in thinking mode.".to_owned())
        }
        (Thinking::Budget(min, max, _), _, Some(budget))
            if budget > 0 && !(min..=max).contains(&budget) || budget < -1 =>
        {
            Err(format!("The thinking budget {budget} is invalid. Please choose a value between {min} and {max}."))
        }
        (Thinking::Level(levels), Some(level), _) if !levels.contains(&level.as_str()) => Err(format!(
            "Thinking level {level} is not supported for this model. Please retry with other thinking level."
        )),
        _ => Ok(()),
    }
}

fn tools(body: &Value, family: &Family) -> Checked {
    let mut names = Vec::new();
    for (at, tool) in items(body, "tools").into_iter().enumerate() {
        for (index, one) in items(tool, "functionDeclarations").into_iter().enumerate() {
            let path = format!("GenerateContentRequest.tools[{at}].function_declarations[{index}]");
            let name = string(one, "name");
            if !is_name(name) {
                return Err(format!(
                    "* {path}.name: Invalid function name. Must start with a letter or an underscore. Must be alphanumeric (a-z, \
                     A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with a maximum length of 128.\n"
                ));
            }
            if names.contains(&name) {
                return Err(format!("Duplicate function declaration found: {name}"));
            }
            names.push(name);
            if one.get("parameters").is_some() && one.get("parametersJsonSchema").is_some() {
                return Err(format!("* {path}: parameters and parameters_json_schema must not both be set\n"));
            }
            let schema = one.get("parametersJsonSchema").or(one.get("parameters"));
            if schema.is_some_and(|schema| !string(schema, "type").eq_ignore_ascii_case("object")) {
                return Err(format!("* {path}.parameters: schema should be of type OBJECT\n"));
            }
            if let Some(schema) = one.get("parametersJsonSchema") {
                json_schema::check(
                    schema,
                    &format!("tools[{at}].function_declarations[{index}].parameters_json_schema"),
                )?;
            }
        }
    }
    let searches = items(body, "tools").iter().any(|tool| tool.get("googleSearch").is_some());
    let mixes =
        body.pointer("/toolConfig/includeServerSideToolInvocations") == Some(&Value::Bool(true)) && family.signs;
    if searches && !names.is_empty() && !mixes {
        return Err(
            "Built-in tools ({google_search}) and Function Calling cannot be combined in the same request.".to_owned()
        );
    }
    choice_fits(body, &names)
}

fn choice_fits(body: &Value, declared: &[&str]) -> Checked {
    let Some(config) = body.pointer("/toolConfig/functionCallingConfig") else { return Ok(()) };
    if declared.is_empty() {
        return Err("Function calling config is set without function_declarations.".to_owned());
    }
    let allowed = items(config, "allowedFunctionNames");
    if !allowed.is_empty() && !matches!(string(config, "mode"), "ANY" | "VALIDATED") {
        return Err(
            "Allowed function names should be set only when function calling mode is ANY or VALIDATED.".to_owned()
        );
    }
    let unknown = allowed.iter().find(|name| !name.as_str().is_some_and(|name| declared.contains(&name)));
    unknown
        .map_or(Ok(()), |name| Err(format!("Allowed function name {name} is not declared in function_declarations.")))
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b))
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
            let message = format!("Unknown name \"{}\"{at}: Cannot find field.", violation.name());
            let violation = json!({"field": place, "description": format!("Invalid JSON payload received. {message}")});
            let details =
                json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]);
            return detailed(400, &format!("Invalid JSON payload received. {message}"), details);
        }
        Problem::Missing => format!("* GenerateContentRequest.{path}: required field is not specified\n"),
        Problem::Type { want, got } => format!("Invalid value at '{path}' ({}), {got}", type_name(*want)),
        Problem::Value { got, .. } | Problem::Tag { got, .. } => {
            format!("Invalid value at '{path}' (TYPE_ENUM), \"{got}\"")
        }
        Problem::Low { min, .. } => format!("* GenerateContentRequest.{path}: must be at least {min}\n"),
        Problem::High { max, .. } => format!("* GenerateContentRequest.{path}: must be at most {max}\n"),
        Problem::Short { min } => format!("* GenerateContentRequest.{path}: must have at least {min} entries\n"),
        Problem::Long { max, got } => {
            format!("* GenerateContentRequest.{path}: must have at most {max} entries, got {got}\n")
        }
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

//! What Google accepts.

use serde_json::{Value, json};

use super::super::peek::{items, string};
use super::super::reply::Reply;
use super::super::request::Request;
use super::super::schema::{Fault, Type, What, check};
use super::super::text;
use super::super::turn::Ask;
use super::answer::{ABOUT_TEXT, about_call};
use super::ask::{ask, content, with};
use super::classes::{self, Class, Thinking};
use super::fields::{COUNT, GENERATE};
use super::{detailed, error, no_model};

/// What a part can hold one of.
const DATA: &[&str] = &[
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

/// A 400's message.
type Said = Result<(), String>;

/// The body as JSON.
pub(super) fn body(request: &Request<'_>) -> Result<Value, Reply> {
    serde_json::from_slice(request.body)
        .map_err(|error| super::error(400, &format!("Invalid JSON payload received. Parsing failed: {error}")))
}

/// Counts the words of a prompt.
pub(super) fn count(request: &Request<'_>, model: &str) -> Result<u64, Reply> {
    class(request, model, "countTokens")?;
    let body = body(request)?;
    check(&COUNT, &body).map_err(|fault| words(&fault))?;
    let contents = items(body.get("generateContentRequest").unwrap_or(&body), "contents");
    Ok(contents.into_iter().map(|one| text::words(&content(one))).sum::<u64>().max(1))
}

/// Checks a chat request and reads what the answer depends on.
pub(super) fn generate(request: &Request<'_>, model: &str, stream: bool) -> Result<Ask, Reply> {
    let refuse = |message: String| error(400, &message);
    let verb = if stream { "streamGenerateContent" } else { "generateContent" };
    let class = class(request, model, verb)?;
    match request.query("alt") {
        None | Some("json") => {}
        Some("sse") if stream => {}
        Some(other) => return Err(refuse(format!("Invalid value at 'alt' (TYPE_ENUM), \"{other}\""))),
    }
    let body = body(request)?;
    check(&GENERATE, &body).map_err(|fault| words(&fault))?;
    config(&body, class, model).map_err(refuse)?;
    tools(&body, class).map_err(refuse)?;
    conversation(&body, class).map_err(refuse)?;
    let array = stream && request.query("alt") != Some("sse");
    Ok(Ask { json_array: array, stream, model: model.to_owned(), ..ask(&body, request.seed) })
}

fn class(request: &Request<'_>, model: &str, verb: &str) -> Result<&'static Class, Reply> {
    let added = request.models.contains(&model).then_some(&classes::ADDED);
    classes::find(model).or(added).ok_or_else(|| no_model(model, verb))
}

/// What this class can't do.
fn config(body: &Value, class: &Class, model: &str) -> Said {
    let at = |name: &str| body.pointer(&format!("/generationConfig/{name}")).filter(|value| !value.is_null());
    if at("candidateCount").is_some_and(|count| count != 1) && !class.several {
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
    if json_answer && declared && !class.json_with_tools {
        return Err("Function calling with a response mime type: 'application/json' is unsupported".to_owned());
    }
    thinking(at("thinkingConfig"), class)
}

fn thinking(config: Option<&Value>, class: &Class) -> Said {
    let Some(config) = config else { return Ok(()) };
    let level = config.get("thinkingLevel").and_then(Value::as_str).map(str::to_ascii_uppercase);
    let budget = config.get("thinkingBudget").and_then(Value::as_i64);
    if level.is_some() && budget.is_some() {
        return Err("You can only set only one of thinking budget and thinking level.".to_owned());
    }
    match (class.thinking, level, budget) {
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

fn tools(body: &Value, class: &Class) -> Said {
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
        }
    }
    let searches = items(body, "tools").iter().any(|tool| tool.get("googleSearch").is_some());
    let mixes = body.pointer("/toolConfig/includeServerSideToolInvocations") == Some(&Value::Bool(true)) && class.signs;
    if searches && !names.is_empty() && !mixes {
        return Err(
            "Built-in tools ({google_search}) and Function Calling cannot be combined in the same request.".to_owned()
        );
    }
    choice_fits(body, &names)
}

fn choice_fits(body: &Value, declared: &[&str]) -> Said {
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

fn conversation(body: &Value, class: &Class) -> Said {
    let contents = items(body, "contents");
    if contents.is_empty() {
        return Err("* GenerateContentRequest.contents: contents is not specified\n".to_owned());
    }
    let system = body.get("systemInstruction").filter(|one| !one.is_null());
    if let Some(system) = system {
        parts(system, "system_instruction")?;
    }
    for (at, one) in contents.iter().enumerate() {
        let role = one.get("role").and_then(Value::as_str);
        if !matches!(role, None | Some("user" | "model")) || (role.is_none() && contents.len() > 1) {
            return Err("Please use a valid role: user, model.".to_owned());
        }
        parts(one, &format!("contents[{at}]"))?;
        exchange(&contents, at, class)?;
    }
    let ends_with_model = contents.last().is_some_and(|last| string(last, "role") == "model");
    if ends_with_model && !class.prefill {
        return Err("Requests ending with a model turn are not supported by this model. Please end with a user role."
            .to_owned());
    }
    if class.signs { signatures(&contents) } else { Ok(()) }
}

/// Each part has exactly one kind of data.
fn parts(one: &Value, path: &str) -> Said {
    let parts = items(one, "parts");
    if parts.is_empty() {
        return Err(format!("* GenerateContentRequest.{path}.parts: contents.parts must not be empty.\n"));
    }
    for (at, part) in parts.iter().enumerate() {
        let mut data = DATA.iter().filter(|name| part.get(**name).is_some_and(|value| !value.is_null()));
        match (data.next(), data.next()) {
            (Some(_), None) => {}
            (Some(_), Some(second)) => {
                return Err(format!(
                    "Invalid value at '{path}.parts[{at}]' (oneof), oneof field 'data' is already set. Cannot set '{second}'"
                ));
            }
            _ => {
                return Err(format!(
                    "* GenerateContentRequest.{path}.parts[{at}].data: required oneof field 'data' must have one initialized field\n"
                ));
            }
        }
        let signature = part.get("thoughtSignature").and_then(Value::as_str);
        let about = part.get("functionCall").map_or(ABOUT_TEXT.to_owned(), |call| {
            about_call(string(call, "name"), call.get("args").unwrap_or(&json!({})))
        });
        let fits = |signature: &str| signature == SENTINEL || text::signature_fits(signature, &about);
        if signature.is_some_and(|signature| !fits(signature)) {
            return Err("Corrupted thought signature.".to_owned());
        }
    }
    Ok(())
}

/// What Google documents for histories of other models.
const SENTINEL: &str = "skip_thought_signature_validator";

/// Calls are followed by as many results, with the same names and ids.
fn exchange(contents: &[&Value], at: usize, class: &Class) -> Said {
    let Some(one) = contents.get(at) else { return Ok(()) };
    let before = at.checked_sub(1).and_then(|at| contents.get(at)).copied().unwrap_or(&Value::Null);
    let after = contents.get(at + 1).copied().unwrap_or(&Value::Null);
    let (calls, results) = (with(one, "functionCall"), with(one, "functionResponse"));
    if !calls.is_empty() {
        if string(one, "role") != "model" || !matches!(string(before, "role"), "user") {
            return Err(
                "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
                    .to_owned(),
            );
        }
        if with(after, "functionResponse").is_empty() {
            return Err(
                "Please ensure that function response turn comes immediately after a function call turn.".to_owned()
            );
        }
    }
    if results.is_empty() {
        return Ok(());
    }
    let asked = with(before, "functionCall");
    if asked.len() != results.len() {
        return Err(
            "Please ensure that the number of function response parts is equal to the number of function call parts of the \
             function call turn."
                .to_owned(),
        );
    }
    let mark = |one: &&Value| (string(one, "name").to_owned(), string(one, "id").to_owned());
    let (mut asked, mut given): (Vec<_>, Vec<_>) =
        (asked.iter().map(mark).collect(), results.iter().map(mark).collect());
    if !class.signs {
        asked.iter_mut().chain(given.iter_mut()).for_each(|(_, id)| id.clear());
    }
    asked.sort_unstable();
    given.sort_unstable();
    if asked == given {
        return Ok(());
    }
    Err("Please ensure that the function response parts have the names and ids of the function call parts of the function call turn.".to_owned())
}

/// From Gemini 3 on: in the current turn the first call of each model content is signed.
fn signatures(contents: &[&Value]) -> Said {
    let own = |one: &&&Value| {
        string(one, "role") != "model" && items(one, "parts").iter().any(|part| part.get("functionResponse").is_none())
    };
    let start = contents.len() - contents.iter().rev().position(|one| own(&one)).unwrap_or(contents.len());
    for (at, one) in contents.iter().enumerate().skip(start) {
        let first = items(one, "parts").into_iter().find(|part| part.get("functionCall").is_some());
        let Some(part) = first.filter(|part| part.get("thoughtSignature").is_none()) else { continue };
        let name = part.pointer("/functionCall/name").and_then(Value::as_str).unwrap_or_default();
        return Err(format!(
            "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and \
             missing thought_signature may lead to degraded model performance. Additional data, function call \
             `default_api:{name}` , position {}. Please refer to https://ai.google.dev/gemini-api/docs/thought-signatures for more \
             details.",
            at + 1
        ));
    }
    Ok(())
}

/// A fault in Google's words.
pub(super) fn words(fault: &Fault) -> Reply {
    let path = snake(&fault.dotted());
    let message = match &fault.what {
        What::Unknown => {
            let parent = Fault {
                path: fault.path.split_last().map(|(_, rest)| rest.to_vec()).unwrap_or_default(),
                what: What::Unknown,
            };
            let place = snake(&parent.dotted());
            let at = if place.is_empty() { String::new() } else { format!(" at '{place}'") };
            let said = format!("Unknown name \"{}\"{at}: Cannot find field.", fault.name());
            let violation = json!({"field": place, "description": format!("Invalid JSON payload received. {said}")});
            let details =
                json!([{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}]);
            return detailed(400, &format!("Invalid JSON payload received. {said}"), details);
        }
        What::Missing => format!("* GenerateContentRequest.{path}: required field is not specified\n"),
        What::Type { want, got } => format!("Invalid value at '{path}' ({}), {got}", type_name(*want)),
        What::Value { got, .. } | What::Tag { got, .. } => format!("Invalid value at '{path}' (TYPE_ENUM), \"{got}\""),
        What::Low { min, .. } => format!("* GenerateContentRequest.{path}: must be at least {min}\n"),
        What::High { max, .. } => format!("* GenerateContentRequest.{path}: must be at most {max}\n"),
        What::Short { min } => format!("* GenerateContentRequest.{path}: must have at least {min} entries\n"),
        What::Long { max, got } => {
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

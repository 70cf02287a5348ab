//! What Google accepts.

use serde_json::{Value, json};

use super::super::reply::Reply;
use super::super::request::Request;
use super::super::schema::{Fault, Field, INT, Kind, NUM, Type, What, check, list, may, must};
use super::super::text;
use super::super::turn::{Ask, Choice, Form, Think, Tool};
use super::answer::{ABOUT_TEXT, about_call};
use super::classes::{self, Class, Thinking};
use super::{detailed, error, no_model};

use Kind::{Any, Bool, Either, Enum, Int, List, Map, MapOf, Num, Object, Ref, Text};

static PART: Kind = Object(&[
    may("text", Text),
    may("inlineData", Object(&[must("mimeType", Text), must("data", Text), may("displayName", Text)])),
    may("fileData", Object(&[may("mimeType", Text), must("fileUri", Text)])),
    may("functionCall", Object(&[may("id", Text), must("name", Text), may("args", Map)])),
    may(
        "functionResponse",
        Object(&[may("id", Text), must("name", Text), must("response", Map), may("parts", list(&Map))]),
    ),
    may("executableCode", Map),
    may("codeExecutionResult", Map),
    may("toolCall", Map),
    may("toolResponse", Map),
    may("thought", Bool),
    may("thoughtSignature", Text),
    may("videoMetadata", Map),
    may(
        "mediaResolution",
        Object(&[must(
            "level",
            Enum(&[
                "MEDIA_RESOLUTION_UNSPECIFIED",
                "MEDIA_RESOLUTION_LOW",
                "MEDIA_RESOLUTION_MEDIUM",
                "MEDIA_RESOLUTION_HIGH",
                "MEDIA_RESOLUTION_ULTRA_HIGH",
            ]),
        )]),
    ),
]);
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
static CONTENT: Kind = Object(&[may("role", Text), may("parts", list(&PART))]);
/// Google's older `Schema`, a subset of OpenAPI's.
static SCHEMA: Kind = Object(&[
    may(
        "type",
        Enum(&[
            "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL", "string", "number", "integer",
            "boolean", "array", "object", "null",
        ]),
    ),
    may("format", Text),
    may("title", Text),
    may("description", Text),
    may("nullable", Bool),
    may("enum", list(&Text)),
    may("items", Ref(&SCHEMA)),
    may("minItems", Either(&[INT, Text])),
    may("maxItems", Either(&[INT, Text])),
    may("properties", MapOf(&SCHEMA)),
    may("required", list(&Text)),
    may("propertyOrdering", list(&Text)),
    may("anyOf", list(&SCHEMA)),
    may("minimum", NUM),
    may("maximum", NUM),
    may("minLength", Either(&[INT, Text])),
    may("maxLength", Either(&[INT, Text])),
    may("minProperties", Either(&[INT, Text])),
    may("maxProperties", Either(&[INT, Text])),
    may("pattern", Text),
    may("default", Any),
    may("example", Any),
]);
static DECLARATION: Kind = Object(&[
    must("name", Text),
    may("description", Text),
    may("parameters", Ref(&SCHEMA)),
    may("parametersJsonSchema", Map),
    may("response", Ref(&SCHEMA)),
    may("responseJsonSchema", Map),
    may("behavior", Enum(&["BLOCKING", "NON_BLOCKING"])),
]);
static TOOL: Kind = Object(&[
    may("functionDeclarations", List(&DECLARATION, 0, 512)),
    may("googleSearch", Map),
    may("codeExecution", Map),
    may("urlContext", Map),
]);
static SAFETY: Kind = Object(&[
    must(
        "category",
        Enum(&[
            "HARM_CATEGORY_HARASSMENT",
            "HARM_CATEGORY_HATE_SPEECH",
            "HARM_CATEGORY_SEXUALLY_EXPLICIT",
            "HARM_CATEGORY_DANGEROUS_CONTENT",
            "HARM_CATEGORY_CIVIC_INTEGRITY",
        ]),
    ),
    must("threshold", Enum(&["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"])),
]);
const I32: Kind = Int(-0x8000_0000, 0x7fff_ffff);
static CONFIG: Kind = Object(&[
    may("candidateCount", Int(1, 8)),
    may("stopSequences", List(&Text, 0, 5)),
    may("maxOutputTokens", Int(1, 0x7fff_ffff)),
    may("temperature", Num(0.0, 2.0)),
    may("topP", Num(0.0, 1.0)),
    may("topK", NUM),
    may("seed", I32),
    may("responseMimeType", Enum(&["text/plain", "application/json", "text/x.enum"])),
    may("responseSchema", Ref(&SCHEMA)),
    may("responseJsonSchema", Any),
    may("responseModalities", list(&Enum(&["TEXT", "IMAGE", "AUDIO"]))),
    may("responseLogprobs", Bool),
    may("logprobs", Int(0, 20)),
    may("presencePenalty", Num(-2.0, 2.0)),
    may("frequencyPenalty", Num(-2.0, 2.0)),
    may("mediaResolution", Enum(&["MEDIA_RESOLUTION_LOW", "MEDIA_RESOLUTION_MEDIUM", "MEDIA_RESOLUTION_HIGH"])),
    may(
        "thinkingConfig",
        Object(&[
            may("includeThoughts", Bool),
            may("thinkingBudget", I32),
            may(
                "thinkingLevel",
                Enum(&["MINIMAL", "LOW", "MEDIUM", "HIGH", "XHIGH", "minimal", "low", "medium", "high", "xhigh"]),
            ),
        ]),
    ),
]);
const CONTENTS: Field = may("contents", list(&CONTENT));
const SYSTEM: Field = may("systemInstruction", Ref(&CONTENT));
const TOOLS: Field = may("tools", list(&TOOL));
static GENERATE: Kind = Object(&[
    CONTENTS,
    SYSTEM,
    TOOLS,
    may(
        "toolConfig",
        Object(&[
            may(
                "functionCallingConfig",
                Object(&[
                    may("mode", Enum(&["MODE_UNSPECIFIED", "AUTO", "ANY", "NONE", "VALIDATED"])),
                    may("allowedFunctionNames", list(&Text)),
                ]),
            ),
            may("includeServerSideToolInvocations", Bool),
            may("retrievalConfig", Map),
        ]),
    ),
    may("safetySettings", list(&SAFETY)),
    may("generationConfig", Ref(&CONFIG)),
    may("cachedContent", Text),
    may("serviceTier", Enum(&["standard", "flex", "priority"])),
    may("store", Bool),
    may("continuationToken", Text),
]);
static COUNT: Kind = Object(&[CONTENTS, may("generateContentRequest", Map)]);

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

fn declarations(body: &Value) -> Vec<&Value> {
    items(body, "tools").into_iter().flat_map(|tool| items(tool, "functionDeclarations")).collect()
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

fn with<'a>(one: &'a Value, name: &str) -> Vec<&'a Value> {
    items(one, "parts").into_iter().filter_map(|part| part.get(name)).collect()
}

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

fn ask(body: &Value, seed: u64) -> Ask {
    let contents = items(body, "contents");
    let at = |name: &str| body.pointer(&format!("/generationConfig/{name}"));
    let is_said = |one: &&&Value| string(one, "role") != "model" && !said(one).is_empty();
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
    Ask {
        said: contents.iter().rev().find(is_said).map(|one| said(one)).unwrap_or_default(),
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
            _ => Think::No,
        },
        count: at("candidateCount").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok()).unwrap_or(1),
        seed,
        ..Ask::default()
    }
}

fn said(one: &Value) -> String {
    with(one, "text").into_iter().map(content).collect()
}

/// The results in the last content, if there is no text beside them.
fn results(contents: &[&Value]) -> Vec<(String, String)> {
    let Some(last) = contents.last().filter(|last| said(last).is_empty()) else { return Vec::new() };
    let result = |result: &Value| {
        let response = result.get("response").unwrap_or(&Value::Null);
        let output = response.get("output").filter(|_| response.as_object().is_some_and(|map| map.len() == 1));
        let text = output.and_then(Value::as_str).map_or_else(|| output.unwrap_or(response).to_string(), str::to_owned);
        (string(result, "name").to_owned(), text)
    };
    with(last, "functionResponse").into_iter().map(result).collect()
}

pub(super) fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn items<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().collect()
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

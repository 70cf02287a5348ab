//! What OpenAI accepts.

use serde_json::Value;

use super::super::reply::Reply;
use super::super::request::Request;
use super::super::schema::{Fault, Field, INT, Kind, Step, Type, What, check, list, may, must};
use super::super::text;
use super::super::turn::{Ask, Choice, Form, Tool};
use super::{bad, bad_param, knows, no_model, unknown_parameter};

use Kind::{Any, Bool, Either, Enum, Int, List, Map, MapOf, Num, Object, Tagged, Text};

static NAME: Kind = Text;
static TEXT_PART: Kind = Tagged("type", &[("text", &[must("text", Text), may("prompt_cache_breakpoint", Map)])]);
static ASSISTANT_PART: Kind = Tagged(
    "type",
    &[("text", &[must("text", Text), may("prompt_cache_breakpoint", Map)]), ("refusal", &[must("refusal", Text)])],
);
static USER_PART: Kind = Tagged(
    "type",
    &[
        ("text", &[must("text", Text), may("prompt_cache_breakpoint", Map)]),
        (
            "image_url",
            &[
                must(
                    "image_url",
                    Object(&[must("url", Text), may("detail", Enum(&["auto", "low", "high", "original"]))]),
                ),
                may("prompt_cache_breakpoint", Map),
            ],
        ),
        ("input_audio", &[must("input_audio", Object(&[must("data", Text), must("format", Enum(&["wav", "mp3"]))]))]),
        ("file", &[must("file", Object(&[may("file_id", Text), may("file_data", Text), may("filename", Text)]))]),
    ],
);
static CALL: Kind = Tagged(
    "type",
    &[
        (
            "function",
            &[
                may("index", INT),
                must("id", Text),
                must("function", Object(&[must("name", Text), must("arguments", Text)])),
            ],
        ),
        ("custom", &[must("id", Text), must("custom", Object(&[must("name", Text), must("input", Text)]))]),
    ],
);
static MESSAGE: Kind = Tagged(
    "role",
    &[
        ("system", &[must("content", Either(&[Text, list(&TEXT_PART)])), may("name", Text)]),
        ("assistant", ASSISTANT),
        ("user", &[must("content", Either(&[Text, list(&USER_PART)])), may("name", Text)]),
        ("function", &[must("content", Any), must("name", Text)]),
        ("tool", &[must("content", Either(&[Text, list(&TEXT_PART)])), must("tool_call_id", Text), may("name", Text)]),
        ("developer", &[must("content", Either(&[Text, list(&TEXT_PART)])), may("name", Text)]),
    ],
);
static ASSISTANT: &[Field] = &[
    may("content", Either(&[Text, list(&ASSISTANT_PART)])),
    may("refusal", Text),
    may("name", Text),
    may("audio", Object(&[must("id", Text)])),
    may("annotations", list(&Any)),
    may("tool_calls", List(&CALL, 1, usize::MAX)),
    may("function_call", Object(&[must("name", Text), must("arguments", Text)])),
];
static FUNCTION: Kind =
    Object(&[must("name", Text), may("description", Text), may("parameters", Map), may("strict", Bool)]);
static TOOL: Kind = Tagged(
    "type",
    &[
        (
            "function",
            &[must(
                "function",
                Object(&[must("name", Text), may("description", Text), may("parameters", Map), may("strict", Bool)]),
            )],
        ),
        ("custom", &[must("custom", Object(&[must("name", Text), may("description", Text), may("format", Map)]))]),
    ],
);
static CHOICE: Kind = Either(&[
    Enum(&["none", "auto", "required"]),
    Tagged(
        "type",
        &[
            ("function", &[must("function", Object(&[must("name", Text)]))]),
            ("custom", &[must("custom", Object(&[must("name", Text)]))]),
            (
                "allowed_tools",
                &[must(
                    "allowed_tools",
                    Object(&[must("mode", Enum(&["auto", "required"])), must("tools", list(&Map))]),
                )],
            ),
        ],
    ),
]);
static CHAT: Kind = Object(&[
    must("model", Text),
    must("messages", List(&MESSAGE, 1, usize::MAX)),
    may("audio", Map),
    may("frequency_penalty", Num(-2.0, 2.0)),
    may("function_call", Either(&[Enum(&["none", "auto"]), Object(&[must("name", Text)])])),
    may("functions", List(&FUNCTION, 1, 128)),
    may("logit_bias", MapOf(&Num(-100.0, 100.0))),
    may("logprobs", Bool),
    may("max_completion_tokens", Int(1, i64::MAX)),
    may("max_tokens", Int(1, i64::MAX)),
    may("metadata", MapOf(&Text)),
    may("modalities", list(&Enum(&["text", "audio"]))),
    may("moderation", Any),
    may("n", Int(1, 128)),
    may("parallel_tool_calls", Bool),
    may("prediction", Map),
    may("presence_penalty", Num(-2.0, 2.0)),
    may("prompt_cache_key", Text),
    may("prompt_cache_options", Map),
    may("prompt_cache_retention", Text),
    may("reasoning_effort", Enum(&["none", "minimal", "low", "medium", "high", "xhigh", "max"])),
    may(
        "response_format",
        Tagged(
            "type",
            &[
                ("json_object", &[]),
                (
                    "json_schema",
                    &[must(
                        "json_schema",
                        Object(&[
                            must("name", Text),
                            may("description", Text),
                            may("schema", Map),
                            may("strict", Bool),
                        ]),
                    )],
                ),
                ("text", &[]),
            ],
        ),
    ),
    may("safety_identifier", Text),
    may("seed", INT),
    may("service_tier", Enum(&["auto", "default", "flex", "scale", "priority", "fast"])),
    may("stop", Either(&[Text, List(&NAME, 0, 4)])),
    may("store", Bool),
    may("stream", Bool),
    may("stream_options", Object(&[may("include_usage", Bool), may("include_obfuscation", Bool)])),
    may("temperature", Num(0.0, 2.0)),
    may("tool_choice", Either(&[Enum(&["none", "auto", "required"]), Map])),
    may("tools", List(&TOOL, 1, 128)),
    may("top_logprobs", Int(0, 20)),
    may("top_p", Num(0.0, 1.0)),
    may("user", Text),
    may("verbosity", Enum(&["low", "medium", "high"])),
    may("web_search_options", Map),
]);
static EMBEDDINGS: Kind = Object(&[
    must("model", Text),
    must("input", Either(&[Text, List(&Text, 1, 2048), List(&INT, 1, 2048), List(&List(&INT, 1, 8192), 1, 2048)])),
    may("dimensions", Int(1, 3072)),
    may("encoding_format", Enum(&["float", "base64"])),
    may("user", Text),
]);

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

fn ask(body: &Value, seed: u64) -> Ask {
    let messages = items(body, "messages");
    let last_user = messages.iter().rev().find(|message| string(message, "role") == "user");
    let legacy = body.get("functions").is_some_and(Value::is_array);
    let declared = if legacy { items(body, "functions") } else { items(body, "tools") };
    let tools = declared.into_iter().map(|tool| {
        let tool = tool.get("function").or(tool.get("custom")).unwrap_or(tool);
        Tool { name: string(tool, "name").to_owned(), schema: tool.get("parameters").cloned().unwrap_or_default() }
    });
    let limit = ["max_completion_tokens", "max_tokens"].into_iter().find_map(|name| body.get(name)?.as_u64());
    let count = body.get("n").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    Ask {
        model: string(body, "model").to_owned(),
        said: last_user.map(|message| content(message)).unwrap_or_default(),
        results: results(&messages),
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
        ..Ask::default()
    }
}

/// The tool messages at the end, with the names of the tools.
fn results(messages: &[&Value]) -> Vec<(String, String)> {
    let at_end = |message: &&&Value| matches!(string(message, "role"), "tool" | "function");
    let mut results: Vec<_> = messages
        .iter()
        .rev()
        .take_while(at_end)
        .map(|message| {
            let id = string(message, "tool_call_id");
            let mut calls = messages.iter().flat_map(|message| items(message, "tool_calls"));
            let call = calls.find(|call| string(call, "id") == id && !id.is_empty());
            let name =
                call.and_then(|call| call.pointer("/function/name")?.as_str()).unwrap_or(string(message, "name"));
            (name.to_owned(), content(message))
        })
        .collect();
    results.reverse();
    results
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

fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

fn items<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().collect()
}

/// The text of a string, a message or a part.
fn content(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(content).collect(),
        Value::Object(map) => {
            ["content", "text", "refusal"].into_iter().find_map(|name| map.get(name)).map(content).unwrap_or_default()
        }
        _ => String::new(),
    }
}

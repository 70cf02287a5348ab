//! A chat request to `generateContent`.

use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use super::messages::{self, Content, SystemInstruction};
use super::models::{self, ModelFamily};
use super::reasoning::{self, ThinkingConfig};
use super::schema::{self, Owner, Rigor};
use super::tools::{self, Tool, ToolConfig, Tools, required_object, required_text};
use super::{continuation, mapping, names, safety};
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::json::Object;
use crate::translation::surface::refusals;
use crate::translation::{Call, ChatContext, Notes, TranslatedChat, Work};

/// The body of `generateContent`.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    system_instruction: Option<SystemInstruction<'a>>,
    contents: Vec<Content<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_config: Option<ToolConfig<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    safety_settings: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cached_content: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    /// [`GenerationConfig`], if it says anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    generation_config: Option<Box<RawValue>>,
}

/// `generationConfig`. Numbers that are only passed on stay as the caller wrote them.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct GenerationConfig<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    max_output_tokens: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    candidate_count: Option<i64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_logprobs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logprobs: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_mime_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_json_schema: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_config: Option<ThinkingConfig>,
}

/// Translates a chat request.
///
/// # Errors
/// What Gemini has no counterpart for, naming the member.
pub(super) fn translate(call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
    let (name, path) = models::path(call.model)?;
    let (request, family) = (call.request, ModelFamily::for_model(name));
    let mut notes = Notes::default();
    mapping::CHAT.check(request, &mut notes)?;
    let mut conversation = messages::read(request, family, &mut notes)?;
    let mut tools = tools::read(request, &mut notes, call.work)?;
    names::settle(&mut conversation.contents, &mut tools);
    let google = request.object("extra_body")?.map(|extra| extra.object("google")).transpose()?.flatten();
    let config = generation_config(call, google.as_ref(), family, &tools, &mut notes)?;
    let stream = request.flag("stream")?.unwrap_or(false);
    let is_amendable = conversation.contents.iter().any(Content::is_signed) || asks_for_more(request);
    let context = ChatContext { is_amendable, ..context(call, name, stream, &tools)? };
    let body = Body {
        system_instruction: conversation.system,
        contents: conversation.contents,
        safety_settings: google.as_ref().map(safety::settings).transpose()?.flatten(),
        cached_content: google.as_ref().map(cached_content).transpose()?.flatten(),
        service_tier: service_tier(request, &mut notes)?,
        generation_config: (config.get() != "{}").then_some(config),
        tool_config: tools.config,
        tools: all_tools(request, tools.declarations)?,
    };
    let (verb, expect) = match stream {
        true => ("streamGenerateContent?alt=sse", Expect::Stream),
        false => ("generateContent", Expect::Whole),
    };
    Ok(TranslatedChat { wire: WireRequest::post(format!("{path}:{verb}"), written(&body)?, expect), context, notes })
}

/// The JSON text of what was built out of valid parts.
pub(super) fn written(body: &impl Serialize) -> Result<Vec<u8>, RelayError> {
    serde_json::to_vec(body).map_err(|error| RelayError::invalid_json("it can't be written again").with_source(error))
}

fn context(call: &Call<'_>, name: &str, stream: bool, tools: &Tools<'_>) -> Result<ChatContext, RelayError> {
    let options = call.request.object("stream_options")?;
    let include_usage = options.map(|options| options.flag("include_usage")).transpose()?.flatten();
    let parallel = call.request.flag("parallel_tool_calls")?.unwrap_or(true);
    let limit = ["max_completion_tokens", "max_tokens"].into_iter().find_map(|name| call.request.get(name));
    let may_be_long = limit
        .is_none_or(|limit| limit.get().parse().is_ok_and(|limit: u64| limit > continuation::UNINTERRUPTED_TOKENS));
    Ok(ChatContext {
        stream,
        include_usage: include_usage.unwrap_or(false),
        legacy_functions: tools.legacy,
        first_call_only: tools.legacy || !parallel,
        renamed_tools: tools.renamed.clone(),
        may_continue: ModelFamily::for_model(name).long_answers && may_be_long,
        ..ChatContext::new(call.id, call.now.seconds(), name)
    })
}

fn generation_config<'a>(
    call: &Call<'a>,
    google: Option<&Object<'a>>,
    family: &ModelFamily,
    tools: &Tools<'a>,
    notes: &mut Notes,
) -> Result<Box<RawValue>, RelayError> {
    let request = call.request;
    let mut config = GenerationConfig {
        max_output_tokens: max_tokens(request, family, notes)?,
        temperature: sampling(request, "temperature", 2.0, family, notes)?,
        top_p: sampling(request, "top_p", 1.0, family, notes)?,
        candidate_count: candidates(request, family)?,
        stop_sequences: stop(request)?,
        seed: request.integer("seed")?.map(folded),
        thinking_config: reasoning::config(request, google, family, notes)?,
        ..GenerationConfig::default()
    };
    logprobs(request, &mut config)?;
    response_format(call, family, tools, &mut config, notes)?;
    to_raw_value(&config).map_err(|error| RelayError::invalid_json("it can't be written again").with_source(error))
}

/// Whether more tokens are asked for than most models give; what a new model gives may not be known here.
fn asks_for_more(request: &Object<'_>) -> bool {
    let limits = ["max_completion_tokens", "max_tokens"].into_iter().filter_map(|name| request.get(name));
    limits.filter_map(|limit| limit.get().parse::<i64>().ok()).any(|limit| limit > models::USUAL_OUTPUT)
}

/// The limit of the answer, in tokens. Google refuses more than the model can give.
fn max_tokens(request: &Object<'_>, family: &ModelFamily, notes: &mut Notes) -> Result<Option<i64>, RelayError> {
    let name = if request.get("max_completion_tokens").is_some() { "max_completion_tokens" } else { "max_tokens" };
    match request.integer(name)? {
        Some(count) if count < 1 => Err(RelayError::invalid_value(name, format!("`{name}` must be at least 1"))),
        Some(count) if count > family.max_output => {
            notes.adjust(name);
            Ok(Some(family.max_output))
        }
        count => Ok(count),
    }
}

/// `temperature` or `top_p`: as it came, unless the family ignores it.
fn sampling<'a>(
    request: &Object<'a>,
    name: &'static str,
    most: f64,
    family: &ModelFamily,
    notes: &mut Notes,
) -> Result<Option<&'a RawValue>, RelayError> {
    let Some(value) = request.number(name)? else { return Ok(None) };
    if !(0.0..=most).contains(&value) {
        return Err(RelayError::invalid_value(name, format!("`{name}` must be between 0 and {most}")));
    }
    if !family.sampling {
        if value != 1.0 {
            notes.drop(name);
        }
        return Ok(None);
    }
    Ok(request.get(name))
}

fn candidates(request: &Object<'_>, family: &ModelFamily) -> Result<Option<i64>, RelayError> {
    match request.integer("n")? {
        None | Some(1) => Ok(None),
        Some(count) if (2..=family.candidates).contains(&count) => Ok(Some(count)),
        Some(_) => {
            let why = format!("this model gives at most {} answers to a request", family.candidates);
            Err(RelayError::unsupported_value("n", why))
        }
    }
}

/// One string or several; empty ones say nothing. Gemini takes five, OpenAI four.
fn stop(request: &Object<'_>) -> Result<Vec<String>, RelayError> {
    let Some(raw) = request.get("stop") else { return Ok(Vec::new()) };
    let mut all: Vec<String> = if raw.get().starts_with('"') {
        vec![request.text("stop")?.unwrap_or_default().into_owned()]
    } else {
        request.read("stop", "a string or an array of strings")?.unwrap_or_default()
    };
    all.retain(|text| !text.is_empty());
    if all.len() > 5 {
        return Err(RelayError::invalid_value("stop", "Gemini takes at most 5 stop sequences"));
    }
    Ok(all)
}

/// Gemini's seeds have 32 bits: a larger one becomes its high half xor its low half.
fn folded(seed: i64) -> i32 {
    i32::try_from(seed).unwrap_or(((seed >> 32) ^ seed) as i32)
}

fn logprobs(request: &Object<'_>, config: &mut GenerationConfig<'_>) -> Result<(), RelayError> {
    let wanted = request.flag("logprobs")?.unwrap_or(false);
    config.response_logprobs = wanted.then_some(true);
    match request.integer("top_logprobs")? {
        Some(count) if !(0..=20).contains(&count) => {
            Err(RelayError::invalid_value("top_logprobs", "`top_logprobs` must be between 0 and 20"))
        }
        Some(_) if !wanted => Err(RelayError::invalid_value("top_logprobs", "`top_logprobs` needs `logprobs: true`")),
        count => {
            config.logprobs = count;
            Ok(())
        }
    }
}

fn response_format(
    call: &Call<'_>,
    family: &ModelFamily,
    tools: &Tools<'_>,
    config: &mut GenerationConfig<'_>,
    notes: &mut Notes,
) -> Result<(), RelayError> {
    let Some(format) = call.request.object("response_format")? else { return Ok(()) };
    let schema = match required_text(&format, "type")?.as_ref() {
        "text" => return Ok(()),
        "json_object" => None,
        "json_schema" => answer_schema(&required_object(&format, "json_schema")?, call.work)?,
        _ => {
            let why = "`response_format.type` must be text, json_object or json_schema";
            return Err(RelayError::invalid_value("response_format", why));
        }
    };
    if tools.forced {
        notes.drop("response_format"); // the answer can only be a call
        return Ok(());
    }
    if !family.since_gemini_3 && !tools.declarations.is_empty() {
        let why = "Gemini models before 3 don't take tools together with a JSON `response_format`";
        return Err(RelayError::unsupported_parameter("response_format", why));
    }
    config.response_mime_type = Some("application/json");
    config.response_json_schema = schema;
    Ok(())
}

/// `json_schema.schema`. Its description stands beside it in OpenAI's schema.
fn answer_schema(format: &Object<'_>, work: &Work) -> Result<Option<Map<String, Value>>, RelayError> {
    let Some(raw) = format.get("schema") else { return Ok(None) };
    refusals::strict_answer(format, work)?;
    let rigor = if format.flag("strict")? == Some(true) { Rigor::Strict } else { Rigor::Answer };
    let owner = Owner { param: &format.path("schema"), owner: "`response_format`" };
    let mut schema = schema::convert(raw, owner, rigor, work)?;
    if let Some(description) = format.text("description")?.filter(|_| !schema.contains_key("$ref")) {
        schema.entry("description").or_insert_with(|| Value::String(description.into_owned()));
    }
    Ok(Some(schema))
}

/// The functions and Google's search. They only go together in Gemini 3, in a form that OpenAI's clients can't send back.
fn all_tools<'a>(request: &Object<'_>, declarations: Vec<tools::Declaration<'a>>) -> Result<Vec<Tool<'a>>, RelayError> {
    if request.object("web_search_options")?.is_none() {
        return Ok(if declarations.is_empty() { Vec::new() } else { vec![Tool::FunctionDeclarations(declarations)] });
    }
    if !declarations.is_empty() {
        let why = "with Gemini, `web_search_options` and tools exclude each other";
        return Err(RelayError::unsupported_value("web_search_options", why));
    }
    Ok(vec![Tool::GoogleSearch {}])
}

/// `auto` is the default, never the dearer `priority`.
fn service_tier(request: &Object<'_>, notes: &mut Notes) -> Result<Option<&'static str>, RelayError> {
    Ok(match request.text("service_tier")?.as_deref() {
        None | Some("auto" | "default") => None,
        Some("flex") => Some("flex"),
        Some("priority" | "fast") => Some("priority"),
        Some(_) => {
            notes.drop("service_tier");
            None
        }
    })
}

/// `extra_body.google.cached_content`.
fn cached_content<'a>(google: &Object<'a>) -> Result<Option<&'a RawValue>, RelayError> {
    match google.text("cached_content")? {
        Some(name) if !name.starts_with("cachedContents/") => {
            let why = "`cached_content` must be `cachedContents/...`";
            Err(RelayError::invalid_value(google.path("cached_content"), why))
        }
        _ => Ok(google.get("cached_content")),
    }
}

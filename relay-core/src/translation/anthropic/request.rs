//! The request: OpenAI's chat completion to Anthropic's Messages API.
//!
//! Order matters, since each step looks at the one before: tools, messages, `max_tokens`, reasoning, sampling.

use std::borrow::Cow;

use data_encoding::HEXLOWER;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::blocks::{Block, Turn};
use super::limits::MAX_BODY;
use super::models::ModelFamily;
use super::reasoning::{self, Reasoning, Situation, Thinking};
use super::schema::{self, Compiled, Use};
use super::tools::{self, Choice, Tool};
use super::{cache, continuation, limits, mapping, messages, parts};
use crate::domain::Provider;
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::json::Object;
use crate::translation::surface::refusals;
use crate::translation::{Call, ChatContext, Notes, TranslatedChat};

/// The API's version. With it sampling parameters are refused.
pub(super) const VERSION: &str = "2026-10-21";
/// The version before, sent only along with sampling parameters.
const SAMPLING_VERSION: &str = "2023-06-01";

const JSON_ONLY: &str = "Respond with a single valid JSON object and nothing else: no prose before or after it and no \
                         code fences.";

#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    system: Vec<Block<'a>>,
    messages: Vec<Turn<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<Choice<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking: Option<Thinking<'a>>,
    #[serde(skip_serializing_if = "OutputConfig::is_empty")]
    output_config: OutputConfig,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stop_sequences: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_tier: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cache_control: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    stream: bool,
}

#[derive(Default, Serialize)]
struct OutputConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    effort: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    format: Option<Format>,
}

impl OutputConfig {
    fn is_empty(&self) -> bool {
        self.effort.is_none() && self.format.is_none()
    }
}

#[derive(Serialize)]
struct Format {
    r#type: &'static str,
    #[serde(serialize_with = "compiled")]
    schema: Compiled,
}

fn compiled<S: Serializer>(schema: &Compiled, serializer: S) -> Result<S::Ok, S::Error> {
    schema.schema.serialize(serializer)
}

#[derive(Serialize)]
struct Metadata<'a> {
    user_id: Cow<'a, str>,
}

/// Translates a call.
///
/// # Errors
/// What Anthropic, or the model at hand, has no counterpart for, as a 400 that names the `param`.
pub(super) fn translate(call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
    let request = call.request;
    let family = ModelFamily::for_model(call.model);
    let mut notes = Notes::default();
    mapping::CHAT.check(request, &mut notes)?;
    let mut tools = tools::read(call, family, &mut notes)?;
    let mut conversation = messages::read(request, family, &tools.names, &mut notes)?;
    let max_tokens = max_tokens(call, family, &mut notes)?;
    let forced_tool = tools.choice.as_ref().is_some_and(Choice::is_forced);
    let situation = Situation { family, turns: &conversation.turns, max_tokens, forced_tool };
    let reasoning = reasoning::read(request, &situation, &mut notes)?;
    if !reasoning.is_on {
        messages::remove_thinking(&mut conversation.turns);
    }
    messages::check_end(&mut conversation.turns, family)?;
    let (temperature, top_p) = sampling(request, family, reasoning.is_on, &mut notes)?;
    let format = response_format(call, &mut conversation.system, &mut notes)?;
    if format.is_some() && conversation.turns.last().is_some_and(|turn| turn.role == "assistant") {
        let message = "a JSON schema needs a whole answer: the conversation must end with a user message";
        return Err(RelayError::invalid_value("messages", message));
    }
    let own_cache = request.get("cache_control");
    limits::keep(&mut tools.list, format.as_ref().map(|format| &format.schema), &mut notes);
    cache::keep(own_cache.is_some(), &mut tools.list, &mut conversation.system, &mut conversation.turns, &mut notes);
    let legacy = tools.legacy;
    let stream = request.flag("stream")?.unwrap_or_default();
    let Reasoning { thinking, effort, has_binding, .. } = reasoning;
    let body = Body {
        model: call.model,
        max_tokens,
        system: conversation.system,
        messages: conversation.turns,
        tools: tools.list,
        tool_choice: tools.choice,
        thinking,
        output_config: OutputConfig { effort, format },
        temperature,
        top_p,
        stop_sequences: stop(request)?,
        metadata: user(request)?.map(|user_id| Metadata { user_id }),
        service_tier: service_tier(request)?,
        cache_control: own_cache,
        stream,
    };
    let context = ChatContext {
        stream,
        legacy_functions: legacy,
        may_continue: request.get("web_search_options").is_some(),
        is_long: !stream && max_tokens > continuation::MAX_WHOLE,
        is_amendable: is_amendable(&body),
        renamed_properties: tools.names.into_renames(),
        ..context(call)?
    };
    Ok(TranslatedChat { wire: wire(&body, has_binding)?, context, notes })
}

/// Whether [`amend`](super::amend) can change anything about it.
fn is_amendable(body: &Body<'_>) -> bool {
    let mut blocks = body.messages.iter().flat_map(|turn| &turn.content);
    body.output_config.format.is_some()
        || body.tools.iter().any(|tool| tool.compiled().is_some())
        || body.messages.first().is_some_and(|turn| turn.role == "assistant")
        || blocks.any(|block| block.is_thinking() || (body.tools.is_empty() && matches!(block, Block::ToolUse { .. })))
}

fn wire(body: &Body<'_>, has_binding: bool) -> Result<WireRequest, RelayError> {
    let samples = body.temperature.is_some() || body.top_p.is_some();
    let expect = if body.stream { Expect::Stream } else { Expect::Whole };
    let bytes = serde_json::to_vec(body).map_err(RelayError::invalid_json)?;
    if bytes.len() > MAX_BODY {
        return Err(RelayError::too_large_for(Provider::ANTHROPIC, "32 MB"));
    }
    let version = if samples { SAMPLING_VERSION } else { VERSION };
    let wire = WireRequest::post("/v1/messages", bytes, expect).with_header("anthropic-version", version);
    Ok(if has_binding { wire.with_header("anthropic-beta", reasoning::BINDING_BETA) } else { wire })
}

fn context(call: &Call<'_>) -> Result<ChatContext, RelayError> {
    let options = call.request.object("stream_options")?.unwrap_or_default();
    Ok(ChatContext {
        include_usage: options.flag("include_usage")?.unwrap_or_default(),
        ..ChatContext::new(call.id, call.now.seconds(), call.model)
    })
}

/// The required `max_tokens`: the caller's, or the most that the model can write.
fn max_tokens(call: &Call<'_>, family: &ModelFamily, notes: &mut Notes) -> Result<u64, RelayError> {
    let request = call.request;
    let most = u64::from(family.max_output);
    let asked = ["max_completion_tokens", "max_tokens"].into_iter().find(|name| request.get(name).is_some());
    let Some(name) = asked else { return Ok(most) };
    let tokens = request.integer(name)?.and_then(|tokens| u64::try_from(tokens).ok()).filter(|tokens| *tokens > 0);
    let tokens = tokens.ok_or_else(|| RelayError::invalid_value(name, format!("`{name}` must be at least 1")))?;
    if family.has_row_for(call.model) && tokens > most {
        notes.adjust(name);
        return Ok(most);
    }
    Ok(tokens)
}

/// `temperature` and `top_p`, of which at most one is sent, and only where the model takes them.
fn sampling<'a>(
    request: &Object<'a>,
    family: &ModelFamily,
    thinks: bool,
    notes: &mut Notes,
) -> Result<(Option<&'a RawValue>, Option<&'a RawValue>), RelayError> {
    let is_possible = family.sampling && !thinks;
    let mut temperature = None;
    let in_range = |name: &'static str, most: f64| match request.number(name)? {
        Some(number) if !(0.0..=most).contains(&number) => {
            Err(RelayError::invalid_value(name, format!("`{name}` must be between 0 and {most}")))
        }
        number => Ok(number),
    };
    match in_range("temperature", 2.0)? {
        Some(number) if number > 1.0 => notes.adjust("temperature"), // becomes 1, the default
        Some(number) if number < 1.0 && is_possible => temperature = request.get("temperature"),
        Some(number) if number < 1.0 => notes.drop("temperature"),
        _ => {}
    }
    let mut top_p = None;
    match in_range("top_p", 1.0)? {
        Some(number) if number < 1.0 && is_possible && temperature.is_none() => top_p = request.get("top_p"),
        Some(number) if number < 1.0 => notes.drop("top_p"),
        _ => {}
    }
    Ok((temperature, top_p))
}

/// A schema that Anthropic does not compile, in words.
pub(super) fn instruction(schema: &str) -> String {
    format!("{JSON_ONLY} It must match this JSON schema: {schema}")
}

/// `response_format`. Plain JSON mode has no counterpart: a fixed instruction stands in for it.
fn response_format(
    call: &Call<'_>,
    system: &mut Vec<Block<'_>>,
    notes: &mut Notes,
) -> Result<Option<Format>, RelayError> {
    let Some(format) = call.request.object("response_format")? else { return Ok(None) };
    match format.text("type")?.as_deref() {
        Some("text") => Ok(None),
        Some("json_object") => {
            system.push(Block::text(JSON_ONLY));
            notes.adjust("response_format");
            Ok(None)
        }
        Some("json_schema") => {
            let path = "response_format.json_schema.schema";
            let holder = format.object("json_schema")?.unwrap_or_default();
            let schema = holder.object("schema")?.and_then(|_| holder.get("schema"));
            let schema = schema.ok_or_else(|| RelayError::invalid_value(path, format!("`{path}` is missing")))?;
            refusals::strict_answer(&holder, call.work)?;
            let compiled = schema::compile(schema, holder.text("description")?.as_deref(), Use::Answer, call.work);
            call.work.check(path, "`response_format`")?;
            let schema = compiled.map_err(|why| match schema::is_limit(why) {
                true => RelayError::schema_too_complex(path.to_owned(), "`response_format`", why),
                false => {
                    let message = format!("Claude's structured output can't take this schema: {why}");
                    RelayError::unsupported_value(path, message)
                }
            })?;
            if schema.is_narrowed {
                notes.adjust("response_format");
            }
            if !limits::allow(&schema) {
                system.push(Block::text(instruction(schema.schema.get())));
                notes.adjust("response_format");
                return Ok(None);
            }
            Ok(Some(Format { r#type: "json_schema", schema }))
        }
        _ => {
            let message = "`response_format.type` must be text, json_object or json_schema";
            Err(RelayError::unsupported_value("response_format.type", message))
        }
    }
}

fn stop(request: &Object<'_>) -> Result<Vec<String>, RelayError> {
    let is_one = request.get("stop").is_some_and(|raw| raw.get().starts_with('"'));
    let mut sequences = if is_one {
        request.text("stop")?.map(Cow::into_owned).into_iter().collect()
    } else {
        request.read::<Vec<String>>("stop", "a string or an array of strings")?.unwrap_or_default()
    };
    sequences.retain(|sequence| !sequence.is_empty());
    if sequences.iter().any(|sequence| parts::is_blank(sequence)) {
        let message = "Anthropic refuses a stop sequence that is white space only";
        return Err(RelayError::unsupported_value("stop", message));
    }
    Ok(sequences)
}

/// Who the end user is, for Anthropic's abuse checks. It asks for no names, mail addresses or phone numbers, so whatever
/// could be one is hashed.
fn user<'a>(request: &Object<'a>) -> Result<Option<Cow<'a, str>>, RelayError> {
    let identifier = request.text("safety_identifier")?;
    let user = request.text("user")?;
    let Some(user) = [identifier, user].into_iter().flatten().find(|user| !user.is_empty()) else { return Ok(None) };
    let is_plain = user.len() <= 256
        && user.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'|' | b'-'));
    if is_plain && !looks_like_phone(&user) {
        return Ok(Some(user));
    }
    Ok(Some(HEXLOWER.encode(&Sha256::digest(user.as_bytes())).into()))
}

fn looks_like_phone(text: &str) -> bool {
    let digits = text.strip_prefix('+').unwrap_or(text);
    digits.chars().count() >= 7
        && digits.chars().all(|c| c.is_ascii_digit() || c.is_whitespace() || matches!(c, '(' | ')' | '-'))
}

fn service_tier(request: &Object<'_>) -> Result<Option<&'static str>, RelayError> {
    match request.text("service_tier")?.as_deref() {
        None => Ok(None),
        Some("auto" | "priority") => Ok(Some("auto")),
        Some("default") => Ok(Some("standard_only")),
        Some(_) => {
            let message = "Anthropic has no counterpart for this service tier, which has another price";
            Err(RelayError::unsupported_value("service_tier", message))
        }
    }
}

//! Messages to `systemInstruction` and `contents`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::models::ModelFamily;
use super::parts::{self, FunctionCall, FunctionResponse, Part, Words, raw_text, text_part};
use super::tools::{required_object, required_text, wire_name};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::{Object, compact};

/// What Google documents for a history whose calls another model made. It stands in for a signature.
pub(super) const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// The most calls in one turn: each result is looked for among them.
const MAX_CALLS: usize = 1024;

/// `systemInstruction` and `contents`.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    pub(super) system: Option<SystemInstruction<'a>>,
    pub(super) contents: Vec<Content<'a>>,
}

/// System and developer messages. Without a role.
#[derive(Debug, Serialize)]
pub(super) struct SystemInstruction<'a> {
    parts: Vec<Part<'a>>,
}

/// One turn. There are only two roles.
#[derive(Debug, Serialize)]
pub(super) struct Content<'a> {
    role: &'static str,
    parts: Vec<Part<'a>>,
    /// Whether it holds tool results; such a turn is not joined with the user's next message.
    #[serde(skip)]
    results: bool,
}

/// Translates all messages.
///
/// # Errors
/// Messages without a counterpart, calls without a result, results without a call.
pub(super) fn read<'a>(
    request: &Object<'a>,
    family: &ModelFamily,
    notes: &mut Notes,
) -> Result<Conversation<'a>, RelayError> {
    let messages = request.objects("messages")?.unwrap_or_default();
    if messages.is_empty() {
        return Err(RelayError::invalid_value("messages", "`messages` is missing or empty"));
    }
    let mut builder = Builder { family, notes, system: Vec::new(), contents: Vec::new(), open: Vec::new() };
    for message in &messages {
        builder.message(message)?;
    }
    builder.finish()
}

struct Builder<'a, 'c> {
    family: &'c ModelFamily,
    notes: &'c mut Notes,
    system: Vec<Part<'a>>,
    contents: Vec<Content<'a>>,
    /// Calls of the newest model turn, which wait for their results.
    open: Vec<OpenCall<'a>>,
}

struct OpenCall<'a> {
    /// `None` in the deprecated style, which finds results by name.
    id: Option<Cow<'a, str>>,
    name: Cow<'a, str>,
    /// Where the call stands in the request.
    param: String,
    result: Option<Box<RawValue>>,
}

impl Content<'_> {
    /// Whether a part has a signature that came from the caller.
    pub(super) fn is_signed(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.thought_signature, Some(Words::Raw(_))))
    }
}

impl<'a> Builder<'a, '_> {
    fn message(&mut self, message: &Object<'a>) -> Result<(), RelayError> {
        self.drop_cache_breakpoints(message)?;
        match required_text(message, "role")?.as_ref() {
            "system" | "developer" => {
                self.drop_name(message);
                let parts = contents_of(message, |part| text_only(part))?;
                self.system.extend(parts);
                Ok(())
            }
            "user" => self.user(message),
            "assistant" => self.assistant(message),
            "tool" => {
                let id = required_text(message, "tool_call_id")?;
                self.result(message, "tool_call_id", |call| call.id.as_deref() == Some(&id))
            }
            "function" => {
                let name = wire_name(required_text(message, "name")?);
                self.result(message, "name", |call| call.id.is_none() && call.name == name)
            }
            _ => {
                let why = "the role must be system, developer, user, assistant, tool or function";
                Err(RelayError::invalid_value(message.path("role"), why))
            }
        }
    }

    fn drop_cache_breakpoints(&mut self, message: &Object<'a>) -> Result<(), RelayError> {
        const NAME: &str = "prompt_cache_breakpoint";
        let in_parts = || match message.get("content") {
            Some(raw) if raw.get().contains(NAME) && raw.get().starts_with('[') => {
                let parts = message.objects("content")?.unwrap_or_default();
                Ok(parts.iter().any(|part| part.get(NAME).is_some()))
            }
            _ => Ok::<_, RelayError>(false),
        };
        if message.get(NAME).is_some() || in_parts()? {
            self.notes.drop(NAME);
        }
        Ok(())
    }

    fn drop_name(&mut self, message: &Object<'a>) {
        if message.get("name").is_some() {
            self.notes.drop("messages.name");
        }
    }

    fn user(&mut self, message: &Object<'a>) -> Result<(), RelayError> {
        self.close()?;
        self.drop_name(message);
        let (family, notes) = (self.family, &mut *self.notes);
        let mut parts = contents_of(message, |part| parts::user_part(part, family, notes))?;
        if parts.is_empty() {
            parts.push(text_part(Words::Own(" ")));
        }
        self.push("user", parts);
        Ok(())
    }

    fn assistant(&mut self, message: &Object<'a>) -> Result<(), RelayError> {
        if self.open.iter().any(|call| call.result.is_some()) {
            self.close()?;
        }
        self.drop_name(message);
        if message.get("audio").is_some() {
            let why = "an earlier spoken answer can't be sent to Gemini; send its text";
            return Err(RelayError::unsupported_value(message.path("audio"), why));
        }
        let mut parts = contents_of(message, |part| text_only(part))?;
        if parts.is_empty() {
            parts.extend(raw_text(message, "refusal")?.map(text_part));
        }
        if let (Some(part), signature @ Some(_)) = (parts.last_mut(), signature(message)?) {
            part.thought_signature = signature;
        }
        for call in message.objects("tool_calls")?.unwrap_or_default() {
            if call.text("type")?.is_some_and(|kind| kind != "function") {
                let why = "Gemini only knows calls of type `function`";
                return Err(RelayError::unsupported_value(call.path("type"), why));
            }
            let id = required_text(&call, "id")?;
            let function = required_object(&call, "function")?;
            let part = self.call(&function, Some(id), message.path("tool_calls"))?;
            parts.push(Part { thought_signature: signature(&call)?, ..part });
        }
        if let Some(function) = message.object("function_call")? {
            parts.push(self.call(&function, None, message.path("function_call"))?);
        }
        if !parts.is_empty() {
            self.push("model", parts);
        }
        Ok(())
    }

    fn call(&mut self, function: &Object<'a>, id: Option<Cow<'a, str>>, param: String) -> Result<Part<'a>, RelayError> {
        if self.open.len() >= MAX_CALLS {
            return Err(RelayError::invalid_value(param, format!("a turn may have at most {MAX_CALLS} calls")));
        }
        let name = wire_name(required_text(function, "name")?);
        let args = args(&function.text("arguments")?.unwrap_or_default());
        let sent_id = id.clone().filter(|_| self.family.since_gemini_3);
        self.open.push(OpenCall { id, name: name.clone(), param, result: None });
        Ok(Part { function_call: Some(FunctionCall { id: sent_id, name, args }), ..Part::default() })
    }

    /// Takes a result. Of two for one call the last one counts.
    fn result(
        &mut self,
        message: &Object<'a>,
        member: &str,
        fits: impl Fn(&OpenCall<'a>) -> bool,
    ) -> Result<(), RelayError> {
        if message.flag("is_error")? == Some(true) {
            self.notes.drop("messages.is_error");
        }
        let content = result_text(message)?;
        let waiting = self.open.iter().position(|call| fits(call) && call.result.is_none());
        let Some(call) = waiting.or_else(|| self.open.iter().position(&fits)).and_then(|at| self.open.get_mut(at))
        else {
            let path = message.path(member);
            let why = format!("`{path}` belongs to no call of the assistant message before it");
            return Err(RelayError::invalid_value(path, why));
        };
        call.result = Some(response(&content));
        Ok(())
    }

    /// Ends a turn of calls: one content with all results, in the order of the calls.
    fn close(&mut self) -> Result<(), RelayError> {
        let mut parts = Vec::with_capacity(self.open.len());
        for call in self.open.drain(..) {
            let Some(response) = call.result else {
                let why = format!("`{}` has a call without a result behind it", call.param);
                return Err(RelayError::invalid_value(call.param, why));
            };
            let id = call.id.filter(|_| self.family.since_gemini_3);
            let function_response = Some(FunctionResponse { id, name: call.name, response });
            parts.push(Part { function_response, ..Part::default() });
        }
        if !parts.is_empty() {
            self.contents.push(Content { role: "user", parts, results: true });
        }
        Ok(())
    }

    /// Adds a turn, or goes on with the newest one of the same role.
    fn push(&mut self, role: &'static str, parts: Vec<Part<'a>>) {
        match self.contents.last_mut() {
            Some(last) if last.role == role && !last.results => last.parts.extend(parts),
            _ => self.contents.push(Content { role, parts, results: false }),
        }
    }

    fn finish(mut self) -> Result<Conversation<'a>, RelayError> {
        self.close()?;
        if self.contents.last().is_some_and(|last| last.role == "model") && !self.family.prefill {
            let why = "this model takes no unfinished assistant message at the end of `messages`";
            return Err(RelayError::unsupported_value("messages", why));
        }
        if self.contents.is_empty() {
            if self.system.is_empty() {
                self.system.push(text_part(Words::Own(" ")));
            }
            self.contents.push(Content { role: "user", parts: std::mem::take(&mut self.system), results: false });
        }
        if self.family.since_gemini_3 {
            self.contents.iter_mut().for_each(excuse_missing_signatures);
        }
        let system = (!self.system.is_empty()).then_some(SystemInstruction { parts: self.system });
        Ok(Conversation { system, contents: self.contents })
    }
}

/// Gemini 3 refuses a turn of calls of which none is signed; only the first one needs to be.
fn excuse_missing_signatures(content: &mut Content<'_>) {
    let mut calls = content.parts.iter_mut().filter(|part| part.function_call.is_some());
    let Some(first) = calls.next() else { return };
    if first.thought_signature.is_none() && calls.all(|part| part.thought_signature.is_none()) {
        first.thought_signature = Some(Words::Own(NO_SIGNATURE));
    }
}

/// A message's `content`, a string or an array of parts. Empty texts are left out.
fn contents_of<'a>(
    message: &Object<'a>,
    mut read: impl FnMut(&Object<'a>) -> Result<Option<Part<'a>>, RelayError>,
) -> Result<Vec<Part<'a>>, RelayError> {
    let mut parts = Vec::with_capacity(1);
    match message.get("content") {
        Some(raw) if raw.get().starts_with('[') => {
            for part in message.objects("content")?.unwrap_or_default() {
                parts.extend(read(&part)?);
            }
        }
        _ => parts.extend(raw_text(message, "content")?.map(text_part)),
    }
    Ok(parts)
}

/// A part of a message that can only hold text.
fn text_only<'a>(part: &Object<'a>) -> Result<Option<Part<'a>>, RelayError> {
    let text = match required_text(part, "type")?.as_ref() {
        "text" => raw_text(part, "text")?,
        "refusal" => raw_text(part, "refusal")?,
        _ => {
            let why = "messages of this role can only hold text";
            return Err(RelayError::unsupported_value(part.path("type"), why));
        }
    };
    Ok(text.map(text_part))
}

/// `extra_content.google.thought_signature` of a message or of a call. It goes back byte for byte.
fn signature<'a>(holder: &Object<'a>) -> Result<Option<Words<'a>>, RelayError> {
    let Some(extra) = holder.object("extra_content")? else { return Ok(None) };
    let Some(google) = extra.object("google")? else { return Ok(None) };
    raw_text(&google, "thought_signature")
}

/// A call's arguments, as the object that Gemini wants.
fn args(arguments: &str) -> Box<RawValue> {
    let text = arguments.trim();
    if text.is_empty() || text == "null" {
        return fixed("{}");
    }
    match json(text) {
        Some(raw) if raw.get().starts_with('{') => raw,
        Some(raw) => wrapped("value", raw.get()),
        None => wrapped("__arguments", &quoted(arguments)),
    }
}

/// The text of a tool message.
fn result_text<'a>(message: &Object<'a>) -> Result<Cow<'a, str>, RelayError> {
    if !message.get("content").is_some_and(|raw| raw.get().starts_with('[')) {
        return Ok(message.text("content")?.unwrap_or_default());
    }
    let mut joined = String::new();
    for part in message.objects("content")?.unwrap_or_default() {
        if required_text(&part, "type")? != "text" {
            let why = "a tool message can only hold text";
            return Err(RelayError::unsupported_value(part.path("type"), why));
        }
        joined.push_str(&part.text("text")?.unwrap_or_default());
    }
    Ok(Cow::Owned(joined))
}

/// A result as the object that Gemini wants: a JSON object as it is, all else under `output`.
///
/// Google reads `{"$ref": name}` in a result as a pointer to media, so such a result stays text.
fn response(content: &str) -> Box<RawValue> {
    let text = content.trim();
    let structured = text.starts_with(['{', '[']) && !text.contains("\"$ref\"") && !text.contains("\\u0024");
    match structured.then(|| json(text)).flatten() {
        Some(raw) if raw.get().starts_with('{') => raw,
        Some(raw) => wrapped("output", raw.get()),
        None => wrapped("output", &quoted(content)),
    }
}

/// Valid JSON without white space, key order and numbers as they came.
fn json(text: &str) -> Option<Box<RawValue>> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    RawValue::from_string(compact(raw.get()).into_owned()).ok()
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

/// `{"<name>": <json>}`; `json` is valid JSON.
fn wrapped(name: &str, json: &str) -> Box<RawValue> {
    RawValue::from_string(format!("{{\"{name}\":{json}}}")).unwrap_or_else(|_| fixed("{}"))
}

fn fixed(json: &str) -> Box<RawValue> {
    RawValue::from_string(json.to_owned()).unwrap_or_default()
}

//! Messages to `systemInstruction` and `contents`.

use std::borrow::Cow;

use serde::Serialize;

use super::content::user_part;
use super::media;
use super::models::ModelFamily;
use super::parts::{Part, Words, raw_text, text_part};
use super::results::{self, Asked, OpenCall, OpenCalls};
use super::tools::{required_object, required_text};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// What Google documents for a history whose calls another model made. It stands in for a signature.
pub(super) const NO_SIGNATURE: &str = "skip_thought_signature_validator";

/// What stands before a history that begins with a call: Gemini wants a user's turn before each turn of calls.
const OPENING: &str = "(start of conversation)";

/// What stands before system messages that became a turn of the user.
const SYSTEM: &str = "[system message]\n";

/// The most calls in one turn.
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
    // The user's newest message is the one that a caller can still change: what stands before it was accepted by whatever model
    // was asked then, or stays in the list of messages after a refusal.
    let last = |role: &str| {
        messages.iter().rposition(|message| message.get("role").is_some_and(|own| own.get().trim_matches('"') == role))
    };
    let newest = last("user").filter(|at| last("assistant").is_none_or(|answer| answer < *at));
    let mut builder = Builder {
        family,
        notes,
        system: Vec::new(),
        late: None,
        contents: Vec::new(),
        open: OpenCalls::default(),
        shared: 0,
        made_up: 0,
        is_history: true,
    };
    for (at, message) in messages.iter().enumerate() {
        builder.is_history = newest != Some(at);
        builder.message(message)?;
    }
    builder.finish()
}

struct Builder<'a, 'c> {
    family: &'c ModelFamily,
    notes: &'c mut Notes,
    system: Vec<Part<'a>>,
    /// Where in `system` the system messages behind the newest message of another role begin.
    late: Option<usize>,
    contents: Vec<Content<'a>>,
    /// Calls of the newest model turn, which wait for their results.
    open: OpenCalls<'a>,
    /// Bytes of results that are written once more for another call.
    shared: usize,
    /// How many calls got an id.
    made_up: usize,
    /// Whether the message is part of the history, which must never fail a request.
    is_history: bool,
}

impl<'a> Content<'a> {
    fn user(parts: Vec<Part<'a>>) -> Self {
        Self { role: "user", parts, results: false }
    }

    /// The function names in it.
    pub(super) fn names(&self) -> impl Iterator<Item = &Cow<'a, str>> {
        self.parts.iter().filter_map(|part| {
            let call = part.function_call.as_ref().map(|call| &call.name);
            call.or_else(|| part.function_response.as_ref().map(|response| &response.name))
        })
    }

    /// As [`Self::names`], to change them.
    pub(super) fn names_mut(&mut self) -> impl Iterator<Item = &mut Cow<'a, str>> {
        self.parts.iter_mut().filter_map(|part| match (&mut part.function_call, &mut part.function_response) {
            (Some(call), _) => Some(&mut call.name),
            (None, response) => response.as_mut().map(|response| &mut response.name),
        })
    }

    fn has_call(&self) -> bool {
        self.parts.iter().any(|part| part.function_call.is_some())
    }

    /// Whether a part has a signature that came from the caller.
    pub(super) fn is_signed(&self) -> bool {
        self.parts.iter().any(|part| matches!(part.thought_signature, Some(Words::Raw(_))))
    }
}

impl<'a> Builder<'a, '_> {
    fn message(&mut self, message: &Object<'a>) -> Result<(), RelayError> {
        self.drop_cache_breakpoints(message)?;
        let role = required_text(message, "role")?;
        self.late = self.late.filter(|_| matches!(role.as_ref(), "system" | "developer"));
        match role.as_ref() {
            "system" | "developer" => {
                self.drop_name(message);
                self.late.get_or_insert(self.system.len());
                let parts = contents_of(message, |part| text_only(part))?;
                self.system.extend(parts);
                Ok(())
            }
            "user" => self.user(message),
            "assistant" => self.assistant(message),
            "tool" => {
                let id = message.text("tool_call_id")?.unwrap_or_default();
                self.result(message, "tool_call_id", &if id.is_empty() { Asked::Nothing } else { Asked::Id(id) })
            }
            "function" => {
                let name = required_text(message, "name")?;
                self.result(message, "name", &Asked::Function(name))
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
        let mut parts = self.parts(message, true)?;
        if parts.is_empty() {
            parts.push(own_text(" "));
        }
        self.push("user", parts);
        Ok(())
    }

    /// The parts of a message that may hold media. In the history, words stand for what Gemini can't be given; but kinds of
    /// parts that only the model writes, such as another one's thinking, are left out.
    fn parts(&mut self, message: &Object<'a>, is_user: bool) -> Result<Vec<Part<'a>>, RelayError> {
        let (family, notes, is_history) = (self.family, &mut *self.notes, self.is_history);
        contents_of(message, |part| match user_part(part, family, notes) {
            Err(_) if is_history => {
                notes.adjust("messages.content");
                let is_media = ["image_url", "input_audio", "file"].iter().any(|kind| part.get(kind).is_some());
                Ok((is_user || is_media).then(|| own_text(results::stand_in(part))))
            }
            made => made,
        })
    }

    fn assistant(&mut self, message: &Object<'a>) -> Result<(), RelayError> {
        if self.open.calls.iter().any(|call| call.result.is_some()) {
            self.close()?;
        }
        self.drop_name(message);
        let mut parts = self.parts(message, false)?;
        parts.extend(raw_text(message, "refusal")?.map(text_part));
        if let Some(audio) = message.object("audio")? {
            self.spoken(&audio, &mut parts)?;
        }
        let last_text = parts.iter_mut().rev().find(|part| part.text.is_some());
        if let (Some(part), signature @ Some(_)) = (last_text, signature(message)?) {
            part.thought_signature = signature;
        }
        self.images(message, &mut parts)?;
        for call in message.objects("tool_calls")?.unwrap_or_default() {
            parts.extend(self.tool_call(&call, message)?);
        }
        if let Some(function) = message.object("function_call")? {
            let arguments = function.text("arguments")?.unwrap_or_default();
            let name = required_text(&function, "name")?;
            let call = OpenCall {
                id: None,
                is_made_up: false,
                name,
                arguments,
                param: message.path("function_call"),
                result: None,
            };
            parts.extend(self.call(call)?);
        }
        if !parts.is_empty() {
            self.push("model", parts);
        }
        Ok(())
    }

    /// A spoken answer: Gemini can have its words, where the client kept them.
    fn spoken(&mut self, audio: &Object<'a>, parts: &mut Vec<Part<'a>>) -> Result<(), RelayError> {
        self.notes.adjust("messages.audio");
        if parts.is_empty() {
            let transcript = raw_text(audio, "transcript")?.map(text_part);
            parts.push(transcript.unwrap_or_else(|| own_text("[a spoken answer]")));
        }
        Ok(())
    }

    /// Pictures that a model made: `images`, as the answer had them, each with its signature.
    fn images(&mut self, message: &Object<'a>, parts: &mut Vec<Part<'a>>) -> Result<(), RelayError> {
        let Some(raw) = message.get("images").filter(|raw| raw.get() != "[]") else { return Ok(()) };
        let images = if raw.get().starts_with('[') { message.objects("images").ok().flatten() } else { None };
        let Some(images) = images else {
            self.notes.adjust("messages.content");
            return Ok(());
        };
        for image in images {
            let url = image.object("image_url").ok().flatten();
            match url.and_then(|url| media::image(&url, self.family, self.notes).ok()) {
                Some(part) => parts.push(Part { thought_signature: signature(&image)?, ..part }),
                None => {
                    self.notes.adjust("messages.content");
                    parts.push(own_text(results::stand_in(&image)));
                }
            }
        }
        Ok(())
    }

    /// A call of `tool_calls`. The input of a custom tool, which is text, becomes an argument.
    fn tool_call(&mut self, call: &Object<'a>, message: &Object<'a>) -> Result<Option<Part<'a>>, RelayError> {
        let param = || message.path("tool_calls");
        let id = call.text("id")?.filter(|id| !id.is_empty());
        if id.is_none() && self.family.since_gemini_3 {
            self.notes.adjust("messages.tool_calls");
        }
        let part = match call.text("type")?.as_deref() {
            None | Some("function") => {
                let function = required_object(call, "function")?;
                let arguments = function.text("arguments")?.unwrap_or_default();
                self.call_with(id, required_text(&function, "name")?, arguments, param())?
            }
            Some("custom") => {
                let custom = required_object(call, "custom")?;
                self.notes.adjust("messages.tool_calls");
                let input = results::custom_arguments(&custom.text("input")?.unwrap_or_default());
                self.call_with(id, required_text(&custom, "name")?, input.into(), param())?
            }
            Some(_) => {
                let why = "Gemini only knows calls of type `function`";
                return Err(RelayError::unsupported_value(call.path("type"), why));
            }
        };
        let signature = signature(call)?;
        Ok(part.map(|part| Part { thought_signature: signature, ..part }))
    }

    /// Opens a call of `tool_calls`. Clients of some gateways have calls without an id: those get one.
    fn call_with(
        &mut self,
        id: Option<Cow<'a, str>>,
        name: Cow<'a, str>,
        arguments: Cow<'a, str>,
        param: String,
    ) -> Result<Option<Part<'a>>, RelayError> {
        let is_made_up = id.is_none();
        let id = id.unwrap_or_else(|| {
            self.made_up += 1;
            Cow::Owned(format!("relay_call_{}", self.made_up))
        });
        self.call(OpenCall { id: Some(id), is_made_up, name, arguments, param, result: None })
    }

    /// Opens a call. One that is there already, with the same id, is the same call.
    fn call(&mut self, call: OpenCall<'a>) -> Result<Option<Part<'a>>, RelayError> {
        if self.open.calls.len() >= MAX_CALLS {
            return Err(RelayError::invalid_value(call.param, format!("a turn may have at most {MAX_CALLS} calls")));
        }
        if !self.open.push(&call) {
            return Ok(None);
        }
        let part = call.part(self.family);
        self.open.calls.push(call);
        Ok(Some(part))
    }

    /// Takes a result. Of two for one call the last one counts, and that is reported.
    fn result(&mut self, message: &Object<'a>, member: &str, asked: &Asked<'a>) -> Result<(), RelayError> {
        if message.flag("is_error")? == Some(true) {
            self.notes.drop("messages.is_error");
        }
        let result = results::read(message, self.family, self.notes)?;
        let Some(call) = self.open.waiting(asked) else {
            let path = message.path(member);
            let why = format!("`{path}` belongs to no call of the assistant message before it");
            return Err(RelayError::invalid_value(path, why));
        };
        if call.result.replace(result).is_some() {
            self.notes.adjust("messages");
        }
        Ok(())
    }

    /// Ends a turn of calls: one content with all results, in the order of the calls, and behind it the media that can't stand
    /// in a result.
    fn close(&mut self) -> Result<(), RelayError> {
        if self.open.calls.is_empty() {
            return Ok(());
        }
        let mut open = std::mem::take(&mut self.open);
        open.share_results(&mut self.shared)?;
        let (mut parts, mut beside) = (Vec::with_capacity(open.calls.len()), Vec::new());
        for mut call in open.calls {
            let Some(result) = call.result.take() else {
                let why = format!("`{}` has a call without a result behind it", call.param);
                return Err(RelayError::invalid_value(call.param, why));
            };
            parts.push(call.answer(result, self.family, &mut beside, self.notes));
        }
        self.contents.push(Content { role: "user", parts, results: true });
        if !beside.is_empty() {
            self.contents.push(Content::user(beside));
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
        self.go_on();
        if self.contents.last().is_some_and(|last| last.role == "model") && !self.family.prefill {
            let why = "this model takes no unfinished assistant message at the end of `messages`";
            return Err(RelayError::unsupported_value("messages", why));
        }
        if self.contents.is_empty() {
            if self.system.is_empty() {
                self.system.push(own_text(" "));
            }
            self.contents.push(Content::user(std::mem::take(&mut self.system)));
        }
        if !self.family.system && !self.system.is_empty() {
            self.system_in_contents();
        }
        if self.contents.first().is_some_and(|first| first.role == "model" && first.has_call()) {
            self.notes.adjust("messages");
            self.contents.insert(0, Content::user(vec![own_text(OPENING)]));
        }
        if self.family.since_gemini_3 {
            self.contents.iter_mut().for_each(|content| excuse_missing_signatures(content, self.family));
        }
        let system = (!self.system.is_empty()).then_some(SystemInstruction { parts: self.system });
        Ok(Conversation { system, contents: self.contents })
    }

    /// System messages behind the model's last answer ask it to go on: they become a turn of the user, since `systemInstruction`
    /// has no place in the conversation, and the model's turn would be the last one.
    fn go_on(&mut self) {
        let Some(at) = self.late.filter(|_| self.contents.last().is_some_and(|last| last.role == "model")) else {
            return;
        };
        self.notes.adjust("messages");
        let mut parts = self.system.split_off(at.min(self.system.len()));
        parts.insert(0, own_text(if parts.is_empty() { " " } else { SYSTEM }));
        self.contents.push(Content::user(parts));
    }

    /// For models that take no system text: it stands before the user's first words.
    fn system_in_contents(&mut self) {
        self.notes.adjust("messages");
        let mut parts = std::mem::take(&mut self.system);
        match self.contents.first_mut() {
            Some(first) if first.role == "user" && !first.results => {
                parts.append(&mut first.parts);
                first.parts = parts;
            }
            _ => self.contents.insert(0, Content::user(parts)),
        }
    }
}

/// Gemini 3 refuses a turn of calls of which none is signed (only the first one needs to be), and pictures without a signature.
/// Models that make pictures want one on the first text, too.
fn excuse_missing_signatures(content: &mut Content<'_>, family: &ModelFamily) {
    if content.role != "model" {
        return;
    }
    let excuse = |part: &mut Part<'_>| part.thought_signature = Some(Words::Own(NO_SIGNATURE.into()));
    let mut calls = content.parts.iter_mut().filter(|part| part.function_call.is_some());
    if let Some(first) = calls.next()
        && first.thought_signature.is_none()
        && calls.all(|part| part.thought_signature.is_none())
    {
        excuse(first);
    }
    let is_media = |part: &&mut Part<'_>| part.inline_data.is_some() || part.file_data.is_some();
    content.parts.iter_mut().filter(is_media).filter(|part| part.thought_signature.is_none()).for_each(excuse);
    let first = content.parts.first_mut().filter(|part| family.makes_pictures && part.thought_signature.is_none());
    first.into_iter().for_each(excuse);
}

/// Relay's own words as a part.
fn own_text<'a>(text: impl Into<Cow<'static, str>>) -> Part<'a> {
    text_part(Words::Own(text.into()))
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

//! Calls that the model made earlier, and what came of them.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet, VecDeque};

use serde_json::value::RawValue;

use super::content::user_part;
use super::models::ModelFamily;
use super::parts::{FunctionCall, FunctionResponse, Part, ResponsePart, Words, text_part};
use super::tools::required_text;
use crate::domain::Provider;
use crate::error::RelayError;
use crate::translation::json::{self, Object, compact};
use crate::translation::{Notes, surrogates};

/// A call of the newest model turn, which waits for its result.
pub(super) struct OpenCall<'a> {
    /// `None` in the deprecated style, which finds results by name.
    pub(super) id: Option<Cow<'a, str>>,
    /// Whether the id was made up: the caller's was empty.
    pub(super) is_made_up: bool,
    pub(super) name: Cow<'a, str>,
    /// What it was called with, to know a call that was sent twice.
    pub(super) arguments: Cow<'a, str>,
    /// Where the call stands in the request.
    pub(super) param: String,
    pub(super) result: Option<ToolResult<'a>>,
}

/// What a tool gave: text, and media.
#[derive(Default)]
pub(super) struct ToolResult<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) media: Vec<Part<'a>>,
}

/// The calls of the newest model turn.
#[derive(Default)]
pub(super) struct OpenCalls<'a> {
    /// In their order.
    pub(super) calls: Vec<OpenCall<'a>>,
    /// Which of them have no result yet, and which is the first one of all.
    by_asked: HashMap<Asked<'a>, (VecDeque<usize>, usize)>,
    /// Id, name and arguments of each.
    known: HashSet<[Cow<'a, str>; 3]>,
}

/// What a result is addressed to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Asked<'a> {
    /// The caller's id.
    Id(Cow<'a, str>),
    /// A call whose id is empty.
    Nothing,
    /// Of the deprecated style, the function's name.
    Function(Cow<'a, str>),
}

/// How many bytes of results may be written once more for other calls: what a whole request may have.
const MAX_SHARED: usize = 32 << 20;

impl<'a> OpenCalls<'a> {
    /// Notes a call that is put behind the others; `false` if it is there already, with the same id.
    pub(super) fn push(&mut self, call: &OpenCall<'a>) -> bool {
        if let Some(id) = &call.id
            && !self.known.insert([id.clone(), call.name.clone(), call.arguments.clone()])
        {
            return false;
        }
        let at = self.calls.len();
        self.by_asked.entry(call.asked()).or_insert_with(|| (VecDeque::new(), at)).0.push_back(at);
        true
    }

    /// The call that a result belongs to: the oldest one without a result, else the oldest one.
    pub(super) fn waiting(&mut self, asked: &Asked<'a>) -> Option<&mut OpenCall<'a>> {
        let (waiting, first) = self.by_asked.get_mut(asked)?;
        self.calls.get_mut(waiting.pop_front().unwrap_or(*first))
    }

    /// Two different calls with one id have one result, as far as OpenAI is concerned. `shared` counts bytes.
    ///
    /// # Errors
    /// More bytes than a request may have.
    pub(super) fn share_results(&mut self, shared: &mut usize) -> Result<(), RelayError> {
        if self.calls.iter().all(|call| call.result.is_some()) {
            return Ok(());
        }
        let mut texts: HashMap<Cow<'a, str>, Cow<'a, str>> = HashMap::new();
        for call in &self.calls {
            if let (Some(id), Some(result)) = (&call.id, &call.result) {
                texts.entry(id.clone()).or_insert_with(|| result.text.clone());
            }
        }
        for call in self.calls.iter_mut().filter(|call| call.result.is_none()) {
            let Some(text) = call.id.as_ref().and_then(|id| texts.get(id)) else { continue };
            *shared += text.len();
            if *shared > MAX_SHARED {
                return Err(RelayError::too_large_for(Provider::GOOGLE, "32 MB"));
            }
            call.result = Some(ToolResult { text: text.clone(), media: Vec::new() });
        }
        Ok(())
    }
}

impl<'a> OpenCall<'a> {
    fn asked(&self) -> Asked<'a> {
        match &self.id {
            _ if self.is_made_up => Asked::Nothing,
            Some(id) => Asked::Id(id.clone()),
            None => Asked::Function(self.name.clone()),
        }
    }

    /// The call as a part of the model's turn.
    pub(super) fn part(&self, family: &ModelFamily) -> Part<'a> {
        let id = self.id.clone().filter(|_| family.since_gemini_3);
        let call = FunctionCall { id, name: self.name.clone(), args: args(&self.arguments) };
        Part { function_call: Some(Box::new(call)), ..Part::default() }
    }

    /// The result as a part of the user's turn. Media that can't stand in it goes to `beside`.
    pub(super) fn answer(
        self,
        result: ToolResult<'a>,
        family: &ModelFamily,
        beside: &mut Vec<Part<'a>>,
        notes: &mut Notes,
    ) -> Part<'a> {
        let mut parts = Vec::new();
        let mut is_labelled = false;
        for part in result.media {
            match ResponsePart::inside(part) {
                Ok((part, resolution)) if family.since_gemini_3 => {
                    if resolution.is_some() {
                        notes.drop("image_url.detail");
                    }
                    parts.push(part);
                }
                other => {
                    if !is_labelled {
                        let label = format!("Part of the result of {}:", self.name);
                        beside.push(text_part(Words::Own(label.into())));
                        is_labelled = true;
                    }
                    beside.push(other.map_or_else(|part| *part, |(part, resolution)| part.alone(resolution)));
                }
            }
        }
        let id = self.id.filter(|_| family.since_gemini_3);
        let function_response = FunctionResponse { id, name: self.name, response: response(&result.text), parts };
        Part { function_response: Some(Box::new(function_response)), ..Part::default() }
    }
}

/// Reads the content of a tool message. What Gemini can't be given becomes words: the message stays in the history, and would
/// fail every later turn.
///
/// # Errors
/// Content that is neither text nor an array of parts.
pub(super) fn read<'a>(
    message: &Object<'a>,
    family: &ModelFamily,
    notes: &mut Notes,
) -> Result<ToolResult<'a>, RelayError> {
    if !message.get("content").is_some_and(|raw| raw.get().starts_with('[')) {
        return Ok(ToolResult { text: message.text("content")?.unwrap_or_default(), media: Vec::new() });
    }
    let mut result = ToolResult::default();
    for part in message.objects("content")?.unwrap_or_default() {
        if required_text(&part, "type")? == "text" {
            result.text.to_mut().push_str(&part.text("text")?.unwrap_or_default());
            continue;
        }
        match user_part(&part, family, notes) {
            Ok(Some(Part { text: Some(Words::Own(words)), .. })) => result.text.to_mut().push_str(&words),
            Ok(part) => result.media.extend(part),
            Err(_) => {
                notes.adjust("messages.content");
                result.text.to_mut().push_str(&stand_in(&part));
            }
        }
    }
    Ok(result)
}

/// Words in the place of a part that Gemini can't be given.
pub(super) fn stand_in(part: &Object<'_>) -> String {
    const MAX_SHOWN: usize = 300;
    let text = |object: Option<Object<'_>>, name: &str| {
        let text = object.and_then(|object| object.text(name).ok()?.map(Cow::into_owned));
        text.filter(|text| !text.is_empty() && text.len() <= MAX_SHOWN && !text.starts_with("data:"))
    };
    let inner = |name: &str| part.object(name).ok().flatten();
    let kind = part.text("type").ok().flatten().unwrap_or_default();
    let (what, name) = match kind.as_ref() {
        "image_url" => ("picture", text(inner("image_url"), "url")),
        "input_audio" => ("recording", text(inner("input_audio"), "format")),
        "file" => ("file", text(inner("file"), "filename").or_else(|| text(inner("file"), "file_id"))),
        _ => ("part", Some(kind.chars().take(50).collect())),
    };
    match name {
        Some(name) => format!("[a {what} that can't be shown: {name}]"),
        None => format!("[a {what} that can't be shown]"),
    }
}

/// A call's arguments, as the object that Gemini wants.
fn args(arguments: &str) -> Box<RawValue> {
    let text = arguments.trim();
    if text.is_empty() || text == "null" {
        return fixed("{}");
    }
    match json_value(text) {
        Some(raw) if raw.get().starts_with('{') => raw,
        Some(raw) => wrapped("value", raw.get()),
        None => wrapped("__arguments", &quoted(arguments)),
    }
}

/// A custom tool's input, which is plain text, as arguments.
pub(super) fn custom_arguments(input: &str) -> String {
    format!("{{\"input\":{}}}", quoted(input))
}

/// A result as the object that Gemini wants: a JSON object as it is, all else under `output`.
///
/// Google reads `{"$ref": name}` in a result as a pointer to media, so such a result stays text.
fn response(content: &str) -> Box<RawValue> {
    let text = content.trim();
    let structured = text.starts_with(['{', '[']) && !text.contains("\"$ref\"") && !text.contains("\\u0024");
    match structured.then(|| json_value(text)).flatten() {
        Some(raw) if raw.get().starts_with('{') => raw,
        Some(raw) => wrapped("output", raw.get()),
        None => wrapped("output", &quoted(content)),
    }
}

/// Valid JSON without white space, key order and numbers as they came; `None` if Google can't read it.
fn json_value(text: &str) -> Option<Box<RawValue>> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    if !json::can_be_nested(text) {
        return None;
    }
    // Half a character can also be an escape inside this text; Google refuses it.
    RawValue::from_string(surrogates::mended_text(compact(raw.get())).into_owned()).ok()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_that_google_can_not_read_stays_text() {
        assert_eq!(response("{\"a\":1e400}").get(), r#"{"output":"{\"a\":1e400}"}"#);
        assert_eq!(
            args(r#"{"a":"\ud83d","\udc00":"\ud83d\ude00"}"#).get(),
            r#"{"a":"\ufffd","\ufffd":"\ud83d\ude00"}"#
        );
        assert_eq!(args("{\"a\":1e400}").get(), r#"{"__arguments":"{\"a\":1e400}"}"#);
        let deep = format!("{}{}", "[".repeat(300), "]".repeat(300));
        assert_eq!(response(&deep).get(), format!("{{\"output\":\"{deep}\"}}"));
        assert_eq!(args(&deep).get(), format!("{{\"__arguments\":\"{deep}\"}}"));
    }
}

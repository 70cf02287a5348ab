//! Relay's extensions, taken out of a request before it reaches a provider with OpenAI's format: OpenAI refuses members
//! that it does not know.
//!
//! Clients send them back with the history of a chat with another provider, or wrote them for one. Tool call ids are here
//! as well, since OpenAI refuses long ones that other providers and gateways make, and answers without any text.

use std::borrow::Cow;
use std::sync::LazyLock;

use data_encoding::HEXLOWER;
use memchr::memmem::Finder;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::edits::Edits;
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// The longest tool call id that OpenAI takes, in characters (400 `string_above_max_length`).
const MAX_ID: usize = 40;

/// Members of an answer to another provider's model. They carry reasoning and signatures, which no other provider can use.
const ANSWER_MEMBERS: &[&str] =
    &["reasoning_content", "thinking_blocks", "content_layout", "extra_content", "native_finish_reason"];
/// Members that say something to another provider. Leaving one out is reported.
const REPORTED_MEMBERS: &[&str] = &["cache_control", "is_error", "images"];
/// All of them, to be looked for in each request.
static MEMBERS: LazyLock<Vec<Finder<'static>>> =
    LazyLock::new(|| ANSWER_MEMBERS.iter().chain(REPORTED_MEMBERS).copied().map(Finder::new).collect());
/// Top-level members that only other providers know.
pub(super) const TOP_LEVEL: &[&str] = &["thinking", "extra_body", "cache_control"];

/// An object of a request that may have extensions.
#[derive(Clone, Copy)]
enum Place {
    Message,
    Part,
    ToolCall,
    Tool,
    Function,
}

impl Place {
    /// The place of a member's value, or of its items.
    fn of_member(self, name: &str) -> Option<Self> {
        match (self, name) {
            (Self::Message, "content") => Some(Self::Part),
            (Self::Message, "tool_calls") => Some(Self::ToolCall),
            (Self::Tool, "function") => Some(Self::Function),
            _ => None,
        }
    }

    /// Whether a member of this name is a tool call's id.
    fn has_id(self, name: &str) -> bool {
        matches!((self, name), (Self::Message, "tool_call_id") | (Self::ToolCall, "id"))
    }

    /// The path of its members in `x-relay-dropped-params`.
    fn path(self) -> &'static str {
        match self {
            Self::Message | Self::Part => "messages",
            Self::ToolCall => "messages.tool_calls",
            Self::Tool | Self::Function => "tools",
        }
    }
}

/// Takes extensions out of messages and tools, and shortens tool call ids that are too long.
///
/// # Errors
/// `messages` or `tools` of another type than a list.
pub(super) fn take_out(edits: &mut Edits<'_>, request: &Object<'_>, notes: &mut Notes) -> Result<(), RelayError> {
    if !edits.has_any(&MEMBERS) && !edits.has_long_id(MAX_ID) && !edits.has_null_content() {
        return Ok(());
    }
    for (name, place) in [("messages", Place::Message), ("tools", Place::Tool)] {
        for item in request.array(name)?.unwrap_or_default() {
            if let Some(text) = cleaned(item, place, notes) {
                edits.replace(item, text);
            }
        }
    }
    Ok(())
}

/// A value without extensions; `None` if it has none. What is not as it should be stays: the provider says so itself.
fn cleaned(raw: &RawValue, place: Place, notes: &mut Notes) -> Option<String> {
    if raw.get().starts_with('[') {
        return cleaned_list(raw, place, notes);
    }
    let object = Object::from_raw(raw, String::new()).ok()?;
    let mut changed = false;
    let mut members: Vec<(&str, Cow<'_, str>)> = Vec::new();
    for (name, value) in object.members() {
        if is_extension(place, name) {
            changed = true;
            note(notes, place, name, value);
            continue;
        }
        let new = match place.of_member(name) {
            Some(inner) => cleaned(value, inner, notes),
            None if place.has_id(name) => shortened(value, notes, place, name),
            None => None,
        };
        changed |= new.is_some();
        members.push((name, new.map_or(Cow::Borrowed(value.get()), Cow::Owned)));
    }
    if matches!(place, Place::Message) && is_empty_answer(&members) {
        changed = true;
        members.retain(|(name, _)| *name != "content");
        members.push(("content", Cow::Borrowed("\"\"")));
    }
    changed.then(|| object_of(members.iter().map(|(name, value)| (*name, value.as_ref()))))
}

/// Whether an answer has neither text nor calls, such as one that was only a picture or only thinking. OpenAI wants a text
/// then, and an empty one will do.
fn is_empty_answer(members: &[(&str, Cow<'_, str>)]) -> bool {
    let member = |name: &str| members.iter().rev().find(|(known, _)| *known == name).map(|(_, value)| value.as_ref());
    let is_absent = |name: &&str| member(name).is_none_or(|value| matches!(value, "null" | "[]"));
    member("role") == Some("\"assistant\"")
        && ["content", "tool_calls", "function_call", "refusal", "audio"].iter().all(is_absent)
}

fn cleaned_list(raw: &RawValue, place: Place, notes: &mut Notes) -> Option<String> {
    let items: Vec<&RawValue> = serde_json::from_str(raw.get()).ok()?;
    let new: Vec<Option<String>> = items.iter().map(|item| cleaned(item, place, notes)).collect();
    if new.iter().all(Option::is_none) {
        return None;
    }
    let texts: Vec<&str> =
        items.iter().zip(&new).map(|(item, new)| new.as_deref().unwrap_or_else(|| item.get())).collect();
    Some(format!("[{}]", texts.join(",")))
}

fn is_extension(place: Place, name: &str) -> bool {
    match place {
        Place::Message | Place::ToolCall => ANSWER_MEMBERS.contains(&name) || REPORTED_MEMBERS.contains(&name),
        Place::Part | Place::Tool | Place::Function => matches!(name, "cache_control" | "extra_content"),
    }
}

/// `null`, `false` and an empty list say nothing that could be lost.
fn note(notes: &mut Notes, place: Place, name: &str, value: &RawValue) {
    let says_nothing = matches!(value.get(), "null" | "false" | "[]");
    if REPORTED_MEMBERS.contains(&name) && !says_nothing {
        notes.drop(format!("{}.{name}", place.path()));
    }
}

/// A tool call id that is short enough, the same for the same id; `None` if it is short enough already.
fn shortened(value: &RawValue, notes: &mut Notes, place: Place, name: &str) -> Option<String> {
    let id: String = serde_json::from_str(value.get()).ok()?;
    if id.chars().count() <= MAX_ID {
        return None;
    }
    notes.adjust(format!("{}.{name}", place.path()));
    let mut short = format!("call_{}", HEXLOWER.encode(&Sha256::digest(id.as_bytes())));
    short.truncate(MAX_ID);
    Some(serde_json::Value::from(short).to_string())
}

/// The JSON text of an object with these members.
pub(super) fn object_of<'m>(members: impl Iterator<Item = (&'m str, &'m str)>) -> String {
    let members: Vec<String> =
        members.map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name))).collect();
    format!("{{{}}}", members.join(","))
}

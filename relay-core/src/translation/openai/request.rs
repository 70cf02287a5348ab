//! Edits the few places of a request that can't stay as they are.

use bytes::Bytes;

use super::edits::Edits;
use crate::domain::Provider;
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::json::Object;
use crate::translation::{Call, ChatContext, Notes, TranslatedChat};

/// Members that other providers' translations add to answers, and that clients send back with the history.
/// OpenAI refuses members that it does not know.
const MESSAGE_EXTENSIONS: &[&str] =
    &["reasoning_content", "thinking_blocks", "content_layout", "extra_content", "images", "native_finish_reason"];
/// Top-level members that only other providers know.
const TOP_EXTENSIONS: &[&str] = &["thinking", "extra_body", "cache_control"];

/// Translates a chat request.
///
/// # Errors
/// Members of a wrong type where Relay must read them.
pub(super) fn translate(provider: Provider, call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
    let refuses = |name: &str| name == "stream_options" && !provider.takes_stream_options();
    let extended = |name: &str| TOP_EXTENSIONS.contains(&name) || refuses(name);
    let include_usage = match call.request.object("stream_options")? {
        Some(options) => options.flag("include_usage")?.unwrap_or(false),
        None => false,
    };
    if !call.request.members().any(|(name, _)| extended(name)) {
        return own_chat(provider, call, include_usage);
    }
    let kept = call.request.members().filter(|(name, _)| !extended(name)).map(|(name, raw)| (name, raw.get()));
    let body = Bytes::from(object_of(kept));
    let mut chat = own_chat(provider, &Call { body: &body, request: &Object::parse(&body)?, ..*call }, include_usage)?;
    for (name, value) in call.request.members().filter(|(name, _)| extended(name)) {
        // `null` says nothing that could be lost.
        if !(refuses(name) && value.get() == "null") {
            chat.notes.drop(name);
        }
    }
    Ok(chat)
}

/// A request without top-level members that the provider does not know.
fn own_chat(provider: Provider, call: &Call<'_>, include_usage: bool) -> Result<TranslatedChat, RelayError> {
    let stream = call.request.flag("stream")?.unwrap_or(false);
    let mut edits = Edits::new(call.body);
    edits.model(call);
    without_message_extensions(&mut edits, call.request)?;
    if stream && !include_usage && provider.takes_stream_options() {
        ask_for_usage(&mut edits, call.request)?;
    }
    let expect = if stream { Expect::Stream } else { Expect::Whole };
    let context = ChatContext { stream, include_usage, ..ChatContext::new(call.id, call.now.seconds(), call.model) };
    Ok(TranslatedChat {
        wire: WireRequest::post(format!("{}/chat/completions", provider.api_path()), edits.apply(), expect),
        context,
        notes: Notes::default(),
    })
}

/// Takes extension members out of the messages that have any.
fn without_message_extensions(edits: &mut Edits<'_>, request: &Object<'_>) -> Result<(), RelayError> {
    if !MESSAGE_EXTENSIONS.iter().any(|name| edits.has(name)) {
        return Ok(());
    }
    for message in request.array("messages")?.unwrap_or_default() {
        let object = Object::from_raw(message, "messages".to_owned())?;
        if let Some(text) = without_extensions(&object)? {
            edits.replace(message, text);
        }
    }
    Ok(())
}

/// Switches usage in streams on, since Relay meters it.
fn ask_for_usage(edits: &mut Edits<'_>, request: &Object<'_>) -> Result<(), RelayError> {
    let with_usage = request.object("stream_options")?.map_or_else(
        || "{\"include_usage\":true}".to_owned(),
        |options| {
            let others = options.members().filter(|(name, _)| *name != "include_usage");
            object_of(others.map(|(name, raw)| (name, raw.get())).chain([("include_usage", "true")]))
        },
    );
    match request.members().filter(|(name, _)| *name == "stream_options").last() {
        Some((_, raw)) => edits.replace(raw, with_usage),
        None => edits.insert_first(format!("\"stream_options\":{with_usage},")),
    }
    Ok(())
}

/// A message without extension members, also in its tool calls; `None` if it has none.
fn without_extensions(message: &Object<'_>) -> Result<Option<String>, RelayError> {
    let extended = |object: &Object<'_>| object.members().any(|(name, _)| MESSAGE_EXTENSIONS.contains(&name));
    let calls = if message.get("tool_calls").is_some() { message.objects("tool_calls")? } else { None };
    let calls_extended = calls.as_ref().is_some_and(|calls| calls.iter().any(extended));
    if !extended(message) && !calls_extended {
        return Ok(None);
    }
    let cleaned = calls.filter(|_| calls_extended).map(|calls| {
        let calls: Vec<String> = calls.iter().map(|call| object_of(own_members(call))).collect();
        format!("[{}]", calls.join(","))
    });
    let members = own_members(message).map(|(name, raw)| match &cleaned {
        Some(calls) if name == "tool_calls" => (name, calls.as_str()),
        _ => (name, raw),
    });
    Ok(Some(object_of(members)))
}

fn own_members<'o>(object: &'o Object<'_>) -> impl Iterator<Item = (&'o str, &'o str)> {
    object.members().filter(|(name, _)| !MESSAGE_EXTENSIONS.contains(name)).map(|(name, raw)| (name, raw.get()))
}

fn object_of<'m>(members: impl Iterator<Item = (&'m str, &'m str)>) -> String {
    let members: Vec<String> =
        members.map(|(name, value)| format!("{}:{value}", serde_json::Value::from(name))).collect();
    format!("{{{}}}", members.join(","))
}

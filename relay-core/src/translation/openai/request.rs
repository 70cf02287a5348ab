//! Edits the few places of a request that can't stay as they are.

use bytes::Bytes;

use super::edits::Edits;
use super::extensions::{self, object_of};
use crate::domain::Provider;
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::json::Object;
use crate::translation::{Call, ChatContext, Notes, TranslatedChat};

/// Translates a chat request.
///
/// # Errors
/// Members of a wrong type where Relay must read them.
pub(super) fn translate(provider: Provider, call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
    let refuses = |name: &str| name == "stream_options" && !provider.takes_stream_options();
    let extended = |name: &str| extensions::TOP_LEVEL.contains(&name) || refuses(name);
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
    let mut notes = Notes::default();
    extensions::take_out(&mut edits, call.request, &mut notes)?;
    if stream && !include_usage && provider.takes_stream_options() {
        ask_for_usage(&mut edits, call.request)?;
    }
    let expect = if stream { Expect::Stream } else { Expect::Whole };
    let context = ChatContext { stream, include_usage, ..ChatContext::new(call.id, call.now.seconds(), call.model) };
    Ok(TranslatedChat {
        wire: WireRequest::post(format!("{}/chat/completions", provider.api_path()), edits.apply(), expect),
        context,
        notes,
    })
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

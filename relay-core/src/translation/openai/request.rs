//! Edits the few places of a request that can't stay as they are.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use memchr::memmem;
use serde_json::value::RawValue;

use crate::domain::Provider;
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::json::{self, Object};
use crate::translation::surface::embeddings::Encoding;
use crate::translation::{Call, ChatContext, EmbeddingsContext, Notes, TranslatedChat, TranslatedEmbeddings};

/// Members that other providers' translations add to answers, and that clients send back with the history.
/// OpenAI refuses members that it does not know.
const MESSAGE_EXTENSIONS: &[&str] =
    &["reasoning_content", "thinking_blocks", "content_layout", "extra_content", "images", "native_finish_reason"];
/// Top-level members that only other providers know.
const TOP_EXTENSIONS: &[&str] = &["thinking", "extra_body", "cache_control"];

pub(super) fn chat(provider: Provider, call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
    let refuses = |name: &str| name == "stream_options" && !provider.takes_stream_options();
    let extended = |name: &str| TOP_EXTENSIONS.contains(&name) || refuses(name);
    if !call.request.members().any(|(name, _)| extended(name)) {
        return own_chat(provider, call);
    }
    let kept = call.request.members().filter(|(name, _)| !extended(name)).map(|(name, raw)| (name, raw.get()));
    let body = Bytes::from(object_of(kept));
    let mut chat = own_chat(provider, &Call { body: &body, request: &Object::parse(&body)?, ..*call })?;
    for (name, _) in call.request.members().filter(|(name, _)| extended(name)) {
        chat.notes.drop(name);
    }
    Ok(chat)
}

/// A request without top-level members that the provider does not know.
fn own_chat(provider: Provider, call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
    let stream = call.request.flag("stream")?.unwrap_or(false);
    let options = call.request.object("stream_options")?;
    let include_usage = match &options {
        Some(options) => options.flag("include_usage")?.unwrap_or(false),
        None => false,
    };
    let mut edits = Edits::new(call.body);
    edits.model(call);
    edits.messages(call.request)?;
    if stream && !include_usage && provider.takes_stream_options() {
        edits.ask_for_usage(call.request, options.as_ref());
    }
    let expect = if stream { Expect::Stream } else { Expect::Whole };
    let context = ChatContext { stream, include_usage, ..ChatContext::new(call.id, call.now.seconds(), call.model) };
    Ok(TranslatedChat {
        wire: WireRequest::post(format!("{}/chat/completions", provider.api_path()), edits.apply(), expect),
        context,
        notes: Notes::default(),
    })
}

pub(super) fn embeddings(provider: Provider, call: &Call<'_>) -> Result<TranslatedEmbeddings, RelayError> {
    let mut edits = Edits::new(call.body);
    edits.model(call);
    let context = EmbeddingsContext {
        model: call.model.to_owned(),
        encoding: Encoding::Float,
        inputs: 1,
        input_bytes: Vec::new(),
    };
    let wire = WireRequest::post(format!("{}/embeddings", provider.api_path()), edits.apply(), Expect::Whole);
    Ok(TranslatedEmbeddings { wires: vec![wire], context, notes: Notes::default() })
}

/// Replacements in a body, each of a range that does not touch the others.
struct Edits<'a> {
    body: &'a Bytes,
    edits: Vec<(Range<usize>, String)>,
}

impl<'a> Edits<'a> {
    fn new(body: &'a Bytes) -> Self {
        Self { body, edits: Vec::new() }
    }

    fn replace(&mut self, raw: &RawValue, with: String) {
        if let Some(range) = json::range_in(self.body, raw.get()) {
            self.edits.push((range, with));
        }
    }

    fn has(&self, word: &str) -> bool {
        memmem::find(self.body, word.as_bytes()).is_some()
    }

    /// Takes the provider prefix off the model's name.
    fn model(&mut self, call: &Call<'_>) {
        if let (true, Some(raw)) = (call.prefixed, call.request.get("model")) {
            self.replace(raw, serde_json::Value::from(call.model).to_string());
        }
    }

    /// Takes extension members out of the messages that have any.
    fn messages(&mut self, request: &Object<'_>) -> Result<(), RelayError> {
        if !MESSAGE_EXTENSIONS.iter().any(|name| self.has(name)) {
            return Ok(());
        }
        for message in request.array("messages")?.unwrap_or_default() {
            let object = Object::from_raw(message, "messages".to_owned())?;
            if let Some(text) = without_extensions(&object)? {
                self.replace(message, text);
            }
        }
        Ok(())
    }

    /// Switches usage in streams on, since Relay meters it.
    fn ask_for_usage(&mut self, request: &Object<'_>, options: Option<&Object<'_>>) {
        let with_usage = options.map_or_else(
            || "{\"include_usage\":true}".to_owned(),
            |options| {
                let others = options.members().filter(|(name, _)| *name != "include_usage");
                object_of(others.map(|(name, raw)| (name, raw.get())).chain([("include_usage", "true")]))
            },
        );
        match request.members().filter(|(name, _)| *name == "stream_options").last() {
            Some((_, raw)) => self.replace(raw, with_usage),
            None => {
                let start = memchr::memchr(b'{', self.body).map_or(0, |at| at + 1);
                self.edits.push((start..start, format!("\"stream_options\":{with_usage},")));
            }
        }
    }

    fn apply(mut self) -> Bytes {
        if self.edits.is_empty() {
            return self.body.clone();
        }
        self.edits.sort_by_key(|(range, _)| range.start);
        let added: usize = self.edits.iter().map(|(_, text)| text.len()).sum();
        let (mut out, mut at) = (BytesMut::with_capacity(self.body.len() + added), 0);
        for (range, text) in &self.edits {
            out.extend_from_slice(self.body.get(at..range.start).unwrap_or_default());
            out.extend_from_slice(text.as_bytes());
            at = at.max(range.end);
        }
        out.extend_from_slice(self.body.get(at..).unwrap_or_default());
        out.freeze()
    }
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

//! Passes a stream's events on as they came, and reads the usage off them.

use std::borrow::Cow;

use memchr::memmem;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error;
use super::response::WireUsage;
use crate::domain::{Provider, TokenUsage};
use crate::error::RelayError;
use crate::translation::surface::chat_completions::chunk::ChunkWriter;
use crate::translation::{ChatContext, ProviderError, StreamTranslator};

/// The member that every chunk has once usage was asked for. In a JSON string its quotes would be escaped, so wherever these
/// bytes stand they are a member.
const NO_USAGE: &[u8] = b",\"usage\":null";

/// Passes one stream on.
pub(super) struct Translator {
    provider: Provider,
    include_usage: bool,
    usage: Option<TokenUsage>,
    model: Option<String>,
}

impl Translator {
    pub(super) fn new(provider: Provider, context: &ChatContext) -> Self {
        Self { provider, include_usage: context.include_usage, usage: None, model: None }
    }

    /// Reads an event that holds usage; returns whether it holds nothing else.
    fn read_usage(&mut self, data: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Chunk<'a> {
            #[serde(default)]
            choices: Vec<serde::de::IgnoredAny>,
            usage: Option<WireUsage>,
            model: Option<String>,
            #[serde(borrow)]
            service_tier: Option<&'a RawValue>,
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk<'_>>(data) else { return false };
        let Some(usage) = chunk.usage else { return false };
        self.usage = Some(usage.metered(chunk.service_tier));
        self.model = chunk.model;
        chunk.choices.is_empty()
    }
}

impl StreamTranslator for Translator {
    fn is_verbatim(&self) -> bool {
        true
    }

    fn feed(&mut self, data: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError> {
        let data = data.trim_ascii();
        if data.is_empty() {
            return Ok(()); // OpenAI's Python client fails on an empty data line
        }
        if data == b"[DONE]" {
            out.done();
            return Ok(());
        }
        if !is_object(data) {
            return Err(RelayError::unusable_answer("the provider sent an event that is not JSON").into());
        }
        let data = &*one_line(data);
        if let Some(fault) = error_event(self.provider, data) {
            return Err(fault);
        }
        let null_usage = memmem::find(data, NO_USAGE);
        if null_usage.is_none() && memmem::find(data, b"\"usage\"").is_some() {
            let alone = self.read_usage(data);
            if alone && !self.include_usage {
                return Ok(());
            }
        }
        match null_usage
            .filter(|_| !self.include_usage)
            .and_then(|at| Some((data.get(..at)?, data.get(at + NO_USAGE.len()..)?)))
        {
            Some((before, after)) => out.raw_parts(before, after),
            None => out.raw(data),
        }
        Ok(())
    }

    fn finish(&mut self, _: &[u8], _: &mut ChunkWriter) -> Result<(), ProviderError> {
        Err(RelayError::interrupted().into())
    }

    fn usage(&self) -> Option<TokenUsage> {
        self.usage
    }

    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

/// An event's data in one line, since it goes out in one: data that came in several was joined with line feeds. In JSON they
/// can only stand between tokens.
fn one_line(data: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\n', data).is_none() {
        return Cow::Borrowed(data);
    }
    Cow::Owned(data.iter().map(|byte| if *byte == b'\n' { b' ' } else { *byte }).collect())
}

/// Whether this is a whole JSON object. What is not would fail in the caller's parser, and hide the error that follows.
fn is_object(data: &[u8]) -> bool {
    let text = std::str::from_utf8(data).ok().filter(|text| text.starts_with('{'));
    text.is_some_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

/// An event that is an error: `{"error":{…}}` first thing.
fn error_event(provider: Provider, data: &[u8]) -> Option<ProviderError> {
    let rest = data.strip_prefix(b"{")?.trim_ascii_start();
    if !rest.starts_with(b"\"error\"") {
        return None;
    }
    Some(error::in_answer(provider, data))
}

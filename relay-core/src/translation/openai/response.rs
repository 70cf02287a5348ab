//! Reads usage and model off an answer that is passed on as it came.

use std::borrow::Cow;

use bytes::Bytes;
use memchr::memmem;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::domain::TokenUsage;
use crate::error::RelayError;
use crate::translation::TranslatedAnswer;

/// Up to this size an answer is read as JSON before it is passed on. Above it (large embeddings) only its ends and its
/// usage are looked at: reading 100 MB of numbers would cost more than sending them.
const CHECKED_WHOLE: usize = 64 << 10;

/// OpenAI's usage object, as far as it is metered.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct WireUsage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<PromptDetails>,
    completion_tokens_details: Option<CompletionDetails>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct PromptDetails {
    cached_tokens: Option<u64>,
    cache_write_tokens: Option<u64>,
    audio_tokens: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CompletionDetails {
    reasoning_tokens: Option<u64>,
    audio_tokens: Option<u64>,
}

impl WireUsage {
    /// Relay's counts, of an answer whose member `service_tier` is this.
    pub(super) fn metered(&self, service_tier: Option<&RawValue>) -> TokenUsage {
        let prompt = self.prompt_tokens.unwrap_or(0);
        let answer = self.completion_tokens.unwrap_or(0);
        let details = self.prompt_tokens_details.as_ref();
        let completion = self.completion_tokens_details.as_ref();
        let heard = details.and_then(|details| details.audio_tokens).unwrap_or(0);
        let spoken = completion.and_then(|details| details.audio_tokens).unwrap_or(0);
        let audio = heard.saturating_add(spoken);
        let read = details.and_then(|details| details.cached_tokens).unwrap_or(0);
        let write = details.and_then(|details| details.cache_write_tokens).unwrap_or(0);
        TokenUsage {
            input: prompt.saturating_sub(read).saturating_sub(write),
            cache_read: read,
            cache_write: write,
            cache_write_1h: 0,
            output: answer,
            reasoning: completion.and_then(|details| details.reasoning_tokens).unwrap_or(0),
            unpriced: if is_off_list(service_tier) { prompt.saturating_add(answer) } else { audio },
        }
    }
}

/// Whether calls on this service tier have other prices than the list's.
fn is_off_list(service_tier: Option<&RawValue>) -> bool {
    service_tier.is_some_and(|tier| !["null", r#""default""#, r#""auto""#].contains(&tier.get()))
}

/// Passes a whole answer on.
///
/// # Errors
/// A body that is no JSON object: HTML with status 200, nothing, garbage.
pub(super) fn translate(body: Bytes) -> Result<TranslatedAnswer, RelayError> {
    #[derive(Deserialize)]
    struct Read<'a> {
        #[serde(borrow)]
        model: Option<Cow<'a, str>>,
        #[serde(default)]
        usage: Option<WireUsage>,
        #[serde(borrow)]
        service_tier: Option<&'a RawValue>,
    }
    let text = std::str::from_utf8(&body).map_err(|_| not_json())?.trim_ascii();
    if !(text.starts_with('{') && text.ends_with('}')) {
        return Err(not_json());
    }
    if body.len() > CHECKED_WHOLE {
        let tier: Option<&RawValue> = at_end(&body, b"\"service_tier\"");
        let usage = at_end::<WireUsage>(&body, b"\"usage\"").map(|usage| usage.metered(tier));
        return Ok(TranslatedAnswer { body, usage, model: None, usage_estimated: false });
    }
    let (usage, model) = match serde_json::from_slice::<Read<'_>>(&body) {
        Ok(read) => (read.usage.map(|usage| usage.metered(read.service_tier)), read.model.map(Cow::into_owned)),
        // Members of other types than OpenAI's are the caller's to judge; what is no JSON at all is not passed on.
        Err(_) if serde_json::from_slice::<IgnoredAny>(&body).is_ok() => (None, None),
        Err(_) => return Err(not_json()),
    };
    Ok(TranslatedAnswer { body, usage, model, usage_estimated: false })
}

/// The last member of this name, with its quotes, in a long body. Inside a JSON string they would be escaped, so it is a
/// member.
fn at_end<'a, T: Deserialize<'a>>(body: &'a [u8], name: &[u8]) -> Option<T> {
    let after = body.get(memmem::rfind(body, name)? + name.len()..)?.trim_ascii_start().strip_prefix(b":")?;
    serde_json::Deserializer::from_slice(after).into_iter().next()?.ok()
}

/// The error for an answer that is not JSON.
pub(super) fn not_json() -> RelayError {
    RelayError::unusable_answer("the provider answered with something that is not JSON")
}

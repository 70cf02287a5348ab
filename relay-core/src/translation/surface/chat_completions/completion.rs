//! `chat.completion`: the whole answer, and the usage object that it shares with streams.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::domain::TokenUsage;

/// A `chat.completion` body.
#[derive(Debug, Serialize)]
pub(crate) struct Completion<'a> {
    /// `chatcmpl-…`.
    pub(crate) id: Cow<'a, str>,
    /// `chat.completion`.
    pub(crate) object: &'static str,
    /// Unix seconds, by Relay's clock where the provider sends none.
    pub(crate) created: u64,
    /// The model as the provider names it.
    pub(crate) model: Cow<'a, str>,
    /// One for each candidate.
    pub(crate) choices: Vec<Choice<'a>>,
    /// Absent where the provider sent none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) usage: Option<Usage>,
    /// Which tier served it, in OpenAI's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_tier: Option<&'a str>,
}

/// One answer.
#[derive(Debug, Serialize)]
pub(crate) struct Choice<'a> {
    /// Counts from 0.
    pub(crate) index: u32,
    /// The answer.
    pub(crate) message: Message<'a>,
    /// OpenAI's `logprobs` object, already in its shape.
    pub(crate) logprobs: Option<Box<RawValue>>,
    /// `stop`, `length`, `tool_calls`, `content_filter` or `function_call`.
    pub(crate) finish_reason: &'static str,
    /// Extension: the provider's own word, where OpenAI's is less precise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) native_finish_reason: Option<Cow<'a, str>>,
}

/// The assistant's message.
#[derive(Debug, Serialize)]
pub(crate) struct Message<'a> {
    /// `assistant`.
    pub(crate) role: &'static str,
    /// The text; `null` without a text beside tool calls or a refusal.
    pub(crate) content: Option<Cow<'a, str>>,
    /// Why the model declined.
    pub(crate) refusal: Option<Cow<'a, str>>,
    /// Tools that the caller must run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) tool_calls: Vec<ToolCall<'a>>,
    /// The one call of a request with the deprecated `functions`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) function_call: Option<Function<'a>>,
    /// Citations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) annotations: Vec<Annotation<'a>>,
    /// Extension: readable thinking.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning_content: Option<Cow<'a, str>>,
    /// Extensions of one dialect: each a member name and its JSON.
    #[serde(flatten, serialize_with = "as_members")]
    pub(crate) extensions: Vec<(&'static str, Box<RawValue>)>,
}

impl Default for Message<'_> {
    fn default() -> Self {
        Self {
            role: "assistant",
            content: None,
            refusal: None,
            tool_calls: Vec::new(),
            function_call: None,
            annotations: Vec::new(),
            reasoning_content: None,
            extensions: Vec::new(),
        }
    }
}

fn as_members<S: serde::Serializer>(
    members: &[(&'static str, Box<RawValue>)],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().map(|(name, value)| (name, value)))
}

/// One tool call, whole or as a stream's delta (then with `index`).
#[derive(Debug, Default, Serialize)]
pub(crate) struct ToolCall<'a> {
    /// In streams: which call of the choice this belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) index: Option<u32>,
    /// In streams only with the first delta of a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Cow<'a, str>>,
    /// `function`; in streams only with the first delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) r#type: Option<&'static str>,
    /// Name and arguments.
    pub(crate) function: Function<'a>,
    /// Extension: `{"google":{"thought_signature":…}}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) extra_content: Option<Box<RawValue>>,
}

/// A function's name and arguments.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Function<'a> {
    /// In streams only with the first delta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Cow<'a, str>>,
    /// JSON as text, key order and numbers as the provider sent them.
    pub(crate) arguments: Cow<'a, str>,
}

/// `{"type":"url_citation","url_citation":{…}}`.
#[derive(Debug, Serialize)]
pub(crate) struct Annotation<'a> {
    /// `url_citation`.
    pub(crate) r#type: &'static str,
    /// Where and what.
    pub(crate) url_citation: UrlCitation<'a>,
}

/// A cited page and the span of `content` that it supports, in Unicode scalar values.
#[derive(Debug, Serialize)]
pub(crate) struct UrlCitation<'a> {
    /// First character.
    pub(crate) start_index: usize,
    /// One past the last character.
    pub(crate) end_index: usize,
    /// The page's title, or empty.
    pub(crate) title: Cow<'a, str>,
    /// The page.
    pub(crate) url: Cow<'a, str>,
}

/// OpenAI's usage object of a chat answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Usage {
    /// All prompt tokens, cached ones among them.
    pub(crate) prompt_tokens: u64,
    /// All answer tokens, reasoning among them.
    pub(crate) completion_tokens: u64,
    /// The sum, or the provider's own total.
    pub(crate) total_tokens: u64,
    /// Parts of the prompt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prompt_tokens_details: Option<PromptDetails>,
    /// Parts of the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) completion_tokens_details: Option<CompletionDetails>,
    /// Cached tokens that were written for an hour. For metering alone.
    #[serde(skip)]
    pub(crate) cache_write_1h: u64,
    /// Tokens with other prices than text on the standard tier, audio input apart. For metering alone.
    #[serde(skip)]
    pub(crate) unpriced: u64,
}

/// Parts of `prompt_tokens`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct PromptDetails {
    /// Read from a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cached_tokens: Option<u64>,
    /// Written to a cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_write_tokens: Option<u64>,
    /// Audio input.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audio_tokens: Option<u64>,
}

/// Parts of `completion_tokens`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct CompletionDetails {
    /// Thinking.
    pub(crate) reasoning_tokens: u64,
}

impl Usage {
    /// The usage of an answer that took two requests.
    #[must_use]
    pub(crate) fn plus(self, more: Self) -> Self {
        let sum = |own: Option<u64>, more: Option<u64>| match (own, more) {
            (None, None) => None,
            (own, more) => Some(own.unwrap_or(0).saturating_add(more.unwrap_or(0))),
        };
        let prompt = |own: PromptDetails, more: PromptDetails| PromptDetails {
            cached_tokens: sum(own.cached_tokens, more.cached_tokens),
            cache_write_tokens: sum(own.cache_write_tokens, more.cache_write_tokens),
            audio_tokens: sum(own.audio_tokens, more.audio_tokens),
        };
        let completion = |own: CompletionDetails, more: CompletionDetails| CompletionDetails {
            reasoning_tokens: own.reasoning_tokens.saturating_add(more.reasoning_tokens),
        };
        Self {
            prompt_tokens: self.prompt_tokens.saturating_add(more.prompt_tokens),
            completion_tokens: self.completion_tokens.saturating_add(more.completion_tokens),
            total_tokens: self.total_tokens.saturating_add(more.total_tokens),
            prompt_tokens_details: self
                .prompt_tokens_details
                .zip(more.prompt_tokens_details)
                .map(|(own, more)| prompt(own, more))
                .or(self.prompt_tokens_details)
                .or(more.prompt_tokens_details),
            completion_tokens_details: self
                .completion_tokens_details
                .zip(more.completion_tokens_details)
                .map(|(own, more)| completion(own, more))
                .or(self.completion_tokens_details)
                .or(more.completion_tokens_details),
            cache_write_1h: self.cache_write_1h.saturating_add(more.cache_write_1h),
            unpriced: self.unpriced.saturating_add(more.unpriced),
        }
    }

    /// The same, of an answer whose tokens all had other prices than the list's.
    #[must_use]
    pub(crate) fn off_list(self) -> Self {
        Self { unpriced: self.prompt_tokens.saturating_add(self.completion_tokens), ..self }
    }

    /// The same numbers in Relay's four kinds that do not overlap, for metering.
    pub(crate) fn metered(&self) -> TokenUsage {
        let details = self.prompt_tokens_details.unwrap_or_default();
        let (read, write) = (details.cached_tokens.unwrap_or(0), details.cache_write_tokens.unwrap_or(0));
        TokenUsage {
            input: self.prompt_tokens.saturating_sub(read).saturating_sub(write),
            cache_read: read,
            cache_write: write,
            cache_write_1h: self.cache_write_1h.min(write),
            output: self.completion_tokens,
            reasoning: self.completion_tokens_details.unwrap_or_default().reasoning_tokens,
            unpriced: self.unpriced.saturating_add(details.audio_tokens.unwrap_or(0)),
        }
    }
}

//! `GenerateContentResponse` as it comes: the whole answer, and each event of a stream.
//!
//! Read once, borrowed, and only as far as it is used; unknown members and kinds of parts are skipped.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::translation::json::Text;
use crate::translation::limits::MAX_CHOICES;
use crate::translation::surface::chat_completions::completion::{CompletionDetails, PromptDetails, Usage};

/// An answer or an event.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Payload<'a> {
    #[serde(borrow, default)]
    pub(super) candidates: Candidates<'a>,
    #[serde(borrow)]
    pub(super) prompt_feedback: Option<PromptFeedback<'a>>,
    #[serde(borrow)]
    pub(super) usage_metadata: Option<UsageMetadata<'a>>,
    #[serde(borrow)]
    model_version: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) response_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PromptFeedback<'a> {
    #[serde(borrow)]
    block_reason: Option<Text<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Candidate<'a> {
    pub(super) index: Option<u32>,
    #[serde(borrow)]
    pub(super) content: Option<Content<'a>>,
    #[serde(borrow)]
    pub(super) finish_reason: Option<Text<'a>>,
    #[serde(borrow)]
    continuation_token: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) grounding_metadata: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) logprobs_result: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Content<'a> {
    #[serde(borrow, default)]
    pub(super) parts: Few<Part<'a>, MAX_PARTS>,
}

/// A part. Kinds that Relay does not show have no member here, and are skipped by that. Text is moved about a lot; what is
/// large and rare is boxed.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(borrow)]
    pub(super) text: Option<Text<'a>>,
    pub(super) thought: Option<bool>,
    /// A JSON string, as it came.
    #[serde(borrow)]
    pub(super) thought_signature: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) function_call: Option<Box<FunctionCall<'a>>>,
    #[serde(borrow)]
    pub(super) inline_data: Option<Box<Blob<'a>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionCall<'a> {
    #[serde(borrow)]
    pub(super) id: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) name: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) args: Option<&'a RawValue>,
    pub(super) will_continue: Option<bool>,
    pub(super) partial_args: Option<IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    #[serde(borrow)]
    pub(super) mime_type: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) data: Option<Text<'a>>,
}

/// Tokens. In a stream each event has the totals so far.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct UsageMetadata<'a> {
    prompt_token_count: Count,
    tool_use_prompt_token_count: Count,
    candidates_token_count: Count,
    thoughts_token_count: Count,
    cached_content_token_count: Count,
    total_token_count: Count,
    #[serde(borrow)]
    prompt_tokens_details: Few<ModalityCount<'a>>,
    #[serde(borrow)]
    candidates_tokens_details: Few<ModalityCount<'a>>,
    #[serde(borrow)]
    service_tier: Option<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ModalityCount<'a> {
    #[serde(borrow)]
    modality: Option<Text<'a>>,
    token_count: Count,
}

impl FunctionCall<'_> {
    /// Google's id of the call, where it has one.
    pub(super) fn id(&self) -> Option<&str> {
        self.id.as_ref().map(|id| id.0.as_ref()).filter(|id| !id.is_empty())
    }
}

impl Part<'_> {
    /// Bytes of what may have to be held: the text, the picture.
    pub(super) fn size(&self) -> usize {
        let text = self.text.as_ref().map_or(0, |text| text.0.len());
        let data = self.inline_data.as_ref().and_then(|blob| blob.data.as_ref());
        text.saturating_add(data.map_or(0, |data| data.0.len()))
    }
}

impl Candidate<'_> {
    /// The token to go on with, if the answer stopped at its cap. Other ends may have a token, too; their budget is used up.
    pub(super) fn continuation(&self) -> Option<&str> {
        let stopped = self.finish_reason.as_ref().is_some_and(|word| word.0 == "CONTINUATION");
        self.continuation_token.as_ref().filter(|token| stopped && !token.0.is_empty()).map(|token| token.0.as_ref())
    }
}

impl<'a> Payload<'a> {
    /// Reads an answer or an event.
    pub(super) fn read(data: &'a [u8]) -> Result<Self, serde_json::Error> {
        // Checked once: the parser would check each string.
        serde_json::from_str(std::str::from_utf8(data).map_err(serde_json::Error::custom)?)
    }

    /// Why the prompt was blocked, if it was. Some words for "not blocked" are sent, too.
    pub(super) fn block_reason(&self) -> Option<&str> {
        let reason = self.prompt_feedback.as_ref()?.block_reason.as_ref()?;
        let none = ["", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED"];
        (!none.contains(&reason.0.as_ref())).then_some(reason.0.as_ref())
    }

    /// The model as Google names it.
    pub(super) fn model(&self) -> Option<&str> {
        let model = self.model_version.as_ref().map(|model| super::models::bare(&model.0));
        model.filter(|model| !model.is_empty())
    }

    /// The tier that served it, in OpenAI's words.
    pub(super) fn service_tier(&self) -> Option<&'static str> {
        tier(&self.usage_metadata.as_ref()?.service_tier.as_ref()?.0)
    }
}

/// The tokens of the modalities that `is_meant`.
fn count_of(counts: &Few<ModalityCount<'_>>, is_meant: impl Fn(&str) -> bool) -> u64 {
    let meant = counts.iter().filter(|count| count.modality.as_ref().is_some_and(|own| is_meant(&own.0)));
    meant.fold(0, |sum, count| sum.saturating_add(count.token_count.0))
}

/// Whether calls on this service tier have other prices than the list's.
fn is_off_list(tier: &str) -> bool {
    !["standard", "unspecified", "service_tier_unspecified", ""].iter().any(|usual| tier.eq_ignore_ascii_case(usual))
}

/// A service tier in OpenAI's words.
pub(super) fn tier(name: &str) -> Option<&'static str> {
    [("standard", "default"), ("flex", "flex"), ("priority", "priority")]
        .into_iter()
        .find_map(|(own, openai)| name.eq_ignore_ascii_case(own).then_some(openai))
}

impl UsageMetadata<'_> {
    /// OpenAI's usage: thinking is part of `completion_tokens`, and what tools read is part of `prompt_tokens`.
    pub(super) fn to_usage(&self) -> Usage {
        let thoughts = self.thoughts_token_count.0;
        let prompt = self.prompt_token_count.0.saturating_add(self.tool_use_prompt_token_count.0);
        let candidates = self.candidates_token_count.0;
        let total = self.total_token_count.0;
        // Some models count thoughts among the candidates' tokens: then the total has no room for them.
        let within = thoughts > 0 && prompt.saturating_add(candidates) == total;
        let completion = if within { candidates } else { candidates.saturating_add(thoughts) };
        let audio = count_of(&self.prompt_tokens_details, |modality| modality == "AUDIO");
        let made = count_of(&self.candidates_tokens_details, |modality| modality != "TEXT");
        let usage = Usage {
            prompt_tokens: prompt,
            completion_tokens: completion,
            total_tokens: if total > 0 { total } else { prompt.saturating_add(completion) },
            prompt_tokens_details: Some(PromptDetails {
                cached_tokens: Some(self.cached_content_token_count.0),
                audio_tokens: (audio > 0).then_some(audio),
                ..PromptDetails::default()
            }),
            completion_tokens_details: Some(CompletionDetails { reasoning_tokens: thoughts }),
            unpriced: made,
            ..Usage::default()
        };
        let tier = self.service_tier.as_ref().map(|name| name.0.as_ref());
        if tier.is_some_and(is_off_list) { usage.off_list() } else { usage }
    }

    /// Tokens of the prompt alone, as embeddings count them; `None` where nothing was counted.
    pub(super) fn prompt_tokens(&self) -> Option<u64> {
        (self.prompt_token_count.0 > 0).then_some(self.prompt_token_count.0)
    }
}

/// A token count. Absent, null and negative ones are 0; protobuf may write large ones as text.
#[derive(Clone, Copy, Debug, Default)]
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;
        impl Visitor<'_> for CountVisitor {
            type Value = Count;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }
            fn visit_u64<E>(self, count: u64) -> Result<Count, E> {
                Ok(Count(count))
            }
            fn visit_i64<E>(self, count: i64) -> Result<Count, E> {
                Ok(Count(u64::try_from(count).unwrap_or(0)))
            }
            fn visit_f64<E>(self, count: f64) -> Result<Count, E> {
                Ok(Count(count as u64))
            }
            fn visit_str<E>(self, count: &str) -> Result<Count, E> {
                Ok(Count(count.parse().unwrap_or(0)))
            }
            fn visit_unit<E>(self) -> Result<Count, E> {
                Ok(Count(0))
            }
        }
        deserializer.deserialize_any(CountVisitor)
    }
}

/// An answer's candidates.
pub(super) type Candidates<'a> = Few<Candidate<'a>, { MAX_CHOICES as usize }>;

/// The most parts of one candidate: an item that is a few bytes of JSON takes a hundred in memory.
const MAX_PARTS: usize = 16_384;

/// A list that mostly has one item, which then needs no allocation. `null` is an empty one, and one of more than `MAX` items
/// can't be read.
#[derive(Debug)]
pub(super) struct Few<T, const MAX: usize = { 1 << 20 }> {
    first: Option<T>,
    rest: Vec<T>,
}

impl<T, const MAX: usize> Few<T, MAX> {
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    pub(super) fn len(&self) -> usize {
        usize::from(self.first.is_some()) + self.rest.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.first.iter().chain(&self.rest)
    }
}

impl<T, const MAX: usize> Default for Few<T, MAX> {
    fn default() -> Self {
        Self { first: None, rest: Vec::new() }
    }
}

impl<T, const MAX: usize> IntoIterator for Few<T, MAX> {
    type Item = T;
    type IntoIter = std::iter::Chain<std::option::IntoIter<T>, std::vec::IntoIter<T>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Few<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FewVisitor<T, const MAX: usize>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for FewVisitor<T, MAX> {
            type Value = Few<T, MAX>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Few::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut few = Few { first: items.next_element()?, rest: Vec::new() };
                while let Some(item) = items.next_element()? {
                    if few.len() == MAX {
                        return Err(A::Error::custom(format_args!("more than {MAX} items")));
                    }
                    few.rest.push(item);
                }
                Ok(few)
            }
        }
        deserializer.deserialize_any(FewVisitor::<T, MAX>(std::marker::PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_with_a_price_of_their_own_are_counted_apart() {
        let unpriced = |more: &str| {
            let usage = format!(r#"{{"promptTokenCount":30,"candidatesTokenCount":12,"totalTokenCount":42{more}}}"#);
            let payload = format!(r#"{{"usageMetadata":{usage}}}"#);
            Payload::read(payload.as_bytes()).unwrap().usage_metadata.unwrap().to_usage().metered().unpriced
        };
        for (more, want) in [
            ("", 0),
            (r#","serviceTier":"STANDARD","promptTokensDetails":[{"modality":"IMAGE","tokenCount":9}]"#, 0),
            (r#","candidatesTokensDetails":[{"modality":"TEXT","tokenCount":12}]"#, 0),
            (r#","promptTokensDetails":[{"modality":"TEXT","tokenCount":9},{"modality":"AUDIO","tokenCount":21}]"#, 21),
            (r#","candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":11},{"tokenCount":1}]"#, 11),
            (r#","serviceTier":"flex""#, 42),
            (r#","serviceTier":"PRIORITY""#, 42),
        ] {
            assert_eq!(unpriced(more), want, "{more}");
        }
    }
}

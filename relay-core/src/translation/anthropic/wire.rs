//! What Anthropic sends, as far as Relay reads it. Borrowed from the body; unknown members are skipped.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::Deserializer;
use serde_json::value::RawValue;

use crate::translation::json::Text;
use crate::translation::surface::chat_completions::completion::{CompletionDetails, PromptDetails, Usage};

/// A whole answer, or the start of a streamed one.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) id: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) model: Option<Cow<'a, str>>,
    /// Unparsed, since new kinds of blocks may have any shape.
    #[serde(borrow)]
    pub(super) content: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) stop_details: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

/// The `type` of anything.
#[derive(Debug, Deserialize)]
pub(super) struct TypeTag<'a> {
    #[serde(borrow, default, deserialize_with = "text")]
    pub(super) r#type: Option<Cow<'a, str>>,
}

/// A block of a kind that Relay carries over.
#[derive(Debug)]
pub(super) enum Block<'a> {
    Text {
        text: Cow<'a, str>,
        citations: Vec<Citation<'a>>,
    },
    ToolUse {
        id: Cow<'a, str>,
        name: Cow<'a, str>,
        input: Option<&'a RawValue>,
        /// What there is of an input that was cut off (`collect`).
        partial: Option<Cow<'a, str>>,
    },
    Thinking {
        thinking: Cow<'a, str>,
        signature: Cow<'a, str>,
    },
    RedactedThinking {
        data: Cow<'a, str>,
    },
    /// Server tools, their results, and whatever comes next.
    Foreign,
}

impl<'a> Block<'a> {
    /// Reads a block. Only one of a known kind can be wrong.
    pub(super) fn read(raw: &'a RawValue) -> serde_json::Result<Self> {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow, default, deserialize_with = "text")]
            text: Option<Cow<'a, str>>,
            #[serde(borrow)]
            citations: Option<Vec<&'a RawValue>>,
            #[serde(borrow, default, deserialize_with = "text")]
            id: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            name: Option<Cow<'a, str>>,
            #[serde(borrow)]
            input: Option<&'a RawValue>,
            #[serde(borrow, default, deserialize_with = "text")]
            partial_json: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            thinking: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            signature: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            data: Option<Cow<'a, str>>,
        }
        let kind = serde_json::from_str::<TypeTag<'a>>(raw.get())?.r#type.unwrap_or_default();
        if !matches!(kind.as_ref(), "text" | "tool_use" | "thinking" | "redacted_thinking") {
            return Ok(Self::Foreign);
        }
        let members: Members<'a> = serde_json::from_str(raw.get())?;
        let text = |member: Option<Cow<'a, str>>| member.unwrap_or_default();
        Ok(match kind.as_ref() {
            "text" => {
                let citations = members.citations.unwrap_or_default().into_iter().filter_map(Citation::read).collect();
                Self::Text { text: text(members.text), citations }
            }
            "tool_use" => Self::ToolUse {
                id: text(members.id),
                name: text(members.name),
                input: members.input,
                partial: members.partial_json,
            },
            "thinking" => Self::Thinking { thinking: text(members.thinking), signature: text(members.signature) },
            _ => Self::RedactedThinking { data: text(members.data) },
        })
    }
}

/// A citation of a web page.
#[derive(Debug)]
pub(super) struct Citation<'a> {
    pub(super) title: Cow<'a, str>,
    pub(super) url: Cow<'a, str>,
}

impl<'a> Citation<'a> {
    /// Reads a citation; those of documents have no counterpart in OpenAI's schema.
    pub(super) fn read(raw: &'a RawValue) -> Option<Self> {
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow, default, deserialize_with = "text")]
            r#type: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            title: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            url: Option<Cow<'a, str>>,
        }
        let members: Members<'a> = serde_json::from_str(raw.get()).ok()?;
        let is_web = members.r#type.as_deref() == Some("web_search_result_location");
        is_web.then(|| Self { title: members.title.unwrap_or_default(), url: members.url.unwrap_or_default() })
    }
}

/// Why the model declined, in its words.
pub(super) fn explanation(stop_details: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Members {
        explanation: Option<String>,
    }
    serde_json::from_str::<Members>(stop_details.get()).ok()?.explanation.filter(|text| !text.is_empty())
}

/// Token counts. In a stream they are totals so far: a count that is there overwrites.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    input: u64,
    cache_read: u64,
    cache_write: u64,
    cache_write_1h: u64,
    output: u64,
    thinking: Option<u64>,
    /// Whether the request had other prices than the list's: a service tier, speed or region of its own.
    off_list: bool,
}

impl Counts {
    /// Overwrites the counts that `usage` has, and returns the service tier in OpenAI's words.
    pub(super) fn take(&mut self, usage: &RawValue) -> Option<&'static str> {
        #[derive(Deserialize)]
        struct Members<'a> {
            input_tokens: Option<u64>,
            cache_read_input_tokens: Option<u64>,
            cache_creation_input_tokens: Option<u64>,
            cache_creation: Option<CacheCreation>,
            output_tokens: Option<u64>,
            output_tokens_details: Option<Details>,
            #[serde(borrow, default, deserialize_with = "text")]
            service_tier: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            speed: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "text")]
            inference_geo: Option<Cow<'a, str>>,
        }
        #[derive(Deserialize)]
        struct CacheCreation {
            ephemeral_1h_input_tokens: Option<u64>,
        }
        #[derive(Deserialize)]
        struct Details {
            thinking_tokens: Option<u64>,
        }
        let members: Members<'_> = serde_json::from_str(usage.get()).ok()?;
        self.input = members.input_tokens.unwrap_or(self.input);
        self.cache_read = members.cache_read_input_tokens.unwrap_or(self.cache_read);
        self.cache_write = members.cache_creation_input_tokens.unwrap_or(self.cache_write);
        let hour = members.cache_creation.and_then(|writes| writes.ephemeral_1h_input_tokens);
        self.cache_write_1h = hour.unwrap_or(self.cache_write_1h);
        self.output = members.output_tokens.unwrap_or(self.output);
        self.thinking = members.output_tokens_details.and_then(|details| details.thinking_tokens).or(self.thinking);
        // Fast mode, priority capacity and a fixed region have prices of their own:
        // <https://platform.claude.com/docs/en/about-claude/pricing>.
        let other = |value: Option<&str>, usual: &[&str]| value.is_some_and(|value| !usual.contains(&value));
        self.off_list |= other(members.service_tier.as_deref(), &["standard"])
            || other(members.speed.as_deref(), &["standard"])
            || other(members.inference_geo.as_deref(), &["global", "not_available"]);
        match members.service_tier.as_deref() {
            Some("standard" | "batch") => Some("default"),
            Some("priority") => Some("priority"),
            _ => None,
        }
    }

    /// The counts of two requests of one turn.
    pub(super) fn plus(self, more: Self) -> Self {
        Self {
            input: self.input.saturating_add(more.input),
            cache_read: self.cache_read.saturating_add(more.cache_read),
            cache_write: self.cache_write.saturating_add(more.cache_write),
            cache_write_1h: self.cache_write_1h.saturating_add(more.cache_write_1h),
            output: self.output.saturating_add(more.output),
            thinking: self.thinking.map_or(more.thinking, |own| Some(own.saturating_add(more.thinking.unwrap_or(0)))),
            off_list: self.off_list || more.off_list,
        }
    }

    /// OpenAI's usage: cached tokens are part of the prompt there.
    pub(super) fn usage(&self) -> Usage {
        let prompt_tokens = self.input.saturating_add(self.cache_read).saturating_add(self.cache_write);
        let usage = Usage {
            prompt_tokens,
            completion_tokens: self.output,
            total_tokens: prompt_tokens.saturating_add(self.output),
            prompt_tokens_details: Some(PromptDetails {
                cached_tokens: Some(self.cache_read),
                cache_write_tokens: Some(self.cache_write),
                audio_tokens: None,
            }),
            completion_tokens_details: self.thinking.map(|reasoning_tokens| CompletionDetails { reasoning_tokens }),
            cache_write_1h: self.cache_write_1h,
            ..Usage::default()
        };
        if self.off_list { usage.off_list() } else { usage }
    }
}

/// Reads a string, or `null`, borrowed where it has no escapes.
pub(super) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Cow<'de, str>>, D::Error> {
    Ok(Option::<Text<'de>>::deserialize(deserializer)?.map(|text| text.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(usages: &[&str]) -> Counts {
        let mut counts = Counts::default();
        for usage in usages {
            counts.take(&RawValue::from_string((*usage).to_owned()).unwrap());
        }
        counts
    }

    /// <https://platform.claude.com/docs/en/build-with-claude/prompt-caching>: `cache_creation_input_tokens` is the sum of the
    /// two kinds.
    #[test]
    fn what_is_cached_for_an_hour_is_counted_apart() {
        let start = r#"{"input_tokens":5,"cache_read_input_tokens":7,"cache_creation_input_tokens":30,"output_tokens":1,
            "cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"service_tier":"standard"}"#;
        // The end of a stream repeats some counts, and has no details.
        let whole = counts(&[start, r#"{"output_tokens":9}"#]);
        let tokens = whole.usage().metered();
        assert_eq!((tokens.cache_write, tokens.cache_write_1h, tokens.output, tokens.unpriced), (30, 20, 9, 0));
        let continued = whole.plus(counts(&[start])).usage().metered();
        assert_eq!((continued.cache_write, continued.cache_write_1h, continued.prompt()), (60, 40, 84));
        let odd = counts(&[r#"{"cache_creation":{"ephemeral_1h_input_tokens":9}}"#]).usage().metered();
        assert_eq!((odd.cache_write, odd.cache_write_1h), (0, 0), "at most what was written");
        assert_eq!(counts(&[r#"{"input_tokens":1,"cache_creation":null}"#]).usage().metered().cache_write_1h, 0);
    }

    #[test]
    fn a_call_off_the_list_has_no_priced_token() {
        let unpriced = |more: &str| {
            let usage = format!(r#"{{"input_tokens":3,"output_tokens":4,{more}}}"#);
            counts(&[&usage, r#"{"output_tokens":6}"#]).usage().metered().unpriced
        };
        for usual in [
            r#""service_tier":"standard""#,
            r#""service_tier":null,"speed":null,"inference_geo":null"#,
            r#""speed":"standard","inference_geo":"global""#,
            r#""inference_geo":"not_available""#,
        ] {
            assert_eq!(unpriced(usual), 0, "{usual}");
        }
        for other in [r#""speed":"fast""#, r#""service_tier":"priority""#, r#""inference_geo":"us""#] {
            assert_eq!(unpriced(other), 9, "{other}");
        }
    }
}

//! What each family of Google's models can do, as data. A new family is a row here.
//!
//! Sources: <https://ai.google.dev/gemini-api/docs/thinking>, the reports of Google's generation notes, November 2026, and
//! `outputTokenLimit` of Google's own list of models, August 2026.

use crate::error::RelayError;
use crate::translation::percent::encoded;

/// A level of thinking, in the spelling of Google's SDKs, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::translation) enum Level {
    Minimal,
    Low,
    Medium,
    High,
    XHigh,
}

impl Level {
    /// The level of that name, in any case.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Minimal, Self::Low, Self::Medium, Self::High, Self::XHigh]
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(name))
    }

    pub(in crate::translation) fn as_str(self) -> &'static str {
        match self {
            Self::Minimal => "MINIMAL",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::XHigh => "XHIGH",
        }
    }
}

/// How a request sets the thinking of a family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translation) enum Thinking {
    /// It does not think: any `thinkingConfig` is a 400.
    Never,
    /// Whether and how it thinks differs: efforts are left out, Google's own words are sent.
    Unknown,
    /// `thinkingBudget`, in tokens, with the least and the most that the family takes, and whether 0 turns thinking off.
    Budget { least: u32, most: u32, off: bool },
    /// `thinkingLevel`, one of these, weakest first.
    Levels(&'static [Level]),
}

/// What a family of models can do.
#[derive(Clone, Copy, Debug)]
pub(in crate::translation) struct ModelFamily {
    /// How its models' names begin.
    pub(in crate::translation) prefix: &'static str,
    pub(in crate::translation) thinking: Thinking,
    /// Whether `temperature` and `topP` are honoured.
    pub(in crate::translation) sampling: bool,
    /// The highest `candidateCount`.
    pub(in crate::translation) candidates: i64,
    /// Whether a request may end with a model turn.
    pub(in crate::translation) prefill: bool,
    /// Gemini 3 and later: call ids go back, signatures are checked, media resolution is set for each part, tools and a
    /// JSON answer go together.
    pub(in crate::translation) since_gemini_3: bool,
    /// Whether it takes `systemInstruction`.
    pub(in crate::translation) system: bool,
    /// The highest `maxOutputTokens`.
    pub(in crate::translation) max_output: i64,
    /// Gemini 3 and later that make pictures: each first part of the model's turns must be signed.
    pub(in crate::translation) makes_pictures: bool,
    /// Gemini 4 and later: a long answer comes in pieces, `finishReason: CONTINUATION` and a `continuationToken`.
    pub(in crate::translation) long_answers: bool,
}

/// The most tokens that an answer of most models has.
pub(super) const USUAL_OUTPUT: i64 = 65_536;

const LOW_TO_HIGH: Thinking = Thinking::Levels(&[Level::Low, Level::Medium, Level::High]);
const MINIMAL_TO_HIGH: Thinking = Thinking::Levels(&[Level::Minimal, Level::Low, Level::Medium, Level::High]);

/// Gemini 2: budgets, several candidates, no ids.
const fn gemini_2(prefix: &'static str, thinking: Thinking) -> ModelFamily {
    ModelFamily {
        prefix,
        thinking,
        sampling: true,
        candidates: 8,
        prefill: true,
        since_gemini_3: false,
        system: true,
        max_output: USUAL_OUTPUT,
        makes_pictures: false,
        long_answers: false,
    }
}

/// Gemini 3 up to 3.5: levels, one candidate, ids.
const fn gemini_3(prefix: &'static str, thinking: Thinking) -> ModelFamily {
    ModelFamily {
        prefix,
        thinking,
        sampling: true,
        candidates: 1,
        prefill: true,
        since_gemini_3: true,
        system: true,
        max_output: USUAL_OUTPUT,
        makes_pictures: false,
        long_answers: false,
    }
}

/// From 3.6 on (and 3.5-flash-lite): sampling is ignored, a trailing model turn is a 400.
const fn gemini_3_6(prefix: &'static str, thinking: Thinking) -> ModelFamily {
    ModelFamily { sampling: false, prefill: false, ..gemini_3(prefix, thinking) }
}

/// Gemini 4: the same, and long answers in pieces, as far as the window goes.
const fn gemini_4(prefix: &'static str, thinking: Thinking) -> ModelFamily {
    ModelFamily { long_answers: true, max_output: 1_048_576, ..gemini_3_6(prefix, thinking) }
}

impl ModelFamily {
    /// The same with another limit of the answer, in tokens.
    const fn up_to(self, max_output: i64) -> Self {
        Self { max_output, ..self }
    }

    /// The same without system text.
    const fn without_system(self) -> Self {
        Self { system: false, ..self }
    }

    /// The same, for models that make pictures.
    const fn with_pictures(self) -> Self {
        Self { makes_pictures: true, ..self }
    }
}

/// The first row whose prefix matches counts. Names without a row behave like [`NEWEST`], as the `-latest` aliases do.
pub(in crate::translation) const FAMILIES: &[ModelFamily] = &[
    gemini_2("gemini-1.", Thinking::Never).up_to(8192),
    gemini_2("gemini-2.0-flash-preview-image", Thinking::Never).up_to(8192).without_system(),
    gemini_2("gemini-2.0-flash-exp-image", Thinking::Never).up_to(8192).without_system(),
    gemini_2("gemini-2.0-flash-thinking", Thinking::Never),
    gemini_2("gemini-2.0-", Thinking::Never).up_to(8192),
    gemini_2("gemini-2.5-flash-image", Thinking::Never).up_to(32_768),
    gemini_2("gemini-2.5-flash-preview-tts", Thinking::Never).up_to(16_384),
    gemini_2("gemini-2.5-pro-preview-tts", Thinking::Never).up_to(16_384),
    gemini_2("gemini-2.5-pro", Thinking::Budget { least: 128, most: 32_768, off: false }),
    gemini_2("gemini-2.5-flash-lite", Thinking::Budget { least: 512, most: 24_576, off: true }),
    gemini_2("gemini-2.5-", Thinking::Budget { least: 1, most: 24_576, off: true }),
    gemini_2("gemma-3n-", Thinking::Never).up_to(2048).without_system(),
    gemini_2("gemma-2-", Thinking::Never).up_to(8192).without_system(),
    gemini_2("gemma-3-", Thinking::Never).up_to(8192).without_system(),
    gemini_2("gemma-", Thinking::Unknown).up_to(32_768),
    gemini_2("learnlm-", Thinking::Never).up_to(8192),
    gemini_3("gemini-3-pro-image", Thinking::Levels(&[Level::Low, Level::High])).up_to(32_768).with_pictures(),
    gemini_3("gemini-3.1-flash-image", MINIMAL_TO_HIGH).with_pictures(),
    gemini_3("gemini-3.1-flash-lite-image", MINIMAL_TO_HIGH).with_pictures(),
    gemini_3("gemini-3.1-flash-tts", MINIMAL_TO_HIGH).up_to(16_384),
    gemini_3("gemini-3-pro", Thinking::Levels(&[Level::Low, Level::High])),
    gemini_3("gemini-3-flash", MINIMAL_TO_HIGH),
    gemini_3("gemini-3.1-pro", LOW_TO_HIGH),
    gemini_3("gemini-3.1-flash-lite", MINIMAL_TO_HIGH),
    gemini_3_6("gemini-3.5-flash-lite", MINIMAL_TO_HIGH),
    gemini_3("gemini-3.5-flash", MINIMAL_TO_HIGH),
    gemini_3_6("gemini-3.6-flash", MINIMAL_TO_HIGH),
    gemini_3_6("gemini-3.7-flash", LOW_TO_HIGH),
    gemini_3_6("gemini-3.8-flash", LOW_TO_HIGH),
    gemini_3_6("gemini-3", LOW_TO_HIGH),
    gemini_3_6("gemini-nano-banana", LOW_TO_HIGH).with_pictures(),
    // Names that move on; the limit is the one that they had when it was last seen.
    gemini_4("gemini-flash-latest", LOW_TO_HIGH).up_to(USUAL_OUTPUT),
    gemini_4("gemini-flash-lite-latest", LOW_TO_HIGH).up_to(USUAL_OUTPUT),
    gemini_4("gemini-pro-latest", LOW_TO_HIGH).up_to(USUAL_OUTPUT),
    gemini_4("gemini-4-argon", LOW_TO_HIGH),
    gemini_4("gemini-4-carbon", LOW_TO_HIGH),
    gemini_4("gemini-4-hydrogen", Thinking::Levels(&[Level::Low, Level::Medium, Level::High, Level::XHigh])),
];

/// The newest family, for all other names.
pub(in crate::translation) const NEWEST: ModelFamily = gemini_4("", LOW_TO_HIGH);

impl ModelFamily {
    /// The family of a model.
    pub(super) fn for_model(model: &str) -> &'static Self {
        FAMILIES.iter().find(|family| model.starts_with(family.prefix)).unwrap_or(&NEWEST)
    }
}

/// The model's own name and its path `/v1beta/models/{name}`, as one segment.
///
/// # Errors
/// `model_not_found` for a name that is empty or would change the path.
pub(super) fn path(model: &str) -> Result<(&str, String), RelayError> {
    let name = bare(model);
    if name.is_empty() || name.contains(['/', ':', '?']) {
        return Err(RelayError::model_not_found(model));
    }
    Ok((name, format!("/v1beta/models/{}", encoded(name))))
}

/// A model's name without Google's `models/`.
pub(super) fn bare(model: &str) -> &str {
    model.strip_prefix("models/").unwrap_or(model)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_has_the_newest_behaviour() {
        for name in ["gemini-9-flash", "gemini-flash-latest", "gemini-10-pro", "gemini-4-argon", "x"] {
            let family = ModelFamily::for_model(name);
            assert!(!family.sampling && !family.prefill && family.since_gemini_3 && family.long_answers, "{name}");
        }
        for name in ["gemini-3.8-flash", "gemini-3.9-flash"] {
            let family = ModelFamily::for_model(name);
            assert!(!family.sampling && !family.prefill && !family.long_answers, "{name}");
        }
        assert!(
            ModelFamily::for_model("gemini-3.5-flash").sampling
                && !ModelFamily::for_model("gemini-3.5-flash-lite").sampling
        );
        assert_eq!(ModelFamily::for_model("gemini-2.5-flash-lite").candidates, 8);
    }

    #[test]
    fn a_name_is_one_path_segment_or_refused() {
        assert_eq!(path("models/gemini-2.5-flash").unwrap().1, "/v1beta/models/gemini-2.5-flash");
        assert_eq!(path("a b#%é").unwrap().1, "/v1beta/models/a%20b%23%25%C3%A9");
        for bad in ["", "models/", "../x", "a/b", "a:generate", "a?key=x", "models/models/a"] {
            assert_eq!(path(bad).unwrap_err().code(), "model_not_found", "{bad}");
        }
    }
}

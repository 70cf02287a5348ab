//! What differs between Google's models, as data; and the list of models.

use serde::Deserialize;

use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::surface::models::Model;

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
    pub(super) fn named(name: &str) -> Option<Self> {
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

/// How a class is told to think.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translation) enum Thinking {
    /// It does not think: any `thinkingConfig` is a 400.
    Never,
    /// `thinkingBudget`, in tokens, with the least and the most that the class takes.
    Budget { least: u32, most: u32 },
    /// `thinkingLevel`, one of these, weakest first.
    Levels(&'static [Level]),
}

/// What a class of models can do.
#[derive(Clone, Copy, Debug)]
pub(in crate::translation) struct Class {
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
    pub(in crate::translation) third: bool,
    /// Gemini 4 and later: a long answer comes in pieces, `finishReason: CONTINUATION` and a `continuationToken`.
    pub(in crate::translation) long_answers: bool,
}

const LOW_TO_HIGH: Thinking = Thinking::Levels(&[Level::Low, Level::Medium, Level::High]);
const MINIMAL_TO_HIGH: Thinking = Thinking::Levels(&[Level::Minimal, Level::Low, Level::Medium, Level::High]);

/// Gemini 2: budgets, several candidates, no ids.
const fn second(prefix: &'static str, thinking: Thinking) -> Class {
    Class { prefix, thinking, sampling: true, candidates: 8, prefill: true, third: false, long_answers: false }
}

/// Gemini 3 up to 3.5: levels, one candidate, ids.
const fn third(prefix: &'static str, thinking: Thinking) -> Class {
    Class { prefix, thinking, sampling: true, candidates: 1, prefill: true, third: true, long_answers: false }
}

/// From 3.6 on (and 3.5-flash-lite): sampling is ignored, a trailing model turn is a 400.
const fn sixth(prefix: &'static str, thinking: Thinking) -> Class {
    Class { sampling: false, prefill: false, ..third(prefix, thinking) }
}

/// Gemini 4: the same, and long answers in pieces.
const fn newest(prefix: &'static str, thinking: Thinking) -> Class {
    Class { long_answers: true, ..sixth(prefix, thinking) }
}

/// The first row whose prefix fits counts; the last one fits all. State of 2026-11, from Google's thinking page and the
/// reports of its generation notes. Names that are not there yet get the newest behaviour, as do the `-latest` aliases.
pub(in crate::translation) const CLASSES: &[Class] = &[
    second("gemini-1.", Thinking::Never),
    second("gemini-2.0-", Thinking::Never),
    second("gemini-2.5-pro", Thinking::Budget { least: 128, most: 32_768 }),
    second("gemini-2.5-", Thinking::Budget { least: 0, most: 24_576 }),
    second("gemma-", Thinking::Never),
    second("learnlm-", Thinking::Never),
    third("gemini-3-pro", Thinking::Levels(&[Level::Low, Level::High])),
    third("gemini-3-flash", MINIMAL_TO_HIGH),
    third("gemini-3.1-pro", LOW_TO_HIGH),
    third("gemini-3.1-flash-lite", MINIMAL_TO_HIGH),
    sixth("gemini-3.5-flash-lite", MINIMAL_TO_HIGH),
    third("gemini-3.5-flash", MINIMAL_TO_HIGH),
    sixth("gemini-3.6-flash", MINIMAL_TO_HIGH),
    sixth("gemini-3.7-flash", LOW_TO_HIGH),
    sixth("gemini-3.8-flash", LOW_TO_HIGH),
    sixth("gemini-3", LOW_TO_HIGH),
    newest("gemini-4-argon", LOW_TO_HIGH),
    newest("gemini-4-carbon", LOW_TO_HIGH),
    newest("gemini-4-hydrogen", Thinking::Levels(&[Level::Low, Level::Medium, Level::High, Level::XHigh])),
];

/// The newest class, for all other names.
pub(in crate::translation) const NEWEST: Class = newest("", LOW_TO_HIGH);

/// The class of a model.
pub(super) fn class(model: &str) -> &'static Class {
    CLASSES.iter().find(|class| model.starts_with(class.prefix)).unwrap_or(&NEWEST)
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

/// Percent-encodes all but RFC 3986's unreserved characters.
fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// Asks for one page of the list; 1000 is the largest page.
pub(super) fn list(page: Option<&str>) -> WireRequest {
    match page {
        None => WireRequest::get("/v1beta/models?pageSize=1000"),
        Some(token) => WireRequest::get(format!("/v1beta/models?pageSize=1000&pageToken={}", encoded(token))),
    }
}

/// Translates a page: models that chat or embed.
pub(super) fn answer(body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
    let page: Page = serde_json::from_slice(body)
        .map_err(|error| RelayError::upstream("Google's list of models can't be read").with_cause(error))?;
    let models = page.models.into_iter().filter(Listed::is_of_use).map(|listed| Model {
        id: bare(&listed.name).to_owned(),
        object: "model",
        created: 0,
        owned_by: "google".to_owned(),
    });
    Ok((models.collect(), page.next_page_token.filter(|token| !token.is_empty())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    models: Vec<Listed>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    #[serde(default)]
    supported_generation_methods: Vec<String>,
}

impl Listed {
    fn is_of_use(&self) -> bool {
        const USED: &[&str] = &["generateContent", "batchEmbedContents", "embedContent"];
        self.supported_generation_methods.iter().any(|method| USED.contains(&method.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_name_has_the_newest_behaviour() {
        for name in ["gemini-9-flash", "gemini-flash-latest", "gemini-10-pro", "gemini-4-argon", "x"] {
            let class = class(name);
            assert!(!class.sampling && !class.prefill && class.third && class.long_answers, "{name}");
        }
        for name in ["gemini-3.8-flash", "gemini-3.9-flash"] {
            assert!(!class(name).sampling && !class(name).prefill && !class(name).long_answers, "{name}");
        }
        assert!(class("gemini-3.5-flash").sampling && !class("gemini-3.5-flash-lite").sampling);
        assert_eq!(class("gemini-2.5-flash-lite").candidates, 8);
    }

    #[test]
    fn a_name_is_one_path_segment_or_refused() {
        assert_eq!(path("models/gemini-2.5-flash").unwrap().1, "/v1beta/models/gemini-2.5-flash");
        assert_eq!(path("a b#%é").unwrap().1, "/v1beta/models/a%20b%23%25%C3%A9");
        for bad in ["", "models/", "../x", "a/b", "a:generate", "a?key=x", "models/models/a"] {
            assert_eq!(path(bad).unwrap_err().code(), "model_not_found", "{bad}");
        }
    }

    #[test]
    fn the_list_holds_what_chats_or_embeds() {
        let body = br#"{"models":[{"name":"models/a","supportedGenerationMethods":["generateContent"]},
            {"name":"models/b","supportedGenerationMethods":["predict"]},{"name":"models/c"},
            {"name":"models/d","supportedGenerationMethods":["embedContent"]}],"nextPageToken":"n/2"}"#;
        let (models, next) = answer(body).unwrap();
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["a", "d"]);
        assert_eq!(list(next.as_deref()).path, "/v1beta/models?pageSize=1000&pageToken=n%2F2");
        assert!(answer(b"<html>").is_err());
    }
}

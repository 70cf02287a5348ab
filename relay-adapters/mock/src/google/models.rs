//! What each class of Google's models can do.

/// How thinking is set.
#[derive(Clone, Copy)]
pub(super) enum Thinking {
    /// Not at all.
    None,
    /// `thinkingBudget` within these bounds, or -1; 0 only if the flag says so.
    Budget(i64, i64, bool),
    /// `thinkingLevel` with one of these.
    Level(&'static [&'static str]),
}

/// A class of models.
pub(super) struct Class {
    pub(super) name: &'static str,
    pub(super) thinking: Thinking,
    /// Calls carry ids and signatures, and signatures have to come back.
    pub(super) signs: bool,
    /// `candidateCount` above 1.
    pub(super) several: bool,
    /// A conversation may end with the model's turn.
    pub(super) prefill: bool,
    /// A JSON answer beside declared functions.
    pub(super) json_with_tools: bool,
    /// An answer may have to be continued.
    pub(super) long: bool,
}

const ALL: &[&str] = &["MINIMAL", "LOW", "MEDIUM", "HIGH"];
const NO_MINIMAL: &[&str] = &["LOW", "MEDIUM", "HIGH"];

const fn second(name: &'static str, thinking: Thinking) -> Class {
    Class { name, thinking, signs: false, several: true, prefill: true, json_with_tools: false, long: false }
}

const fn third(name: &'static str, levels: &'static [&'static str]) -> Class {
    Class {
        name,
        thinking: Thinking::Level(levels),
        signs: true,
        several: false,
        prefill: true,
        json_with_tools: true,
        long: false,
    }
}

const fn newest(name: &'static str, levels: &'static [&'static str]) -> Class {
    Class { prefill: false, ..third(name, levels) }
}

const fn fourth(name: &'static str, levels: &'static [&'static str]) -> Class {
    Class { long: true, ..newest(name, levels) }
}

/// The longest name first among those with the same beginning.
pub(super) const CLASSES: &[Class] = &[
    second("gemini-2.5-pro", Thinking::Budget(128, 32_768, false)),
    second("gemini-2.5-flash-lite", Thinking::Budget(512, 24_576, true)),
    second("gemini-2.5-flash", Thinking::Budget(1, 24_576, true)),
    third("gemini-3-flash-preview", ALL),
    third("gemini-3-pro-preview", &["LOW", "HIGH"]),
    third("gemini-3.1-pro-preview", NO_MINIMAL),
    third("gemini-3.1-flash-lite", ALL),
    newest("gemini-3.5-flash-lite", ALL),
    third("gemini-3.5-flash", ALL),
    newest("gemini-3.6-flash", ALL),
    newest("gemini-3.7-flash", NO_MINIMAL),
    newest("gemini-3.8-flash", NO_MINIMAL),
    fourth("gemini-4-argon", NO_MINIMAL),
    fourth("gemini-4-carbon", NO_MINIMAL),
    fourth("gemini-4-hydrogen", &["LOW", "MEDIUM", "HIGH", "XHIGH"]),
    newest("gemini-flash-lite-latest", ALL),
    newest("gemini-flash-latest", NO_MINIMAL),
    newest("gemini-pro-latest", NO_MINIMAL),
    second("gemma-3-27b-it", Thinking::None),
];

/// A model that was added to the mock.
pub(super) static ADDED: Class = newest("", ALL);

/// The class of a model: its name, or with `-preview…`, `-latest`, `-exp…` or three digits behind.
pub(super) fn find(model: &str) -> Option<&'static Class> {
    let variant = |rest: &str| {
        let Some(rest) = rest.strip_prefix('-') else { return rest.is_empty() };
        let version = rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit());
        version || ["preview", "latest", "exp"].iter().any(|word| rest.starts_with(word))
    };
    CLASSES.iter().find(|class| model.strip_prefix(class.name).is_some_and(variant))
}

//! Why Gemini stopped, in OpenAI's words.

use crate::error::{Code, RelayError};
use crate::translation::ChatContext;

/// What a finish reason means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The model was done, with or without calls.
    Stop,
    /// It ran out of tokens.
    Length,
    /// It was stopped; the text so far stands.
    Filter,
    /// The answer cannot be used: code and `param`.
    Unusable(Code, Option<&'static str>),
}

/// The finish reasons of the newest SDKs (`google-genai` 3.4.0).
const WORDS: &[(&str, Meaning)] = &[
    ("STOP", Meaning::Stop),
    ("FINISH_REASON_UNSPECIFIED", Meaning::Stop),
    ("MAX_TOKENS", Meaning::Length),
    ("CONTINUATION", Meaning::Length),
    ("SAFETY", Meaning::Filter),
    ("RECITATION", Meaning::Filter),
    ("LANGUAGE", Meaning::Filter),
    ("BLOCKLIST", Meaning::Filter),
    ("PROHIBITED_CONTENT", Meaning::Filter),
    ("SPII", Meaning::Filter),
    ("OTHER", Meaning::Filter),
    ("ESCALATION", Meaning::Filter),
    ("MODEL_ARMOR", Meaning::Filter),
    ("IMAGE_SAFETY", Meaning::Filter),
    ("IMAGE_PROHIBITED_CONTENT", Meaning::Filter),
    ("IMAGE_RECITATION", Meaning::Filter),
    ("IMAGE_OTHER", Meaning::Filter),
    ("NO_IMAGE", Meaning::Filter),
    ("MALFORMED_FUNCTION_CALL", Meaning::Unusable(Code::MalformedFunctionCall, None)),
    ("UNEXPECTED_TOOL_CALL", Meaning::Unusable(Code::UnexpectedToolCall, None)),
    ("MALFORMED_RESPONSE", Meaning::Unusable(Code::MalformedResponse, None)),
    ("TOO_MANY_TOOL_CALLS", Meaning::Unusable(Code::TooManyToolCalls, None)),
    ("MISSING_THOUGHT_SIGNATURE", Meaning::Unusable(Code::MissingThoughtSignature, Some("messages"))),
    ("PUP_LIMITED_DISABLED", Meaning::Unusable(Code::ProviderAccountDisabled, None)),
];

/// What a word means; unknown ones are like `STOP`.
pub(super) fn meaning(word: &str) -> Meaning {
    WORDS.iter().find(|(known, _)| *known == word).map_or(Meaning::Stop, |(_, meaning)| *meaning)
}

/// Whether Google's word is more precise than OpenAI's.
pub(super) fn is_telling(word: &str) -> bool {
    !matches!(word, "STOP" | "MAX_TOKENS" | "CONTINUATION")
}

/// OpenAI's finish reason of a usable answer.
pub(super) fn reason(meaning: Meaning, calls: bool, context: &ChatContext) -> &'static str {
    match meaning {
        Meaning::Length => "length",
        Meaning::Filter => "content_filter",
        Meaning::Stop if calls && context.legacy_functions => "function_call",
        Meaning::Stop if calls => "tool_calls",
        Meaning::Stop | Meaning::Unusable(..) => "stop",
    }
}

/// The error that a finish reason stands for, if it does.
pub(super) fn failure(word: &str) -> Option<RelayError> {
    let Meaning::Unusable(code, param) = meaning(word) else { return None };
    let why = match code {
        Code::MissingThoughtSignature => {
            "Gemini refused a tool call in `messages` without its signature: send each tool call's `extra_content` back"
        }
        Code::ProviderAccountDisabled => "Google limited the user's account",
        _ => "Gemini failed to write a usable answer; the same request may succeed",
    };
    let error = RelayError::from_answer(code, format!("{why} (finish reason {word})"));
    Some(match param {
        Some(param) => error.with_param(param),
        None => error,
    })
}

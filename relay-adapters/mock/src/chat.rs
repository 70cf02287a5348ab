//! A chat, apart from any provider's format: the [`ChatRequest`] read from a request, and the [`ChatAnswer`] to it.

use serde_json::Value;

use crate::directives::ThinkingStyle;

/// A tool that was declared.
#[derive(Clone, Debug)]
pub(super) struct Tool {
    pub(super) name: String,
    pub(super) schema: Value,
}

/// Which tools may or must be called.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Choice {
    #[default]
    Auto,
    /// None may.
    Never,
    /// One must; of these, if any are named.
    Must(Vec<String>),
    /// Only these may.
    Only(Vec<String>),
}

/// What form the text must have.
#[derive(Clone, Debug, Default)]
pub(super) enum Form {
    #[default]
    Text,
    Json,
    Schema(Value),
}

/// Whether there is thinking.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Think {
    #[default]
    No,
    /// With a signature but without its text.
    Hidden,
    Shown,
}

/// A chat request, as far as an answer depends on it.
#[derive(Clone, Debug, Default)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    /// The last user text, with its directives.
    pub(super) user_text: String,
    /// Tool name and content of the results at the end of the conversation.
    pub(super) results: Vec<(String, String)>,
    /// The same of all results since the last user text.
    pub(super) turn_results: Vec<(String, String)>,
    /// How often tools were called since the last user text.
    pub(super) rounds: usize,
    /// Words of all text in the request.
    pub(super) prompt_words: u64,
    pub(super) tools: Vec<Tool>,
    pub(super) choice: Choice,
    pub(super) one_call: bool,
    /// The most words of the answer.
    pub(super) limit: Option<u64>,
    pub(super) stops: Vec<String>,
    pub(super) form: Form,
    pub(super) think: Think,
    pub(super) stream: bool,
    /// How many answers are asked for.
    pub(super) count: usize,
    /// OpenAI's `stream_options.include_usage`.
    pub(super) include_usage: bool,
    /// Google's stream without `alt=sse`: one JSON array.
    pub(super) json_array: bool,
    /// OpenAI's deprecated `functions`.
    pub(super) legacy: bool,
    /// Made from the request's bytes: ids depend on it.
    pub(super) seed: u64,
    /// Anthropic: what an answer has to be bound to.
    pub(super) binding: Binding,
    /// Google: which continuation this is, and the digest of what has to be sent again.
    pub(super) continuation: usize,
    pub(super) digest: u64,
}

/// What the mock's Claude puts into signatures, so that it knows later whether they came back where they belong.
#[derive(Clone, Debug, Default)]
pub(super) struct Binding {
    /// Digest of everything before the assistant's turn.
    pub(super) prefix: u64,
    /// Blocks that the turn has already, when it goes on after a pause.
    pub(super) blocks: usize,
    /// Pauses so far.
    pub(super) pauses: usize,
    /// Whether it may search the web.
    pub(super) searches: bool,
    /// Digest of the tools.
    pub(super) tools: u64,
}

/// A call that the answer makes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ToolCall {
    pub(super) name: String,
    pub(super) arguments: Value,
}

/// Why the answer ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finish {
    Stop,
    /// At this stop text.
    StopText(String),
    Length,
    Calls,
    /// A filter stopped it.
    Filter,
    /// The model declined.
    Refusal,
    /// A word of the provider's own.
    Other(String),
}

impl Finish {
    /// `length`, `filter`, `stop`, or a word of the provider's own.
    pub(super) fn parse(word: &str) -> Self {
        match word {
            "length" => Self::Length,
            "filter" => Self::Filter,
            "stop" => Self::Stop,
            other => Self::Other(other.to_owned()),
        }
    }
}

/// What a script lets the model say.
#[derive(Clone, Debug, Default)]
pub(super) struct Said {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    /// The word for the finish reason, as [`Finish::parse`] reads it. `None`: as the text and the calls have it.
    pub(super) finish: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub(super) struct ChatAnswer {
    /// Text of the thinking, empty if hidden.
    pub(super) thinking: Option<String>,
    pub(super) thinking_style: ThinkingStyle,
    /// The text in the pieces in which it is streamed.
    pub(super) pieces: Vec<String>,
    pub(super) calls: Vec<ToolCall>,
    pub(super) finish: Finish,
    pub(super) prompt_tokens: u64,
    pub(super) thinking_tokens: u64,
    /// Of text and calls, without thinking.
    pub(super) answer_tokens: u64,
    pub(super) search: bool,
    pub(super) pauses: usize,
    pub(super) continues: usize,
    pub(super) unknown: bool,
    /// The user\'s text, without directives.
    pub(super) user_text: String,
}

impl ChatAnswer {
    pub(super) fn text(&self) -> String {
        self.pieces.concat()
    }
}

/// The text of a model that declines.
pub(super) const REFUSAL: &str = "I can't help with that.";

/// A text that [`crate::faults`] replaces by the bytes that were asked for.
pub(super) const FILLER: &str = "@@filler@@";

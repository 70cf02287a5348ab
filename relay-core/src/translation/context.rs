//! What the translation of an answer must know of the request.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::ids::RequestId;
use crate::translation::surface::embeddings::Encoding;

/// Names by other names: what was asked for, by what was sent. One map serves all calls of a tool.
pub type Renames = Arc<BTreeMap<String, String>>;

/// What the translation of a chat answer must know of the request.
#[derive(Clone, Debug)]
pub struct ChatContext {
    /// Seed of made-up ids.
    pub id: RequestId,
    /// `created`, in Unix seconds.
    pub created: u64,
    /// The model's name as it was asked for, without a provider prefix.
    pub model: String,
    /// Whether the caller asked for a stream.
    pub stream: bool,
    /// Whether the caller asked for usage in the stream.
    pub include_usage: bool,
    /// Whether the caller used the deprecated `functions`.
    pub legacy_functions: bool,
    /// Whether only the first tool call may be shown (`parallel_tool_calls: false` where the provider has no such switch).
    pub first_call_only: bool,
    /// Tool names that had to be changed for the provider.
    pub renamed_tools: Renames,
    /// Names of tools' properties that had to be changed for the provider, by tool.
    pub renamed_properties: Vec<(String, Renames)>,
    /// Whether the provider may stop in the middle and want another request.
    pub may_continue: bool,
    /// Whether a whole answer may take longer than connections stay open in silence: it is asked for as a stream, and collected.
    pub is_long: bool,
    /// Whether the request holds what the provider may refuse and [`Dialect::amend`](super::Dialect::amend) takes out.
    pub is_amendable: bool,
    /// Which tier served the call, in OpenAI's words, where a header names it.
    pub service_tier: Option<&'static str>,
}

impl ChatContext {
    /// The context of a plain call: one answer, in one piece.
    pub fn new(id: RequestId, created: u64, model: &str) -> Self {
        Self {
            id,
            created,
            model: model.to_owned(),
            stream: false,
            include_usage: false,
            legacy_functions: false,
            first_call_only: false,
            renamed_tools: Renames::default(),
            renamed_properties: Vec::new(),
            may_continue: false,
            is_long: false,
            is_amendable: false,
            service_tier: None,
        }
    }
}

/// What the translation of an embeddings answer must know of the request.
#[derive(Clone, Debug)]
pub struct EmbeddingsContext {
    /// The model's name as it was asked for, without a provider prefix.
    pub model: String,
    /// How vectors are written.
    pub encoding: Encoding,
    /// How many inputs there were.
    pub inputs: usize,
    /// Bytes of text in each input, to estimate tokens where the provider counts none.
    pub input_bytes: Vec<usize>,
}

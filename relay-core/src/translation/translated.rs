//! What a translation gives back: requests for the provider, an answer for the caller.

use bytes::Bytes;

use crate::domain::TokenUsage;
use crate::ports::WireRequest;
use crate::translation::context::{ChatContext, EmbeddingsContext};
use crate::translation::notes::Notes;

/// A translated chat request.
#[derive(Debug)]
pub struct TranslatedChat {
    /// What to send.
    pub wire: WireRequest,
    /// What the answer's translation must know of the request.
    pub context: ChatContext,
    /// What was not carried over.
    pub notes: Notes,
}

/// A translated embeddings request.
#[derive(Debug)]
pub struct TranslatedEmbeddings {
    /// What to send, in the order of the inputs.
    pub wires: Vec<WireRequest>,
    /// What the answer's translation must know of the request.
    pub context: EmbeddingsContext,
    /// What was not carried over.
    pub notes: Notes,
}

/// A request without what the provider refused.
#[derive(Debug)]
pub struct Amended {
    /// What to send.
    pub wire: WireRequest,
    /// What was changed, for `x-relay-adjusted-params`.
    pub changed: &'static str,
}

/// An answer that takes another request.
#[derive(Debug)]
pub struct Continuation {
    /// What to send.
    pub wire: WireRequest,
    /// Whether the caller has received any of the answer. If the next request fails, the answer ends there.
    pub has_output: bool,
}

/// A translated whole answer.
pub struct TranslatedAnswer {
    /// The JSON body for the caller.
    pub body: Bytes,
    /// Tokens to meter.
    pub usage: Option<TokenUsage>,
    /// The model as the provider names it.
    pub model: Option<String>,
    /// Whether `usage` is an estimate: `x-relay-usage-estimated`.
    pub usage_estimated: bool,
}

impl std::fmt::Debug for TranslatedAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TranslatedAnswer({} bytes, {:?})", self.body.len(), self.usage)
    }
}

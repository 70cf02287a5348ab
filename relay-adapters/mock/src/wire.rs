//! What a provider has to know to answer a request.

use bytes::Bytes;
use serde_json::Value;

use crate::chat::{ChatAnswer, ChatRequest};
use crate::key_behaviour::KeyBehaviour;
use crate::members::flag;
use crate::named_errors::NamedError;
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::Request;

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// All models.
    Models,
    /// One of them.
    Model(String),
    Chat {
        /// From the path (Google).
        model: String,
        stream: bool,
    },
    Embeddings {
        /// From the path (Google).
        model: String,
        batch: bool,
    },
    /// Counts the tokens of a prompt.
    Count {
        /// From the path (Google).
        model: String,
    },
}

/// What a call to a provider is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallKind {
    /// An answer of a model.
    Chat,
    /// Embeddings.
    Embeddings,
    /// The list of models, or one of them: also how Relay checks a key.
    Models,
    /// The number of tokens in a prompt.
    Count,
    /// No route of the provider.
    Other,
}

impl Route {
    pub(super) fn kind(&self) -> CallKind {
        match self {
            Self::Models | Self::Model(_) => CallKind::Models,
            Self::Chat { .. } => CallKind::Chat,
            Self::Embeddings { .. } => CallKind::Embeddings,
            Self::Count { .. } => CallKind::Count,
        }
    }

    pub(super) fn is_list(&self) -> bool {
        matches!(self, Self::Models | Self::Model(_))
    }

    pub(super) fn costs(&self) -> bool {
        matches!(self, Self::Chat { .. } | Self::Embeddings { .. })
    }
}

/// What becomes of a request.
pub(super) enum Handled {
    /// This reply, at once.
    Reply(Reply),
    /// An answer of a model.
    Chat(Box<ChatRequest>),
}

/// A provider's wire format.
pub(super) trait WireFormat: Sync {
    /// The answer that rejects a request.
    fn reject(&self, rejection: &Rejection<'_>, seed: u64) -> Reply;

    /// Looks at headers that only this provider has.
    fn check_headers(&self, _: &Request<'_>, _: KeyBehaviour) -> Result<(), Reply> {
        Ok(())
    }

    /// Finds the route, or answers 404 or 405.
    fn route(&self, request: &Request<'_>) -> Result<Route, Reply>;

    /// Checks query and body, and answers what needs no model.
    fn handle(&self, request: &Request<'_>, route: &Route) -> Result<Handled, Reply>;

    /// The answer in one body.
    fn whole(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply;

    /// The answer as events.
    fn stream(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply;

    /// Whether a chat request asks for a stream.
    fn wants_stream(&self, request: &Request<'_>, _: &Route) -> bool {
        serde_json::from_slice(request.body).is_ok_and(|body: Value| flag(&body, "stream"))
    }

    /// A whole answer that a test wrote, as the stream that this request asks for; `None` if it is no answer to a chat.
    fn as_stream(&self, request: &Request<'_>, whole: &Value) -> Option<Reply>;

    /// An event with this JSON, which has no line break.
    fn event(&self, json: &str) -> Bytes;

    /// The errors that have a name.
    fn named_errors(&self) -> &'static [NamedError];

    /// An error in a stream: that of this name, or an overload.
    fn error_event(&self, name: Option<&str>, bare: bool) -> Bytes;

    /// Adds the headers that every answer of this provider has.
    fn add_headers(&self, reply: Reply, request: &Request<'_>) -> Reply;
}

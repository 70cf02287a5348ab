//! What a provider has to know to answer a request.

use bytes::Bytes;

use crate::chat::{ChatAnswer, ChatRequest};
use crate::key_behaviour::KeyBehaviour;
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

impl Route {
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

    /// An error in a stream: that of this name, or an overload.
    fn error_event(&self, name: Option<&str>, bare: bool) -> Bytes;

    /// Adds the headers that every answer of this provider has.
    fn add_headers(&self, reply: Reply, request: &Request<'_>) -> Reply;
}

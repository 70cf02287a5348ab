//! This dialect's side of the shared test helpers.

use bytes::Bytes;

use super::Anthropic;
use crate::error::RelayError;
use crate::translation::testing::feed::{self, Cut};
use crate::translation::{ChatCall, ChatContext, Dialect, Fault, Policy, testing};

/// Translates a request body, for its own model or another.
pub(super) fn chat(body: &Bytes, model: Option<&str>, policy: Policy) -> Result<ChatCall, RelayError> {
    testing::with_call(body, model, policy, |call| Anthropic.chat(call))
}

/// Feeds a body, cut up; gives what the caller gets, and how it ended.
pub(super) fn streamed(body: &str, cut: Cut, context: ChatContext) -> (String, Result<(), Fault>) {
    feed::streamed(&Anthropic, body.as_bytes(), cut, &context)
}

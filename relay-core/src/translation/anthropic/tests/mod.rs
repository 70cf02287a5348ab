//! This dialect's side of the shared test helpers.

mod corpus;
mod edge;
pub(in crate::translation) mod error;
pub(in crate::translation) mod golden;

use bytes::Bytes;

use crate::error::RelayError;
use crate::translation::anthropic::Anthropic;
use crate::translation::tests::support::feed::{self, Cut};
use crate::translation::{ChatContext, Dialect, ProviderError, TranslatedChat, TranslationOptions, tests};

/// Translates a request body, for its own model or another.
pub(super) fn chat(
    body: &Bytes,
    model: Option<&str>,
    options: TranslationOptions,
) -> Result<TranslatedChat, RelayError> {
    tests::with_call(body, model, options, |call| Anthropic.chat(call))
}

/// Feeds a body, cut up; gives what the caller gets, and how it ended.
pub(super) fn streamed(body: &str, cut: Cut, context: ChatContext) -> (String, Result<(), ProviderError>) {
    feed::streamed(&Anthropic, body.as_bytes(), cut, &context)
}

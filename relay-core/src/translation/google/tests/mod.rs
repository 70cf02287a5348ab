//! This dialect's side of the shared test helpers.

mod corpus;
mod embeddings;
pub(in crate::translation) mod error;
pub(in crate::translation) mod golden;
mod request;

use bytes::Bytes;
use serde_json::Value;

use crate::error::RelayError;
use crate::translation::google::Google;
use crate::translation::tests::support::feed::{chunks, fed};
use crate::translation::{Call, ChatContext, Dialect, TranslationOptions, tests};

/// Calls `act` with a call of this body.
pub(super) fn with_call<T>(
    body: &Value,
    act: impl FnOnce(&Call<'_>) -> Result<T, RelayError>,
) -> Result<T, RelayError> {
    tests::with_call(&Bytes::from(body.to_string()), None, TranslationOptions::default(), act)
}

/// The context of a chat request.
pub(super) fn context(request: &Value) -> ChatContext {
    with_call(request, |call| Google.chat(call)).unwrap().context
}

/// Sends a stream in pieces through the decoder and the translator; gives what a caller would get.
pub(super) fn translated<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, context: &ChatContext) -> String {
    fed(&Google, pieces, context).0
}

/// The events of a stream as JSON; `[DONE]` as a string.
pub(super) fn events(stream: &str) -> Vec<Value> {
    chunks(stream)
}

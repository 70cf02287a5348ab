//! Embeddings, passed on as chats are.

use bytes::Bytes;

use super::edits::Edits;
use super::response;
use crate::domain::Provider;
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::surface::embeddings::Encoding;
use crate::translation::{Call, EmbeddingsContext, Notes, TranslatedAnswer, TranslatedEmbeddings};

/// Passes an embeddings request on.
pub(super) fn request(provider: Provider, call: &Call<'_>) -> TranslatedEmbeddings {
    let mut edits = Edits::new(call.body);
    edits.model(call);
    let context = EmbeddingsContext {
        model: call.model.to_owned(),
        encoding: Encoding::Float,
        inputs: 1,
        input_bytes: Vec::new(),
    };
    let wire = WireRequest::post(format!("{}/embeddings", provider.api_path()), edits.apply(), Expect::Whole);
    TranslatedEmbeddings { wires: vec![wire], context, notes: Notes::default() }
}

/// Passes the answer on.
///
/// # Errors
/// As [`response::translate`].
pub(super) fn answer(bodies: Vec<Bytes>) -> Result<TranslatedAnswer, RelayError> {
    response::translate(bodies.into_iter().next().unwrap_or_default())
}

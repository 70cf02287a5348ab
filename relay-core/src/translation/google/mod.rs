//! Google's Gemini API (v1beta), behind OpenAI's schema.
//!
//! | OpenAI | Gemini | where |
//! | --- | --- | --- |
//! | `messages` | `systemInstruction`, `contents` | `messages.rs`, `content.rs`, `media.rs`, `results.rs` |
//! | `max_tokens`, `temperature`, `top_p`, `n`, `stop`, `seed`, `logprobs` | `generationConfig` | `request.rs` |
//! | `response_format` | `responseMimeType`, `responseJsonSchema` | `request.rs`, `schema/` |
//! | `reasoning_effort` | `thinkingConfig`: a budget (2.5) or a level (3 and later) | `reasoning.rs` |
//! | `tools`, `tool_choice`, `functions`, `function_call` | `functionDeclarations`, `toolConfig` | `tools.rs`, `names.rs` |
//! | `web_search_options` | `googleSearch`; `groundingMetadata` to `annotations` | `request.rs`, `grounding.rs` |
//! | `service_tier` | `serviceTier` | `request.rs` |
//! | `extra_body.google.*` | thinking, safety settings, cached content, task type | `reasoning.rs`, `safety.rs` |
//! | `parallel_tool_calls: false` | nothing: the first call of the answer is shown | `response.rs`, `stream.rs` |
//! | `extra_content.google.thought_signature`, `images` | `thoughtSignature`, `inlineData` | `messages.rs`, `response.rs` |
//! | `finish_reason`, `native_finish_reason` | `finishReason`, `promptFeedback.blockReason` | `finish.rs` |
//! | `usage` | `usageMetadata`; thinking is part of `completion_tokens` | `wire.rs` |
//! | embeddings | `batchEmbedContents`, 100 inputs a call | `embeddings.rs` |
//! | errors | `google.rpc.Status` | `error.rs` |
//!
//! Left out and named in `x-relay-dropped-params`: `user`, `safety_identifier`, `metadata`, `store`, `verbosity`,
//! `prediction`, `audio`, the prompt cache's members, penalties, `name` of messages, and what the model's family ignores.
//! Refused: `moderation`, a `logit_bias`, audio output, custom tools, media of a new message that Gemini does not take.
//!
//! Models differ in classes, a table in `models.rs`:
//!
//! | family | thinking | sampling | `n` | ends with a model turn | call ids, signatures |
//! | --- | --- | --- | --- | --- | --- |
//! | up to 2.5, Gemma | budget, or none | yes | 8 | yes | no |
//! | 3 to 3.5 | level | yes | 1 | yes | yes |
//! | 3.5-flash-lite, 3.6 and later, unknown | level | ignored | 1 | no | yes |
//!
//! Long answers of Gemini 4 come in several requests: `continuation.rs`.

mod amend;
mod content;
mod continuation;
mod embeddings;
mod error;
mod finish;
mod grounding;
mod headers;
mod kinds;
pub(super) mod mapping;
mod media;
mod messages;
mod model_list;
pub(super) mod models;
mod names;
mod parts;
mod reasoning;
mod request;
mod response;
mod results;
mod safety;
mod schema;
mod stream;
mod tools;
mod wire;

#[cfg(test)]
pub(super) mod tests;

use bytes::Bytes;

use crate::domain::ids::Timestamp;
use crate::error::{Disclosure, RelayError};
use crate::ports::WireRequest;
use crate::translation::surface::models::Model;
use crate::translation::surrogates;
use crate::translation::{
    Amended, Call, ChatContext, Continuation, Dialect, EmbeddingsContext, ErrorResponse, ProviderError,
    StreamTranslator, TranslatedAnswer, TranslatedChat, TranslatedEmbeddings,
};

/// The dialect.
#[derive(Debug)]
pub struct Google;

impl Dialect for Google {
    fn chat(&self, call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
        call.mended(request::translate)
    }

    fn chat_answer(&self, body: Bytes, context: &ChatContext) -> Result<TranslatedAnswer, RelayError> {
        response::translate(&surrogates::mended(body), context)
    }

    fn continuation(&self, asked: &WireRequest, bodies: &[Bytes]) -> Option<Continuation> {
        continuation::next(asked, bodies)
    }

    fn join(&self, first: &Bytes, second: &Bytes) -> Option<Bytes> {
        continuation::join(&[first.clone(), second.clone()])
    }

    fn amend(&self, failure: &ErrorResponse<'_>, wire: &WireRequest) -> Option<Amended> {
        amend::amend(failure, wire)
    }

    fn read_headers(&self, headers: &[(String, String)], context: &mut ChatContext) {
        context.service_tier = headers::service_tier(headers);
    }

    fn chat_stream(&self, context: ChatContext) -> Box<dyn StreamTranslator> {
        Box::new(stream::Translator::new(context))
    }

    fn embeddings(&self, call: &Call<'_>) -> Result<TranslatedEmbeddings, RelayError> {
        call.mended(embeddings::request)
    }

    fn embeddings_answer(
        &self,
        bodies: Vec<Bytes>,
        context: &EmbeddingsContext,
    ) -> Result<TranslatedAnswer, RelayError> {
        embeddings::answer(&bodies, context)
    }

    fn models(&self, page: Option<&str>) -> WireRequest {
        model_list::request(page)
    }

    fn models_answer(&self, body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
        model_list::answer(body)
    }

    fn error(&self, failure: &ErrorResponse<'_>, _now: Timestamp) -> ProviderError {
        let body = surrogates::mended_slice(failure.body);
        error::translate(&ErrorResponse { body: &body, ..*failure })
    }

    fn check_key(&self) -> WireRequest {
        model_list::check_key()
    }

    fn is_key_check(&self, body: &[u8]) -> bool {
        model_list::is_key_check(body)
    }

    fn check_use(&self) -> Option<WireRequest> {
        Some(model_list::check_use())
    }

    /// Google sends nothing that OpenAI has a name for.
    fn disclose(&self, _headers: &[(String, String)], _now: Timestamp, _disclosure: &mut Disclosure) {}
}

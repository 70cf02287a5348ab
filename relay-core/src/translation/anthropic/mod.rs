//! Anthropic's Messages API (`https://api.anthropic.com`), versions 2026-10-21 and, for sampling parameters, 2023-06-01.
//!
//! | OpenAI | Anthropic | file |
//! | --- | --- | --- |
//! | leading `system`/`developer` messages | `system` blocks | `messages` |
//! | later ones | role `system` where the model knows it, else marked user text | `messages` |
//! | `user`, `tool`, `function` messages | one `user` turn, tool results first | `messages` |
//! | text, `image_url`, `file` parts | `text`, `image`, `document` blocks | `parts` |
//! | `tool_calls`, `thinking_blocks` of an answer | `tool_use`, `thinking` blocks | `assistant` |
//! | `tools`, `tool_choice`, `functions`, `web_search_options` | `tools`, `tool_choice` | `tools` |
//! | `response_format`, `strict` | `output_config.format`, `strict`, with cleaned schemas | `request`, `schema` |
//! | `reasoning_effort`, `thinking` | `thinking`, `output_config.effort`, by family | `reasoning`, `models` |
//! | `temperature`, `top_p` | the same, on 4.6 and older only | `request` |
//! | `max_tokens`, `stop`, `user`, `service_tier` | `max_tokens`, `stop_sequences`, `metadata`, `service_tier` | `request` |
//! | everything else | dropped, dropped and reported, or refused: one table | `mapping/` |
//!
//! The way back is in `response` (whole answers) and `stream`. Signed thinking returns as `thinking_blocks` and
//! `content_layout`, which a caller that sends the message back unchanged gives to `assistant` again.
//!
//! Families differ in what they take; `models` has a row for each:
//!
//! | | sampling | thinking | forced tool call | prefill | later `system` |
//! | --- | --- | --- | --- | --- | --- |
//! | 4.5 | yes | budget in tokens, off by default | yes | yes | no |
//! | 4.6 | yes | effort, off by default | yes | no | no |
//! | 4.7, 4.8 | no | effort, off by default | yes | no | 4.8 |
//! | 5 | no | effort, on by default | yes | no | all but Sonnet |
//! | 5.1 and later | no | effort, on by default, bound to the history | Haiku only | no | yes |
//!
//! Some turns take several requests, or a stream although the caller asked for none: `continuation`, `collect`. What Anthropic
//! refuses of thinking blocks and schemas is taken out, once: `amend`.
//!
//! A conversation that OpenAI accepted can go on here. What has no counterpart is left out of the history and named (`parts`),
//! ids of calls are unique (`tool_ids`), names of properties are mapped there and back (`names`), files are known by their bytes
//! (`media`), and strict schemas and cache markers stay within Anthropic's limits (`limits`, `cache`).
//!
//! Not carried over: audio, `n > 1`, log probabilities, embeddings.

mod amend;
mod assistant;
mod blocks;
mod cache;
mod collect;
mod continuation;
mod error;
mod event;
mod headers;
mod limits;
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
mod schema;
mod stream;
mod tool_ids;
mod tools;
mod wire;

#[cfg(test)]
pub(super) mod tests;

use bytes::Bytes;

use crate::domain::Provider;
use crate::domain::ids::Timestamp;
use crate::error::{Disclosure, RelayError};
use crate::ports::WireRequest;
use crate::translation::surface::models::Model;
use crate::translation::surrogates;
use crate::translation::{
    Amended, Call, ChatContext, Dialect, EmbeddingsContext, TranslatedAnswer, TranslatedChat, TranslatedEmbeddings,
};
use crate::translation::{Continuation, ErrorResponse, ProviderError, StreamCollector, StreamTranslator};

/// The dialect.
#[derive(Debug)]
pub struct Anthropic;

impl Dialect for Anthropic {
    fn chat(&self, call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
        call.mended(request::translate)
    }

    fn chat_answer(&self, body: Bytes, context: &ChatContext) -> Result<TranslatedAnswer, RelayError> {
        response::translate(&surrogates::mended(body), context)
    }

    fn as_stream(&self, wire: WireRequest) -> WireRequest {
        continuation::as_stream(wire)
    }

    fn collector(&self) -> Option<Box<dyn StreamCollector>> {
        Some(Box::new(collect::Collector::default()))
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

    fn chat_stream(&self, context: ChatContext) -> Box<dyn StreamTranslator> {
        Box::new(stream::Translator::new(context))
    }

    fn embeddings(&self, _: &Call<'_>) -> Result<TranslatedEmbeddings, RelayError> {
        Err(RelayError::no_embeddings(Provider::ANTHROPIC))
    }

    fn embeddings_answer(&self, _: Vec<Bytes>, _: &EmbeddingsContext) -> Result<TranslatedAnswer, RelayError> {
        Err(RelayError::no_embeddings(Provider::ANTHROPIC))
    }

    fn models(&self, page: Option<&str>) -> WireRequest {
        model_list::request(page)
    }

    fn models_answer(&self, body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
        model_list::answer(body)
    }

    fn model(&self, name: &str) -> Option<WireRequest> {
        // Anthropic's names have no slash; in a path it could lead elsewhere.
        (!name.contains('/')).then(|| model_list::one(name))
    }

    fn model_answer(&self, body: &[u8]) -> Result<Model, RelayError> {
        model_list::one_answer(body)
    }

    fn error(&self, failure: &ErrorResponse<'_>, now: Timestamp) -> ProviderError {
        let body = surrogates::mended_slice(failure.body);
        error::translate(&ErrorResponse { body: &body, ..*failure }, now)
    }

    fn check_key(&self) -> WireRequest {
        model_list::check_key()
    }

    fn check_use(&self) -> Option<WireRequest> {
        Some(model_list::check_use())
    }

    fn disclose(&self, headers: &[(String, String)], now: Timestamp, disclosure: &mut Disclosure) {
        headers::disclose(headers, now, disclosure);
    }
}

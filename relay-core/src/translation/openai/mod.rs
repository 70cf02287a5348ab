//! OpenAI's format: passed through, byte for byte, except where Relay must act.
//!
//! | what | how |
//! | --- | --- |
//! | request body | as it came, but: a stripped provider prefix of `model`; Relay's extensions for other providers taken out of messages, parts, tools and the top level; tool call ids of more than 40 characters shortened; `stream_options.include_usage` switched on for metering, or `stream_options` taken out, as the provider's row says |
//! | whole answer | as it came; usage and model are read off it |
//! | stream | each event as it came; the usage chunk, and `"usage":null`, are taken out again if the caller did not ask |
//! | errors | OpenAI's members, but a 401 becomes a 403: a 401 would tell the developer that the Relay key is wrong |
//!
//! Unknown members reach the provider, so Relay never lags behind its newest field. What differs between OpenAI and the
//! providers compatible with it (paths, `stream_options`, the name in error messages) is in the provider's row.

mod edits;
mod embeddings;
mod error;
mod extensions;
mod headers;
mod model_list;
mod request;
mod response;
mod stream;

#[cfg(test)]
mod tests;

use bytes::Bytes;

use crate::domain::Provider;
use crate::domain::ids::Timestamp;
use crate::error::{Disclosure, RelayError};
use crate::ports::WireRequest;
use crate::translation::surface::models::Model;
use crate::translation::{
    Call, ChatContext, Dialect, EmbeddingsContext, ErrorResponse, ProviderError, StreamTranslator, TranslatedAnswer,
    TranslatedChat, TranslatedEmbeddings,
};

/// OpenAI's format, as one provider speaks it: OpenAI itself or a compatible one.
#[derive(Debug)]
pub struct OpenAi {
    provider: Provider,
}

impl OpenAi {
    /// The format as `provider` speaks it.
    pub const fn new(provider: Provider) -> Self {
        Self { provider }
    }
}

impl Dialect for OpenAi {
    fn chat(&self, call: &Call<'_>) -> Result<TranslatedChat, RelayError> {
        request::translate(self.provider, call)
    }

    fn chat_answer(&self, body: Bytes, _: &ChatContext) -> Result<TranslatedAnswer, RelayError> {
        response::translate(body)
    }

    fn chat_stream(&self, context: ChatContext) -> Box<dyn StreamTranslator> {
        Box::new(stream::Translator::new(self.provider, &context))
    }

    fn embeddings(&self, call: &Call<'_>) -> Result<TranslatedEmbeddings, RelayError> {
        if !self.provider.embeds() {
            return Err(RelayError::no_embeddings(self.provider));
        }
        Ok(embeddings::request(self.provider, call))
    }

    fn embeddings_answer(&self, bodies: Vec<Bytes>, _: &EmbeddingsContext) -> Result<TranslatedAnswer, RelayError> {
        embeddings::answer(bodies)
    }

    fn models(&self, _: Option<&str>) -> WireRequest {
        model_list::request(self.provider)
    }

    fn models_answer(&self, body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
        model_list::answer(self.provider, body)
    }

    fn error(&self, failure: &ErrorResponse<'_>, _: Timestamp) -> ProviderError {
        error::translate(self.provider, failure)
    }

    fn disclose(&self, headers: &[(String, String)], _: Timestamp, disclosure: &mut Disclosure) {
        headers::disclose(headers, disclosure);
    }
}

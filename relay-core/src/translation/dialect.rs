//! What a provider's wire format must offer.

use bytes::Bytes;

use crate::domain::TokenUsage;
use crate::domain::ids::Timestamp;
use crate::error::{Disclosure, RelayError};
use crate::ports::WireRequest;
use crate::translation::call::Call;
use crate::translation::context::{ChatContext, EmbeddingsContext};
use crate::translation::failure::{ErrorResponse, ProviderError};
use crate::translation::surface::chat_completions::chunk::ChunkWriter;
use crate::translation::surface::models::Model;
use crate::translation::translated::{Amended, Continuation, TranslatedAnswer, TranslatedChat, TranslatedEmbeddings};

/// One provider's wire format. Stateless; what a stream must remember is in its [`StreamTranslator`].
pub trait Dialect: Send + Sync {
    /// Translates a chat request.
    ///
    /// # Errors
    /// What the provider has no counterpart for, as a 400 that names the `param`.
    fn chat(&self, call: &Call<'_>) -> Result<TranslatedChat, RelayError>;

    /// Translates a whole answer with status 200.
    ///
    /// # Errors
    /// An answer that means failure, or could not be read.
    fn chat_answer(&self, body: Bytes, context: &ChatContext) -> Result<TranslatedAnswer, RelayError>;

    /// The same chat request for a stream, which is then collected into a whole answer (see [`ChatContext::is_long`]).
    fn as_stream(&self, wire: WireRequest) -> WireRequest {
        wire
    }

    /// A collector for the answer to a request that [`Self::as_stream`] made; `None` if this provider's answers are never
    /// collected.
    fn collector(&self) -> Option<Box<dyn StreamCollector>> {
        None
    }

    /// The request for the rest of an answer, if the last of these whole answers stopped in the middle. `asked` is the first
    /// request.
    fn continuation(&self, _asked: &WireRequest, _bodies: &[Bytes]) -> Option<Continuation> {
        None
    }

    /// The answers to two requests as one, in the provider's own format; `None` if one of them could not be read.
    fn join(&self, _first: &Bytes, _second: &Bytes) -> Option<Bytes> {
        None
    }

    /// The request without what the provider refused, where the answer does not suffer from it. It is sent once.
    fn amend(&self, _failure: &ErrorResponse<'_>, _wire: &WireRequest) -> Option<Amended> {
        None
    }

    /// Reads the headers of a successful answer.
    fn read_headers(&self, _headers: &[(String, String)], _context: &mut ChatContext) {}

    /// A translator for one stream.
    fn chat_stream(&self, context: ChatContext) -> Box<dyn StreamTranslator>;

    /// Translates an embeddings request, into several where the provider bounds the batch. They may run side by side.
    ///
    /// # Errors
    /// As for [`Self::chat`]; `model_not_found` where there are no embeddings.
    fn embeddings(&self, call: &Call<'_>) -> Result<TranslatedEmbeddings, RelayError>;

    /// Joins the answers to [`Self::embeddings`], in the order of its requests.
    ///
    /// # Errors
    /// Answers that could not be read.
    fn embeddings_answer(
        &self,
        bodies: Vec<Bytes>,
        context: &EmbeddingsContext,
    ) -> Result<TranslatedAnswer, RelayError>;

    /// Asks for the list of models; `page` is what [`Self::models_answer`] gave.
    fn models(&self, page: Option<&str>) -> WireRequest;

    /// Translates one page of the list, and returns what [`Self::models`] needs for the next one.
    ///
    /// # Errors
    /// An answer that could not be read.
    fn models_answer(&self, body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError>;

    /// Asks for one model, where chats take names that the list does not have.
    fn model(&self, _name: &str) -> Option<WireRequest> {
        None
    }

    /// Translates the answer to [`Self::model`].
    ///
    /// # Errors
    /// An answer that could not be read.
    fn model_answer(&self, _body: &[u8]) -> Result<Model, RelayError> {
        Err(RelayError::unusable_answer("the provider was not asked for a model"))
    }

    /// Translates an answer with an error status, or an error inside an answer with the status that it implies.
    ///
    /// `now` is for headers that hold a point in time.
    fn error(&self, failure: &ErrorResponse<'_>, now: Timestamp) -> ProviderError;

    /// A free request that shows whether a key works.
    fn check_key(&self) -> WireRequest {
        self.models(None)
    }

    /// A free request that shows whether a genuine key may be used for calls, where the provider has one.
    fn check_use(&self) -> Option<WireRequest> {
        None
    }

    /// Whether a body with a good status is this provider's answer to [`Self::check_key`].
    fn is_key_check(&self, body: &[u8]) -> bool {
        self.models_answer(body).is_ok()
    }

    /// Notes what response headers say that a caller may know: the provider's id of the request and its rate limits, under
    /// OpenAI's names. `now` is for headers that hold a point in time.
    fn disclose(&self, headers: &[(String, String)], now: Timestamp, disclosure: &mut Disclosure);
}

/// Translates one stream, event by event. No I/O, no clock; it can't block.
pub trait StreamTranslator: Send {
    /// Takes one event's data and writes zero or more chunks.
    ///
    /// # Errors
    /// An error inside the stream, or an event that can't be read. The stream is over then.
    fn feed(&mut self, data: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError>;

    /// Call once, after the last byte, unless [`ChunkWriter::is_done`]. `stray` is what the body held outside of events
    /// (Google sends late errors so).
    ///
    /// # Errors
    /// A provider that hung up early is an error, never a quiet `[DONE]`.
    fn finish(&mut self, stray: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError>;

    /// The request for the rest of the answer, if this one stopped in the middle; `asked` is the first request. Its body is
    /// fed to this translator, too. Call when a body has ended, before [`Self::finish`].
    fn continuation(&mut self, _asked: &WireRequest) -> Option<Continuation> {
        None
    }

    /// Whether events are passed on as they came, so that nothing may be changed in them.
    fn is_verbatim(&self) -> bool {
        false
    }

    /// The tokens counted so far.
    fn usage(&self) -> Option<TokenUsage>;

    /// The model as the provider names it, once known.
    fn model(&self) -> Option<&str>;
}

/// Collects one stream to the whole answer that it amounts to, in the provider's own format.
pub trait StreamCollector: Send {
    /// Takes one event's data.
    ///
    /// # Errors
    /// As [`StreamTranslator::feed`]; an answer longer than 64 MiB.
    fn feed(&mut self, data: &[u8]) -> Result<(), ProviderError>;

    /// Whether the answer has ended: the rest of the body may be skipped.
    fn is_complete(&self) -> bool {
        false
    }

    /// The answer. Call once, when it is complete or after the last byte; `stray` is what the body held outside of events.
    ///
    /// # Errors
    /// As [`StreamTranslator::finish`].
    fn finish(&mut self, stray: &[u8]) -> Result<Vec<u8>, ProviderError>;
}

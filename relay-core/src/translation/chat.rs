//! Chat translation on its own: no store, no key, no client, no runtime.

use bytes::Bytes;

use crate::domain::Provider;
use crate::domain::ids::{RequestId, Timestamp};
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::call::{Call, TranslationOptions};
use crate::translation::context::ChatContext;
use crate::translation::dialect::Dialect;
use crate::translation::failure::{ErrorResponse, ProviderError};
use crate::translation::json::Object;
use crate::translation::notes::Notes;
use crate::translation::stream::StreamTranslation;
use crate::translation::surface;
use crate::translation::translated::TranslatedChat;
use crate::translation::work::Work;

/// What a translation can't know by itself, since it has neither clock nor randomness.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ChatOptions {
    /// The request's id: the seed of ids that the provider does not send.
    pub id: RequestId,
    /// The time of the request, for `created`.
    pub now: Timestamp,
    /// Choices where a provider leaves one.
    pub translation: TranslationOptions,
}

impl ChatOptions {
    /// Options with the default choices.
    pub fn new(id: RequestId, now: Timestamp) -> Self {
        Self { id, now, translation: TranslationOptions::default() }
    }
}

/// A chat request, translated for one provider, and the way back for its answer. Made by [`chat`](super::chat()).
///
/// Send [`wire`](Self::wire) with your own client: it lacks the origin, the credential and nothing else. Then give
/// [`error`](Self::error) an answer with a status of 400 or above, [`stream`](Self::stream) a streamed answer and
/// [`whole`](Self::whole) any other.
///
/// Some answers stop in the middle and want another request (Anthropic's `pause_turn`, Gemini's `CONTINUATION`). Here they
/// end with `finish_reason: "length"`; [`Relay`](crate::Relay) asks for the rest.
pub struct ChatCall {
    provider: Provider,
    dialect: Box<dyn Dialect>,
    wire: WireRequest,
    context: ChatContext,
    notes: Notes,
    now: Timestamp,
}

/// Without the body, which holds a prompt.
impl std::fmt::Debug for ChatCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatCall").field("provider", &self.provider).field("wire", &self.wire).finish_non_exhaustive()
    }
}

impl ChatCall {
    pub(super) fn new(
        provider: Provider,
        dialect: Box<dyn Dialect>,
        body: &Bytes,
        options: ChatOptions,
    ) -> Result<Self, RelayError> {
        let request = Object::parse(body)?;
        let asked = surface::request::model(&request)?;
        let own = asked.strip_prefix(provider.name()).and_then(|rest| rest.strip_prefix('/'));
        let (model, prefixed) = own.map_or((asked.as_str(), false), |own| (own, true));
        let ChatOptions { id, now, translation } = options;
        let work = Work::for_request(body.len());
        let call = Call { body, request: &request, model, prefixed, id, now, options: translation, work: &work };
        let TranslatedChat { wire, mut context, notes } = dialect.chat(&call)?;
        context.may_continue = false;
        Ok(Self { provider, dialect, wire, context, notes, now })
    }

    /// What to send to the provider: method, path, headers, body.
    pub fn wire(&self) -> &WireRequest {
        &self.wire
    }

    /// Which members of the request were left out or changed.
    pub fn notes(&self) -> &Notes {
        &self.notes
    }

    /// Whether the caller asked for a stream.
    pub fn is_stream(&self) -> bool {
        self.context.stream
    }

    /// Translates a whole answer with status 200: the JSON body for the caller.
    ///
    /// # Errors
    /// An answer that means failure, or that can't be read.
    pub fn whole(&self, body: Bytes) -> Result<Bytes, RelayError> {
        let answer = self.dialect.chat_answer(body, &self.context);
        answer.map(|answer| answer.body).map_err(|error| error.with_provider(self.provider))
    }

    /// A translator for a streamed answer with status 200.
    pub fn stream(&self) -> ChatStream {
        let translation = StreamTranslation::new(self.dialect.chat_stream(self.context.clone()));
        ChatStream { provider: self.provider, translation, error: None }
    }

    /// Translates an answer with an error status. `headers` have lower-case names; `body` may be anything.
    pub fn error(&self, status: u16, headers: &[(String, String)], body: &[u8]) -> RelayError {
        let ProviderError { error, .. } = self.dialect.error(&ErrorResponse { status, headers, body }, self.now);
        error.with_provider(self.provider)
    }
}

/// Translates one streamed answer. Made by [`ChatCall::stream`]; sync, and without I/O.
pub struct ChatStream {
    provider: Provider,
    translation: StreamTranslation,
    error: Option<RelayError>,
}

impl std::fmt::Debug for ChatStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ChatStream").field("error", &self.error).finish_non_exhaustive()
    }
}

impl ChatStream {
    /// Takes the next piece of the provider's body, cut anywhere, and returns what the caller gets for it: whole server-sent
    /// events, or nothing yet.
    pub fn feed(&mut self, piece: &[u8]) -> Bytes {
        let result = if self.translation.is_done() { Ok(()) } else { self.translation.feed(piece) };
        self.written(result)
    }

    /// Takes the end of the provider's body, and returns the last events: `data: [DONE]` after a complete answer, an error
    /// event after any other.
    pub fn finish(mut self) -> Bytes {
        let mut result = if self.translation.is_done() { Ok(()) } else { self.translation.end_body() };
        if result.is_ok() && !self.translation.is_done() {
            result = self.translation.finish();
        }
        self.written(result)
    }

    /// The error that ended the stream, if one did; it is the last event, too. If it came with the first bytes, the caller
    /// can still have an HTTP status instead of a stream.
    pub fn error(&self) -> Option<&RelayError> {
        self.error.as_ref()
    }

    fn written(&mut self, result: Result<(), ProviderError>) -> Bytes {
        if let Err(ProviderError { error, .. }) = result {
            let error = error.with_provider(self.provider);
            self.translation.fail(&error);
            self.error = Some(error);
        }
        self.translation.take()
    }
}

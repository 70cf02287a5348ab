//! One stream under translation: pieces of the provider's body in, chunks for the caller out.

use bytes::Bytes;
use serde::de::IgnoredAny;

use crate::domain::TokenUsage;
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::dialect::StreamTranslator;
use crate::translation::failure::ProviderError;
use crate::translation::sse::{Decoder, TooLong};
use crate::translation::surface::chat_completions::chunk::ChunkWriter;
use crate::translation::translated::Continuation;

/// A provider's stream, its translator and what was written so far.
pub(crate) struct StreamTranslation {
    decoder: Decoder,
    translator: Box<dyn StreamTranslator>,
    writer: ChunkWriter,
}

impl StreamTranslation {
    pub(crate) fn new(translator: Box<dyn StreamTranslator>) -> Self {
        let decoder = decoder(translator.as_ref());
        Self { decoder, translator, writer: ChunkWriter::default() }
    }

    /// Takes the next piece of the body, cut anywhere.
    ///
    /// # Errors
    /// An error inside the stream, or an event that can't be read. The stream is over then.
    pub(crate) fn feed(&mut self, piece: &[u8]) -> Result<(), ProviderError> {
        self.decoder.feed(piece);
        while let Some(event) = self.decoder.next_event().map_err(too_long)? {
            if self.writer.is_done() {
                break;
            }
            self.translator.feed(event, &mut self.writer)?;
        }
        Ok(())
    }

    /// Takes the end of the body: an event without its blank line counts, one that is cut short does not.
    ///
    /// # Errors
    /// As [`Self::feed`].
    pub(crate) fn end_body(&mut self) -> Result<(), ProviderError> {
        match self.decoder.last_event().map_err(too_long)? {
            Some(event) if !is_cut(event) => self.translator.feed(event, &mut self.writer),
            _ => Ok(()),
        }
    }

    /// The request for the rest of the answer, if the provider wants another one. Its body is fed next. Call after
    /// [`Self::end_body`] and before [`Self::finish`]; `asked` is the first request.
    pub(crate) fn continuation(&mut self, asked: &WireRequest) -> Option<Continuation> {
        let next = self.translator.continuation(asked)?;
        self.decoder = decoder(self.translator.as_ref());
        Some(next)
    }

    /// Ends the answer. Call once, after the last body.
    ///
    /// # Errors
    /// An answer that is not complete.
    pub(crate) fn finish(&mut self) -> Result<(), ProviderError> {
        self.translator.finish(self.decoder.stray(), &mut self.writer)
    }

    /// Ends the stream with an error event.
    pub(crate) fn fail(&mut self, error: &RelayError) {
        self.writer.error(error);
    }

    /// Whether the stream is over: nothing more is written.
    pub(crate) fn is_done(&self) -> bool {
        self.writer.is_done()
    }

    /// Whether nothing waits to be sent.
    pub(crate) fn is_empty(&self) -> bool {
        self.writer.is_empty()
    }

    /// The length of what waits to be sent, in bytes.
    pub(crate) fn pending(&self) -> usize {
        self.writer.pending()
    }

    /// Takes what was written since the last call.
    pub(crate) fn take(&mut self) -> Bytes {
        self.writer.take()
    }

    /// The tokens counted so far.
    pub(crate) fn usage(&self) -> Option<TokenUsage> {
        self.translator.usage()
    }

    /// The model as the provider names it, once known.
    pub(crate) fn model(&self) -> Option<&str> {
        self.translator.model()
    }
}

/// A decoder for what this translator reads.
pub(crate) fn decoder(translator: &dyn StreamTranslator) -> Decoder {
    if translator.is_verbatim() { Decoder::default() } else { Decoder::mending() }
}

/// Whether an event's JSON ends in its middle. An OpenAI client would fail on it before it reads the error that follows.
pub(crate) fn is_cut(event: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(event).is_err_and(|error| error.is_eof())
}

pub(crate) fn too_long(error: TooLong) -> ProviderError {
    RelayError::unusable_answer(error.to_string()).into()
}

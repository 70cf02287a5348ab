//! The one async seam between a provider's bytes and the caller's.
//!
//! All providers share it. It spawns nothing: when the client leaves, dropping the stream drops the provider's response,
//! which ends the call. Ownership is cancellation.

use std::pin::Pin;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use serde::de::IgnoredAny;

use crate::error::RelayError;
use crate::metering::Meter;
use crate::openai::chunk::ChunkWriter;
use crate::ports::ByteStream;
use crate::providers::{Fault, StreamTranslator};
use crate::relay::{Relay, Route, unreachable_provider};
use crate::sse::{Decoder, TooLong};

/// A stream under way: what came in, what goes out, and who pays.
pub(crate) struct Translation {
    upstream: ByteStream,
    decoder: Decoder,
    translator: Box<dyn StreamTranslator>,
    writer: ChunkWriter,
    meter: Meter,
    /// A failure that came in one piece with events before it: they go out first.
    failure: Option<Fault>,
}

impl Translation {
    pub(crate) fn new(upstream: ByteStream, translator: Box<dyn StreamTranslator>, meter: Meter) -> Self {
        Self { upstream, decoder: Decoder::default(), translator, writer: ChunkWriter::default(), meter, failure: None }
    }

    /// The next bytes for the caller: one buffer for each piece of the provider's. `None`: the stream is over.
    ///
    /// # Errors
    /// The provider's failure. Nothing follows it.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        if let Some(fault) = self.failure.take() {
            return Err(fault);
        }
        match self.advance().await {
            Ok(bytes) => Ok(bytes),
            Err(fault) => {
                self.note();
                self.meter.failed();
                if self.writer.is_empty() {
                    return Err(fault);
                }
                self.failure = Some(fault);
                Ok(Some(self.writer.take()))
            }
        }
    }

    async fn advance(&mut self) -> Result<Option<Bytes>, Fault> {
        while !self.writer.is_done() {
            match self.upstream.next().await {
                Some(piece) => self.take_piece(&piece.map_err(|error| unreachable_provider(&error))?)?,
                None => self.end()?,
            }
            if self.writer.is_done() {
                self.note();
                self.meter.complete(None, None);
            }
            if !self.writer.is_empty() {
                return Ok(Some(self.writer.take()));
            }
        }
        Ok(None)
    }

    fn take_piece(&mut self, piece: &[u8]) -> Result<(), Fault> {
        self.decoder.feed(piece);
        while let Some(event) = self.decoder.next_event().map_err(too_long)? {
            if self.writer.is_done() {
                break;
            }
            self.translator.feed(event, &mut self.writer)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        match self.decoder.last_event().map_err(too_long)? {
            Some(event) if !is_cut(event) => self.translator.feed(event, &mut self.writer)?,
            _ => {}
        }
        if self.writer.is_done() { Ok(()) } else { self.translator.finish(self.decoder.stray(), &mut self.writer) }
    }

    fn note(&mut self) {
        self.meter.note(self.translator.usage(), self.translator.model());
    }

    /// The stream for the caller, beginning with `first`. A failure from here on is one error event and the end.
    pub(crate) fn into_stream(
        self,
        first: Option<Bytes>,
        relay: Relay,
        route: Route,
    ) -> Pin<Box<dyn Stream<Item = Bytes> + Send>> {
        let rest = stream::unfold(Some((self, relay, route)), |state| async move {
            let (mut translation, relay, route) = state?;
            match translation.next().await {
                Ok(None) => None,
                Ok(Some(bytes)) => Some((bytes, Some((translation, relay, route)))),
                Err(fault) => {
                    let error = relay.settle(&route, fault).await;
                    translation.writer.error(&error);
                    Some((translation.writer.take(), None))
                }
            }
        });
        Box::pin(stream::iter(first).chain(rest))
    }
}

impl Drop for Translation {
    fn drop(&mut self) {
        // The client left: what the provider had counted by now is still metered.
        self.note();
    }
}

/// Whether an event's JSON ends in its middle. An OpenAI client would fail on it before it reads the error that follows.
fn is_cut(event: &[u8]) -> bool {
    serde_json::from_slice::<IgnoredAny>(event).is_err_and(|error| error.is_eof())
}

fn too_long(error: TooLong) -> Fault {
    RelayError::upstream(error.to_string()).into()
}

//! The one async seam between a provider's bytes and the caller's.
//!
//! All providers share it. It spawns nothing: when the client leaves, dropping the stream drops the provider's response,
//! which ends the call. Ownership is cancellation.

use std::convert::Infallible;
use std::pin::Pin;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};

use crate::error::RelayError;
use crate::ports::{ByteStream, WireRequest};
use crate::relay::call::Route;
use crate::relay::handle::Relay;
use crate::relay::metering::Meter;
use crate::translation::limits::{MAX_EMPTY, MAX_STREAM};
use crate::translation::sse::Decoder;
use crate::translation::stream::{StreamTranslation, is_cut, too_long};
use crate::translation::{Continuation, ProviderError, StreamCollector, StreamTranslator};

/// Server-sent events, a buffer for each piece that the provider sent. Dropping the stream ends the provider's call.
///
/// An item is never an error: a failure is an event of its own, the last one. The type fits what frameworks take as a body,
/// such as axum's `Body::from_stream` and actix-web's `streaming`.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>>;

/// A stream under way: what came in, what goes out, and who pays.
pub(crate) struct Translation {
    upstream: ByteStream,
    stream: StreamTranslation,
    meter: Meter,
    /// A failure that came in one piece with events before it: they go out first.
    failure: Option<ProviderError>,
    relay: Relay,
    route: Route,
    /// The request, where the provider may want to be asked again.
    asked: Option<WireRequest>,
    /// What to ask for when the bytes before it are out.
    next: Option<Continuation>,
    received: Received,
    /// Bytes for the caller so far.
    wrote: u64,
}

/// How much of the provider's stream came, over all its requests.
#[derive(Default)]
struct Received {
    all: u64,
    /// Since something was in it for the caller.
    empty: u64,
}

impl Received {
    /// Counts a piece, with something for the caller in it or not.
    ///
    /// # Errors
    /// A stream that is too long, or has nothing in it for too long.
    fn add(&mut self, bytes: usize, has_answer: bool) -> Result<(), RelayError> {
        self.all += bytes as u64;
        self.empty = if has_answer { 0 } else { self.empty + bytes as u64 };
        if self.all > MAX_STREAM || self.empty > MAX_EMPTY {
            let message = format!(
                "the provider's stream is longer than {MAX_STREAM} bytes, or has {MAX_EMPTY} bytes without an answer in them"
            );
            return Err(RelayError::unusable_answer(message));
        }
        Ok(())
    }
}

impl Translation {
    pub(crate) fn new(
        relay: Relay,
        route: Route,
        upstream: ByteStream,
        translator: Box<dyn StreamTranslator>,
        meter: Meter,
    ) -> Self {
        let stream = StreamTranslation::new(translator);
        Self {
            upstream,
            stream,
            meter,
            failure: None,
            relay,
            route,
            asked: None,
            next: None,
            received: Received::default(),
            wrote: 0,
        }
    }

    /// Keeps the request, for a provider that may want to be asked again.
    pub(crate) fn asked(mut self, asked: Option<WireRequest>) -> Self {
        self.asked = asked;
        self
    }

    pub(crate) fn route(&self) -> &Route {
        &self.route
    }

    /// The next bytes for the caller: one buffer for each piece of the provider's. `None`: the stream is over.
    ///
    /// # Errors
    /// The provider's failure. Nothing follows it.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ProviderError> {
        if let Some(fault) = self.failure.take() {
            return Err(fault);
        }
        match self.advance().await {
            Ok(bytes) => {
                self.wrote += bytes.as_ref().map_or(0, Bytes::len) as u64;
                Ok(bytes)
            }
            Err(mut fault) => {
                self.note();
                fault.error = fault.error.without(&self.route.key).with_provider(self.route.provider());
                self.meter.failed(&fault.error);
                if self.stream.is_empty() {
                    return Err(fault);
                }
                self.failure = Some(fault);
                Ok(Some(self.stream.take()))
            }
        }
    }

    async fn advance(&mut self) -> Result<Option<Bytes>, ProviderError> {
        while !self.stream.is_done() {
            if let Some(next) = self.next.take() {
                self.continue_with(next).await?;
            }
            match self.upstream.next().await {
                Some(piece) => {
                    let piece = piece.map_err(RelayError::from)?;
                    self.stream.feed(&piece)?;
                    self.received.add(piece.len(), !self.stream.is_empty())?;
                }
                None => self.end()?,
            }
            if self.stream.is_done() {
                self.note();
                self.meter.complete(None, None);
            }
            if !self.stream.is_empty() {
                return Ok(Some(self.stream.take()));
            }
        }
        Ok(None)
    }

    fn end(&mut self) -> Result<(), ProviderError> {
        self.stream.end_body()?;
        if self.stream.is_done() {
            return Ok(());
        }
        self.next = self.asked.as_ref().and_then(|asked| self.stream.continuation(asked));
        if self.next.is_some() { Ok(()) } else { self.stream.finish() }
    }

    /// Asks for the rest of the answer. If it is not to be had, what there is stands, and says that it was cut short.
    async fn continue_with(&mut self, next: Continuation) -> Result<(), ProviderError> {
        self.meter.continued();
        match self.relay.send(&self.route, next.wire).await {
            Ok(response) => self.upstream = response.body,
            Err(_) if next.has_output => {
                self.asked = None;
                self.upstream = Box::pin(stream::empty());
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn note(&mut self) {
        self.meter.note(self.stream.usage(), self.stream.model());
        self.meter.wrote(self.wrote + self.stream.pending() as u64);
    }

    /// The stream for the caller, beginning with `first`. A failure from here on is one error event and the end.
    pub(crate) fn into_stream(mut self, first: Option<Bytes>) -> EventStream {
        self.meter.answering();
        let rest = stream::unfold(Some(self), |state| async move {
            let mut translation = state?;
            match translation.next().await {
                Ok(None) => None,
                Ok(Some(bytes)) => Some((bytes, Some(translation))),
                Err(fault) => {
                    let error = translation.relay.settle(&translation.route, fault).await;
                    translation.stream.fail(&error);
                    Some((translation.stream.take(), None))
                }
            }
        });
        Box::pin(stream::iter(first).chain(rest).map(Ok))
    }
}

impl Drop for Translation {
    fn drop(&mut self) {
        // The client left: what the provider had counted by now is still metered.
        self.note();
    }
}

/// Collects a stream to the whole answer that it amounts to.
///
/// # Errors
/// The provider's failure, or a body that breaks off.
pub(crate) async fn collected(
    mut body: ByteStream,
    mut collector: Box<dyn StreamCollector>,
) -> Result<Bytes, ProviderError> {
    let (mut decoder, mut received) = (Decoder::mending(), Received::default());
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(RelayError::from)?;
        // What is in it is the collector's to count.
        received.add(piece.len(), true)?;
        decoder.feed(&piece);
        while let Some(event) = decoder.next_event().map_err(too_long)? {
            collector.feed(event)?;
            if collector.is_complete() {
                return Ok(collector.finish(&[])?.into());
            }
        }
    }
    match decoder.last_event().map_err(too_long)? {
        Some(event) if !is_cut(event) => collector.feed(event)?,
        _ => {}
    }
    Ok(collector.finish(decoder.stray())?.into())
}

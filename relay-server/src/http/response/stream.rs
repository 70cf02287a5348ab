//! The body of an event stream: the core's bytes, comments during silence, and an error event if it fails.
//!
//! It owns the provider's call. When the client disconnects, actix drops the body, and with it the call.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use relay_core::{EventStream, RelayError, Reply, ReplyBody};
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, Sleep, sleep};

use crate::http::context::RequestContext;
use crate::http::error::cause_of;

const PING: &[u8] = b": ping\n\n";

/// A reply that the provider has not started yet.
pub(crate) type PendingReply = Pin<Box<dyn Future<Output = Result<Reply, RelayError>>>>;

/// The source of the events.
pub(crate) enum Source {
    /// The provider has not started to answer.
    Pending(PendingReply),
    /// The provider answers.
    Events(EventStream),
    /// The stream has ended.
    Over,
}

/// The body of an event stream.
pub(crate) struct EventBody {
    source: Source,
    /// Fires when the ping may be due; it is reset only then, not with each event.
    timer: Pin<Box<Sleep>>,
    ping: Duration,
    last_sign: Instant,
    ping_now: bool,
    cut: Pin<Box<OwnedNotified>>,
    context: RequestContext,
}

impl EventBody {
    pub(crate) fn new(source: Source, context: RequestContext) -> Self {
        let state = context.state();
        state.metrics.stream_began();
        let ping = state.limits.ping;
        let cut = Box::pin(state.drain.cut_signal());
        Self { source, timer: Box::pin(sleep(ping)), ping, last_sign: Instant::now(), ping_now: false, cut, context }
    }

    /// Starts the body with a comment.
    pub(crate) fn after_a_ping(mut self) -> Self {
        self.ping_now = true;
        self
    }

    /// The next bytes of the source itself.
    fn poll_source(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            let reply = match &mut self.source {
                Source::Over => return Poll::Ready(None),
                Source::Events(events) => match events.as_mut().poll_next(cx) {
                    Poll::Ready(None) => return self.finish(None),
                    Poll::Ready(Some(Ok(bytes))) => return Poll::Ready(Some(bytes)),
                    Poll::Pending => return Poll::Pending,
                },
                Source::Pending(reply) => std::task::ready!(reply.as_mut().poll(cx)),
            };
            match reply {
                Ok(Reply { disclosure, body: ReplyBody::Stream(events) }) => {
                    self.context.note_disclosure(&disclosure);
                    self.source = Source::Events(events);
                }
                // The core answers a stream with a stream.
                Ok(Reply { body: ReplyBody::Whole(_), .. }) => return self.finish(Some(&RelayError::internal())),
                Err(error) => return self.finish(Some(&error)),
            }
        }
    }

    /// Ends the provider's call and the stream, with an error event if there was an error.
    fn finish(&mut self, error: Option<&RelayError>) -> Poll<Option<Bytes>> {
        let Some(error) = error else {
            self.source = Source::Over;
            self.note_end();
            return Poll::Ready(None);
        };
        self.context.abandon_call(error);
        self.source = Source::Over;
        self.context.set_failed(error);
        self.context.state().metrics.failure(error);
        if let Some((cause, cause_word)) = cause_of(error) {
            tracing::warn!(code = error.code(), cause_word, cause, "a stream failed");
        }
        Poll::Ready(Some([b"data: ", error.to_body().as_slice(), b"\n\n"].concat().into()))
    }

    /// The core's events are over: with the whole answer, or with an event that says why not.
    fn note_end(&self) {
        match self.context.take_call_failure() {
            None => self.context.set_complete(),
            Some((code, Some(cause))) => tracing::warn!(code = &*code, cause = &*cause, "a stream failed"),
            Some((_, None)) => {}
        }
    }

    /// Ready when nothing was sent for the ping interval.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let silent = self.last_sign.elapsed() >= self.ping;
            let from = if silent { Instant::now() } else { self.last_sign };
            self.timer.as_mut().reset(from + self.ping);
            if silent {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    fn is_cut(&mut self, cx: &mut Context<'_>) -> bool {
        // Polled only to register the waker.
        let _ = self.cut.as_mut().poll(cx);
        self.context.state().drain.is_cut()
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if std::mem::take(&mut self.ping_now) {
            return Poll::Ready(Some(Bytes::from_static(PING)));
        }
        if let Poll::Ready(piece) = self.poll_source(cx) {
            return Poll::Ready(piece);
        }
        if self.is_cut(cx) {
            return self.finish(Some(&RelayError::draining()));
        }
        self.poll_silence(cx).map(|()| Some(Bytes::from_static(PING)))
    }
}

impl MessageBody for EventBody {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let this = self.get_mut();
        let _current = crate::observe::logging::enter(this.context.id());
        let caught = catch_unwind(AssertUnwindSafe(|| this.poll_bytes(cx)));
        let polled = caught.unwrap_or_else(|_| {
            this.context.state().metrics.panicked();
            this.finish(Some(&RelayError::internal()))
        });
        if let Poll::Ready(Some(_)) = &polled {
            this.last_sign = Instant::now();
        }
        polled.map(|piece| piece.map(Ok))
    }
}

impl Drop for EventBody {
    fn drop(&mut self) {
        self.context.state().metrics.stream_ended(self.context.outcome());
    }
}

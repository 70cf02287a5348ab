//! Answers that a test writes itself.

use std::time::Duration;

use bytes::Bytes;
use relay_core::ports::TransportErrorKind;

use crate::between::Between;
use crate::reply::{Ending, Reply};

/// What becomes of a call.
#[derive(Clone, Debug)]
pub(super) enum CallOutcome {
    /// An answer.
    Answer(Reply),
    /// No answer, and this error.
    Fail(TransportErrorKind),
    /// No answer, and no end.
    Never,
}

/// An answer given as it is, before the mock looks at the request.
///
/// ```
/// # use relay_mock::Scripted;
/// Scripted::stream(["data: {\"a\":1}\n\n", "data: [DONE]\n\n"]).header("x-request-id", "req_1");
/// Scripted::whole(429, r#"{"error":{"message":"slow down"}}"#).header("retry-after", "7");
/// ```
#[derive(Clone, Debug)]
pub struct Scripted(pub(super) CallOutcome);

impl Scripted {
    /// A body in one piece, as `application/json` unless a header says otherwise.
    pub fn whole(status: u16, body: impl Into<Bytes>) -> Self {
        Self(CallOutcome::Answer(Reply::body(status, "application/json", body)))
    }

    /// A 200 event stream, in these pieces.
    pub fn stream<P: Into<Bytes>>(pieces: impl IntoIterator<Item = P>) -> Self {
        let pieces = pieces.into_iter().map(Into::into).collect();
        Self(CallOutcome::Answer(Reply::pieces(200, "text/event-stream; charset=utf-8", pieces)))
    }

    /// The answer of something between Relay and the provider.
    pub fn between(answer: &Between) -> Self {
        Self(CallOutcome::Answer(answer.reply()))
    }

    /// No answer but a transport error. Over HTTP every kind is a closed connection.
    pub fn failure(kind: TransportErrorKind) -> Self {
        Self(CallOutcome::Fail(kind))
    }

    /// No answer, for ever.
    pub fn never() -> Self {
        Self(CallOutcome::Never)
    }

    /// Sets a header.
    #[must_use]
    pub fn header(self, name: &str, value: &str) -> Self {
        self.with(|reply| {
            let name = name.to_ascii_lowercase();
            if name == "content-type" {
                reply.headers.retain(|(known, _)| *known != name);
            }
            reply.headers.push((name, value.to_owned()));
        })
    }

    /// Waits this long before each piece but the first.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        self.with(|reply| reply.pause = pause)
    }

    /// After the last piece the connection breaks.
    #[must_use]
    pub fn then_break(self) -> Self {
        self.with(|reply| reply.ending = Ending::Broken)
    }

    /// After the last piece nothing comes any more, not even an end.
    #[must_use]
    pub fn then_silence(self) -> Self {
        self.with(|reply| reply.ending = Ending::Silent)
    }

    fn with(mut self, change: impl FnOnce(&mut Reply)) -> Self {
        if let CallOutcome::Answer(reply) = &mut self.0 {
            change(reply);
        }
        self
    }
}

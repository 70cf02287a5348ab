//! Answers that a test writes itself.

use std::time::Duration;

use bytes::Bytes;
use relay_core::ports::TransportErrorKind;
use serde_json::Value;

use crate::between::Between;
use crate::chat::{Said, ToolCall};
use crate::reply::{Ending, Reply};
use crate::wire::CallKind;

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

/// What a script answers.
#[derive(Clone, Debug)]
pub(super) enum Content {
    /// A body as it is. A whole answer becomes a stream if the request asks for one.
    Whole(Reply),
    /// Pieces as they are.
    Stream(Reply),
    /// The provider's error of this name.
    Error(String),
    /// The provider's error of this status.
    Status(u16),
    /// The answer of something between Relay and the provider.
    Between(Between),
    /// What the model says to the next chat.
    Says(Said),
    /// No answer, and this error.
    Fail(TransportErrorKind),
    /// No answer, and no end.
    Never,
}

/// An answer that a test gives to a next call.
///
/// [`Self::says`] is for what a model says, the others take the provider's place: they answer before the mock looks at the
/// request.
///
/// ```
/// # use relay_mock::Scripted;
/// Scripted::says("It rains.");
/// Scripted::error("overloaded").times(3);
/// Scripted::whole(429, r#"{"error":{"message":"slow down"}}"#).header("retry-after", "7");
/// Scripted::stream(["data: {\"a\":1}\n\n", "data: [DONE]\n\n"]).header("x-request-id", "req_1");
/// ```
#[derive(Clone, Debug)]
pub struct Scripted {
    pub(super) content: Content,
    pub(super) headers: Vec<(String, String)>,
    pub(super) pause: Option<Duration>,
    pub(super) ending: Ending,
    pub(super) only: Option<CallKind>,
    pub(super) last4: Option<String>,
    pub(super) times: u32,
}

impl Scripted {
    /// The model says this to the next chat, in the provider's own format, whole or streamed as asked. The call is checked
    /// as always first: key, headers, body. Other calls, and calls that the mock refuses, leave the script in the queue.
    /// Directives in the request do not count, and the text may have any.
    pub fn says(text: impl Into<String>) -> Self {
        Self::new(Content::Says(Said { text: text.into(), ..Said::default() }))
    }

    /// A body in one piece, as `application/json` unless a header says otherwise.
    ///
    /// A 200 that is a provider's whole answer to a chat is sent as that provider's stream if the request asks for a stream.
    /// With a `content-type` of its own it is always sent as it is.
    pub fn whole(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(Content::Whole(Reply::body(status, "application/json", body)))
    }

    /// The same with a plain text.
    pub(super) fn text(status: u16, body: String) -> Self {
        Self::new(Content::Whole(Reply::body(status, "text/plain; charset=utf-8", body)))
    }

    /// A 200 event stream, in these pieces.
    pub fn stream<P: Into<Bytes>>(pieces: impl IntoIterator<Item = P>) -> Self {
        let pieces = pieces.into_iter().map(Into::into).collect();
        Self::new(Content::Stream(Reply::pieces(200, "text/event-stream; charset=utf-8", pieces)))
    }

    /// One of the provider's errors by its name in `docs/mock.md`. An unknown name is a 400 that says so.
    pub fn error(name: impl Into<String>) -> Self {
        Self::new(Content::Error(name.into()))
    }

    /// The provider's error with this status, from 400 to 599.
    pub fn status(status: u16) -> Self {
        Self::new(Content::Status(status))
    }

    /// The answer of something between Relay and the provider.
    pub fn between(answer: &Between) -> Self {
        Self::new(Content::Between(*answer))
    }

    /// No answer but a transport error. Over HTTP every kind is a closed connection.
    pub fn failure(kind: TransportErrorKind) -> Self {
        Self::new(Content::Fail(kind))
    }

    /// No answer, for ever.
    pub fn never() -> Self {
        Self::new(Content::Never)
    }

    fn new(content: Content) -> Self {
        let (headers, ending) = (Vec::new(), Ending::Complete);
        Self { content, headers, pause: None, ending, only: None, last4: None, times: 1 }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_ascii_lowercase(), value.to_owned()));
        self
    }

    /// Waits this long before each piece but the first, or before an answer in one piece.
    #[must_use]
    pub fn pausing(mut self, pause: Duration) -> Self {
        self.pause = Some(pause);
        self
    }

    /// After the last piece the connection breaks. What the model says breaks in the middle.
    #[must_use]
    pub fn then_break(mut self) -> Self {
        self.ending = Ending::Broken;
        self
    }

    /// After the last piece nothing comes any more, not even an end. What the model says stops in the middle.
    #[must_use]
    pub fn then_silence(mut self) -> Self {
        self.ending = Ending::Silent;
        self
    }

    /// With [`Self::says`]: the model also calls this tool, after its text if there is one.
    #[must_use]
    pub fn calling(mut self, name: impl Into<String>, arguments: Value) -> Self {
        if let Content::Says(said) = &mut self.content {
            said.calls.push(ToolCall { name: name.into(), arguments });
        }
        self
    }

    /// With [`Self::says`]: the finish reason, `length`, `filter`, `stop`, or a word of the provider's own.
    #[must_use]
    pub fn finishing(mut self, word: &str) -> Self {
        if let Content::Says(said) = &mut self.content {
            said.finish = Some(word.to_owned());
        }
        self
    }

    /// Only calls of this kind get the answer. [`Self::says`] is for chats in any case.
    #[must_use]
    pub fn only_for(mut self, kind: CallKind) -> Self {
        self.only = Some(kind);
        self
    }

    /// Only calls with a key that ends like this get the answer: tests beside each other have users of their own.
    #[must_use]
    pub fn for_key_ending(mut self, last4: impl Into<String>) -> Self {
        self.last4 = Some(last4.into());
        self
    }

    /// How many calls get the answer.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Whether this script is for a call of this kind, with a key that ends like this.
    pub(super) fn is_for(&self, kind: CallKind, last4: Option<&str>) -> bool {
        let only = if matches!(self.content, Content::Says(_)) { Some(CallKind::Chat) } else { self.only };
        only.is_none_or(|only| only == kind) && self.last4.as_deref().is_none_or(|wanted| last4 == Some(wanted))
    }

    /// Whether the body must be sent as it is.
    pub(super) fn is_exact(&self) -> bool {
        self.headers.iter().any(|(name, _)| name == "content-type")
    }

    /// The answer with the script's headers, pause and ending. Of what the mock made itself, the end is left out if another
    /// one is asked for.
    pub(super) fn dress(&self, mut reply: Reply, made: bool) -> Reply {
        for (name, value) in &self.headers {
            if name == "content-type" {
                reply.headers.retain(|(known, _)| known != name);
            }
            reply.headers.push((name.clone(), value.clone()));
        }
        if let Some(pause) = self.pause {
            if reply.pieces.len() > 1 {
                reply.pause = pause;
            } else {
                reply.wait = pause;
            }
        }
        if self.ending != Ending::Complete {
            if made {
                reply.halve();
            }
            reply.ending = self.ending;
        }
        reply
    }
}

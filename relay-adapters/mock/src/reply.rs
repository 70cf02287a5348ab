//! An answer as the mock means to send it, and the stream that sends it.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use relay_core::ports::{ByteStream, TransportError, TransportErrorKind, WireResponse};
use serde_json::Value;

use crate::calls::OpenCall;

/// What comes after the last piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The end of the body.
    Complete,
    /// The connection breaks.
    Broken,
    /// Nothing, for ever.
    Silent,
}

/// An answer: status, headers and pieces.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) pieces: Vec<Bytes>,
    pub(super) ending: Ending,
    /// Before the status.
    pub(super) wait: Duration,
    /// Before each piece but the first.
    pub(super) pause: Duration,
    /// Whether something before the provider sent it.
    pub(super) is_foreign: bool,
}

impl Reply {
    /// Any body in one piece.
    pub(super) fn body(status: u16, content_type: &str, body: impl Into<Bytes>) -> Self {
        Self::pieces(status, content_type, vec![body.into()])
    }

    /// A body in pieces.
    pub(super) fn pieces(status: u16, content_type: &str, pieces: Vec<Bytes>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        let (wait, pause) = (Duration::ZERO, Duration::ZERO);
        Self { status, headers, pieces, ending: Ending::Complete, wait, pause, is_foreign: false }
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Keeps the first half of the pieces, or of the only piece, and never nothing.
    pub(super) fn halve(&mut self) {
        match self.pieces.as_mut_slice() {
            [only] => only.truncate(only.len().div_ceil(2)),
            _ => self.pieces.truncate(self.pieces.len().div_ceil(2)),
        }
    }

    /// Cuts the body into pieces of at most `size` bytes, and always inside a character and between CR and LF.
    pub(super) fn cut_small(&mut self, size: usize) {
        let whole = Bytes::from(self.pieces.concat());
        self.pieces.clear();
        let mut start = 0;
        let mut before = 0;
        for (at, byte) in whole.iter().enumerate() {
            let inside = *byte & 0xc0 == 0x80 && before >= 0xc0;
            let between = *byte == b'\n' && before == b'\r';
            if at > start && (inside || between || at - start >= size.max(1)) {
                self.pieces.push(whole.slice(start..at));
                start = at;
            }
            before = *byte;
        }
        if start < whole.len() {
            self.pieces.push(whole.slice(start..));
        }
    }

    /// The response, whose body tells `call` how it went.
    pub(super) fn send(self, mut call: OpenCall) -> WireResponse {
        let Self { status, headers, pieces, ending, pause, .. } = self;
        call.streaming(status);
        WireResponse::new(status, headers, body(pieces, ending, pause, call))
    }
}

fn body(pieces: Vec<Bytes>, ending: Ending, pause: Duration, mut call: OpenCall) -> ByteStream {
    if pieces.is_empty() && ending == Ending::Complete {
        call.complete();
    }
    let state = (pieces.into_iter(), call, true);
    stream::unfold(state, move |(mut pieces, mut call, first)| async move {
        let Some(piece) = pieces.next() else {
            match ending {
                Ending::Complete => return None,
                Ending::Silent => return std::future::pending().await,
                // Also the broken one is over for the mock: it was not the caller who left.
                Ending::Broken if call.is_open() => {
                    call.complete();
                    return Some((Err(interrupted()), (pieces, call, false)));
                }
                Ending::Broken => return None,
            }
        };
        if !first && !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        // Callers may stop reading once they have the last piece.
        if pieces.len() == 0 && ending == Ending::Complete {
            call.complete();
        }
        Some((Ok(piece), (pieces, call, false)))
    })
    .boxed()
}

fn interrupted() -> TransportError {
    TransportError::new(TransportErrorKind::Interrupted, "the mock broke the connection")
}

/// One server-sent event, as OpenAI frames it.
pub(super) fn data_event(value: &Value) -> Bytes {
    Bytes::from(format!("data: {value}\n\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_pieces_are_cut_at_awkward_places() {
        let text = "data: \"한👋🏽\"\r\n\r\n";
        for size in [1, 2, 3, 7, 100] {
            let mut reply = Reply::body(200, "text/event-stream", text);
            reply.cut_small(size);
            assert_eq!(reply.pieces.concat(), text.as_bytes());
            assert!(reply.pieces.iter().all(|piece| !piece.is_empty() && piece.len() <= size));
            assert!(reply.pieces.iter().any(|piece| piece.ends_with(b"\r")), "between CR and LF");
            assert!(reply.pieces.iter().any(|piece| std::str::from_utf8(piece).is_err()), "inside a character");
        }
    }
}

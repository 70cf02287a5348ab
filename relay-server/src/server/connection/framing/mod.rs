//! Where one HTTP/1.1 request ends and the next one begins (RFC 9112). Pure: bytes in, lengths out.
//!
//! Everything that two programs could read differently is refused, so that no proxy in front of Relay and no parser
//! behind this one can disagree with it about a request's end.

mod chunked;
mod head;
mod host;
mod refusal;
#[cfg(test)]
mod tests;

pub(crate) use head::{Head, empty_lines, known_method};
pub(crate) use refusal::{HeadLimits, Refusal};

use std::sync::Arc;

use chunked::Chunked;
use head::Body;

/// How far the current request has come.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Its head is not complete.
    Head,
    /// A body of known length; this many bytes of it are missing.
    Length(u64),
    /// A chunked body.
    Chunked(Chunked),
    /// The request is complete.
    Complete,
}

/// Finds the end of each request in the bytes of a connection.
#[derive(Debug)]
pub(crate) struct Framer {
    limits: HeadLimits,
    /// The path before all routes: empty, or `/relay`. Requests may leave it out.
    path: Arc<str>,
    state: State,
    head: Option<Head>,
    /// How many bytes of an incomplete head were parsed. They are parsed again when a line's end has arrived, or as
    /// many bytes once more: parsing them after each byte would cost the square of their number.
    parsed: usize,
}

impl Framer {
    /// `path` is the one before all routes: see [`PublicAddress::path`](crate::state::public_address::PublicAddress::path).
    pub(crate) fn new(limits: HeadLimits, path: Arc<str>) -> Self {
        Self { limits, path, state: State::Head, head: None, parsed: 0 }
    }

    /// Takes bytes and returns how many of them, from the first one, belong to the current request.
    ///
    /// While the head is not complete that number is 0, and the next call must begin with the same bytes again. In a
    /// complete head, fields that would change how another parser frames the request are made ineffective in place.
    ///
    /// # Errors
    /// Why the request is refused. The connection must not be used any more.
    pub(crate) fn advance(&mut self, bytes: &mut [u8]) -> Result<usize, Refusal> {
        let mut taken = 0;
        if matches!(self.state, State::Head) {
            let Some(head) = self.take_head(bytes)? else { return Ok(0) };
            taken = head.length;
            self.state = match head.body {
                Body::None => State::Complete,
                Body::Length(length) => State::Length(length),
                Body::Chunked => State::Chunked(Chunked::new()),
            };
            self.head = Some(head);
        }
        Ok(taken + self.take_body(bytes.get(taken..).unwrap_or_default())?)
    }

    fn take_head(&mut self, bytes: &mut [u8]) -> Result<Option<Head>, Refusal> {
        let new = bytes.get(self.parsed..).unwrap_or_default();
        if new.len() < self.parsed && memchr::memchr(b'\n', new).is_none() {
            return Ok(None);
        }
        let head = head::parse(bytes, self.limits, &self.path)?;
        self.parsed = bytes.len();
        Ok(head)
    }

    fn take_body(&mut self, bytes: &[u8]) -> Result<usize, Refusal> {
        let (taken, complete) = match &mut self.state {
            State::Head | State::Complete => return Ok(0),
            State::Length(missing) => {
                let taken = usize::try_from(*missing).unwrap_or(usize::MAX).min(bytes.len());
                *missing -= taken as u64;
                (taken, *missing == 0)
            }
            State::Chunked(chunked) => (chunked.advance(bytes)?, chunked.is_complete()),
        };
        if complete {
            self.state = State::Complete;
        }
        Ok(taken)
    }

    /// The head of the current request, once it is complete.
    pub(crate) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// Whether the current request is complete.
    pub(crate) fn is_complete(&self) -> bool {
        matches!(self.state, State::Complete)
    }

    /// Begins with the next request.
    pub(crate) fn next(&mut self) {
        (self.state, self.head, self.parsed) = (State::Head, None, 0);
    }
}

//! Where one HTTP/1.1 request ends and the next one begins (RFC 9112). Pure: bytes in, lengths out.
//!
//! Everything that two programs could read differently is refused, so that no proxy in front of Relay and no parser
//! behind this one can disagree with it about a request's end.

mod chunked;
mod head;
mod host;
#[cfg(test)]
mod tests;

pub(crate) use head::{Head, known_method};

use chunked::Chunked;
use relay_core::RelayError;

/// The limits of a request's head, in bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HeadLimits {
    /// The request target.
    pub(crate) url: usize,
    /// The request line and all header fields.
    pub(crate) head: usize,
}

/// Why a request is refused before any route sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The head breaks a rule of HTTP/1.1, which the text names.
    Malformed(&'static str),
    /// The method is longer than any that Relay knows, is not in capitals, or is `CONNECT`.
    UnknownMethod,
    /// The request target is too long.
    UrlTooLong,
    /// The head is too long, or has too many fields.
    HeadTooLarge,
    /// The head did not arrive in time.
    HeadTimeout,
    /// The body breaks a rule of the chunked coding, which the text names.
    BrokenBody(&'static str),
    /// The body did not arrive in time.
    BodyTimeout,
    /// The server has as many connections as it can serve.
    TooManyConnections,
}

impl Refusal {
    /// The error that the client receives.
    pub(crate) fn to_error(self, limits: HeadLimits) -> RelayError {
        match self {
            Self::Malformed(rule) => RelayError::malformed_request(rule),
            Self::UnknownMethod => RelayError::method_not_implemented(),
            Self::UrlTooLong => RelayError::url_too_long(limits.url),
            Self::HeadTooLarge => RelayError::request_headers_too_large(limits.head),
            Self::HeadTimeout => RelayError::head_timeout(),
            Self::BrokenBody(rule) => RelayError::incomplete_body(rule),
            Self::BodyTimeout => RelayError::request_timeout(),
            Self::TooManyConnections => RelayError::too_many_connections(),
        }
    }
}

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
    state: State,
    head: Option<Head>,
    /// How many bytes of an incomplete head were parsed. They are parsed again when a line's end has arrived, or as
    /// many bytes once more: parsing them after each byte would cost the square of their number.
    parsed: usize,
}

impl Framer {
    pub(crate) fn new(limits: HeadLimits) -> Self {
        Self { limits, state: State::Head, head: None, parsed: 0 }
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
            self.state = head.state();
            self.head = Some(head);
        }
        Ok(taken + self.take_body(bytes.get(taken..).unwrap_or_default())?)
    }

    fn take_head(&mut self, bytes: &mut [u8]) -> Result<Option<Head>, Refusal> {
        let new = bytes.get(self.parsed..).unwrap_or_default();
        if new.len() < self.parsed && memchr::memchr(b'\n', new).is_none() {
            return Ok(None);
        }
        let head = head::parse(bytes, self.limits)?;
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
        *self = Self::new(self.limits);
    }
}

/// How many bytes at the beginning are empty lines, which a server ignores before a request line (RFC 9112, 2.2).
pub(crate) fn empty_lines(bytes: &[u8]) -> usize {
    bytes.chunks_exact(2).take_while(|pair| *pair == b"\r\n").count() * 2
}

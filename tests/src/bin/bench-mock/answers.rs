//! Which answer a request gets, and the encoded bytes of it, made once for each kind and shape.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};

use memchr::memmem;

use crate::templates::{self, Event, STAMP, USER};

/// The answers that the mock knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    OpenAiWhole,
    OpenAiStream { usage: bool },
    AnthropicWhole,
    AnthropicStream,
    GoogleWhole,
    GoogleStream,
    Embeddings { base64: bool },
    Models,
    GoogleModels,
    Unauthorized,
    NotFound,
}

impl Kind {
    /// The kind of answer that a provider would give to this request.
    pub(crate) fn of(method: &[u8], target: &[u8], body: &[u8]) -> Self {
        let path = target.split(|byte| *byte == b'?').next().unwrap_or_default();
        let has = |member: &[u8]| memmem::find(body, member).is_some();
        let streams = || has(b"\"stream\":true") || has(b"\"stream\": true");
        match (method, path) {
            (b"GET", b"/v1beta/models") => Self::GoogleModels,
            (b"GET", b"/v1/models") => Self::Models,
            (b"POST", b"/v1/chat/completions") if streams() => {
                Self::OpenAiStream { usage: has(b"\"include_usage\":true") || has(b"\"include_usage\": true") }
            }
            (b"POST", b"/v1/chat/completions") => Self::OpenAiWhole,
            (b"POST", b"/v1/embeddings") => Self::Embeddings { base64: has(b"\"base64\"") },
            (b"POST", b"/v1/messages") if streams() => Self::AnthropicStream,
            (b"POST", b"/v1/messages") => Self::AnthropicWhole,
            (b"POST", path) if path.ends_with(b":streamGenerateContent") => Self::GoogleStream,
            (b"POST", path) if path.ends_with(b":generateContent") => Self::GoogleWhole,
            _ => Self::NotFound,
        }
    }

    const fn is_stream(self) -> bool {
        matches!(self, Self::OpenAiStream { .. } | Self::AnthropicStream | Self::GoogleStream)
    }
}

/// The size and pace of an answer, from the request's directive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    /// Content chunks of a stream.
    pub(crate) chunks: usize,
    /// Bytes of text in a chunk.
    pub(crate) bytes: usize,
    /// Bytes of text in a whole answer.
    pub(crate) text: usize,
    /// Vectors of an embeddings answer.
    pub(crate) vectors: usize,
    /// Microseconds between two content chunks; 0: as fast as the socket takes them.
    pub(crate) delay_us: u64,
}

impl Shape {
    /// Reads the directive `{{mock key=value …}}` of a body. Unknown keys and no directive are fine.
    pub(crate) fn of(body: &[u8]) -> Self {
        let mut shape = Self { chunks: 100, bytes: 40, text: 640, vectors: 1, delay_us: 0 };
        let directive = memmem::find(body, b"{{mock ").and_then(|start| {
            let rest = body.get(start + 7..)?;
            std::str::from_utf8(rest.get(..memmem::find(rest, b"}}")?)?).ok()
        });
        for (key, value) in directive.unwrap_or_default().split(' ').filter_map(|pair| pair.split_once('=')) {
            let number: u32 = value.parse().unwrap_or_default();
            let size = usize::try_from(number.min(1 << 20)).unwrap_or_default();
            match key {
                "chunks" => shape.chunks = size.max(1),
                "bytes" => shape.bytes = size,
                "text" => shape.text = size,
                "vectors" => shape.vectors = size.clamp(1, 2048),
                "delay_us" => shape.delay_us = number.into(),
                _ => {}
            }
        }
        shape
    }
}

/// An answer, ready to be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) head: Vec<u8>,
    pub(crate) frames: Vec<Frame>,
}

/// A piece of an answer that is written at once, with the places of its time and its user.
#[derive(Debug)]
pub(crate) struct Frame {
    bytes: Vec<u8>,
    stamp_at: Option<usize>,
    user_at: Option<usize>,
    pub(crate) is_content: bool,
}

impl Frame {
    fn new(bytes: Vec<u8>, is_content: bool) -> Self {
        let stamp_at = memmem::find(&bytes, STAMP.as_bytes()).map(|at| at + 2);
        let user_at = memmem::find(&bytes, USER.as_bytes()).map(|at| at + 2);
        Self { bytes, stamp_at, user_at, is_content }
    }

    /// Appends the frame to `out`, with the time now and the given user in their places.
    pub(crate) fn append_to(&self, out: &mut Vec<u8>, user: [u8; 4]) {
        let start = out.len();
        out.extend_from_slice(&self.bytes);
        if let Some(digits) = self.stamp_at.and_then(|at| out.get_mut(start + at..start + at + 20)) {
            let mut now = now_ns();
            for digit in digits.iter_mut().rev() {
                *digit = b'0' + (now % 10) as u8;
                now /= 10;
            }
        }
        if let Some(place) = self.user_at.and_then(|at| out.get_mut(start + at..start + at + 4)) {
            place.copy_from_slice(&user);
        }
    }
}

/// Nanoseconds since the Unix epoch, the clock that the load generator reads too.
fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos())
}

/// All answers made so far.
#[derive(Debug, Default)]
pub(crate) struct Answers(RefCell<HashMap<(Kind, Shape), Rc<Prepared>>>);

impl Answers {
    /// The answer of this kind and shape, encoded at its first use.
    pub(crate) fn get(&self, kind: Kind, shape: Shape) -> Rc<Prepared> {
        Rc::clone(self.0.borrow_mut().entry((kind, shape)).or_insert_with(|| Rc::new(prepare(kind, shape))))
    }
}

fn prepare(kind: Kind, shape: Shape) -> Prepared {
    let status = match kind {
        Kind::Unauthorized => "401 Unauthorized",
        Kind::NotFound => "404 Not Found",
        _ => "200 OK",
    };
    let events = templates::events(kind, shape);
    if kind.is_stream() { prepare_stream(status, events) } else { prepare_whole(status, events) }
}

fn prepare_whole(status: &str, events: Vec<Event>) -> Prepared {
    let body: String = events.into_iter().map(|event| event.text).collect();
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nx-request-id: req_mock\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    // One frame with the head in it: one write, one segment.
    Prepared { head: Vec::new(), frames: vec![Frame::new((head + &body).into_bytes(), true)] }
}

fn prepare_stream(status: &str, events: Vec<Event>) -> Prepared {
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n\
         x-request-id: req_mock\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let last = events.len().saturating_sub(1);
    let frames = events.into_iter().enumerate().map(|(i, event)| {
        let end = if i == last { "0\r\n\r\n" } else { "" };
        Frame::new(format!("{:x}\r\n{}\r\n{end}", event.text.len(), event.text).into_bytes(), event.is_content)
    });
    Prepared { head: head.into_bytes(), frames: frames.collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_shapes_the_answer() {
        let shape = Shape::of(br#"{"content":"{{mock chunks=3 bytes=9 delay_us=5}} and the prompt"}"#);
        assert_eq!(shape, Shape { chunks: 3, bytes: 9, delay_us: 5, ..Shape::of(b"") });
    }

    #[test]
    fn every_frame_tells_its_time_and_the_first_its_user() {
        let prepared = prepare(Kind::AnthropicStream, Shape { chunks: 2, ..Shape::of(b"") });
        let mut out = Vec::new();
        prepared.frames.iter().for_each(|frame| frame.append_to(&mut out, *b"0042"));
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches("t=0").count(), 2, "{text}");
        assert_eq!((text.matches("u=0042").count(), text.contains(STAMP)), (1, false), "{text}");
        assert!(text.ends_with("\r\n0\r\n\r\n"));
    }
}

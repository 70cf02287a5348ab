//! Reads HTTP/1.1 requests off a connection without copying them: bodies with a length or in chunks.

use std::borrow::Cow;
use std::io;

use memchr::{memchr, memmem};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Bytes of a request's head, at most.
const MAX_HEAD: usize = 64 << 10;
/// Bytes of a request's body, at most.
const MAX_BODY: usize = 64 << 20;
/// How much is read at once.
const READ: usize = 4096;

/// A request as it lies in the receive buffer.
#[derive(Clone, Copy)]
pub struct RawRequest<'a> {
    head: &'a [u8],
    body: &'a [u8],
    framing: Framing,
}

impl<'a> RawRequest<'a> {
    /// A request that is in memory, for tests of a [`super::Service`]. `None` if it is not whole, or not HTTP/1.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let end = memmem::find(bytes, b"\r\n\r\n")?;
        let (head, body) = (bytes.get(..end)?, bytes.get(end + 4..)?);
        let framing = Framing::of(head)?;
        let whole = match framing.length {
            Length::Bytes(length) => body.len() == length,
            Length::Chunked => body.ends_with(b"0\r\n\r\n"),
        };
        whole.then_some(Self { head, body, framing })
    }

    /// Request line and headers, without the empty line behind them.
    pub fn head(&self) -> &'a [u8] {
        self.head
    }

    /// `GET`, `POST`, …
    pub fn method(&self) -> &'a [u8] {
        word(self.head, 0)
    }

    /// Path and query, as sent.
    pub fn target(&self) -> &'a [u8] {
        word(self.head, 1)
    }

    /// Names as sent and values without space around them, in the order of arrival.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        headers(self.head)
    }

    /// The body, without chunk framing.
    pub fn body(&self) -> Cow<'a, [u8]> {
        match self.framing.length {
            Length::Bytes(_) => Cow::Borrowed(self.body),
            Length::Chunked => Cow::Owned(unchunked(self.body)),
        }
    }

    /// The body as it came, with its chunk framing if it has any: costs nothing.
    pub fn framed_body(&self) -> &'a [u8] {
        self.body
    }

    /// Whether the client wants the connection closed after the answer.
    pub fn closes(&self) -> bool {
        self.framing.closes
    }
}

impl std::fmt::Debug for RawRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither headers nor query: a key may be in them.
        f.debug_struct("RawRequest").field("method", &self.method().escape_ascii().to_string()).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunked,
}

/// Where a request ends, and what its client expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Framing {
    length: Length,
    closes: bool,
    expects_continue: bool,
}

impl Framing {
    /// `None` for what is not HTTP/1, or longer than [`MAX_BODY`].
    fn of(head: &[u8]) -> Option<Self> {
        if !word(head, 2).starts_with(b"HTTP/1.") || !word(head, 3).is_empty() {
            return None;
        }
        let mut framing = Self { length: Length::Bytes(0), closes: false, expects_continue: false };
        for (name, value) in headers(head) {
            let is = |wanted: &[u8]| name.eq_ignore_ascii_case(wanted);
            if is(b"content-length") {
                let length = std::str::from_utf8(value).ok()?.parse().ok()?;
                framing.length = Length::Bytes(Some(length).filter(|length| *length <= MAX_BODY)?);
            } else if is(b"transfer-encoding") {
                framing.length = Length::Chunked;
            } else if is(b"expect") {
                framing.expects_continue = true;
            } else if is(b"connection") {
                framing.closes = value.eq_ignore_ascii_case(b"close");
            }
        }
        Some(framing)
    }
}

/// A word of the request line; empty if there are fewer.
fn word(head: &[u8], at: usize) -> &[u8] {
    let line = memchr(b'\r', head).and_then(|end| head.get(..end)).unwrap_or(head);
    line.split(|byte| *byte == b' ').nth(at).unwrap_or_default()
}

/// The headers of a head that ends without its empty line.
fn headers(head: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let first = memchr(b'\n', head).map_or(head.len(), |end| end + 1);
    let mut rest = head.get(first..).unwrap_or_default();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest.get(..end).unwrap_or_default();
        rest = rest.get(end + 1..).unwrap_or_default();
        let colon = memchr(b':', line).unwrap_or(line.len());
        Some((line.get(..colon).unwrap_or_default(), line.get(colon + 1..).unwrap_or_default().trim_ascii()))
    })
}

/// The size and the start of the chunk that begins at `at`: `None` until its first line is there, an error if it is not one.
fn chunk(bytes: &[u8], at: usize) -> Result<Option<(usize, usize)>, Malformed> {
    let rest = bytes.get(at..).unwrap_or_default();
    let Some(line) = memmem::find(rest, b"\r\n") else {
        return if rest.len() > MAX_HEAD { Err(Malformed) } else { Ok(None) };
    };
    let digits = rest.get(..line).and_then(|line| line.split(|byte| *byte == b';').next()).unwrap_or_default();
    let size = std::str::from_utf8(digits.trim_ascii()).ok().and_then(|hex| usize::from_str_radix(hex, 16).ok());
    let size = size.filter(|size| *size <= MAX_BODY).ok_or(Malformed)?;
    Ok(Some((size, at + line + 2)))
}

/// The content of chunks that were read to their end.
fn unchunked(bytes: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Ok(Some((size, start))) = chunk(bytes, at) {
        body.extend_from_slice(bytes.get(start..start + size).unwrap_or_default());
        at = start + size + 2;
    }
    body
}

#[derive(Debug)]
struct Malformed;

/// What came over a connection.
#[derive(Debug)]
pub(super) enum Reading<'a> {
    /// A whole request.
    Request(RawRequest<'a>),
    /// The end of the connection.
    Closed,
    /// Not HTTP, or too much of it.
    Malformed,
}

/// The receiving half of a connection, and what it received but did not use yet.
pub(super) struct Reader<R> {
    half: R,
    bytes: Vec<u8>,
    /// Bytes of the last request, which go when the next one is read.
    used: usize,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(super) fn new(half: R) -> Self {
        Self { half, bytes: Vec::with_capacity(READ), used: 0 }
    }

    pub(super) fn half(&self) -> &R {
        &self.half
    }

    /// The next request, with its body read. `writer` takes a `100 Continue`.
    pub(super) async fn next(&mut self, writer: &mut (impl AsyncWrite + Unpin)) -> io::Result<Reading<'_>> {
        self.bytes.drain(..self.used);
        self.used = 0;
        let head = loop {
            if let Some(end) = memmem::find(&self.bytes, b"\r\n\r\n") {
                break end;
            }
            if self.bytes.len() > MAX_HEAD {
                return Ok(Reading::Malformed);
            }
            if !self.more().await? {
                return Ok(Reading::Closed);
            }
        };
        let Some(framing) = self.bytes.get(..head).and_then(Framing::of) else { return Ok(Reading::Malformed) };
        let start = head + 4;
        if framing.expects_continue && self.bytes.len() == start {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let end = match framing.length {
            Length::Bytes(length) => Ok(self.until(start + length).await?.then_some(start + length)),
            Length::Chunked => self.until_last_chunk(start).await?,
        };
        match end {
            Ok(Some(end)) => {
                self.used = end;
                let (head, body) = (self.bytes.get(..head), self.bytes.get(start..end));
                let (head, body) = (head.unwrap_or_default(), body.unwrap_or_default());
                Ok(Reading::Request(RawRequest { head, body, framing }))
            }
            Ok(None) => Ok(Reading::Closed),
            Err(Malformed) => Ok(Reading::Malformed),
        }
    }

    /// Waits until the client has closed its side. Bytes of a next request are kept.
    pub(super) async fn closed(&mut self) {
        while let Ok(true) = self.more().await {}
    }

    /// Reads until the buffer has this length; `false` if the connection ends before.
    async fn until(&mut self, length: usize) -> io::Result<bool> {
        while self.bytes.len() < length {
            if !self.more().await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads a body in chunks; returns where it ends, or `None` if the connection ends before.
    async fn until_last_chunk(&mut self, start: usize) -> io::Result<Result<Option<usize>, Malformed>> {
        let mut at = start;
        loop {
            match chunk(&self.bytes, at) {
                Err(malformed) => return Ok(Err(malformed)),
                Ok(None) if !self.more().await? => return Ok(Ok(None)),
                Ok(None) => {}
                Ok(Some((size, content))) => {
                    // There could be trailers behind the last chunk; no client of ours sends any.
                    at = content + size + 2;
                    if at - start > MAX_BODY {
                        return Ok(Err(Malformed));
                    }
                    if !self.until(at).await? {
                        return Ok(Ok(None));
                    }
                    if size == 0 {
                        return Ok(Ok(Some(at)));
                    }
                }
            }
        }
    }

    async fn more(&mut self) -> io::Result<bool> {
        self.bytes.reserve(READ);
        Ok(self.half.read_buf(&mut self.bytes).await? > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(reader: &mut Reader<impl AsyncRead + Unpin>) -> Option<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        match reader.next(&mut tokio::io::sink()).await.unwrap() {
            Reading::Request(request) => Some((text(request.target()), text(&request.body()))),
            Reading::Closed => None,
            Reading::Malformed => panic!("malformed"),
        }
    }

    #[tokio::test]
    async fn requests_are_taken_out_one_by_one_wherever_they_are_cut() {
        let wire =
            b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
              2\r\nde\r\n1\r\nf\r\n0\r\n\r\nGET /c HTTP/1.1\r\nX: y\r\n\r\n";
        for size in [1, 7, wire.len()] {
            let (mut sender, receiver) = tokio::io::duplex(size);
            let send = async move { sender.write_all(wire).await.unwrap() };
            let receive = async {
                let mut reader = Reader::new(receiver);
                for (target, body) in [("/a", "abc"), ("/b", "def"), ("/c", "")] {
                    assert_eq!(read(&mut reader).await, Some((target.to_owned(), body.to_owned())));
                }
                assert_eq!(read(&mut reader).await, None);
            };
            tokio::join!(send, receive);
        }
    }

    #[tokio::test]
    async fn what_is_not_http_is_malformed() {
        for bad in [
            "hello\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET / HTTP/1.1 x\r\n\r\n",
            "GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
            "GET / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n",
            "GET / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ] {
            let mut reader = Reader::new(bad.as_bytes());
            let reading = reader.next(&mut tokio::io::sink()).await.unwrap();
            assert!(matches!(reading, Reading::Malformed), "{bad}: {reading:?}");
        }
    }

    #[tokio::test]
    async fn a_client_that_waits_is_asked_to_go_on() {
        let head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nConnection: Close\r\nContent-Length: 2\r\n\r\n";
        for (body, answer) in [("", "HTTP/1.1 100 Continue\r\n\r\n"), ("ok", "")] {
            let (wire, mut out) = (format!("{head}{body}"), Vec::new());
            let mut reader = Reader::new(wire.as_bytes());
            if let Reading::Request(request) = reader.next(&mut out).await.unwrap() {
                assert!(request.closes());
            }
            assert_eq!(String::from_utf8(out).unwrap(), answer);
        }
    }
}

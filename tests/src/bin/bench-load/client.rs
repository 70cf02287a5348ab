//! One keep-alive connection: sends a request, reads its answer to the end.

use std::net::SocketAddr;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Marks each content chunk of the mock; its time of writing follows, 20 digits of nanoseconds.
const STAMP: &[u8] = b"t=0";
const STAMP_LEN: usize = 22;

/// Why there is no answer.
pub(crate) type Fault = String;

/// An answer, with the moments that matter.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
    /// When the first bytes of the body were there.
    pub(crate) first_body: Option<Instant>,
    /// Microseconds from the mock to here, of each content chunk.
    pub(crate) chunks_us: Vec<u32>,
    pub(crate) close: bool,
    scanned: usize,
}

impl Answer {
    fn reset(&mut self) {
        self.body.clear();
        self.chunks_us.clear();
        (self.status, self.first_body, self.close, self.scanned) = (0, None, false, 0);
    }

    /// Notes what has arrived since the last call.
    fn note_arrivals(&mut self) {
        if self.body.len() == self.scanned {
            return;
        }
        self.first_body.get_or_insert_with(Instant::now);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let fresh = self.body.get(self.scanned..).unwrap_or_default();
        let mut next = self.scanned;
        for at in memmem::find_iter(fresh, STAMP) {
            let Some(stamp) = fresh.get(at + 2..at + STAMP_LEN) else { break };
            let text = std::str::from_utf8(stamp).unwrap_or_default();
            if let Ok(written) = text.parse::<u128>() {
                self.chunks_us.push(u32::try_from(now.saturating_sub(written) / 1000).unwrap_or(u32::MAX));
            }
            next = self.scanned + at + STAMP_LEN;
        }
        // A stamp that is cut off at the end is looked at again when its rest has come.
        self.scanned = next.max((self.body.len() + 1).saturating_sub(STAMP_LEN));
    }
}

/// A connection to the gateway.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    raw: Vec<u8>,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self, Fault> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("connect: {}", error.kind()))?;
        stream.set_nodelay(true).map_err(|error| format!("connect: {}", error.kind()))?;
        Ok(Self { stream, raw: Vec::with_capacity(4096) })
    }

    /// Sends `request` and reads the whole answer into `answer`.
    pub(crate) async fn exchange(&mut self, request: &[u8], answer: &mut Answer) -> Result<(), Fault> {
        answer.reset();
        self.stream.write_all(request).await.map_err(|error| format!("write: {}", error.kind()))?;
        let length = self.read_head(answer).await?;
        match length {
            Length::Bytes(length) => self.read_bytes(length, answer).await?,
            Length::Chunked => self.read_chunks(answer).await?,
        }
        if self.raw.is_empty() { Ok(()) } else { Err("bytes after the answer".into()) }
    }

    async fn read_head(&mut self, answer: &mut Answer) -> Result<Length, Fault> {
        loop {
            self.read_more().await?;
            let Some(end) = memmem::find(&self.raw, b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(self.raw.get(..end).unwrap_or_default()).into_owned();
            self.raw.drain(..end + 4);
            return parse_head(&head, answer);
        }
    }

    async fn read_bytes(&mut self, length: usize, answer: &mut Answer) -> Result<(), Fault> {
        loop {
            let take = self.raw.len().min(length - answer.body.len());
            answer.body.extend(self.raw.drain(..take));
            answer.note_arrivals();
            if answer.body.len() == length {
                return Ok(());
            }
            self.read_more().await?;
        }
    }

    async fn read_chunks(&mut self, answer: &mut Answer) -> Result<(), Fault> {
        loop {
            let ended = take_chunks(&mut self.raw, &mut answer.body)?;
            answer.note_arrivals();
            if ended {
                return Ok(());
            }
            self.read_more().await?;
        }
    }

    async fn read_more(&mut self) -> Result<(), Fault> {
        match self.stream.read_buf(&mut self.raw).await {
            Ok(0) => Err("closed within the answer".into()),
            Ok(_) => Ok(()),
            Err(error) => Err(format!("read: {}", error.kind())),
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunked,
}

fn parse_head(head: &str, answer: &mut Answer) -> Result<Length, Fault> {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    answer.status = status.ok_or("bad status line")?;
    let mut length = None;
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().ok().map(Length::Bytes);
        } else if name.eq_ignore_ascii_case("transfer-encoding") && value.eq_ignore_ascii_case("chunked") {
            length = Some(Length::Chunked);
        } else if name.eq_ignore_ascii_case("connection") {
            answer.close = value.eq_ignore_ascii_case("close");
        }
    }
    length.ok_or_else(|| "neither a length nor chunks".into())
}

/// Moves the whole chunks at the front of `raw` to `body`. Returns whether the last one was among them.
fn take_chunks(raw: &mut Vec<u8>, body: &mut Vec<u8>) -> Result<bool, Fault> {
    let mut used = 0;
    let mut ended = false;
    while !ended {
        let rest = raw.get(used..).unwrap_or_default();
        let Some(line) = memmem::find(rest, b"\r\n") else { break };
        let hex = std::str::from_utf8(rest.get(..line).unwrap_or_default()).unwrap_or_default();
        let size = usize::from_str_radix(hex, 16).map_err(|_| "bad chunk size")?;
        let (start, end) = (line + 2, line + 2 + size);
        match rest.get(end..end + 2) {
            None => break,
            Some(b"\r\n") => body.extend_from_slice(rest.get(start..end).unwrap_or_default()),
            Some(_) => return Err("bad end of a chunk".into()),
        }
        used += end + 2;
        ended = size == 0;
    }
    raw.drain(..used);
    Ok(ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_come_together_wherever_the_network_cuts() {
        let wire = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n";
        for size in 1..wire.len() {
            let (mut raw, mut body, mut ended) = (Vec::new(), Vec::new(), false);
            for piece in wire.chunks(size) {
                assert!(!ended, "ended early in pieces of {size}");
                raw.extend_from_slice(piece);
                ended = take_chunks(&mut raw, &mut body).unwrap();
            }
            assert_eq!((body.as_slice(), raw.as_slice(), ended), (&b"hello world"[..], &b""[..], true));
        }
    }

    #[test]
    fn broken_framing_is_a_fault() {
        for wire in [&b"x\r\nhello\r\n"[..], b"4\r\nhello\r\n"] {
            assert!(take_chunks(&mut wire.to_vec(), &mut Vec::new()).is_err(), "{wire:?}");
        }
    }

    #[test]
    fn a_chunk_is_counted_once_wherever_it_is_cut() {
        let text = b"data: t=00000000000000000001 a\n\ndata: t=00000000000000000002 b\n\n";
        for size in 1..=text.len() {
            let mut answer = Answer::default();
            for piece in text.chunks(size) {
                answer.body.extend_from_slice(piece);
                answer.note_arrivals();
            }
            assert_eq!(answer.chunks_us.len(), 2, "in pieces of {size}");
        }
    }

    #[test]
    fn a_head_without_a_length_is_a_fault() {
        let mut answer = Answer::default();
        assert!(parse_head("HTTP/1.1 200 OK\r\nserver: x", &mut answer).is_err());
        assert_eq!(parse_head("HTTP/1.1 403 No\r\nContent-Length: 2", &mut answer), Ok(Length::Bytes(2)));
        assert_eq!(answer.status, 403);
    }
}

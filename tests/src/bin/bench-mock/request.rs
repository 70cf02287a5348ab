//! Reads requests off a connection: the head, the length of the body, the directive.

use std::io;

use memchr::memmem;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::answers::{Kind, Shape};

const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 64 << 20;

/// What the mock needs to know of a request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Request {
    pub(crate) kind: Kind,
    pub(crate) shape: Shape,
    /// The last four digits of the key that it was signed with.
    pub(crate) user: [u8; 4],
    pub(crate) close: bool,
}

/// One connection and what was read from it but not yet used.
#[derive(Debug)]
pub(crate) struct Reader {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Reader {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { stream, buffer: Vec::with_capacity(4096) }
    }

    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// The next request, with its body read. `None` when the other side has closed the connection.
    pub(crate) async fn next(&mut self) -> io::Result<Option<Request>> {
        let head_len = loop {
            if let Some(end) = memmem::find(&self.buffer, b"\r\n\r\n") {
                break end + 4;
            }
            if self.buffer.len() > MAX_HEAD || !self.read_more().await? {
                return Ok(None);
            }
        };
        let head = Head::parse(self.buffer.get(..head_len).unwrap_or_default());
        if head.continues {
            tokio::io::AsyncWriteExt::write_all(&mut self.stream, b"HTTP/1.1 100 Continue\r\n\r\n").await?;
        }
        let total = match head.length {
            Length::Bytes(n) if n <= MAX_BODY => self.read_until(head_len + n).await?,
            Length::Bytes(_) => None,
            Length::Chunked => self.read_chunks(head_len).await?,
        };
        let Some(total) = total else { return Ok(None) };
        // A chunked body is searched with its framing: a directive or a member is hardly ever cut by it, and then the
        // answer is one that the load generator refuses.
        let body = self.buffer.get(head_len..total).unwrap_or_default();
        let request = Request {
            kind: head.user.map_or(Kind::Unauthorized, |_| Kind::of(&head.method, &head.path, body)),
            shape: Shape::of(body),
            user: head.user.unwrap_or(*b"0000"),
            close: head.close,
        };
        self.buffer.drain(..total);
        Ok(Some(request))
    }

    async fn read_until(&mut self, total: usize) -> io::Result<Option<usize>> {
        while self.buffer.len() < total {
            if !self.read_more().await? {
                return Ok(None);
            }
        }
        Ok(Some(total))
    }

    /// Reads a chunked body to its end; returns where that is.
    async fn read_chunks(&mut self, mut at: usize) -> io::Result<Option<usize>> {
        loop {
            let rest = self.buffer.get(at..).unwrap_or_default();
            let Some(line) = memmem::find(rest, b"\r\n") else {
                if !self.read_more().await? {
                    return Ok(None);
                }
                continue;
            };
            let size = rest.get(..line).and_then(|hex| std::str::from_utf8(hex).ok());
            let Some(size) = size.and_then(|hex| usize::from_str_radix(hex, 16).ok()).filter(|n| *n <= MAX_BODY) else {
                return Ok(None);
            };
            at += line + 2 + size + 2;
            if self.read_until(at).await?.is_none() || size == 0 {
                return Ok(Some(at).filter(|at| *at <= self.buffer.len()));
            }
        }
    }

    async fn read_more(&mut self) -> io::Result<bool> {
        self.buffer.reserve(4096);
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Length {
    Bytes(usize),
    Chunked,
}

#[derive(Debug)]
struct Head {
    method: String,
    path: String,
    length: Length,
    user: Option<[u8; 4]>,
    close: bool,
    continues: bool,
}

impl Head {
    fn parse(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let mut lines = text.split("\r\n");
        let mut first = lines.next().unwrap_or_default().split(' ');
        let method = first.next().unwrap_or_default().to_owned();
        let path = first.next().unwrap_or_default().split('?').next().unwrap_or_default().to_owned();
        let mut head = Self { method, path, length: Length::Bytes(0), user: None, close: false, continues: false };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            head.read_header(name, value.trim());
        }
        head
    }

    fn read_header(&mut self, name: &str, value: &str) {
        let is = |wanted: &str| name.eq_ignore_ascii_case(wanted);
        if is("content-length") {
            self.length = Length::Bytes(value.parse().unwrap_or(usize::MAX));
        } else if is("transfer-encoding") {
            self.length = Length::Chunked;
        } else if is("expect") {
            self.continues = true;
        } else if is("connection") {
            self.close = value.eq_ignore_ascii_case("close");
        } else if is("authorization") || is("x-api-key") || is("x-goog-api-key") {
            self.user = value.as_bytes().last_chunk().copied().filter(|end| end.iter().all(u8::is_ascii_digit));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_tells_the_length_and_whose_key_signed_it() {
        let head = Head::parse(
            b"POST /v1/x?y=1 HTTP/1.1\r\nContent-Length: 12\r\nAuthorization: Bearer sk-bench-0042\r\nconnection: close\r\n\r\n",
        );
        assert_eq!((head.method.as_str(), head.path.as_str()), ("POST", "/v1/x"));
        assert_eq!((head.length, head.user, head.close), (Length::Bytes(12), Some(*b"0042"), true));
    }

    #[test]
    fn a_head_without_a_key_of_the_benchmark_has_no_user() {
        assert_eq!(Head::parse(b"GET / HTTP/1.1\r\n\r\n").user, None);
        assert_eq!(Head::parse(b"GET / HTTP/1.1\r\nx-api-key: other\r\n\r\n").user, None);
    }
}

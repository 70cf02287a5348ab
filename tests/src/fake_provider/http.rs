//! Just enough of HTTP/1.1: requests with a length or in chunks, answers in chunks.

use bytes::{Buf, Bytes, BytesMut};

/// A request, whole.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) target: String,
    /// Lower-case names, in the order of arrival.
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Bytes,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the bytes so far are.
#[derive(Debug)]
pub(super) enum Parsed {
    /// Taken out of the buffer.
    Request(Request),
    /// More is to come.
    Incomplete {
        /// The client waits for `100 Continue`.
        expects_continue: bool,
    },
    /// Not HTTP, or too much of it.
    Wrong,
}

const MAX_HEAD: usize = 64 << 10;
const MAX_BODY: usize = 64 << 20;

/// Takes a whole request out of the buffer, if there is one.
pub(super) fn parse(buf: &mut BytesMut) -> Parsed {
    let Some(head_len) = find(buf, b"\r\n\r\n") else {
        return if buf.len() > MAX_HEAD { Parsed::Wrong } else { Parsed::Incomplete { expects_continue: false } };
    };
    let Some(mut request) = buf.get(..head_len).and_then(head_of) else { return Parsed::Wrong };
    let rest = buf.get(head_len + 4..).unwrap_or_default();
    let chunked = request.header("transfer-encoding").is_some_and(|coding| coding.eq_ignore_ascii_case("chunked"));
    let body = if chunked { unchunk(rest) } else { sized(rest, request.header("content-length")) };
    match body {
        Ok(Some((body, used))) => {
            request.body = body;
            buf.advance(head_len + 4 + used);
            Parsed::Request(request)
        }
        Ok(None) => Parsed::Incomplete { expects_continue: request.header("expect").is_some() },
        Err(Malformed) => Parsed::Wrong,
    }
}

struct Malformed;

/// A body and how many bytes it took; `None` if it is not whole.
type Body = Result<Option<(Bytes, usize)>, Malformed>;

fn head_of(head: &[u8]) -> Option<Request> {
    let head = std::str::from_utf8(head).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target, version) = (first.next()?, first.next()?, first.next()?);
    if first.next().is_some() || !version.starts_with("HTTP/1.") || !target.starts_with('/') {
        return None;
    }
    let header = |line: &str| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_ascii_lowercase(), value.trim().to_owned()))
    };
    let headers = lines.map(header).collect::<Option<Vec<_>>>()?;
    Some(Request { method: method.to_owned(), target: target.to_owned(), headers, body: Bytes::new() })
}

fn sized(rest: &[u8], length: Option<&str>) -> Body {
    let length = match length.map(str::parse::<usize>) {
        None => 0,
        Some(Ok(length)) if length <= MAX_BODY => length,
        Some(_) => return Err(Malformed),
    };
    Ok(rest.get(..length).map(|body| (Bytes::copy_from_slice(body), length)))
}

fn unchunk(rest: &[u8]) -> Body {
    let mut body = Vec::new();
    let mut at = 0;
    loop {
        let left = rest.get(at..).unwrap_or_default();
        let Some(line) = find(left, b"\r\n") else { return Ok(None) };
        let digits = left.get(..line).and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
        let digits = digits.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(digits, 16).map_err(|_| Malformed)?;
        if size > MAX_BODY || body.len() > MAX_BODY {
            return Err(Malformed);
        }
        let start = at + line + 2;
        // Behind the last chunk there could be trailers; nobody sends us any.
        let Some(chunk) = rest.get(start..start + size + 2).and_then(|chunk| chunk.get(..size)) else {
            return Ok(None);
        };
        body.extend_from_slice(chunk);
        at = start + size + 2;
        if size == 0 {
            return Ok(Some((Bytes::from(body), at)));
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

/// Status line and headers of an answer in chunks.
pub(super) fn head(status: u16, headers: &[(String, String)]) -> Vec<u8> {
    let reason = if status == 200 { "OK" } else { "" };
    let mut head = format!("HTTP/1.1 {status} {reason}\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("transfer-encoding: chunked\r\n\r\n");
    head.into_bytes()
}

/// A chunk.
pub(super) fn chunk(piece: &[u8]) -> Vec<u8> {
    let mut out = format!("{:x}\r\n", piece.len()).into_bytes();
    out.extend_from_slice(piece);
    out.extend_from_slice(b"\r\n");
    out
}

/// The chunk that ends a body.
pub(super) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_taken_out_one_by_one_wherever_they_are_cut() {
        let wire =
            b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcPOST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                     2\r\nde\r\n1\r\nf\r\n0\r\n\r\nGET /c HTTP/1.1\r\nX: y\r\n\r\n";
        for size in [1, 7, wire.len()] {
            let (mut buf, mut got) = (BytesMut::new(), Vec::new());
            for piece in wire.chunks(size) {
                buf.extend_from_slice(piece);
                while let Parsed::Request(request) = parse(&mut buf) {
                    got.push((request.target, request.body));
                }
            }
            let want = [("/a", "abc"), ("/b", "def"), ("/c", "")].map(|(t, b)| (t.to_owned(), Bytes::from(b)));
            assert_eq!(got, want);
        }
    }

    #[test]
    fn what_is_not_http_is_wrong() {
        for bad in [
            "hello\r\n\r\n",
            "GET a HTTP/1.1\r\n\r\n",
            "GET / HTTP/2\r\n\r\n",
            "GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
        ] {
            assert!(matches!(parse(&mut BytesMut::from(bad)), Parsed::Wrong), "{bad}");
        }
    }
}

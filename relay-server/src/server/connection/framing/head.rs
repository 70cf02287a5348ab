//! The head of a request: what it must be, and how its body is framed.

use std::mem::MaybeUninit;

use httparse::{Error, Header, Request, Status};

use super::host;
use super::refusal::{HeadLimits, Refusal};

/// Header fields of a request.
const MOST_FIELDS: usize = 96;
/// The longest method that is looked up, in bytes. The longest registered one has 17 (`UPDATEREDIRECTREF`); Relay
/// serves none longer than 7.
const LONGEST_METHOD: usize = 16;
/// What a request line has beside its target, in bytes: the method, two spaces, `HTTP/1.1`.
const BESIDE_TARGET: usize = LONGEST_METHOD + 10;

/// A complete head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its length in bytes.
    pub(super) length: usize,
    pub(super) body: Body,
    /// The client waits for `100 Continue` before it sends the body.
    pub(crate) expects_continue: bool,
    /// `GET` or `HEAD` of a health check.
    pub(crate) is_health_check: bool,
}

/// How the body is framed (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    None,
    Length(u64),
    Chunked,
}

/// How many bytes at the beginning are empty lines, which a server ignores before a request line (RFC 9112, 2.2).
pub(crate) fn empty_lines(bytes: &[u8]) -> usize {
    bytes.chunks_exact(2).take_while(|pair| *pair == b"\r\n").count() * 2
}

/// The method at the beginning of a request, if it is one that may be named in a log.
pub(crate) fn known_method(bytes: &[u8]) -> Option<actix_web::http::Method> {
    let start = empty_lines(bytes);
    let bytes = bytes.get(start..)?;
    let word = bytes.get(..memchr::memchr(b' ', bytes.get(..bytes.len().min(LONGEST_METHOD))?)?)?;
    let known = [&b"GET"[..], b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT"];
    known.contains(&word).then(|| actix_web::http::Method::from_bytes(word).ok())?
}

/// Parses a head; `None` if it is not complete. `public_path` is what may stand before the path of a health check.
pub(super) fn parse(bytes: &mut [u8], limits: HeadLimits, public_path: &str) -> Result<Option<Head>, Refusal> {
    let mut fields = [const { MaybeUninit::<Header<'_>>::uninit() }; MOST_FIELDS];
    let mut request = Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut fields) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return check_incomplete(bytes, limits).map(|()| None),
        Err(error) => return Err(check_incomplete(bytes, limits).err().unwrap_or_else(|| refusal(error))),
    };
    check_line(&request, limits)?;
    if length > limits.head {
        return Err(Refusal::HeadTooLarge);
    }
    check_line_ends(bytes.get(..length).unwrap_or_default())?;
    let seen = Fields::read(&request)?;
    let head = Head {
        length,
        body: seen.body(&request)?,
        expects_continue: seen.expects_continue,
        is_health_check: is_health_check(&request, public_path),
    };
    if seen.expects_continue || seen.upgrades {
        disarm(bytes.get_mut(..length).unwrap_or_default());
    }
    Ok(Some(head))
}

/// The limits of a head whose end has not arrived.
fn check_incomplete(bytes: &[u8], limits: HeadLimits) -> Result<(), Refusal> {
    let line_is_too_long =
        bytes.len() > limits.url + BESIDE_TARGET && !bytes.iter().take(limits.url + BESIDE_TARGET).any(|b| *b == b'\n');
    if line_is_too_long {
        let method_ends = bytes.iter().take(LONGEST_METHOD + 1).any(|b| *b == b' ');
        return Err(if method_ends { Refusal::UrlTooLong } else { Refusal::UnknownMethod });
    }
    if bytes.len() > limits.head { Err(Refusal::HeadTooLarge) } else { Ok(()) }
}

fn refusal(error: Error) -> Refusal {
    match error {
        Error::TooManyHeaders => Refusal::HeadTooLarge,
        Error::Version => Refusal::Malformed("the version must be HTTP/1.1 or HTTP/1.0"),
        Error::HeaderName | Error::HeaderValue => {
            Refusal::Malformed("a header field must be `name: value` in one line, without control characters")
        }
        _ => Refusal::Malformed("the request line must be a method, a path and a version, with one space between"),
    }
}

/// The request line (RFC 9112, 3).
fn check_line(request: &Request<'_, '_>, limits: HeadLimits) -> Result<(), Refusal> {
    let (method, target) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
    // A longer method should be 501 (RFC 9112, 3); methods are case-sensitive (RFC 9110, 9.1).
    if method.len() > LONGEST_METHOD || !method.bytes().all(|b| b.is_ascii_uppercase()) || method == "CONNECT" {
        return Err(Refusal::UnknownMethod);
    }
    if target.len() > limits.url {
        return Err(Refusal::UrlTooLong);
    }
    // A fragment is never sent (RFC 9112, 3.2); some programs take a backslash for a slash.
    if target.bytes().any(|b| b == b'#' || b == b'\\' || !b.is_ascii_graphic()) {
        return Err(Refusal::Malformed("the path has a character that must be percent-encoded"));
    }
    let fits = match target.as_bytes() {
        [b'/', ..] => true,
        // asterisk-form (RFC 9112, 3.2.4)
        b"*" => method == "OPTIONS",
        _ => absolute_authority(target).is_some_and(|authority| host::is_valid(authority.as_bytes())),
    };
    if fits { Ok(()) } else { Err(Refusal::Malformed("the path must begin with `/`")) }
}

/// The authority of a target in absolute-form, which a server must accept (RFC 9112, 3.2.2).
fn absolute_authority(target: &str) -> Option<&str> {
    let (scheme, rest) = target.split_once("://")?;
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    is_web.then(|| rest.split(['/', '?']).next().unwrap_or_default())
}

/// Lines end with CR LF. A recipient may take a lone LF for a line's end (RFC 9112, 2.2), which makes room for two
/// readings of one head.
fn check_line_ends(head: &[u8]) -> Result<(), Refusal> {
    let mut before = memchr::memchr_iter(b'\n', head).map(|at| at.checked_sub(1).and_then(|at| head.get(at)));
    if before.all(|byte| byte == Some(&b'\r')) { Ok(()) } else { Err(Refusal::Malformed("a line must end with CR LF")) }
}

/// Whether it asks for the server's health, with or without the path that a proxy may remove. Its target may be in
/// absolute-form.
fn is_health_check(request: &Request<'_, '_>, public_path: &str) -> bool {
    let target = request.path.unwrap_or_default().split('?').next().unwrap_or_default();
    let path = match target.split_once("://") {
        Some((_, rest)) if !target.starts_with('/') => rest.find('/').and_then(|at| rest.get(at..)).unwrap_or_default(),
        _ => target,
    };
    let is_health =
        |path: &str| path.strip_prefix("/api/health").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    matches!(request.method, Some("GET" | "HEAD"))
        && (is_health(path) || path.strip_prefix(public_path).is_some_and(is_health))
}

/// What the header fields say about the connection and the body.
#[derive(Default)]
struct Fields {
    host: Option<usize>,
    length: Option<u64>,
    chunked: bool,
    expects_continue: bool,
    upgrades: bool,
}

impl Fields {
    fn read(request: &Request<'_, '_>) -> Result<Self, Refusal> {
        let mut seen = Self::default();
        for (index, field) in request.headers.iter().enumerate() {
            // Most fields are told apart by their length alone.
            match field.name.len() {
                4 if field.name.eq_ignore_ascii_case("host") => seen.host(index, field.value)?,
                6 if field.name.eq_ignore_ascii_case("expect") => seen.expect(request, field.value),
                7 if field.name.eq_ignore_ascii_case("upgrade") => seen.upgrades = true,
                10 if field.name.eq_ignore_ascii_case("connection") => {
                    seen.upgrades |= items(field.value).any(|item| item.eq_ignore_ascii_case(b"upgrade"));
                }
                14 => seen.content_length(field)?,
                17 => seen.transfer_encoding(request, field)?,
                _ => {}
            }
        }
        Ok(seen)
    }

    /// Exactly one, with a valid value (RFC 9112, 3.2).
    fn host(&mut self, index: usize, value: &[u8]) -> Result<(), Refusal> {
        if self.host.replace(index).is_some() || !host::is_valid(value) {
            return Err(Refusal::Malformed("`host` must be sent once, as a name or address with an optional port"));
        }
        Ok(())
    }

    /// HTTP/1.0 has no `100 Continue` (RFC 9110, 10.1.1).
    fn expect(&mut self, request: &Request<'_, '_>, value: &[u8]) {
        self.expects_continue |=
            request.version == Some(1) && items(value).any(|item| item.eq_ignore_ascii_case(b"100-continue"));
    }

    /// `Content-Length = 1*DIGIT`, once (RFC 9110, 8.6). Leading zeros are refused, too: some programs read octal.
    fn content_length(&mut self, field: &Header<'_>) -> Result<(), Refusal> {
        const WRONG: Refusal = Refusal::Malformed("`content-length` must be sent once, as a decimal number");
        if field.name.eq_ignore_ascii_case("content_length") {
            return Err(WRONG);
        }
        if !field.name.eq_ignore_ascii_case("content-length") {
            return Ok(());
        }
        let digits =
            field.value.iter().all(u8::is_ascii_digit) && (field.value.len() == 1 || !field.value.starts_with(b"0"));
        let number = std::str::from_utf8(field.value).ok().filter(|_| digits).and_then(|text| text.parse().ok());
        match (self.length, number) {
            (None, Some(number)) => self.length = Some(number),
            _ => return Err(WRONG),
        }
        Ok(())
    }

    /// `chunked`, once, and only in HTTP/1.1 (RFC 9112, 6.1).
    fn transfer_encoding(&mut self, request: &Request<'_, '_>, field: &Header<'_>) -> Result<(), Refusal> {
        const WRONG: Refusal =
            Refusal::Malformed("`transfer-encoding` must be `chunked`, sent once, in a request of HTTP/1.1");
        if field.name.eq_ignore_ascii_case("transfer_encoding") {
            return Err(WRONG);
        }
        if !field.name.eq_ignore_ascii_case("transfer-encoding") {
            return Ok(());
        }
        if self.chunked || request.version != Some(1) || !field.value.eq_ignore_ascii_case(b"chunked") {
            return Err(WRONG);
        }
        self.chunked = true;
        Ok(())
    }

    fn body(&self, request: &Request<'_, '_>) -> Result<Body, Refusal> {
        self.check_host(request)?;
        match (self.chunked, self.length) {
            // RFC 9112, 6.3: such a message ought to be handled as an error.
            (true, Some(_)) => Err(Refusal::Malformed("`content-length` and `transfer-encoding` exclude each other")),
            (true, None) => Ok(Body::Chunked),
            (false, Some(length)) if length > 0 => Ok(Body::Length(length)),
            // RFC 1945, 7.2.2: a POST of HTTP/1.0 has a length.
            (false, None) if request.version == Some(0) && request.method == Some("POST") => {
                Err(Refusal::Malformed("a POST of HTTP/1.0 needs `content-length`"))
            }
            (false, _) => Ok(Body::None),
        }
    }

    /// HTTP/1.1 needs a host (RFC 9112, 3.2), and it must be that of a target in absolute-form.
    fn check_host(&self, request: &Request<'_, '_>) -> Result<(), Refusal> {
        let value = self.host.and_then(|index| request.headers.get(index)).map(|field| field.value);
        if value.is_none() && request.version == Some(1) {
            return Err(Refusal::Malformed("`host` must be sent once, as a name or address with an optional port"));
        }
        let named = request.path.filter(|path| !path.starts_with('/')).and_then(absolute_authority);
        match (named, value) {
            (Some(named), Some(value)) if !named.as_bytes().eq_ignore_ascii_case(value) => {
                Err(Refusal::Malformed("`host` must be the host of the path"))
            }
            _ => Ok(()),
        }
    }
}

/// The items of a comma-separated list.
fn items(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|b| *b == b',').map(<[u8]>::trim_ascii)
}

/// Makes `upgrade` and `expect` ineffective in place: actix would read a body up to the end of the connection after
/// `upgrade: websocket`, and answer `expect` before the caller's key was looked at.
fn disarm(head: &mut [u8]) {
    for line in head.split_mut(|b| *b == b'\n') {
        let name = memchr::memchr(b':', line).and_then(|end| line.split_at_mut_checked(end));
        let Some((name, value)) = name else { continue };
        if name.eq_ignore_ascii_case(b"upgrade") {
            name.copy_from_slice(b"ignored");
        } else if name.eq_ignore_ascii_case(b"expect") {
            name.copy_from_slice(b"unused");
        } else if name.eq_ignore_ascii_case(b"connection") {
            for item in value.split_mut(|b| *b == b',' || *b == b':') {
                if item.trim_ascii().eq_ignore_ascii_case(b"upgrade") {
                    item.iter_mut().filter(|b| b.is_ascii_alphabetic()).for_each(|b| *b = b' ');
                }
            }
        }
    }
}

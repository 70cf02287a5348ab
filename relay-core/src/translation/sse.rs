//! Server-sent events: bytes to events. Knows no provider.
//!
//! Framing is on bytes; a text is decoded only when its event is whole, so a cut inside a character does no harm. The rules
//! are those of the HTML standard, 9.2.6 (<https://html.spec.whatwg.org/multipage/server-sent-events.html>), and limits.

use memchr::memchr2;

use crate::translation::surrogates;

/// The longest line, in bytes: an inline image arrives as one.
pub(crate) const MAX_LINE: usize = 8 << 20;
/// The longest event, in bytes.
pub(crate) const MAX_EVENT: usize = 16 << 20;
/// The byte order mark that a body may begin with.
const BOM: &[u8] = b"\xEF\xBB\xBF";
/// How much text outside of fields is collected, in bytes.
const MAX_STRAY: usize = 64 << 10;

/// A line or an event is longer than the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the provider's stream is longer than {MAX_LINE} bytes a line or {MAX_EVENT} bytes in all")]
pub struct TooLong;

/// Splits a stream into events. Feed it pieces cut anywhere.
#[derive(Debug, Default)]
pub struct Decoder {
    buf: Vec<u8>,
    /// Where the next line begins in `buf`.
    at: usize,
    /// Up to where `buf` was searched for a line's end.
    searched: usize,
    /// Data lines of the event so far, joined with a line feed. Not used while there is a `line`.
    data: Vec<u8>,
    /// Where the event's only data line lies in `buf`, while there is just one and little behind it.
    line: Option<(usize, usize)>,
    has_data: bool,
    stray: Vec<u8>,
    skip_lf: bool,
    started: bool,
    mends: bool,
}

impl Decoder {
    /// A decoder that puts U+FFFD in the place of each half of a surrogate pair, in events that are JSON and will be parsed:
    /// a provider may cut a text within an emoji. [`Self::default`] leaves events as they came.
    pub(crate) fn mending() -> Self {
        Self { mends: true, ..Self::default() }
    }

    /// Takes the next piece of the body.
    pub fn feed(&mut self, piece: &[u8]) {
        self.compact();
        self.buf.extend_from_slice(piece);
    }

    /// The next whole event's data, or `None` until more bytes are fed. Events without data are skipped.
    ///
    /// # Errors
    /// [`TooLong`]; the decoder must not be used after it.
    pub fn next_event(&mut self) -> Result<Option<&[u8]>, TooLong> {
        while let Some((start, end)) = self.next_line()? {
            if start == end {
                if self.has_data {
                    self.has_data = false;
                    return Ok(Some(self.event()));
                }
                continue;
            }
            self.field(start, end)?;
        }
        Ok(None)
    }

    /// What is left when the body has ended: an event whose last blank line is missing.
    ///
    /// # Errors
    /// [`TooLong`].
    pub fn last_event(&mut self) -> Result<Option<&[u8]>, TooLong> {
        let (start, end) = (self.at, self.buf.len());
        self.at = end;
        if start < end {
            self.field(start, end)?;
        }
        if std::mem::take(&mut self.has_data) { Ok(Some(self.event())) } else { Ok(None) }
    }

    /// Lines of the body that were no field of an event, such as a bare JSON error.
    pub fn stray(&self) -> &[u8] {
        &self.stray
    }

    /// The next whole line without its end, as a range of `buf`.
    fn next_line(&mut self) -> Result<Option<(usize, usize)>, TooLong> {
        if self.skip_lf && self.at < self.buf.len() {
            self.skip_lf = false;
            if self.buf.get(self.at) == Some(&b'\n') {
                self.at += 1;
            }
        }
        if !self.started {
            if self.buf.len() < BOM.len() && BOM.starts_with(&self.buf) {
                return Ok(None);
            }
            self.started = true;
            self.at = if self.buf.starts_with(BOM) { BOM.len() } else { 0 };
        }
        let from = self.searched.max(self.at);
        let rest = self.buf.get(from..).unwrap_or_default();
        let Some(found) = memchr2(b'\n', b'\r', rest) else {
            self.searched = self.buf.len();
            return if self.buf.len() - self.at > MAX_LINE { Err(TooLong) } else { Ok(None) };
        };
        let (start, end) = (self.at, from + found);
        if end - start > MAX_LINE {
            return Err(TooLong);
        }
        self.at = end + 1;
        self.skip_lf = self.buf.get(end) == Some(&b'\r');
        if self.skip_lf && self.buf.get(self.at) == Some(&b'\n') {
            self.at += 1;
            self.skip_lf = false;
        }
        Ok(Some((start, end)))
    }

    fn field(&mut self, start: usize, end: usize) -> Result<(), TooLong> {
        let line = self.buf.get(start..end).unwrap_or_default();
        if let Some(value) = line.strip_prefix(b"data") {
            let skip = match value {
                [] => 4,
                [b':', b' ', ..] => 6,
                [b':', ..] => 5,
                _ => return Ok(()),
            };
            return self.data_line(start + skip, end);
        }
        let known = [&b":"[..], b"event", b"id", b"retry"];
        if !known.iter().any(|name| line.starts_with(name)) && self.stray.len() + line.len() < MAX_STRAY {
            self.stray.extend_from_slice(line);
            self.stray.push(b'\n');
        }
        Ok(())
    }

    fn data_line(&mut self, start: usize, end: usize) -> Result<(), TooLong> {
        if !self.has_data {
            self.has_data = true;
            self.line = Some((start, end));
            return Ok(());
        }
        if let Some((first, last)) = self.line.take() {
            self.data.clear();
            self.data.extend_from_slice(self.buf.get(first..last).unwrap_or_default());
        }
        if self.data.len() + (end - start) > MAX_EVENT {
            return Err(TooLong);
        }
        self.data.push(b'\n');
        self.data.extend_from_slice(self.buf.get(start..end).unwrap_or_default());
        Ok(())
    }

    fn event(&mut self) -> &[u8] {
        let event = match self.line.take() {
            Some((start, end)) => self.buf.get_mut(start..end).unwrap_or_default(),
            None => &mut self.data,
        };
        if self.mends {
            surrogates::mend(event);
        }
        event
    }

    /// Forgets what was read.
    fn compact(&mut self) {
        // Comments behind a data line must not pile up until its event ends: the line moves out of their way.
        if let Some((start, end)) = self.line.filter(|(_, end)| self.at > end + 2) {
            self.data.clear();
            self.data.extend_from_slice(self.buf.get(start..end).unwrap_or_default());
            self.line = None;
        }
        let keep = self.line.map_or(self.at, |(start, _)| start.min(self.at));
        if keep == 0 {
            return;
        }
        self.buf.drain(..keep);
        self.at -= keep;
        self.searched = self.searched.saturating_sub(keep);
        self.line = self.line.map(|(start, end)| (start - keep, end - keep));
        if self.buf.is_empty() && self.buf.capacity() > 64 << 10 {
            self.buf = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn events(pieces: &[&[u8]]) -> Vec<String> {
        let (mut decoder, mut got) = (Decoder::default(), Vec::new());
        for piece in pieces {
            decoder.feed(piece);
            while let Some(data) = decoder.next_event().unwrap() {
                got.push(String::from_utf8_lossy(data).into_owned());
            }
        }
        while let Some(data) = decoder.last_event().unwrap() {
            got.push(String::from_utf8_lossy(data).into_owned());
        }
        got
    }

    /// Whole, in every two pieces, and byte by byte.
    #[track_caller]
    fn check(body: &str, want: &[&str]) {
        for ends in ["\n", "\r\n", "\r"] {
            let body = body.replace('\n', ends);
            let bytes = body.as_bytes();
            for cut in 0..=bytes.len() {
                assert_eq!(events(&[&bytes[..cut], &bytes[cut..]]), want, "{body:?} cut at {cut}");
            }
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            assert_eq!(events(&single), want, "{body:?} byte by byte");
        }
    }

    #[test]
    fn an_event_is_its_data() {
        check("data: one\n\ndata:two\n\n", &["one", "two"]);
        check("event: x\nid: 1\nretry: 5\ndata: é한\n\n", &["é한"]);
    }

    #[test]
    fn data_lines_are_joined_and_one_space_is_stripped() {
        check("data: a\ndata:  b\ndata\ndata:\n\n", &["a\n b\n\n"]);
    }

    #[test]
    fn comments_unknown_fields_and_empty_events_are_skipped() {
        check(": ping\n\nevent: only\n\ndatabase: no\n\ndata: x\n\n", &["x"]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        check("\u{feff}data: x\n\n", &["x"]);
        check("\n\u{feff}data: x\n\ndata: y\n\n", &["y"]); // only the body's first bytes are one
        check("\u{feff}", &[]);
    }

    #[test]
    fn the_last_event_may_lack_its_blank_line() {
        check("data: a\n\ndata: b", &["a", "b"]);
        check("data: a\n\ndata: b\n", &["a", "b"]);
    }

    #[test]
    fn text_outside_of_fields_is_kept() {
        let mut decoder = Decoder::default();
        decoder.feed(b"data: x\n\n{\n \"error\": 1\n}\n");
        assert_eq!(decoder.next_event().unwrap(), Some(&b"x"[..]));
        assert_eq!(decoder.next_event().unwrap(), None);
        assert_eq!(decoder.stray(), b"{\n \"error\": 1\n}\n");
    }

    #[test]
    fn an_endless_line_is_an_error_and_memory_stays_bounded() {
        let mut decoder = Decoder::default();
        let piece = vec![b'x'; 1 << 20];
        let failed = (0..64).find(|_| {
            decoder.feed(&piece);
            decoder.next_event().is_err()
        });
        assert_eq!(failed, Some(8));
    }

    #[test]
    fn comments_within_an_event_cost_no_memory() {
        let (mut decoder, line) = (Decoder::default(), [b": ", vec![b'x'; 1 << 20].as_slice(), b"\n"].concat());
        decoder.feed(b"data: one\n");
        for _ in 0..32 {
            decoder.feed(&line);
            assert_eq!(decoder.next_event(), Ok(None));
        }
        assert!(decoder.buf.capacity() < 8 << 20, "{} bytes are held", decoder.buf.capacity());
        decoder.feed(b"data: two\n\n");
        assert_eq!(decoder.next_event(), Ok(Some(&b"one\ntwo"[..])));
    }

    #[test]
    fn an_endless_event_is_an_error() {
        let mut decoder = Decoder::default();
        let line = [b"data: ", vec![b'x'; 1 << 20].as_slice(), b"\n"].concat();
        assert!((0..64).any(|_| {
            decoder.feed(&line);
            decoder.next_event().is_err()
        }));
    }
}

//! Half an emoji in JSON text: `\ud83d` without its second half.
//!
//! JavaScript and Python write it where a text is cut within a character, and their parsers read it again. A Rust string
//! can't hold it, and Anthropic and Google refuse a request that has it. U+FFFD takes its place: `\ufffd` is as long, so a
//! text is mended where it lies. Text without such an escape is searched once and not copied.

use std::borrow::Cow;

use bytes::{Bytes, BytesMut};
use memchr::memchr;

const REPLACEMENT: &[u8] = b"\\ufffd";

/// What an escape `\uXXXX` stands for, as far as it matters here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// The first half of a pair.
    High,
    /// The second half.
    Low,
}

/// The half of a pair whose escape begins at `at`.
fn unit(json: &[u8], at: usize) -> Option<Unit> {
    let escape = json.get(at..at.checked_add(REPLACEMENT.len())?)?;
    let [b'\\', b'u', b'd' | b'D', second, third, fourth] = escape else { return None };
    if !third.is_ascii_hexdigit() || !fourth.is_ascii_hexdigit() {
        return None;
    }
    match second {
        b'8' | b'9' | b'a' | b'b' | b'A' | b'B' => Some(Unit::High),
        b'c'..=b'f' | b'C'..=b'F' => Some(Unit::Low),
        _ => None,
    }
}

/// Where the first half without its other half begins, from `at` on.
fn half(json: &[u8], mut at: usize) -> Option<usize> {
    loop {
        let start = at + memchr(b'\\', json.get(at..)?)?;
        at = match unit(json, start) {
            Some(Unit::High) if unit(json, start + REPLACEMENT.len()) == Some(Unit::Low) => {
                start + 2 * REPLACEMENT.len()
            }
            Some(_) => return Some(start),
            None => start + 2, // the escaped character may be a backslash
        };
    }
}

/// Puts U+FFFD in the place of each half.
pub(crate) fn mend(json: &mut [u8]) {
    let mut at = 0;
    while let Some(start) = half(json, at) {
        at = start + REPLACEMENT.len();
        if let Some(escape) = json.get_mut(start..at) {
            escape.copy_from_slice(REPLACEMENT);
        }
    }
}

/// Whether [`mend`] would change anything.
pub(crate) fn has_half(json: &[u8]) -> bool {
    half(json, 0).is_some()
}

/// A body with U+FFFD in the place of each half.
pub(crate) fn mended(json: Bytes) -> Bytes {
    if !has_half(&json) {
        return json;
    }
    let mut json = BytesMut::from(json.as_ref());
    mend(&mut json);
    json.freeze()
}

/// As [`mended`], of a body that is borrowed.
pub(crate) fn mended_slice(json: &[u8]) -> Cow<'_, [u8]> {
    if !has_half(json) {
        return Cow::Borrowed(json);
    }
    let mut json = json.to_vec();
    mend(&mut json);
    Cow::Owned(json)
}

/// As [`mended`], of a text that is JSON itself, such as a call's arguments.
pub(crate) fn mended_text(json: Cow<'_, str>) -> Cow<'_, str> {
    if !has_half(json.as_bytes()) {
        return json;
    }
    let mut bytes = json.into_owned().into_bytes();
    mend(&mut bytes);
    Cow::Owned(String::from_utf8(bytes).unwrap_or_default())
}

/// Mends a JSON text that comes in pieces, cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct Pieces {
    /// The beginning of an escape whose meaning what follows decides: 11 bytes at most.
    held: String,
}

impl Pieces {
    /// What of the text so far can go out, now that `piece` has come.
    pub(crate) fn next<'p>(&mut self, piece: &'p str) -> Cow<'p, str> {
        if self.held.is_empty() {
            let (now, later) = piece.split_at_checked(settled(piece.as_bytes())).unwrap_or((piece, ""));
            self.held.push_str(later);
            return mended_text(Cow::Borrowed(now));
        }
        let mut text = std::mem::take(&mut self.held);
        text.push_str(piece);
        self.held = text.split_off(settled(text.as_bytes()));
        mended_text(Cow::Owned(text))
    }

    /// What is left when the text has ended.
    pub(crate) fn rest(&mut self) -> String {
        mended_text(Cow::Owned(std::mem::take(&mut self.held))).into_owned()
    }
}

/// How much of a text means the same whatever follows it.
fn settled(json: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = json.get(at..).and_then(|rest| memchr(b'\\', rest)) {
        let start = at + found;
        let behind = json.get(start + REPLACEMENT.len()..);
        let is_open = match (json.get(start + 1), behind) {
            (None, _) | (Some(b'u'), None) => true,
            (Some(b'u'), Some(behind)) if unit(json, start) == Some(Unit::High) => {
                behind.len() < REPLACEMENT.len() && b"\\u".starts_with(behind.get(..2).unwrap_or(behind))
            }
            _ => false,
        };
        if is_open {
            return start;
        }
        at = start + 2;
    }
    json.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASES: &[(&str, &str)] = &[
        ("", ""),
        ("plain é 😀", "plain é 😀"),
        (r#"{"a":"x\ud83d"}"#, r#"{"a":"x\ufffd"}"#),
        (r"\uD83d\uDE00", r"\uD83d\uDE00"),
        (r"\ude00", r"\ufffd"),
        (r"\ud83d\ud83d\ude00\ude00", r"\ufffd\ud83d\ude00\ufffd"),
        (r"\ud83d \ude00", r"\ufffd \ufffd"),
        (r"\ud83d\n", r"\ufffd\n"),
        (r"\ud83d\u0041", r"\ufffd\u0041"),
        (r"\\ud83d", r"\\ud83d"),
        (r"\\\ud83d", r"\\\ufffd"),
        (r"\ud7ff\ue000\ud8", r"\ud7ff\ue000\ud8"),
        (r"\udbff\udfff\udbff", r"\udbff\udfff\ufffd"),
        (r"\ud83", r"\ud83"),
        (r"\", r"\"),
    ];

    #[test]
    fn halves_are_replaced_and_pairs_stay() {
        for (text, want) in CASES {
            assert_eq!(mended_text(Cow::Borrowed(text)), *want, "{text}");
            assert_eq!(mended(Bytes::from_static(text.as_bytes())), *want, "{text}");
            assert_eq!(has_half(text.as_bytes()), text != want, "{text}");
        }
    }

    #[test]
    fn text_without_halves_is_not_copied() {
        let text = r#"{"a":"\n\ud83d\ude00 \\"}"#;
        assert!(matches!(mended_text(Cow::Borrowed(text)), Cow::Borrowed(_)));
        assert!(matches!(Pieces::default().next(text), Cow::Borrowed(_)));
        let body = Bytes::from_static(text.as_bytes());
        assert_eq!(mended(body.clone()).as_ptr(), body.as_ptr());
    }

    #[test]
    fn pieces_are_mended_wherever_they_are_cut() {
        for (text, want) in CASES {
            let characters: Vec<String> = text.chars().map(String::from).collect();
            for size in 1..=characters.len().max(1) {
                let mut pieces = Pieces::default();
                let mut got: String =
                    characters.chunks(size).map(|piece| pieces.next(&piece.concat()).into_owned()).collect();
                assert!(pieces.held.len() < 12);
                got.push_str(&pieces.rest());
                assert_eq!(got, *want, "{text} in pieces of {size}");
            }
        }
    }
}

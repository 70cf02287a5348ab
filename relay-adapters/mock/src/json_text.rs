//! Half a character in JSON: an escape such as `\ud83d` without its second half.

/// Half a surrogate pair in a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoneSurrogate {
    /// Where its escape begins.
    pub(super) at: usize,
    /// Whether it is a second half without a first.
    pub(super) is_low: bool,
    /// Whether another escape follows where the second half should be.
    pub(super) is_followed: bool,
}

impl LoneSurrogate {
    /// Line and column, from 1.
    pub(super) fn place(self, body: &[u8]) -> (usize, usize) {
        let before = body.get(..self.at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        (line, self.at - start + 1)
    }
}

/// The first half of a pair that stands alone, if there is one.
pub(super) fn lone_surrogate(body: &[u8]) -> Option<LoneSurrogate> {
    lone_surrogate_from(body, 0)
}

/// The same from byte `at` on, where no escape is cut.
fn lone_surrogate_from(body: &[u8], mut at: usize) -> Option<LoneSurrogate> {
    while let Some(byte) = body.get(at) {
        if *byte != b'\\' {
            at += 1;
            continue;
        }
        match escaped(body, at) {
            Some(0xd800..=0xdbff) => match escaped(body, at + 6) {
                Some(0xdc00..=0xdfff) => at += 12,
                next => return Some(LoneSurrogate { at, is_low: false, is_followed: next.is_some() }),
            },
            Some(0xdc00..=0xdfff) => return Some(LoneSurrogate { at, is_low: true, is_followed: false }),
            _ => at += 2,
        }
    }
    None
}

/// The code unit of the `\uXXXX` that begins here.
fn escaped(body: &[u8], at: usize) -> Option<u32> {
    let hex = body.get(at..at + 6)?.strip_prefix(b"\\u")?;
    u32::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()
}

/// The text with U+FFFD for each half that stands alone, as a lenient reader takes it.
pub(super) fn replaced(body: &[u8]) -> Vec<u8> {
    let mut out = body.to_vec();
    let mut at = 0;
    while let Some(lone) = lone_surrogate_from(&out, at) {
        at = lone.at + 6;
        if let Some(escape) = out.get_mut(lone.at..at) {
            escape.copy_from_slice(b"\\ufffd");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_a_pair_is_found_and_replaced() {
        for (body, at, fixed) in [
            (r#"{"a":"\ud83d"}"#, Some(6), r#"{"a":"\ufffd"}"#),
            (r#"{"a":"\ud83d\u0041"}"#, Some(6), r#"{"a":"\ufffd\u0041"}"#),
            (r#"{"a":"\ud83d\ude00 \ude00"}"#, Some(19), r#"{"a":"\ud83d\ude00 \ufffd"}"#),
            (r#"{"a":"\\ud83d"}"#, None, r#"{"a":"\\ud83d"}"#),
            (r#"{"a":"\"\u00e9"}"#, None, r#"{"a":"\"\u00e9"}"#),
            (r#"{"a":"\ud8"#, None, r#"{"a":"\ud8"#),
        ] {
            assert_eq!(lone_surrogate(body.as_bytes()).map(|lone| lone.at), at, "{body}");
            assert_eq!(replaced(body.as_bytes()), fixed.as_bytes(), "{body}");
        }
        let lone = lone_surrogate(b"{\n\"a\":\"\\ud83d\"}").unwrap();
        assert_eq!(lone.place(b"{\n\"a\":\"\\ud83d\"}"), (2, 6));
    }
}

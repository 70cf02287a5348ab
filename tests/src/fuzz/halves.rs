//! Half a character in a JSON text: an escape such as `\ud83d` without its second half.

/// The text with something else for each half that stands alone.
pub(super) fn replaced(text: &str, with: &str) -> String {
    let unit = |at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u32::from_str_radix(hex, 16).ok()
    };
    let (mut out, mut at) = (String::new(), 0);
    while let Some(c) = text[at..].chars().next() {
        let (kept, length) = match (unit(at), unit(at + 6)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (true, 12),
            (Some(0xd800..=0xdfff), _) => (false, 6),
            _ if c == '\\' => (true, 2),
            _ => (true, c.len_utf8()),
        };
        let end = (at + length).min(text.len());
        out.push_str(if kept { text.get(at..end).unwrap_or_default() } else { with });
        at = if text.is_char_boundary(end) { end } else { at + c.len_utf8() };
    }
    out
}

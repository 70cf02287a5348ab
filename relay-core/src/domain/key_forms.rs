//! A provider key in the forms in which a text may show it: as it is, in pieces, and as common encodings write it.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use data_encoding::{HEXLOWER, HEXUPPER};
use memchr::memmem;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// A piece of a key, or of an encoding of it, is found from this length on, in characters. What is shorter can be the
/// prefix that all keys of a provider have, or the last characters that providers show.
const PIECE: usize = 16;
/// Shorter keys are only found whole: their pieces could be words.
const LONG: usize = 32;
/// What stands for a key.
const MASK: &str = "***";

/// Replaces a key by three stars, in all its forms. `None` if the text holds none.
pub(super) fn taken_out(key: &str, text: &str) -> Option<String> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for form in forms(key) {
        let piece = if key.len() < LONG { form.len() } else { PIECE.min(form.len()) };
        pieces(form.as_bytes(), piece, text.as_bytes(), &mut found);
    }
    if found.is_empty() {
        return None;
    }
    found.sort_unstable_by_key(|range| range.start);
    let (mut clean, mut at) = (String::with_capacity(text.len()), 0);
    for range in found {
        if range.start >= at {
            clean.push_str(text.get(at..range.start).unwrap_or_default());
            clean.push_str(MASK);
        }
        at = at.max(range.end);
    }
    clean.push_str(text.get(at..).unwrap_or_default());
    Some(clean)
}

/// Whether a text, such as a header's value, holds a key or a piece of it.
pub(super) fn is_in(key: &str, text: &str) -> bool {
    text.len() >= key.len().min(PIECE) && taken_out(key, text).is_some()
}

/// The key, and its encodings. Base64 writes it in three ways, by where it begins within three bytes.
fn forms(key: &str) -> Vec<Zeroizing<String>> {
    let escaped = |c: char| if matches!(c, '"' | '\\') { vec!['\\', c] } else { vec![c] };
    let mut forms = vec![
        Zeroizing::new(key.to_owned()),
        Zeroizing::new(key.chars().flat_map(escaped).collect()),
        Zeroizing::new(utf8_percent_encode(key, NON_ALPHANUMERIC).to_string()),
        Zeroizing::new(HEXLOWER.encode(key.as_bytes())),
        Zeroizing::new(HEXUPPER.encode(key.as_bytes())),
    ];
    for filler in ["", "\0", "\0\0"] {
        let before = filler.len();
        let shifted = Zeroizing::new([filler, key].concat());
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = Zeroizing::new(engine.encode(shifted.as_bytes()));
            // The first digits hold bits of what stands before the key, and the last ones of what stands behind.
            let (start, end) = ((before * 8).div_ceil(6), (before + key.len()) * 8 / 6);
            forms.push(Zeroizing::new(text.get(start..end).unwrap_or_default().to_owned()));
        }
    }
    forms.sort_unstable_by(|one, other| one.as_str().cmp(other.as_str()));
    forms.dedup_by(|one, other| one.as_str() == other.as_str());
    forms.retain(|form| !form.is_empty());
    forms
}

/// Finds all pieces of `form` in `text` that have at least `least` bytes.
///
/// Each such piece holds a whole block of the form, of half the length; so the blocks are looked for, and what is found is
/// extended to both sides.
fn pieces(form: &[u8], least: usize, text: &[u8], found: &mut Vec<Range<usize>>) {
    let length = least.div_ceil(2).max(1);
    for (number, block) in form.chunks_exact(length).enumerate() {
        let offset = number * length;
        let mut from = 0;
        while let Some(at) = text.get(from..).and_then(|rest| memmem::find(rest, block)).map(|at| from + at) {
            let (before, behind) = (text.get(..at).unwrap_or_default(), text.get(at + length..).unwrap_or_default());
            let (own_before, own_behind) =
                (form.get(..offset).unwrap_or_default(), form.get(offset + length..).unwrap_or_default());
            let left = before.iter().rev().zip(own_before.iter().rev()).take_while(|(a, b)| a == b).count();
            let right = behind.iter().zip(own_behind).take_while(|(a, b)| a == b).count();
            if left + length + right >= least {
                found.push(at - left..at + length + right);
            }
            from = at + length + right;
        }
    }
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const KEY: &str = "sk-proj-Qf7Lw2Xn9Vb4Tr8Ke1Zc6Ym3Hd5Gs0Ja-Up_Oi";

    #[test]
    fn a_key_is_found_in_every_form() {
        let json = serde_json::to_string(KEY).unwrap();
        for text in [
            KEY.to_owned(),
            json,
            STANDARD.encode(KEY),
            STANDARD.encode(format!("Bearer {KEY}")),
            STANDARD.encode(format!("x{KEY}")),
            URL_SAFE_NO_PAD.encode(format!("key={KEY}")),
            HEXLOWER.encode(KEY.as_bytes()),
            HEXUPPER.encode(format!("ab{KEY}").as_bytes()),
            utf8_percent_encode(KEY, NON_ALPHANUMERIC).to_string(),
            KEY[..KEY.len() - 1].to_owned(),
            KEY[1..].to_owned(),
            KEY[..KEY.len() / 2].to_owned(),
            KEY[KEY.len() / 2..].to_owned(),
            KEY[10..26].to_owned(),
            format!("{}x{}", &KEY[..20], &KEY[20..]),
        ] {
            let shown = taken_out(KEY, &format!("bad key ({text}), sorry")).unwrap_or_else(|| panic!("{text}"));
            assert!(shown.starts_with("bad key (") && shown.contains("***") && shown.ends_with("), sorry"), "{shown}");
            let has_piece = (0..KEY.len() - PIECE).any(|at| shown.contains(&KEY[at..at + PIECE]));
            assert!(!has_piece && is_in(KEY, &text), "{shown}");
        }
        let quoted = r#"a"quoted\key-of-some-length-0123456"#;
        assert_eq!(taken_out(quoted, &format!("{quoted:?}")).unwrap(), "\"***\"");
    }

    #[test]
    fn what_providers_show_of_a_key_stays() {
        for text in [
            "Incorrect API key provided: sk-proj-****************************Up_Oi.",
            "keys begin with sk-proj-, and end with Up_Oi",
            "Qf7Lw2Xn9Vb4Tr8",
            "",
        ] {
            assert_eq!(taken_out(KEY, text), None, "{text}");
        }
        assert_eq!(taken_out("a-good-key", "this is not a good key, nor a-good"), None);
        assert_eq!(taken_out("a-good-key", "no: a-good-key").as_deref(), Some("no: ***"));
    }

    #[test]
    fn many_pieces_are_found_in_one_pass() {
        let text = format!("{KEY} ").repeat(2000);
        let clean = taken_out(KEY, &text).unwrap();
        assert_eq!(clean, "*** ".repeat(2000));
    }
}

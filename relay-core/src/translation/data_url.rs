//! Base64 and `data:` URLs (RFC 2397), as clients write them: wrapped, escaped for a URL, in the URL-safe alphabet, without
//! padding, in upper case. What is standard already is not copied.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

/// A `data:` URL that was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DataUrl<'a> {
    /// The media type with its parameters, in lower case: `audio/pcm;rate=24000`. Empty if the URL names no type.
    pub(crate) declared: String,
    /// Whether the URL says `;base64`. Otherwise it holds text with `%XX` escapes, which is encoded here.
    pub(crate) is_base64: bool,
    /// Standard base64, with padding; empty for no data. `None` for what is not base64.
    pub(crate) data: Option<Cow<'a, str>>,
}

impl<'a> DataUrl<'a> {
    /// Reads `data:[<type>][;<parameter>]*[;base64],<data>`; `None` for anything else.
    pub(crate) fn parse(url: Cow<'a, str>) -> Option<Self> {
        if !has_scheme(&url, SCHEME) {
            return None;
        }
        let comma = url.find(',')?;
        let head = url.get(SCHEME.len()..comma)?.to_ascii_lowercase();
        let mut is_base64 = false;
        let words = head.split(';').map(str::trim).filter(|word| {
            is_base64 |= *word == "base64";
            *word != "base64"
        });
        let declared = words.collect::<Vec<_>>().join(";");
        let data = behind(url, comma + 1);
        let data = match is_base64 {
            true => standard(data),
            false => Some(Cow::Owned(STANDARD.encode(percent_decode_str(&data).collect::<Vec<u8>>()))),
        };
        Some(Self { declared, is_base64, data })
    }

    /// The media type without its parameters.
    pub(crate) fn media_type(&self) -> &str {
        self.declared.split(';').next().unwrap_or_default().trim()
    }

    /// The parameter of this name, without quotes.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let mut values = self.declared.split(';').skip(1).filter_map(|word| word.split_once('='));
        values.find(|(known, _)| *known == name).map(|(_, value)| value.trim_matches('"'))
    }
}

/// The scheme of these URLs.
pub(crate) const SCHEME: &str = "data:";

/// Whether a URL has this scheme, which may be in upper case (RFC 3986, 3.1).
pub(crate) fn has_scheme(url: &str, scheme: &str) -> bool {
    url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Base64 in the standard alphabet with padding and without white space; `None` for what is not base64.
pub(crate) fn standard(data: Cow<'_, str>) -> Option<Cow<'_, str>> {
    if is_standard(&data) {
        return Some(data);
    }
    let plain = if data.contains('%') { percent_decode_str(&data).decode_utf8_lossy() } else { Cow::Borrowed(&*data) };
    let digits: String = plain
        .chars()
        .filter(|c| !c.is_ascii_whitespace())
        .map(|c| match c {
            '-' => '+',
            '_' => '/',
            other => other,
        })
        .collect();
    let bare = digits.trim_end_matches('=');
    if digits.len() - bare.len() > 2 || (bare.is_empty() && !digits.is_empty()) {
        return None;
    }
    let mut padded = bare.to_owned();
    while !padded.len().is_multiple_of(4) {
        padded.push('=');
    }
    is_standard(&padded).then_some(Cow::Owned(padded))
}

/// Whether a text is base64 in the standard alphabet, with padding.
fn is_standard(data: &str) -> bool {
    let is_odd = |b: u8| {
        !(b.wrapping_sub(b'A') < 26
            || b.wrapping_sub(b'a') < 26
            || b.wrapping_sub(b'0') < 10
            || b == b'+'
            || b == b'/'
            || b == b'=')
    };
    // Without an early end, this is done for many bytes at once.
    let has_odd = |piece: &[u8]| piece.iter().fold(false, |any, b| any | is_odd(*b));
    let padding = memchr::memchr(b'=', data.as_bytes()).unwrap_or(data.len());
    data.len().is_multiple_of(4)
        && padding + 2 >= data.len()
        && data.as_bytes().iter().skip(padding).all(|b| *b == b'=')
        && !data.as_bytes().chunks(4096).any(has_odd)
}

/// Whether standard base64 holds a text file: UTF-8 without control characters other than those of text.
pub(crate) fn is_plain_text(data: &str) -> bool {
    let is_control = |byte: &u8| *byte == 0x7F || (*byte < 0x20 && !b"\t\n\r\x08\x0C\x1B".contains(byte));
    let Ok(bytes) = STANDARD.decode(data) else { return false };
    !bytes.iter().any(is_control) && std::str::from_utf8(&bytes).is_ok()
}

/// The text from byte `at` on, without a copy where it is borrowed.
fn behind(text: Cow<'_, str>, at: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(at..).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.drain(..at.min(text.len()));
            Cow::Owned(text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_made_standard_or_refused() {
        for (data, want) in [
            ("iVBORw0KGgo=", Some("iVBORw0KGgo=")),
            ("_-8", Some("/+8=")),
            ("QQ", Some("QQ==")),
            ("Q", None),
            ("QQ=", Some("QQ==")),
            ("QQ===", None),
            ("QQ=Q", None),
            ("Q Q=", Some("QQ==")),
            ("iVBO\r\n Rw0\tKGgo=\n", Some("iVBORw0KGgo=")),
            ("_-\n8", Some("/+8=")),
            ("%2F%2B8%3D%0A", Some("/+8=")),
            ("YQ%3D%3D", Some("YQ==")),
            (" \n", Some("")),
            ("", Some("")),
            ("=", None),
            ("Q!", None),
            ("Q\u{a0}Q", None),
            ("%%%%", None),
            ("{}", None),
            ("é", None),
            ("é===", None),
        ] {
            assert_eq!(standard(data.into()).as_deref(), want, "{data:?}");
        }
    }

    #[test]
    fn a_data_url_has_a_type_parameters_and_data() {
        for (url, declared, is_base64, data) in [
            ("data:image/png;base64,iVBO", "image/png", true, Some("iVBO")),
            ("DATA:Image/PNG;BASE64,iVBO", "image/png", true, Some("iVBO")),
            ("data:audio/pcm; rate=24000;base64,QQ", "audio/pcm;rate=24000", true, Some("QQ==")),
            ("data:text/plain,hello%20w,o", "text/plain", false, Some("aGVsbG8gdyxv")),
            ("data:,a", "", false, Some("YQ==")),
            ("data:;base64,", "", true, Some("")),
            ("data:image/png;base64,é!", "image/png", true, None),
        ] {
            let read = DataUrl::parse(url.into()).unwrap();
            assert_eq!(
                (read.declared.as_str(), read.is_base64, read.data.as_deref()),
                (declared, is_base64, data),
                "{url}"
            );
        }
        let read = DataUrl::parse("data:text/csv;charset=\"UTF-8\";x=1;base64,QQ".into()).unwrap();
        assert_eq!(
            (read.media_type(), read.parameter("charset"), read.parameter("y")),
            ("text/csv", Some("utf-8"), None)
        );
        for url in ["data:text/plain", "http://a/b,c", "dat", ""] {
            assert_eq!(DataUrl::parse(url.into()), None, "{url}");
        }
    }

    #[test]
    fn standard_base64_is_not_copied() {
        let read = DataUrl::parse("data:image/png;charset=x;base64,iVBORw0KGgo=".into()).unwrap();
        assert!(matches!(read.data, Some(Cow::Borrowed("iVBORw0KGgo="))));
    }
}

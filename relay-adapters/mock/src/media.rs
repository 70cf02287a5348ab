//! Data inside requests: base64, and what its first bytes show.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Padded standard base64 without white space, decoded.
pub(super) fn decoded(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// The media type that the first bytes show, of those that the providers tell apart.
pub(super) fn shown(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [b'%', b'P', b'D', b'F', ..] => Some("application/pdf"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_show_the_type() {
        for (text, kind) in [
            ("iVBORw0KGgo=", Some("image/png")),
            ("/9j/4AAQ", Some("image/jpeg")),
            ("R0lGODlh", Some("image/gif")),
            ("UklGRgAAAABXRUJQ", Some("image/webp")),
            ("UklGRgAAAABXQVZF", None),
            ("JVBERi0=", Some("application/pdf")),
            ("QQ==", None),
            ("", None),
        ] {
            assert_eq!(shown(&decoded(text).unwrap()), kind, "{text}");
        }
        for text in ["iVBO\nRw0KGgo=", "QQ", "Q-_=", "data:"] {
            assert_eq!(decoded(text), None, "{text}");
        }
    }
}

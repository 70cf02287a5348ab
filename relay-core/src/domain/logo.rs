//! A project's logo: a small raster image that Relay's own pages show beside the project's name.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A PNG, JPEG or WebP image of at most [`Logo::MAX_BYTES`].
///
/// SVG is not one of them: it can contain scripts and links. In JSON it is text: the media type, `;base64,` and the bytes
/// in base64. A clone shares the bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    media_type: &'static str,
    bytes: Arc<[u8]>,
}

/// A type of image, and how its files begin.
struct ImageType {
    media_type: &'static str,
    start: &'static [u8],
    /// The offset of `mark`.
    at: usize,
    mark: &'static [u8],
}

const TYPES: [ImageType; 3] = [
    ImageType { media_type: "image/png", start: b"\x89PNG\r\n\x1a\n", at: 12, mark: b"IHDR" },
    ImageType { media_type: "image/jpeg", start: b"\xff\xd8\xff", at: 0, mark: b"" },
    ImageType { media_type: "image/webp", start: b"RIFF", at: 8, mark: b"WEBP" },
];

impl ImageType {
    fn matches(&self, bytes: &[u8]) -> bool {
        bytes.starts_with(self.start) && bytes.get(self.at..).is_some_and(|rest| rest.starts_with(self.mark))
    }
}

impl Logo {
    /// The largest file, in bytes: a PNG of 128 by 128 pixels is smaller.
    pub const MAX_BYTES: usize = 32 << 10;

    /// Checks the type and the size of a file.
    ///
    /// # Errors
    /// For a file of another type, or of more than [`Self::MAX_BYTES`].
    pub fn parse(bytes: &[u8]) -> Result<Self, InvalidLogo> {
        if bytes.len() > Self::MAX_BYTES {
            return Err(InvalidLogo::TooLarge(bytes.len()));
        }
        let found = TYPES.iter().find(|kind| kind.matches(bytes)).ok_or(InvalidLogo::Type)?;
        Ok(Self { media_type: found.media_type, bytes: bytes.into() })
    }

    /// Its media type: `image/png`.
    pub fn media_type(&self) -> &'static str {
        self.media_type
    }

    /// The file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Logo({}, {} bytes)", self.media_type, self.bytes.len())
    }
}

impl Serialize for Logo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{};base64,{}", self.media_type, STANDARD.encode(&self.bytes)))
    }
}

impl<'de> Deserialize<'de> for Logo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let (_, encoded) = text.split_once(";base64,").ok_or_else(|| serde::de::Error::custom("not a logo"))?;
        let bytes = STANDARD.decode(encoded).map_err(serde::de::Error::custom)?;
        Self::parse(&bytes).map_err(serde::de::Error::custom)
    }
}

/// A file that is not a valid logo.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidLogo {
    /// It is larger than [`Logo::MAX_BYTES`]: its size in bytes.
    #[error("a logo may have at most 32 KiB; this file has {0} bytes")]
    TooLarge(usize),
    /// It is of another type.
    #[error("a logo must be a PNG, JPEG or WebP file (SVG can contain scripts)")]
    Type,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(length: usize) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR".to_vec();
        bytes.resize(length, 7);
        bytes
    }

    #[test]
    fn small_raster_images_are_logos_and_come_back_from_json() {
        let webp = b"RIFF\x10\0\0\0WEBPVP8 ".to_vec();
        for (media_type, bytes) in [
            ("image/png", png(Logo::MAX_BYTES)),
            ("image/jpeg", b"\xff\xd8\xff\xe0JFIF".to_vec()),
            ("image/webp", webp),
        ] {
            let logo = Logo::parse(&bytes).unwrap();
            assert_eq!((logo.media_type(), logo.bytes()), (media_type, &*bytes));
            let json = serde_json::to_string(&logo).unwrap();
            assert!(json.starts_with(&format!("\"{media_type};base64,")), "{json}");
            assert_eq!(serde_json::from_str::<Logo>(&json).unwrap(), logo);
        }
    }

    #[test]
    fn nothing_else_is_one() {
        for bad in [
            &b""[..],
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
            b"<html>",
            b"GIF89a",
            b"RIFF\x10\0\0\0WAVE",
            b"\x89PNG\r\n\x1a\n",
        ] {
            assert_eq!(Logo::parse(bad), Err(InvalidLogo::Type));
        }
        let large = Logo::MAX_BYTES + 1;
        assert_eq!(Logo::parse(&png(large)), Err(InvalidLogo::TooLarge(large)));
        for bad in ["\"image/png;base64,AAAA\"", "\"image/png\"", "7", "\"image/svg+xml;base64,PHN2Zz4=\""] {
            assert!(serde_json::from_str::<Logo>(bad).is_err(), "{bad}");
        }
    }
}

//! Files and images in a request: what they are, by their first bytes, their type and their name.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::translation::data_url::{self, DataUrl};

/// The base64 characters that show what a file is.
const HEAD_CHARACTERS: usize = 44;

/// What Anthropic takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An image, by its media type.
    Image(&'static str),
    Pdf,
    Text,
}

/// A file's content.
#[derive(Debug)]
pub(super) struct File<'a> {
    /// The media type in lower case; empty without one.
    declared: String,
    /// `charset`, in lower case.
    charset: Option<String>,
    /// Standard base64; `None` for what could not be read.
    data: Option<Cow<'a, str>>,
}

/// A text, and whether it is not exactly what came.
pub(super) struct Decoded {
    pub(super) text: String,
    pub(super) is_lossy: bool,
}

impl<'a> File<'a> {
    /// Reads a `data:` URL; `None` for anything else.
    pub(super) fn from_data_url(url: Cow<'a, str>) -> Option<Self> {
        let url = DataUrl::parse(url)?;
        let charset = url.parameter("charset").map(str::to_owned);
        Some(Self { declared: url.media_type().to_owned(), charset, data: url.data })
    }

    /// Base64 alone.
    pub(super) fn from_base64(data: Cow<'a, str>) -> Self {
        Self { declared: String::new(), charset: None, data: data_url::standard(data) }
    }

    /// The base64; `None` without data, or for data that could not be read.
    pub(super) fn into_data(self) -> Option<Cow<'a, str>> {
        self.data.filter(|data| !data.is_empty())
    }

    /// What it is; `None` for what Anthropic does not take. The bytes win over the type, and the type over the name.
    pub(super) fn kind(&self, name: Option<&str>) -> Option<Kind> {
        let declared = match self.declared.as_str() {
            "image/jpeg" | "image/jpg" | "image/pjpeg" => Some(Kind::Image("image/jpeg")),
            "image/png" | "image/x-png" | "image/apng" => Some(Kind::Image("image/png")),
            "image/gif" => Some(Kind::Image("image/gif")),
            "image/webp" => Some(Kind::Image("image/webp")),
            "application/pdf" | "application/x-pdf" => Some(Kind::Pdf),
            kind => is_text_type(kind).then_some(Kind::Text),
        };
        if declared == Some(Kind::Text) {
            return declared;
        }
        match sniffed(&self.first_bytes()) {
            Sniffed::Known(kind) => Some(kind),
            Sniffed::Other => None,
            Sniffed::Unknown => declared.or_else(|| self.by_name(name)),
        }
    }

    /// The text of a text file; `None` if the base64 can't be read.
    pub(super) fn text(&self) -> Option<Decoded> {
        let bytes = STANDARD.decode(self.data.as_deref()?).ok()?;
        Some(decoded(bytes, self.charset.as_deref()))
    }

    fn first_bytes(&self) -> Vec<u8> {
        let data = self.data.as_deref().unwrap_or_default();
        data.get(..data.len().min(HEAD_CHARACTERS)).and_then(|head| STANDARD.decode(head).ok()).unwrap_or_default()
    }

    /// What an unknown type is, by the file's name and its bytes. Browsers take `.ts` for a video.
    fn by_name(&self, name: Option<&str>) -> Option<Kind> {
        let end = extension(name.unwrap_or_default());
        match end.as_str() {
            "pdf" => return Some(Kind::Pdf),
            "jpg" | "jpeg" => return Some(Kind::Image("image/jpeg")),
            "png" => return Some(Kind::Image("image/png")),
            "gif" => return Some(Kind::Image("image/gif")),
            "webp" => return Some(Kind::Image("image/webp")),
            _ => {}
        }
        let could_be = TEXT_NAMES.contains(&end.as_str()) || self.declared.starts_with("application/");
        let is_text = || self.data.as_deref().is_some_and(data_url::is_plain_text);
        (could_be && is_text()).then_some(Kind::Text)
    }
}

enum Sniffed {
    Known(Kind),
    /// A picture that Anthropic does not take.
    Other,
    Unknown,
}

/// What the first bytes say.
fn sniffed(bytes: &[u8]) -> Sniffed {
    match bytes {
        [0xFF, 0xD8, 0xFF, ..] => Sniffed::Known(Kind::Image("image/jpeg")),
        [0x89, b'P', b'N', b'G', ..] => Sniffed::Known(Kind::Image("image/png")),
        [b'G', b'I', b'F', b'8', ..] => Sniffed::Known(Kind::Image("image/gif")),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Sniffed::Known(Kind::Image("image/webp")),
        [b'%', b'P', b'D', b'F', ..] => Sniffed::Known(Kind::Pdf),
        // BMP, TIFF in both byte orders, and HEIC or AVIF
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..]
        | [b'I', b'I', b'*', 0, ..]
        | [b'M', b'M', 0, b'*', ..]
        | [_, _, _, _, b'f', b't', b'y', b'p', ..] => Sniffed::Other,
        _ => Sniffed::Unknown,
    }
}

/// Whether a media type is one of text.
fn is_text_type(kind: &str) -> bool {
    kind.starts_with("text/")
        || ["+json", "+xml", "+yaml"].iter().any(|end| kind.ends_with(end))
        || kind.strip_prefix("application/").is_some_and(|rest| {
            let plain = rest.strip_prefix("x-").unwrap_or(rest);
            TEXT_TYPES.contains(&plain)
        })
        || kind == "message/rfc822"
}

/// `application/` and `application/x-` types that are text.
const TEXT_TYPES: &[&str] = &[
    "json",
    "json5",
    "jsonl",
    "jsonlines",
    "json-lines",
    "ndjson",
    "xml",
    "xml-dtd",
    "yaml",
    "yml",
    "toml",
    "csv",
    "tsv",
    "javascript",
    "ecmascript",
    "typescript",
    "sh",
    "bash",
    "shellscript",
    "powershell",
    "sql",
    "graphql",
    "python",
    "python-code",
    "php",
    "httpd-php",
    "ruby",
    "perl",
    "rust",
    "go",
    "java",
    "tex",
    "latex",
    "markdown",
    "subrip",
    "www-form-urlencoded",
    "ipynb",
];

/// Ends of names, and whole names, of text files.
const TEXT_NAMES: &[&str] = &[
    "txt",
    "text",
    "md",
    "mdx",
    "markdown",
    "rst",
    "adoc",
    "org",
    "csv",
    "tsv",
    "json",
    "jsonl",
    "ndjson",
    "json5",
    "geojson",
    "ipynb",
    "xml",
    "xsd",
    "xsl",
    "xslt",
    "svg",
    "html",
    "htm",
    "xhtml",
    "css",
    "scss",
    "sass",
    "less",
    "js",
    "mjs",
    "cjs",
    "jsx",
    "ts",
    "mts",
    "cts",
    "tsx",
    "vue",
    "svelte",
    "astro",
    "py",
    "pyi",
    "rb",
    "php",
    "pl",
    "pm",
    "lua",
    "r",
    "jl",
    "go",
    "mod",
    "rs",
    "java",
    "kt",
    "kts",
    "scala",
    "groovy",
    "gradle",
    "c",
    "h",
    "cc",
    "cpp",
    "cxx",
    "hpp",
    "hh",
    "cs",
    "fs",
    "vb",
    "swift",
    "m",
    "mm",
    "dart",
    "ex",
    "exs",
    "erl",
    "hrl",
    "clj",
    "cljs",
    "edn",
    "hs",
    "ml",
    "mli",
    "elm",
    "nim",
    "zig",
    "sol",
    "sql",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ps1",
    "bat",
    "cmd",
    "yaml",
    "yml",
    "toml",
    "ini",
    "cfg",
    "conf",
    "env",
    "properties",
    "lock",
    "log",
    "diff",
    "patch",
    "tex",
    "bib",
    "srt",
    "vtt",
    "ics",
    "vcf",
    "eml",
    "proto",
    "graphql",
    "gql",
    "tf",
    "hcl",
    "cmake",
    "dockerfile",
    "makefile",
    "readme",
    "license",
    "gitignore",
];

/// The end of a file's name in lower case, behind its last dot; the whole name if it has none.
fn extension(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    name.rsplit('.').next().unwrap_or_default().to_ascii_lowercase()
}

/// A text in the character set that it has, or says to have.
fn decoded(bytes: Vec<u8>, charset: Option<&str>) -> Decoded {
    let exact = |text: String| Decoded { text, is_lossy: false };
    match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => return decoded(rest.to_vec(), None),
        [0xFF, 0xFE, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ => {}
    }
    match charset {
        Some("utf-16" | "utf-16le") => return utf16(&bytes, u16::from_le_bytes),
        Some("utf-16be") => return utf16(&bytes, u16::from_be_bytes),
        _ => {}
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return exact(text),
        Err(error) => error.into_bytes(),
    };
    match charset {
        Some("iso-8859-1" | "latin1" | "iso-8859-15" | "windows-1252" | "cp1252" | "us-ascii" | "ascii") => {
            exact(bytes.iter().copied().map(char::from).collect())
        }
        _ => Decoded { text: String::from_utf8_lossy(&bytes).into_owned(), is_lossy: true },
    }
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Decoded {
    let (pairs, odd) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
    let exact = String::from_utf16(&units).ok().filter(|_| odd.is_empty());
    let is_lossy = exact.is_none();
    Decoded { text: exact.unwrap_or_else(|| String::from_utf16_lossy(&units)), is_lossy }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(url: &str) -> File<'_> {
        File::from_data_url(url.into()).unwrap()
    }

    #[test]
    fn bytes_win_over_the_type_and_the_type_over_the_name() {
        let encoded = |bytes: &[u8]| STANDARD.encode(bytes);
        let [jpeg, png, gif] = [&[0xFF, 0xD8, 0xFF, 0xE0][..], b"\x89PNG\r\n", b"GIF89a"].map(encoded);
        let [webp, pdf, text] = [&b"RIFF\0\0\0\0WEBPVP8 "[..], b"%PDF-1.7", b"a,b\n1,2"].map(encoded);
        let [bmp, tiff, heic, nul] =
            [&b"BM\x10\0\0\0\0\0\0\0"[..], b"II*\0\x08", b"\0\0\0\x18ftypheic", b"a\0b\x01"].map(encoded);
        let image = |kind| Some(Kind::Image(kind));
        for (declared, data, name, want) in [
            ("image/png", &jpeg, "", image("image/jpeg")),
            ("image/jpeg", &png, "a.jpg", image("image/png")),
            ("image/jpg", &gif, "", image("image/gif")),
            ("application/octet-stream", &webp, "", image("image/webp")),
            ("", &pdf, "", Some(Kind::Pdf)),
            ("image/png", &pdf, "", Some(Kind::Pdf)),
            ("image/webp", &nul, "", image("image/webp")),
            ("image/png", &bmp, "", None),
            ("image/jpeg", &tiff, "", None),
            ("image/heic", &heic, "a.png", None),
            ("text/csv", &text, "", Some(Kind::Text)),
            ("application/x-yaml", &text, "", Some(Kind::Text)),
            ("application/vnd.api+json", &text, "", Some(Kind::Text)),
            ("image/svg+xml", &text, "", Some(Kind::Text)),
            ("video/mp2t", &text, "src/App.TS", Some(Kind::Text)),
            ("video/mp2t", &nul, "film.ts", None),
            ("application/octet-stream", &text, "", Some(Kind::Text)),
            ("application/octet-stream", &nul, "a.py", None),
            ("application/zip", &nul, "", None),
            ("", &text, "Dockerfile", Some(Kind::Text)),
            ("", &text, "a.doc", None),
            ("image/tiff", &text, "", None),
            ("audio/wav", &text, "", None),
        ] {
            let url = format!("data:{declared};base64,{data}");
            assert_eq!(file(&url).kind(Some(name)), want, "{declared} {name}");
        }
    }

    #[test]
    fn base64_is_taken_in_every_spelling() {
        for (url, want) in [
            ("data:text/plain;base64,aMOp", "hé"),
            ("data:text/plain;charset=UTF-8;base64,aM\r\n Op\n", "hé"),
            ("data:text/plain;base64,YQ", "a"),
            ("data:text/plain;base64,YQ%3D%3D", "a"),
            ("data:text/plain;base64,Pz8_Pj4-", "???>>>"),
            ("data:,a%20b%C3%A9,c", "a bé,c"),
            ("data:text/plain;charset=iso-8859-1;base64,6Q==", "é"),
            ("data:text/plain;base64,77u/YQ==", "a"),
            ("data:text/plain;base64,//5hAA==", "a"),
            ("data:text/plain;base64,6Q==", "\u{FFFD}"),
            ("data:text/plain;base64,", ""),
        ] {
            let text = file(url).text().unwrap();
            assert_eq!((text.text.as_str(), text.is_lossy), (want, want == "\u{FFFD}"), "{url}");
        }
        assert!(file("data:text/plain;base64,é!").text().is_none());
        assert!(File::from_data_url("data:text/plain".into()).is_none());
        for unreadable in ["", "=", "é", "{}"] {
            assert_eq!(File::from_base64(unreadable.into()).into_data(), None, "{unreadable}");
        }
        let url = "data:image/png;base64,iVBORw0KGgo=";
        assert!(matches!(file(url).into_data(), Some(Cow::Borrowed("iVBORw0KGgo="))));
    }
}

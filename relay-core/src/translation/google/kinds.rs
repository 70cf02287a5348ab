//! What media is: by its first bytes, its declared type, its name, and whether it is text.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::translation::data_url::is_plain_text;

/// How many characters of base64 show what media is.
const HEAD: usize = 64;

/// Documents that Gemini takes, beside all kinds of text.
const DOCUMENTS: &[&str] = &["application/pdf", "application/json", "application/xml", "application/rtf"];

/// Pictures that Gemini takes, and other names of their types
/// (<https://ai.google.dev/gemini-api/docs/image-understanding>).
const PICTURES: &[(&str, &str)] = &[
    ("png", "image/png"),
    ("x-png", "image/png"),
    ("apng", "image/png"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("pjpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
];

/// Videos that Gemini takes, and other names of their types
/// (<https://ai.google.dev/gemini-api/docs/video-understanding>).
const VIDEOS: &[(&str, &str)] = &[
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("x-m4v", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("x-mpeg", "video/mpeg"),
    ("mpg", "video/mpg"),
    ("mov", "video/mov"),
    ("quicktime", "video/quicktime"),
    ("avi", "video/avi"),
    ("x-avi", "video/avi"),
    ("msvideo", "video/avi"),
    ("x-msvideo", "video/avi"),
    ("vnd.avi", "video/avi"),
    ("x-flv", "video/x-flv"),
    ("flv", "video/x-flv"),
    ("webm", "video/webm"),
    ("wmv", "video/wmv"),
    ("x-ms-wmv", "video/wmv"),
    ("3gpp", "video/3gpp"),
    ("3gp", "video/3gpp"),
];

/// Names of audio formats, and the media types that Gemini knows them by. OpenAI's schema has wav and mp3, and its other
/// endpoints flac, opus, aac and pcm16 (24 kHz); Google documents the rest
/// (<https://ai.google.dev/gemini-api/docs/audio>).
const AUDIO: &[(&str, &str)] = &[
    ("wav", "audio/wav"),
    ("x-wav", "audio/wav"),
    ("wave", "audio/wav"),
    ("x-pn-wav", "audio/wav"),
    ("vnd.wave", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("x-mp3", "audio/mp3"),
    ("mpeg", "audio/mp3"),
    ("mpeg3", "audio/mp3"),
    ("x-mpeg", "audio/mp3"),
    ("mpga", "audio/mp3"),
    ("aac", "audio/aac"),
    ("x-aac", "audio/aac"),
    ("aacp", "audio/aac"),
    ("aiff", "audio/aiff"),
    ("x-aiff", "audio/aiff"),
    ("aif", "audio/aiff"),
    ("flac", "audio/flac"),
    ("x-flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("vorbis", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("m4a", "audio/mp4"),
    ("x-m4a", "audio/mp4"),
    ("mp4", "audio/mp4"),
    ("webm", "audio/webm"),
    ("pcm16", "audio/pcm;rate=24000"),
    ("pcm", "audio/pcm;rate=24000"),
];

/// Types by the end of a name. Some are there because Gemini does not take them.
const NAMES: &[(&str, &str)] = &[
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("log", "text/plain"),
    ("md", "text/markdown"),
    ("csv", "text/csv"),
    ("json", "application/json"),
    ("html", "text/html"),
    ("css", "text/css"),
    ("xml", "text/xml"),
    ("js", "text/javascript"),
    ("py", "text/x-python"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("bmp", "image/bmp"),
    ("svg", "image/svg+xml"),
    ("avif", "image/avif"),
    ("tif", "image/tiff"),
    ("tiff", "image/tiff"),
    ("ico", "image/x-icon"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("wav", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("aac", "audio/aac"),
    ("aiff", "audio/aiff"),
    ("aif", "audio/aiff"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("m4a", "audio/mp4"),
    ("mp4", "video/mp4"),
    ("m4v", "video/mp4"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
    ("mov", "video/quicktime"),
    ("avi", "video/avi"),
    ("flv", "video/x-flv"),
    ("wmv", "video/wmv"),
    ("3gp", "video/3gpp"),
    ("webm", "video/webm"),
];

/// A box file (ISO 14496-12) of a brand that is not known.
const UNKNOWN_BOXES: &str = "application/mp4";

/// What media is for Gemini.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The type to send it with.
    Taken(Cow<'static, str>),
    /// Of this type, which Gemini answers "Unsupported MIME type" to.
    NotTaken(String),
    /// Nothing tells.
    Unknown,
}

/// Finds out what media is. `declared` is its type, perhaps with parameters; `data` is standard base64.
///
/// The bytes win over a picture's type and over types that say little; a type that Gemini takes wins over the name, and the name
/// over what can only be told from the whole: that it is text. Browsers take a `.ts` for a video, and a `.csv` for a table.
pub(super) fn kind(declared: &str, name: Option<&str>, data: &str) -> Kind {
    let declared = declared.trim().to_ascii_lowercase();
    let plain = declared.split(';').next().unwrap_or_default().trim();
    if plain.starts_with("text/") {
        return Kind::Taken(plain.to_owned().into());
    }
    let known = canonical(&declared);
    match recognized(data).filter(|found| counts(found, plain, known.is_some())) {
        Some(found) if is_taken(found) => return Kind::Taken(found.into()),
        Some(UNKNOWN_BOXES) if is_vague(plain) => {}
        Some(found) => return Kind::NotTaken(found.to_owned()),
        None if known.is_some() => return known.map_or(Kind::Unknown, Kind::Taken),
        None => {}
    }
    let by_name = name.and_then(type_of_name);
    let text = by_name.filter(|kind| is_text(kind));
    match by_name {
        Some(found) if is_vague(plain) && text.is_none() => taken_or_not(found),
        _ if is_plain_text(data) => Kind::Taken(text.unwrap_or("text/plain").into()),
        // In another character set.
        Some(found) if is_vague(plain) && !has_nul(data) => Kind::Taken(found.into()),
        _ if is_vague(plain) => Kind::Unknown,
        _ => Kind::NotTaken(plain.to_owned()),
    }
}

/// Whether the type that the bytes tell counts more than the declared one.
fn counts(found: &str, declared: &str, is_known: bool) -> bool {
    let class = |kind: &str| kind.split('/').next().unwrap_or_default().to_owned();
    match class(declared).as_str() {
        "image" => true,
        "audio" | "video" => class(found) == class(declared),
        _ => !is_known || declared == "application/pdf",
    }
}

/// Whether a type says nothing.
fn is_vague(declared: &str) -> bool {
    ["", "application/octet-stream", "binary/octet-stream", "application/x-unknown"].contains(&declared)
}

/// Gemini's name of a type that it takes; parameters only count for raw audio.
fn canonical(declared: &str) -> Option<Cow<'static, str>> {
    let plain = declared.split(';').next().unwrap_or_default().trim();
    let of = |list: &[(&str, &'static str)], name: &str| {
        list.iter().find(|(known, _)| *known == name).map(|(_, kind)| Cow::Borrowed(*kind))
    };
    match plain.split_once('/')? {
        ("audio", "pcm") if declared != plain => Some(Cow::Owned(declared.to_owned())),
        ("audio", name) => of(AUDIO, name),
        ("image", name) => of(PICTURES, name),
        ("video", name) => of(VIDEOS, name),
        ("text", _) => Some(Cow::Owned(plain.to_owned())),
        ("application", "x-pdf") => Some(Cow::Borrowed("application/pdf")),
        _ => DOCUMENTS.iter().find(|known| **known == plain).map(|known| Cow::Borrowed(*known)),
    }
}

/// Whether Gemini takes media of this type.
pub(super) fn is_taken(kind: &str) -> bool {
    canonical(kind).is_some()
}

fn taken_or_not(kind: &'static str) -> Kind {
    if is_taken(kind) { Kind::Taken(kind.into()) } else { Kind::NotTaken(kind.to_owned()) }
}

/// Whether all data of this type is text.
fn is_text(kind: &str) -> bool {
    kind.starts_with("text/") || kind == "application/json"
}

/// The media type of an audio format, as `input_audio.format` has it.
pub(super) fn of_audio_format(format: &str) -> Option<&'static str> {
    AUDIO.iter().find(|(known, _)| *known == format).map(|(_, kind)| *kind)
}

/// The media type that the name of a file, or a URL's path, ends with.
pub(super) fn type_of_name(name: &str) -> Option<&'static str> {
    let path = name.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    NAMES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
}

fn has_nul(data: &str) -> bool {
    STANDARD.decode(data).is_ok_and(|bytes| bytes.contains(&0))
}

/// The media type that the first bytes of base64 tell.
pub(super) fn recognized(data: &str) -> Option<&'static str> {
    const STARTS: &[(&[u8], &str)] = &[
        (b"\x89PNG", "image/png"),
        (b"\xFF\xD8\xFF", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"ID3", "audio/mp3"),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
        (b"FLV\x01", "video/x-flv"),
        (b"\0\0\x01\xBA", "video/mpeg"),
        (b"II*\0", "image/tiff"),
        (b"MM\0*", "image/tiff"),
    ];
    let digits = data.trim_end_matches('=');
    let head = digits.get(..digits.len().min(HEAD))?;
    let head = base64::engine::general_purpose::STANDARD_NO_PAD.decode(head).ok()?;
    if let Some((_, kind)) = STARTS.iter().find(|(start, _)| head.starts_with(start)) {
        return Some(kind);
    }
    match (head.get(..4)?, head.get(4..8).unwrap_or_default(), head.get(8..12).unwrap_or_default()) {
        (b"RIFF", _, b"WEBP") => Some("image/webp"),
        (b"RIFF", _, b"WAVE") => Some("audio/wav"),
        (b"RIFF", _, b"AVI ") => Some("video/avi"),
        (b"FORM", _, b"AIFF" | b"AIFC") => Some("audio/aiff"),
        (b"\x1A\x45\xDF\xA3", ..) if head.windows(8).any(|word| word == b"matroska") => Some("video/x-matroska"),
        (b"\x1A\x45\xDF\xA3", ..) => Some("video/webm"),
        (_, b"ftyp", brand) => Some(of_brand(brand, head.get(16..).unwrap_or_default())),
        ([b'B', b'M', ..], _, _) if head.get(6..10) == Some(&[0; 4]) => Some("image/bmp"),
        // A frame of MPEG audio: eleven bits of synchronization. AAC has layer 0, and no file has layer 1.
        ([0xFF, second, ..], ..) if second & 0xF6 == 0xF0 => Some("audio/aac"),
        ([0xFF, second, ..], ..) if second & 0xE0 == 0xE0 && matches!(second & 0x06, 2 | 4) => Some("audio/mp3"),
        _ => None,
    }
}

/// The media type of a box file: by its brand, and for brands of several kinds by the others that it names
/// (<https://mp4ra.org/registered-types/brands>).
fn of_brand(brand: &[u8], others: &[u8]) -> &'static str {
    let names = |wanted: &[&[u8; 4]]| others.as_chunks::<4>().0.iter().any(|other| wanted.contains(&other));
    match brand {
        b"avif" | b"avis" => "image/avif",
        b"mif1" | b"msf1" if names(&[b"avif", b"avis"]) => "image/avif",
        b"heic" | b"heix" | b"heim" | b"heis" | b"mif1" => "image/heic",
        // A sequence that also says to be a single picture is one.
        b"hevc" | b"hevx" | b"hevm" | b"hevs" | b"msf1" if names(&[b"heic", b"heix", b"mif1"]) => "image/heic",
        b"hevc" | b"hevx" | b"hevm" | b"hevs" | b"msf1" => "image/heic-sequence",
        b"M4A " | b"M4B " | b"M4P " => "audio/mp4",
        b"qt  " => "video/quicktime",
        [b'3', b'g', ..] => "video/3gpp",
        [b'i', b's', b'o', _] | [b'm', b'p', b'4', _] | [b'M', b'4', b'V', _] => "video/mp4",
        b"avc1" | b"dash" | b"MSNV" | b"mmp4" | b"mp71" | b"F4V " | b"f4v " => "video/mp4",
        _ => UNKNOWN_BOXES,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(declared: &str, name: &str, bytes: &[u8]) -> String {
        match kind(declared, Some(name).filter(|name| !name.is_empty()), &STANDARD.encode(bytes)) {
            Kind::Taken(kind) => kind.into_owned(),
            Kind::NotTaken(kind) => format!("not {kind}"),
            Kind::Unknown => "?".to_owned(),
        }
    }

    #[test]
    fn the_first_bytes_tell_the_type() {
        for (bytes, want) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Some("image/png")),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", Some("image/jpeg")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"RIFF\x24\0\0\0AVI LIST", Some("video/avi")),
            (b"FORM\0\0\0\0AIFFCOMM", Some("audio/aiff")),
            (b"ID3\x04\0\0", Some("audio/mp3")),
            (b"\xFF\xFB\x90\x64\0", Some("audio/mp3")),
            (b"\xFF\xF1\x50\x80\0", Some("audio/aac")),
            (b"\xFF\xFEa\0b\0", None),
            (b"OggS\0\x02", Some("audio/ogg")),
            (b"fLaC\0\0", Some("audio/flac")),
            (b"FLV\x01\x05\0", Some("video/x-flv")),
            (b"\0\0\0\x20ftypM4A \0", Some("audio/mp4")),
            (b"\0\0\0\x20ftypisom\0", Some("video/mp4")),
            (b"\0\0\0\x20ftypmp42\0", Some("video/mp4")),
            (b"\0\0\0\x20ftypqt  \0", Some("video/quicktime")),
            (b"\0\0\0\x20ftyp3gp5\0", Some("video/3gpp")),
            (b"\0\0\0\x18ftypavif\0\0\0\0avifmif1", Some("image/avif")),
            (b"\0\0\0\x18ftypavis\0\0\0\0avisavif", Some("image/avif")),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", Some("image/avif")),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", Some("image/heic")),
            (b"\0\0\0\x18ftyphevc\0\0\0\0hevcmsf1", Some("image/heic-sequence")),
            (b"\0\0\0\x18ftypmsf1\0\0\0\0msf1heic", Some("image/heic")),
            (b"\0\0\0\x18ftypjxl \0\0\0\0", Some(UNKNOWN_BOXES)),
            (b"\x1A\x45\xDF\xA3\x9FB\x86\x81\x01B\x82\x84webm", Some("video/webm")),
            (b"\x1A\x45\xDF\xA3\xA3B\x86\x81\x01B\x82\x88matroska", Some("video/x-matroska")),
            (b"%PDF-1.4", Some("application/pdf")),
            (b"ABC", None),
            (b"", None),
        ] {
            assert_eq!(recognized(&STANDARD.encode(bytes)), want, "{bytes:?}");
        }
    }

    #[test]
    fn only_types_that_gemini_takes_are_sent() {
        for (declared, want) in [
            ("image/png", "image/png"),
            ("image/JPG", "image/jpeg"),
            ("image/gif", "not image/gif"),
            ("image/avif", "not image/avif"),
            ("audio/pcm;rate=16000", "audio/pcm;rate=16000"),
            ("audio/x-wav", "audio/wav"),
            ("audio/vnd.wave", "audio/wav"),
            ("audio/mpeg", "audio/mp3"),
            ("audio/amr", "not audio/amr"),
            ("audio/midi", "not audio/midi"),
            ("audio/x-ms-wma", "not audio/x-ms-wma"),
            ("audio/basic", "not audio/basic"),
            ("audio/L16;rate=24000", "not audio/l16"),
            ("audio/3gpp", "not audio/3gpp"),
            ("video/mp4", "video/mp4"),
            ("video/mov", "video/mov"),
            ("video/x-msvideo", "video/avi"),
            ("video/x-ms-wmv", "video/wmv"),
            ("video/3gpp", "video/3gpp"),
            ("video/x-flv", "video/x-flv"),
            ("video/mp2t", "not video/mp2t"),
            ("video/x-matroska", "not video/x-matroska"),
            ("video/ogg", "not video/ogg"),
            ("video/h264", "not video/h264"),
            ("application/zip", "not application/zip"),
            ("application/octet-stream", "?"),
            ("", "?"),
        ] {
            assert_eq!(of(declared, "", b"\0\x01\x02"), want, "{declared}");
        }
    }

    #[test]
    fn text_is_text_whatever_its_type() {
        for (declared, name, want) in [
            ("text/plain", "", "text/plain"),
            ("TEXT/CSV; charset=utf-8", "a.csv", "text/csv"),
            ("video/mp2t", "a.ts", "text/plain"),
            ("application/x-yaml", "a.yaml", "text/plain"),
            ("application/sql", "a.sql", "text/plain"),
            ("application/javascript", "a.js", "text/javascript"),
            ("application/vnd.ms-excel", "a.csv", "text/csv"),
            ("application/ld+json", "", "text/plain"),
            ("application/json", "a.json", "application/json"),
            ("image/svg+xml", "a.svg", "text/plain"),
            ("message/rfc822", "", "text/plain"),
            ("application/octet-stream", "Makefile", "text/plain"),
            ("application/octet-stream", "a.py", "text/x-python"),
            ("application/octet-stream", "a.png", "image/png"),
            ("", "a.log", "text/plain"),
            ("", "", "text/plain"),
        ] {
            assert_eq!(of(declared, name, "a: 1\n\té\r\n".as_bytes()), want, "{declared} {name}");
        }
        for (bytes, by_name) in
            [(&b"a\0b"[..], "?"), (b"\xFF\xFEa\0", "?"), (b"a\x01", "text/x-python"), (b"caf\xE9", "text/x-python")]
        {
            assert_eq!(of("application/x-yaml", "a.yaml", bytes), "not application/x-yaml", "{bytes:?}");
            assert_eq!(of("application/octet-stream", "a.py", bytes), by_name, "{bytes:?}");
        }
    }

    #[test]
    fn a_wrong_type_is_corrected_by_the_bytes() {
        let avif = b"\0\0\0\x18ftypavif\0\0\0\0avifmif1";
        let unknown = b"\0\0\0\x18ftypjxl \0\0\0\0";
        for (declared, name, bytes, want) in [
            ("image/jpeg", "", &b"\x89PNG\r\n"[..], "image/png"),
            ("application/octet-stream", "", b"\x89PNG\r\n", "image/png"),
            ("image/png", "", b"%PDF-1.4\n", "application/pdf"),
            ("audio/mp3", "", b"OggS\0", "audio/ogg"),
            ("text/plain", "", b"%PDF-1.4\n", "text/plain"),
            ("audio/mp4", "", b"\0\0\0\x20ftypisom", "audio/mp4"),
            ("image/jpeg", "", avif, "not image/avif"),
            ("image/avif", "a.avif", avif, "not image/avif"),
            ("", "a.mp4", avif, "not image/avif"),
            ("image/jpeg", "", unknown, "not application/mp4"),
            ("video/mp4", "", unknown, "video/mp4"),
            ("", "a.mp4", unknown, "video/mp4"),
            ("", "", unknown, "?"),
            ("application/zip", "a.pdf", b"%PDF-1.4\n", "application/pdf"),
            ("video/webm", "", b"\x1A\x45\xDF\xA3\xA3B\x86\x81\x01B\x82\x88matroska", "not video/x-matroska"),
            ("image/jpeg", "", b"\xFF\xD8", "image/jpeg"),
        ] {
            assert_eq!(of(declared, name, bytes), want, "{declared} {name} {bytes:?}");
        }
    }
}

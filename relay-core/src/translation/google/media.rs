//! Media: pictures, recordings and files, in the request or where Google finds them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use percent_encoding::percent_decode_str;

use super::models::ModelFamily;
use super::parts::{Blob, FILES, FileData, MediaResolution, Part};
use super::tools::required_text;
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// Pictures that Gemini takes (<https://ai.google.dev/gemini-api/docs/image-understanding>).
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"];
/// Documents that Gemini takes, beside all kinds of text.
const DOCUMENTS: &[&str] = &["application/pdf", "application/json", "application/xml", "application/rtf"];

/// Whether Gemini takes media of this type; it answers "Unsupported MIME type" to others.
fn is_taken(mime_type: &str) -> bool {
    let plain = mime_type.split(';').next().unwrap_or_default();
    match plain.split('/').next() {
        Some("image") => PICTURES.contains(&plain),
        Some("text" | "audio" | "video") => true,
        _ => DOCUMENTS.contains(&plain),
    }
}

fn not_taken(mime_type: &str, param: String) -> RelayError {
    let shown: String = mime_type.chars().take(100).collect();
    RelayError::unsupported_value(param, format!("Gemini takes no media of the type `{shown}`"))
}

/// A picture, by its URL.
///
/// # Errors
/// A URL that is neither https nor `data:` with valid base64, a type that Gemini does not take, an unknown `detail`.
pub(super) fn image<'a>(image: &Object<'a>, family: &ModelFamily, notes: &mut Notes) -> Result<Part<'a>, RelayError> {
    let url = required_text(image, "url")?;
    let refused = |why: &str| RelayError::invalid_value(image.path("url"), format!("`{}` {why}", image.path("url")));
    let mut part = Part::default();
    if has_scheme(&url, "data:") {
        let blob = data_url(url).ok_or_else(|| refused("must be `data:<media type>;base64,<valid base64>`"))?;
        if !is_taken(&blob.mime_type) {
            return Err(not_taken(&blob.mime_type, image.path("url")));
        }
        part.inline_data = Some(blob);
    } else if has_scheme(&url, "https://") {
        let mime_type = media_type(&url).unwrap_or("image/jpeg");
        if mime_type == "image/gif" {
            return Err(not_taken(mime_type, image.path("url")));
        }
        part.file_data = Some(FileData { mime_type, file_uri: url });
    } else {
        return Err(refused("must be an https or a data URL"));
    }
    part.media_resolution = match image.text("detail")?.as_deref() {
        None | Some("auto") => None,
        Some(_) if !family.since_gemini_3 => {
            notes.drop("image_url.detail");
            None
        }
        Some("low") => Some(MediaResolution { level: "MEDIA_RESOLUTION_LOW" }),
        Some("high") => Some(MediaResolution { level: "MEDIA_RESOLUTION_HIGH" }),
        Some("original") => Some(MediaResolution { level: "MEDIA_RESOLUTION_ULTRA_HIGH" }),
        Some(_) => {
            let why = "`detail` must be auto, low, high or original";
            return Err(RelayError::invalid_value(image.path("detail"), why));
        }
    };
    Ok(part)
}

fn has_scheme(url: &str, scheme: &str) -> bool {
    url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}

/// Names of audio formats, and the media types that Gemini knows them by. OpenAI's schema has wav and mp3, and its other
/// endpoints flac, opus, aac and pcm16 (24 kHz); Google documents the rest
/// (<https://ai.google.dev/gemini-api/docs/audio>).
const AUDIO: &[(&str, &str)] = &[
    ("wav", "audio/wav"),
    ("x-wav", "audio/wav"),
    ("wave", "audio/wav"),
    ("mp3", "audio/mp3"),
    ("mpeg", "audio/mp3"),
    ("mpga", "audio/mp3"),
    ("aac", "audio/aac"),
    ("aiff", "audio/aiff"),
    ("aif", "audio/aiff"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("oga", "audio/ogg"),
    ("vorbis", "audio/ogg"),
    ("opus", "audio/ogg"),
    ("m4a", "audio/mp4"),
    ("mp4", "audio/mp4"),
    ("webm", "audio/webm"),
    ("pcm16", "audio/pcm;rate=24000"),
    ("pcm", "audio/pcm;rate=24000"),
];

/// A recording. What its first bytes say counts more than its declared format.
///
/// # Errors
/// Invalid base64; a format that is neither known by its name nor by the bytes.
pub(super) fn audio<'a>(audio: &Object<'a>) -> Result<Part<'a>, RelayError> {
    let data = base64(required_text(audio, "data")?).ok_or_else(|| {
        let path = audio.path("data");
        RelayError::invalid_value(path.clone(), format!("`{path}` is not valid base64"))
    })?;
    let format = audio.text("format")?.unwrap_or_default().to_ascii_lowercase();
    let name = format.strip_prefix("audio/").unwrap_or(&format).trim_start_matches('.');
    let declared = AUDIO.iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind);
    let found = recognized(&data).and_then(|kind| match kind {
        "video/mp4" => Some("audio/mp4"),
        "video/webm" => Some("audio/webm"),
        kind => kind.starts_with("audio/").then_some(kind),
    });
    let mime_type = found.or(declared).ok_or_else(|| {
        let why = "the format of audio must be one of wav, mp3, aac, aiff, flac, ogg, opus, m4a, webm and pcm16";
        RelayError::invalid_value(audio.path("format"), why)
    })?;
    Ok(Part { inline_data: Some(Blob { mime_type: mime_type.into(), data }), ..Part::default() })
}

/// A file: its content, or where Google has it.
///
/// # Errors
/// Content that is not base64, a media type that nothing tells or that Gemini does not take, an id of another provider.
pub(super) fn file<'a>(file: &Object<'a>) -> Result<Part<'a>, RelayError> {
    let name = file.text("filename")?;
    let by_name = name.as_deref().and_then(media_type);
    let no_type = || {
        let path = file.path("filename");
        RelayError::invalid_value(path.clone(), format!("`{path}` must end as the file's media type asks: `.pdf`, ..."))
    };
    let Some(data) = file.text("file_data")?.filter(|data| !data.is_empty()) else {
        let file_data = referenced(file, by_name, no_type)?;
        return Ok(Part { file_data: Some(file_data), ..Part::default() });
    };
    let bad = || {
        let path = file.path("file_data");
        RelayError::invalid_value(path.clone(), format!("`{path}` must be valid base64 or a base64 data URL"))
    };
    let mut blob = if has_scheme(&data, "data:") {
        data_url(data).ok_or_else(bad)?
    } else {
        let data = base64(data).ok_or_else(bad)?;
        Blob { mime_type: by_name.or_else(|| recognized(&data)).ok_or_else(no_type)?.into(), data }
    };
    if blob.mime_type == "application/octet-stream" {
        blob.mime_type = by_name.ok_or_else(no_type)?.into();
    }
    if !is_taken(&blob.mime_type) {
        return Err(not_taken(&blob.mime_type, file.path("file_data")));
    }
    Ok(Part { inline_data: Some(blob), ..Part::default() })
}

/// A file that Google has or fetches: one of its Files API, or a YouTube video.
fn referenced<'a>(
    file: &Object<'a>,
    by_name: Option<&'static str>,
    no_type: impl Fn() -> RelayError,
) -> Result<FileData<'a>, RelayError> {
    const YOUTUBE: &[&str] = &["https://www.youtube.com/watch?v=", "https://youtube.com/watch?v=", "https://youtu.be/"];
    let id = required_text(file, "file_id")?;
    if YOUTUBE.iter().any(|start| id.starts_with(start)) {
        return Ok(FileData { mime_type: "video/mp4", file_uri: id });
    }
    let file_uri = match id.strip_prefix("files/") {
        Some(name) => Cow::Owned(format!("{FILES}{name}")),
        None if id.starts_with(FILES) => id,
        None => {
            let why = "Gemini only takes files of its own Files API (`files/...`) and YouTube videos";
            return Err(RelayError::invalid_value(file.path("file_id"), why));
        }
    };
    Ok(FileData { mime_type: by_name.ok_or_else(no_type)?, file_uri })
}

/// The media in `data:<mime>[;parameters];base64,<data>`. What its first bytes say counts more than the declared type.
fn data_url(url: Cow<'_, str>) -> Option<Blob<'_>> {
    let start = "data:".len();
    let comma = url.find(',')?;
    let head = url.get(start..comma)?;
    let cut = head.len().checked_sub(";base64".len())?;
    let head = head.get(cut..).filter(|end| end.eq_ignore_ascii_case(";base64")).and_then(|_| head.get(..cut))?;
    let mime = head.split(';').next().unwrap_or_default();
    let (mime_end, data_start) = (start + mime.len(), comma + 1);
    let (declared, data) = match url {
        Cow::Borrowed(url) => (Cow::Borrowed(url.get(start..mime_end)?), Cow::Borrowed(url.get(data_start..)?)),
        Cow::Owned(url) => {
            (Cow::Owned(url.get(start..mime_end)?.to_owned()), Cow::Owned(url.get(data_start..)?.to_owned()))
        }
    };
    let data = base64(data)?;
    Some(Blob { mime_type: true_type(declared, &data)?, data })
}

/// The media type to send; `None` if nothing tells.
fn true_type<'a>(declared: Cow<'a, str>, data: &str) -> Option<Cow<'a, str>> {
    let is_vague = declared.starts_with("image/")
        || ["", "application/pdf", "application/octet-stream"].contains(&declared.as_ref());
    let class = declared.split('/').next().unwrap_or_default();
    match recognized(data) {
        Some(found) if found != declared && (is_vague || found.split('/').next() == Some(class)) => Some(found.into()),
        _ if declared == "image/jpg" => Some("image/jpeg".into()),
        _ => declared.contains('/').then_some(declared),
    }
}

/// The media type that the first bytes of base64 tell.
fn recognized(data: &str) -> Option<&'static str> {
    const STARTS: &[(&[u8], &str)] = &[
        (b"\x89PNG", "image/png"),
        (b"\xFF\xD8\xFF", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"%PDF-", "application/pdf"),
        (b"ID3", "audio/mp3"),
        (b"fLaC", "audio/flac"),
        (b"OggS", "audio/ogg"),
        (b"\x1A\x45\xDF\xA3", "video/webm"),
    ];
    let digits = data.trim_end_matches('=');
    let head = digits.get(..digits.len().min(24))?;
    let head = STANDARD_NO_PAD.decode(head).ok()?;
    if let Some((_, kind)) = STARTS.iter().find(|(start, _)| head.starts_with(start)) {
        return Some(kind);
    }
    match (head.get(..4)?, head.get(4..8).unwrap_or_default(), head.get(8..12).unwrap_or_default()) {
        (b"RIFF", _, b"WEBP") => Some("image/webp"),
        (b"RIFF", _, b"WAVE") => Some("audio/wav"),
        (b"FORM", _, b"AIFF" | b"AIFC") => Some("audio/aiff"),
        (_, b"ftyp", b"heic" | b"heix" | b"mif1") => Some("image/heic"),
        (_, b"ftyp", b"M4A ") => Some("audio/mp4"),
        (_, b"ftyp", _) => Some("video/mp4"),
        // A frame of MPEG audio: eleven bits of synchronization. AAC has layer 0.
        ([0xFF, second, ..], ..) if second & 0xF6 == 0xF0 => Some("audio/aac"),
        ([0xFF, second, ..], ..) if second & 0xE0 == 0xE0 && second & 0x06 != 0 => Some("audio/mp3"),
        _ => None,
    }
}

/// Checks base64, and turns the URL-safe alphabet, missing padding and line breaks into the standard. Copies only then.
fn base64(data: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let digits = data.trim_end_matches('=');
    let padding = data.len() - digits.len();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    if !digits.as_bytes().iter().all(is_digit) {
        let is_wrapped = data.contains(['%', ' ', '\n', '\r', '\t']);
        return is_wrapped
            .then(|| unwrapped(&data))
            .filter(|inner| *inner != data)
            .and_then(|inner| base64(Cow::Owned(inner)));
    }
    if digits.is_empty() || digits.len() % 4 == 1 || padding > 2 {
        return None;
    }
    let missing = (4 - digits.len() % 4) % 4;
    if missing == padding && !digits.contains(['-', '_']) {
        return Some(data);
    }
    let mut standard = digits.replace('-', "+").replace('_', "/");
    standard.extend(std::iter::repeat_n('=', missing));
    Some(Cow::Owned(standard))
}

/// Base64 without white space, and without a URL's escapes.
fn unwrapped(data: &str) -> String {
    let plain = percent_decode_str(data).decode_utf8_lossy();
    plain.chars().filter(|c| !c.is_ascii_whitespace()).collect()
}

/// The media type that the name of a file, or a URL's path, ends with.
fn media_type(name: &str) -> Option<&'static str> {
    const TYPES: &[(&str, &str)] = &[
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
        ("mpeg", "video/mpeg"),
        ("mpg", "video/mpeg"),
        ("mov", "video/quicktime"),
        ("webm", "video/webm"),
    ];
    let path = name.split(['?', '#']).next()?;
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    TYPES.iter().find(|(known, _)| extension.eq_ignore_ascii_case(known)).map(|(_, kind)| *kind)
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
            ("Q Q=", Some("QQ==")),
            ("iVBO\r\n Rw0\tKGgo=\n", Some("iVBORw0KGgo=")),
            ("_-\n8", Some("/+8=")),
            ("%2F%2B8%3D%0A", Some("/+8=")),
            (" \n", None),
            ("Q!", None),
            ("Q\u{a0}Q", None),
            ("%%%%", None),
            ("", None),
            ("é===", None),
        ] {
            assert_eq!(base64(data.into()).as_deref(), want, "{data:?}");
        }
    }

    #[test]
    fn valid_base64_is_not_copied() {
        let url = "data:image/png;charset=x;base64,iVBORw0KGgo=";
        let blob = data_url(url.into()).unwrap();
        assert!(matches!(blob.data, Cow::Borrowed(_)) && blob.mime_type == "image/png");
    }

    #[test]
    fn the_first_bytes_tell_the_type() {
        let of = |bytes: &[u8]| recognized(&base64::engine::general_purpose::STANDARD.encode(bytes));
        for (bytes, want) in [
            (&b"\x89PNG\r\n\x1a\n"[..], Some("image/png")),
            (b"\xFF\xD8\xFF\xE0\0\x10JFIF", Some("image/jpeg")),
            (b"RIFF\x24\0\0\0WEBPVP8 ", Some("image/webp")),
            (b"RIFF\x24\0\0\0WAVEfmt ", Some("audio/wav")),
            (b"FORM\0\0\0\0AIFFCOMM", Some("audio/aiff")),
            (b"ID3\x04\0\0", Some("audio/mp3")),
            (b"\xFF\xFB\x90\x64\0", Some("audio/mp3")),
            (b"\xFF\xF1\x50\x80\0", Some("audio/aac")),
            (b"OggS\0\x02", Some("audio/ogg")),
            (b"fLaC\0\0", Some("audio/flac")),
            (b"\0\0\0\x20ftypM4A \0", Some("audio/mp4")),
            (b"%PDF-1.4", Some("application/pdf")),
            (b"ABC", None),
            (b"", None),
        ] {
            assert_eq!(of(bytes), want, "{bytes:?}");
        }
    }

    #[track_caller]
    fn check_audio(format: &str, data: &str, want: &str) {
        let body = format!("{{\"data\":\"{data}\",\"format\":\"{format}\"}}");
        let object = Object::parse(body.as_bytes()).unwrap();
        let got = audio(&object).map(|part| part.inline_data.unwrap().mime_type.into_owned());
        assert_eq!(got.unwrap_or_else(|error| error.param().unwrap().to_owned()), want, "{format} {data}");
    }

    #[test]
    fn audio_has_the_type_of_its_bytes_or_of_its_name() {
        for (format, want) in [
            ("wav", "audio/wav"),
            ("mp3", "audio/mp3"),
            ("aac", "audio/aac"),
            ("aiff", "audio/aiff"),
            ("flac", "audio/flac"),
            ("ogg", "audio/ogg"),
            ("OGG", "audio/ogg"),
            ("opus", "audio/ogg"),
            ("audio/mpeg", "audio/mp3"),
            (".m4a", "audio/mp4"),
            ("webm", "audio/webm"),
            ("pcm16", "audio/pcm;rate=24000"),
            ("kazoo", "format"),
            ("", "format"),
        ] {
            check_audio(format, "QUJD", want);
        }
        check_audio("mp3", "T2dnUw==", "audio/ogg"); // OggS
        check_audio("kazoo", "T2dnUw==", "audio/ogg");
        check_audio("wav", "SUQzBAAA", "audio/mp3"); // ID3
        check_audio("wav", "!", "data");
    }

    #[test]
    fn only_types_that_gemini_takes_are_sent() {
        for (mime_type, want) in [
            ("image/png", true),
            ("image/gif", false),
            ("image/svg+xml", false),
            ("text/x-python", true),
            ("audio/pcm;rate=24000", true),
            ("application/pdf", true),
            ("application/zip", false),
            ("", false),
        ] {
            assert_eq!(is_taken(mime_type), want, "{mime_type}");
        }
    }

    #[test]
    fn a_wrong_type_is_corrected_by_the_bytes() {
        let of = |url: &str| data_url(url.to_owned().into()).map(|blob| blob.mime_type.into_owned());
        for (url, want) in [
            ("data:image/jpeg;base64,iVBORw0KGgo=", Some("image/png")),
            ("data:application/octet-stream;base64,iVBORw0KGgo=", Some("image/png")),
            ("data:;base64,iVBORw0KGgo=", Some("image/png")),
            ("data:image/png;base64,JVBERi0xLjQK", Some("application/pdf")),
            ("DATA:image/png;BASE64,iVBORw0KGgo=", Some("image/png")),
            ("data:audio/mp3;base64,T2dnUw==", Some("audio/ogg")),
            ("data:text/plain;base64,JVBERi0xLjQK", Some("text/plain")),
            ("data:audio/mp4;base64,AAAAIGZ0eXBpc29t", Some("audio/mp4")),
            ("data:image/png;base64, iVBO\nRw0KGgo", Some("image/png")),
            ("data:;base64,QUJD", None),
        ] {
            assert_eq!(of(url).as_deref(), want, "{url}");
        }
    }
}

//! Media: pictures, recordings and files, in the request or where Google finds them.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::kinds::{self, Kind};
use super::models::ModelFamily;
use super::parts::{Blob, FILES, FileData, MediaResolution, Part, Words, text_part};
use super::tools::required_text;
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

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
        let held = data_url(url).filter(|held| held.is_base64 && !held.data.is_empty());
        let held = held.ok_or_else(|| refused("must be `data:<media type>;base64,<valid base64>`"))?;
        let mime_type = match kinds::kind(&held.declared, None, &held.data) {
            Kind::Taken(kind) if !kind.starts_with("text/") => kind,
            Kind::Unknown => return Err(refused("must name its media type")),
            _ => return Err(not_taken(&held.declared, image.path("url"))),
        };
        part.inline_data = Some(Blob { mime_type, data: held.data });
    } else if has_scheme(&url, "https://") {
        let mime_type = kinds::type_of_name(&url).unwrap_or("image/jpeg");
        if !kinds::is_taken(mime_type) && mime_type != "image/bmp" {
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
    let declared = kinds::of_audio_format(name);
    let found = kinds::recognized(&data).and_then(|kind| match kind {
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
    let no_type = || {
        let path = file.path("filename");
        RelayError::invalid_value(path.clone(), format!("`{path}` must end as the file's media type asks: `.pdf`, ..."))
    };
    let Some(data) = file.text("file_data")?.filter(|data| !data.is_empty()) else {
        let by_name = name.as_deref().and_then(kinds::type_of_name);
        let file_data = referenced(file, by_name, no_type)?;
        return Ok(Part { file_data: Some(file_data), ..Part::default() });
    };
    let held = if has_scheme(&data, "data:") {
        data_url(data)
    } else {
        base64(data).map(|data| Held { declared: String::new(), data, is_base64: true })
    };
    let held = held.ok_or_else(|| {
        let path = file.path("file_data");
        RelayError::invalid_value(path.clone(), format!("`{path}` must be valid base64 or a data URL"))
    })?;
    if held.data.is_empty() {
        let words = format!("[{} is an empty file]", name.as_deref().unwrap_or("this"));
        return Ok(text_part(Words::Own(words.into())));
    }
    match kinds::kind(&held.declared, name.as_deref(), &held.data) {
        Kind::Taken(mime_type) => {
            Ok(Part { inline_data: Some(Blob { mime_type, data: held.data }), ..Part::default() })
        }
        Kind::NotTaken(kind) => Err(not_taken(&kind, file.path("file_data"))),
        Kind::Unknown => Err(no_type()),
    }
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
    let mime_type = by_name.ok_or_else(no_type)?;
    if !kinds::is_taken(mime_type) {
        return Err(not_taken(mime_type, file.path("filename")));
    }
    Ok(FileData { mime_type, file_uri })
}

/// What a `data:` URL holds.
struct Held<'a> {
    /// The declared media type, with its parameters.
    declared: String,
    /// Standard base64, or nothing.
    data: Cow<'a, str>,
    is_base64: bool,
}

/// Reads `data:[<type>][;<parameter>]*[;base64],<data>`; `None` if it is not one.
fn data_url(url: Cow<'_, str>) -> Option<Held<'_>> {
    let comma = url.find(',')?;
    let head = url.get("data:".len()..comma)?;
    let mut is_base64 = false;
    let words = head.split(';').map(str::trim).filter(|word| {
        let ends = word.eq_ignore_ascii_case("base64");
        is_base64 |= ends;
        !ends
    });
    let declared = words.collect::<Vec<_>>().join(";");
    let data = match url {
        Cow::Borrowed(url) => Cow::Borrowed(url.get(comma + 1..)?),
        Cow::Owned(url) => Cow::Owned(url.get(comma + 1..)?.to_owned()),
    };
    let data = match is_base64 {
        true if data.trim().is_empty() => Cow::Borrowed(""),
        true => base64(data)?,
        false => Cow::Owned(STANDARD.encode(percent_decode_str(&data).collect::<Vec<u8>>())),
    };
    Some(Held { declared, data, is_base64 })
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
        let held = data_url(url.into()).unwrap();
        assert!(matches!(held.data, Cow::Borrowed(_)) && held.declared == "image/png;charset=x");
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
}

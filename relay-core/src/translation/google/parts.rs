//! Content parts: text and media.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::models::ModelFamily;
use super::tools::{required_object, required_text};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// Where Google keeps uploaded files.
const FILES: &str = "https://generativelanguage.googleapis.com/v1beta/files/";

/// One part of a content. Exactly one data member is set.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Part<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<Words<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) inline_data: Option<Blob<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<FileData<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<FunctionCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<FunctionResponse<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) thought_signature: Option<Words<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) media_resolution: Option<MediaResolution>,
}

/// A string: the caller's JSON text as it came, escapes and all, or Relay's own words.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Words<'a> {
    Raw(&'a RawValue),
    Own(&'static str),
}

/// Media inside the request, in base64.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    mime_type: Cow<'a, str>,
    data: Cow<'a, str>,
}

/// Media that Google fetches.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileData<'a> {
    mime_type: &'static str,
    file_uri: Cow<'a, str>,
}

/// A call that the model made earlier.
#[derive(Debug, Serialize)]
pub(super) struct FunctionCall<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Cow<'a, str>,
    pub(super) args: Box<RawValue>,
}

/// What the call gave.
#[derive(Debug, Serialize)]
pub(super) struct FunctionResponse<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<Cow<'a, str>>,
    pub(super) name: Cow<'a, str>,
    pub(super) response: Box<RawValue>,
}

/// How closely to look at a picture.
#[derive(Debug, Serialize)]
pub(super) struct MediaResolution {
    level: &'static str,
}

/// A string member as it came. `None` if it is absent, null or empty.
///
/// # Errors
/// `invalid_value` if it is not a string.
pub(super) fn raw_text<'a>(parent: &Object<'a>, name: &str) -> Result<Option<Words<'a>>, RelayError> {
    match parent.get(name) {
        Some(raw) if !raw.get().starts_with('"') => {
            let path = parent.path(name);
            Err(RelayError::invalid_value(path.clone(), format!("`{path}` must be a string")))
        }
        Some(raw) if raw.get() != "\"\"" => Ok(Some(Words::Raw(raw))),
        _ => Ok(None),
    }
}

/// A part of text.
pub(super) fn text_part(text: Words<'_>) -> Part<'_> {
    Part { text: Some(text), ..Part::default() }
}

/// Translates one part of a user message; `None` for empty text.
///
/// # Errors
/// Kinds and media that Gemini does not take, naming the member.
pub(super) fn user_part<'a>(
    part: &Object<'a>,
    family: &ModelFamily,
    notes: &mut Notes,
) -> Result<Option<Part<'a>>, RelayError> {
    match required_text(part, "type")?.as_ref() {
        "text" => Ok(raw_text(part, "text")?.map(text_part)),
        "image_url" => image(&required_object(part, "image_url")?, family, notes).map(Some),
        "input_audio" => audio(&required_object(part, "input_audio")?).map(Some),
        "file" => file(&required_object(part, "file")?).map(Some),
        kind => {
            let shown: String = kind.chars().take(50).collect();
            let why = format!("Gemini has no counterpart for content parts of type `{shown}`");
            Err(RelayError::unsupported_value(part.path("type"), why))
        }
    }
}

fn image<'a>(image: &Object<'a>, family: &ModelFamily, notes: &mut Notes) -> Result<Part<'a>, RelayError> {
    let url = required_text(image, "url")?;
    let refused = |why: &str| RelayError::invalid_value(image.path("url"), format!("`{}` {why}", image.path("url")));
    let mut part = Part::default();
    let has_scheme = |scheme: &str| url.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    if has_scheme("data:") {
        let blob = data_url(url).ok_or_else(|| refused("must be `data:<media type>;base64,<valid base64>`"))?;
        part.inline_data = Some(blob);
    } else if has_scheme("https://") {
        let mime_type = media_type(&url).unwrap_or("image/jpeg");
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

fn audio<'a>(audio: &Object<'a>) -> Result<Part<'a>, RelayError> {
    let mime_type = match required_text(audio, "format")?.as_ref() {
        "wav" => "audio/wav",
        "mp3" => "audio/mp3",
        _ => return Err(RelayError::invalid_value(audio.path("format"), "the format of audio must be wav or mp3")),
    };
    let data = base64(required_text(audio, "data")?).ok_or_else(|| {
        let path = audio.path("data");
        RelayError::invalid_value(path.clone(), format!("`{path}` is not valid base64"))
    })?;
    Ok(Part { inline_data: Some(Blob { mime_type: mime_type.into(), data }), ..Part::default() })
}

fn file<'a>(file: &Object<'a>) -> Result<Part<'a>, RelayError> {
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
    let blob = if data.starts_with("data:") {
        data_url(data).ok_or_else(bad)?
    } else {
        Blob { mime_type: by_name.ok_or_else(no_type)?.into(), data: base64(data).ok_or_else(bad)? }
    };
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

/// The media in `data:<mime>[;parameters];base64,<data>`.
fn data_url(url: Cow<'_, str>) -> Option<Blob<'_>> {
    let start = "data:".len();
    let comma = url.find(',')?;
    let head = url.get(start..comma)?.strip_suffix(";base64")?;
    let mime = head.split(';').next().filter(|mime| mime.contains('/'))?;
    let (mime_end, data_start) = (start + mime.len(), comma + 1);
    let (mime_type, data) = match url {
        Cow::Borrowed(url) => (Cow::Borrowed(url.get(start..mime_end)?), Cow::Borrowed(url.get(data_start..)?)),
        Cow::Owned(url) => {
            (Cow::Owned(url.get(start..mime_end)?.to_owned()), Cow::Owned(url.get(data_start..)?.to_owned()))
        }
    };
    let mime_type = if mime_type == "image/jpg" { Cow::Borrowed("image/jpeg") } else { mime_type };
    Some(Blob { mime_type, data: base64(data)? })
}

/// Checks base64, and turns the URL-safe alphabet and missing padding into the standard. Copies only then.
fn base64(data: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let digits = data.trim_end_matches('=');
    let padding = data.len() - digits.len();
    let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    if digits.is_empty() || digits.len() % 4 == 1 || padding > 2 || !digits.as_bytes().iter().all(is_digit) {
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

/// The media type that the name of a file, or a URL's path, ends with.
fn media_type(name: &str) -> Option<&'static str> {
    const TYPES: &[(&str, &str)] = &[
        ("pdf", "application/pdf"),
        ("txt", "text/plain"),
        ("md", "text/markdown"),
        ("csv", "text/csv"),
        ("json", "application/json"),
        ("html", "text/html"),
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
        ("flac", "audio/flac"),
        ("ogg", "audio/ogg"),
        ("mp4", "video/mp4"),
        ("mpeg", "video/mpeg"),
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

    #[track_caller]
    fn check(part: &str, want: &str) {
        let object = Object::parse(part.as_bytes()).unwrap();
        let got = match user_part(&object, ModelFamily::for_model("gemini-3.8-flash"), &mut Notes::default()) {
            Ok(part) => serde_json::to_string(&part).unwrap(),
            Err(error) => error.param().unwrap_or("?").to_owned(),
        };
        assert_eq!(got, want, "{part}");
    }

    #[test]
    fn base64_is_made_standard_or_refused() {
        for (data, want) in [
            ("iVBORw0KGgo=", Some("iVBORw0KGgo=")),
            ("_-8", Some("/+8=")),
            ("QQ", Some("QQ==")),
            ("Q", None),
            ("QQ=", Some("QQ==")),
            ("QQ===", None),
            ("Q Q=", None),
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
    fn images_come_by_data_or_https() {
        let image = |url: &str| format!(r#"{{"type":"image_url","image_url":{{"url":"{url}"}}}}"#);
        check(&image("data:image/jpg;base64,QQ"), r#"{"inlineData":{"mimeType":"image/jpeg","data":"QQ=="}}"#);
        check(&image("https://x/y.PNG#a"), r#"{"fileData":{"mimeType":"image/png","fileUri":"https://x/y.PNG#a"}}"#);
        check(&image("https://x/y"), r#"{"fileData":{"mimeType":"image/jpeg","fileUri":"https://x/y"}}"#);
        for bad in ["gs://a/b", "file:///etc/passwd", "data:image/png,abc", "data:;base64,QQ", "data:a/b;base64,!", "é"]
        {
            check(&image(bad), "image_url.url");
        }
    }

    #[test]
    fn files_need_a_known_type_and_place() {
        let file = |inner: &str| format!(r#"{{"type":"file","file":{{{inner}}}}}"#);
        check(
            &file(r#""file_data":"QQ==","filename":"a.csv""#),
            r#"{"inlineData":{"mimeType":"text/csv","data":"QQ=="}}"#,
        );
        check(&file(r#""file_data":"QQ==""#), "file.filename");
        check(
            &file(r#""file_id":"files/a","filename":"a.pdf""#),
            &format!(r#"{{"fileData":{{"mimeType":"application/pdf","fileUri":"{FILES}a"}}}}"#),
        );
        check(
            &file(r#""file_id":"https://youtu.be/x""#),
            r#"{"fileData":{"mimeType":"video/mp4","fileUri":"https://youtu.be/x"}}"#,
        );
        check(&file(r#""file_id":"file-123""#), "file.file_id");
        check(&file(""), "file.file_id");
    }

    #[test]
    fn unknown_parts_and_formats_name_their_member() {
        check(r#"{"type":"hologram"}"#, "type");
        check(r#"{"type":"input_audio","input_audio":{"data":"QQ==","format":"ogg"}}"#, "input_audio.format");
        check(r#"{"type":"text","text":7}"#, "text");
        check(r#"{"type":"text","text":""}"#, "null");
    }
}

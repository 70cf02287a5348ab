//! Media: pictures, recordings and files, in the request or where Google finds them.

use std::borrow::Cow;

use super::kinds::{self, Kind};
use super::models::ModelFamily;
use super::parts::{Blob, FILES, FileData, MediaResolution, Part, Words, text_part};
use super::tools::required_text;
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::data_url::{self, DataUrl, SCHEME, has_scheme};
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
    if has_scheme(&url, SCHEME) {
        let read = DataUrl::parse(url).filter(|url| url.is_base64).map(|url| (url.declared, url.data));
        let Some((declared, Some(data))) = read.filter(|(_, data)| data.as_ref().is_some_and(|data| !data.is_empty()))
        else {
            return Err(refused("must be `data:<media type>;base64,<valid base64>`"));
        };
        let mime_type = match kinds::kind(&declared, None, &data) {
            Kind::Taken(kind) if !kind.starts_with("text/") => kind,
            Kind::Unknown => return Err(refused("must name its media type")),
            _ => return Err(not_taken(&declared, image.path("url"))),
        };
        part.inline_data = Some(Box::new(Blob { mime_type, data }));
    } else if has_scheme(&url, "https://") {
        let mime_type = kinds::type_of_name(&url).unwrap_or("image/jpeg");
        if !kinds::is_taken(mime_type) && mime_type != "image/bmp" {
            return Err(not_taken(mime_type, image.path("url")));
        }
        part.file_data = Some(Box::new(FileData { mime_type, file_uri: url }));
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

/// A recording. What its first bytes say counts more than its declared format.
///
/// # Errors
/// Invalid base64; a format that is neither known by its name nor by the bytes.
pub(super) fn audio<'a>(audio: &Object<'a>) -> Result<Part<'a>, RelayError> {
    let data = data_url::standard(required_text(audio, "data")?).filter(|data| !data.is_empty());
    let data = data.ok_or_else(|| {
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
    Ok(Part { inline_data: Some(Box::new(Blob { mime_type: mime_type.into(), data })), ..Part::default() })
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
        return Ok(Part { file_data: Some(Box::new(file_data)), ..Part::default() });
    };
    let (declared, data) = match has_scheme(&data, SCHEME) {
        true => DataUrl::parse(data).map(|url| (url.declared, url.data)).unwrap_or_default(),
        false => (String::new(), data_url::standard(data)),
    };
    let data = data.ok_or_else(|| {
        let path = file.path("file_data");
        RelayError::invalid_value(path.clone(), format!("`{path}` must be valid base64 or a data URL"))
    })?;
    if data.is_empty() {
        let words = format!("[{} is an empty file]", name.as_deref().unwrap_or("this"));
        return Ok(text_part(Words::Own(words.into())));
    }
    match kinds::kind(&declared, name.as_deref(), &data) {
        Kind::Taken(mime_type) => Ok(Part { inline_data: Some(Box::new(Blob { mime_type, data })), ..Part::default() }),
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

#[cfg(test)]
mod tests {
    use super::*;

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

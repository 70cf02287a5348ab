//! Content parts, as Gemini has them, and the parts of messages that become them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::media;
use super::models::ModelFamily;
use super::tools::{required_object, required_text};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// Media that Gemini 3 takes inside of a tool's result
/// (<https://ai.google.dev/gemini-api/docs/function-calling#multimodal>). Other media stands beside it.
const IN_RESULTS: &[&str] = &["image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"];

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
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Words<'a> {
    Raw(&'a RawValue),
    Own(Cow<'static, str>),
}

/// Media inside the request, in base64.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Blob<'a> {
    pub(super) mime_type: Cow<'a, str>,
    pub(super) data: Cow<'a, str>,
}

/// Media that Google fetches.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FileData<'a> {
    pub(super) mime_type: &'static str,
    pub(super) file_uri: Cow<'a, str>,
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
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) parts: Vec<ResponsePart<'a>>,
}

/// Media inside of a result.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) enum ResponsePart<'a> {
    InlineData(Blob<'a>),
    FileData(FileData<'a>),
}

impl<'a> ResponsePart<'a> {
    /// A part as one of a result, and the resolution, which has no place there; the part itself if it can't be one. Of the
    /// media that Google fetches, only files of its own Files API were seen to be taken.
    pub(super) fn inside(part: Part<'a>) -> Result<(Self, Option<MediaResolution>), Box<Part<'a>>> {
        match part {
            Part { inline_data: Some(blob), media_resolution, .. } if IN_RESULTS.contains(&blob.mime_type.as_ref()) => {
                Ok((Self::InlineData(blob), media_resolution))
            }
            Part { file_data: Some(file), media_resolution, .. }
                if IN_RESULTS.contains(&file.mime_type) && file.file_uri.starts_with(media::FILES) =>
            {
                Ok((Self::FileData(file), media_resolution))
            }
            part => Err(Box::new(part)),
        }
    }

    /// The part on its own.
    pub(super) fn alone(self, media_resolution: Option<MediaResolution>) -> Part<'a> {
        match self {
            Self::InlineData(blob) => Part { inline_data: Some(blob), media_resolution, ..Part::default() },
            Self::FileData(file) => Part { file_data: Some(file), media_resolution, ..Part::default() },
        }
    }
}

/// How closely to look at a picture.
#[derive(Debug, Serialize)]
pub(super) struct MediaResolution {
    pub(super) level: &'static str,
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
        "refusal" => Ok(raw_text(part, "refusal")?.map(text_part)),
        "image_url" => media::image(&required_object(part, "image_url")?, family, notes).map(Some),
        "input_audio" => media::audio(&required_object(part, "input_audio")?).map(Some),
        "file" => media::file(&required_object(part, "file")?).map(Some),
        kind => {
            let shown: String = kind.chars().take(50).collect();
            let why = format!("Gemini has no counterpart for content parts of type `{shown}`");
            Err(RelayError::unsupported_value(part.path("type"), why))
        }
    }
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
            r#"{"fileData":{"mimeType":"application/pdf","fileUri":"https://generativelanguage.googleapis.com/v1beta/files/a"}}"#,
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
        check(r#"{"type":"input_audio","input_audio":{"data":"QQ==","format":"kazoo"}}"#, "input_audio.format");
        check(r#"{"type":"text","text":7}"#, "text");
        check(r#"{"type":"text","text":""}"#, "null");
    }
}

//! Content parts, as Gemini has them.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::error::RelayError;
use crate::translation::json::Object;

/// Where Google keeps uploaded files.
pub(super) const FILES: &str = "https://generativelanguage.googleapis.com/v1beta/files/";
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
    pub(super) inline_data: Option<Box<Blob<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) file_data: Option<Box<FileData<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_call: Option<Box<FunctionCall<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) function_response: Option<Box<FunctionResponse<'a>>>,
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
                Ok((Self::InlineData(*blob), media_resolution))
            }
            Part { file_data: Some(file), media_resolution, .. }
                if IN_RESULTS.contains(&file.mime_type) && file.file_uri.starts_with(FILES) =>
            {
                Ok((Self::FileData(*file), media_resolution))
            }
            part => Err(Box::new(part)),
        }
    }

    /// The part on its own.
    pub(super) fn alone(self, media_resolution: Option<MediaResolution>) -> Part<'a> {
        match self {
            Self::InlineData(blob) => Part { inline_data: Some(Box::new(blob)), media_resolution, ..Part::default() },
            Self::FileData(file) => Part { file_data: Some(Box::new(file)), media_resolution, ..Part::default() },
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

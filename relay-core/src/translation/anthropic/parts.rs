//! OpenAI content parts to Anthropic blocks: text, images, files.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::blocks::{Block, Marker, Source};
use crate::error::RelayError;
use crate::translation::json::Object;

/// `content`, in either of its forms.
pub(super) enum Content<'a> {
    /// A string that is not blank.
    Text(Cow<'a, str>),
    /// An array of parts.
    Parts(Vec<Object<'a>>),
    /// Absent, `null`, or blank: Anthropic refuses empty text.
    Nothing,
}

/// Reads a message's `content`.
///
/// # Errors
/// `invalid_value` if it is neither a string nor an array of objects.
pub(super) fn content<'a>(message: &Object<'a>) -> Result<Content<'a>, RelayError> {
    let Some(raw) = message.get("content") else { return Ok(Content::Nothing) };
    if raw.get().starts_with('[') {
        return Ok(Content::Parts(message.objects("content")?.unwrap_or_default()));
    }
    let path = message.path("content");
    let Ok(Some(text)) = message.text("content") else {
        let message = format!("`{path}` must be a string or an array of parts");
        return Err(RelayError::invalid_value(path, message));
    };
    Ok(if is_blank(&text) { Content::Nothing } else { Content::Text(text) })
}

/// Empty, or white space only.
pub(super) fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

/// The blocks of a user message.
///
/// # Errors
/// Parts that Anthropic has no counterpart for, by their path.
pub(super) fn user_blocks<'a>(message: &Object<'a>) -> Result<Vec<Block<'a>>, RelayError> {
    blocks(message, user_part)
}

/// The blocks of a tool result's parts.
///
/// # Errors
/// Parts that Anthropic has no counterpart for, by their path.
pub(super) fn result_blocks<'a>(parts: &[Object<'a>]) -> Result<Vec<Block<'a>>, RelayError> {
    parts.iter().filter_map(|part| user_part(part).transpose()).collect()
}

/// The blocks of a system message: text only.
///
/// # Errors
/// Parts of another type.
pub(super) fn system_blocks<'a>(message: &Object<'a>) -> Result<Vec<Block<'a>>, RelayError> {
    blocks(message, |part| match kind(part)?.as_ref() {
        "text" => text_part(part),
        _ => Err(unsupported(part)),
    })
}

fn blocks<'a>(
    message: &Object<'a>,
    part: impl Fn(&Object<'a>) -> Result<Option<Block<'a>>, RelayError>,
) -> Result<Vec<Block<'a>>, RelayError> {
    match content(message)? {
        Content::Nothing => Ok(Vec::new()),
        Content::Text(text) => Ok(vec![Block::Text { text, cache_control: marker(message) }]),
        Content::Parts(parts) => parts.iter().filter_map(|object| part(object).transpose()).collect(),
    }
}

/// A part's `type`; absent reads as `text`.
pub(super) fn kind<'a>(part: &Object<'a>) -> Result<Cow<'a, str>, RelayError> {
    Ok(part.text("type")?.unwrap_or(Cow::Borrowed("text")))
}

/// The error for a part that Anthropic has no counterpart for.
pub(super) fn unsupported(part: &Object<'_>) -> RelayError {
    let path = part.path("type");
    let message = format!("Anthropic takes no content of this type (`{path}`) in this place");
    RelayError::unsupported_value(path, message)
}

/// A `text` part; nothing if it is blank.
pub(super) fn text_part<'a>(part: &Object<'a>) -> Result<Option<Block<'a>>, RelayError> {
    let text = part.text("text")?.unwrap_or_default();
    Ok((!is_blank(&text)).then(|| Block::Text { text, cache_control: marker(part) }))
}

fn user_part<'a>(part: &Object<'a>) -> Result<Option<Block<'a>>, RelayError> {
    match kind(part)?.as_ref() {
        "text" => text_part(part),
        "image_url" => image(part).map(Some),
        "file" => file(part).map(Some),
        _ => Err(unsupported(part)),
    }
}

/// The cache marker of a part, a message or a tool: Anthropic's own, or OpenAI's breakpoint.
///
/// A breakpoint is always the short marker, since a one-hour marker may not follow a five-minute one.
pub(super) fn marker<'a>(object: &Object<'a>) -> Option<Marker<'a>> {
    let breakpoint = || object.get("prompt_cache_breakpoint").map(|_| Marker::Ephemeral { r#type: "ephemeral" });
    object.get("cache_control").map(Marker::Given).or_else(breakpoint)
}

fn image<'a>(part: &Object<'a>) -> Result<Block<'a>, RelayError> {
    let holder = part.object("image_url")?.unwrap_or_default();
    let path = part.path("image_url.url");
    let url = holder.text("url")?.unwrap_or_default();
    if url.starts_with("https://") {
        return Ok(Block::Image { source: Source::Url { url }, cache_control: marker(part) });
    }
    if url.starts_with("data:") {
        return data_uri(url, None, part, &path);
    }
    Err(RelayError::invalid_value(path.clone(), format!("`{path}` must be an https URL or a data URI with base64")))
}

fn file<'a>(part: &Object<'a>) -> Result<Block<'a>, RelayError> {
    let holder = part.object("file")?.unwrap_or_default();
    let title = holder.text("filename")?.filter(|name| !is_blank(name));
    if let Some(file_id) = holder.text("file_id")? {
        return file_by_id(file_id, title, part);
    }
    let path = part.path("file.file_data");
    let data = holder.text("file_data")?.unwrap_or_default();
    if data.starts_with("data:") {
        return data_uri(data, title, part, &path);
    }
    let is_pdf = title.as_ref().is_some_and(|name| name.to_ascii_lowercase().ends_with(".pdf"));
    if data.is_empty() || !is_pdf {
        let message = format!("`{path}` must be a data URI, or the base64 of a file whose `filename` ends in .pdf");
        return Err(RelayError::invalid_value(path, message));
    }
    Ok(pdf(data, title, part))
}

fn file_by_id<'a>(
    file_id: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    part: &Object<'a>,
) -> Result<Block<'a>, RelayError> {
    if !file_id.starts_with("file_") {
        let message = "only ids of Anthropic's Files API (`file_…`) can be used with a Claude model";
        return Err(RelayError::unsupported_value(part.path("file.file_id"), message));
    }
    Ok(Block::Document { source: Source::File { file_id }, title, cache_control: marker(part) })
}

fn pdf<'a>(data: Cow<'a, str>, title: Option<Cow<'a, str>>, part: &Object<'a>) -> Block<'a> {
    let source = Source::Base64 { media_type: "application/pdf", data: without_white_space(data) };
    Block::Document { source, title, cache_control: marker(part) }
}

/// `data:<type>[;parameter]*;base64,<data>` as an image or a document.
fn data_uri<'a>(
    uri: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    part: &Object<'a>,
    path: &str,
) -> Result<Block<'a>, RelayError> {
    let invalid = |message: String| RelayError::invalid_value(path.to_owned(), message);
    let comma = uri.find(',').filter(|comma| *comma < 512);
    let head = comma.and_then(|comma| uri.get("data:".len()..comma)).unwrap_or_default().to_ascii_lowercase();
    let (Some(comma), Some(head)) = (comma, head.strip_suffix(";base64")) else {
        return Err(invalid(format!("`{path}` must be a data URI with base64: data:image/png;base64,…")));
    };
    let data = tail(uri, comma + 1);
    let media_type = match head.split(';').next().unwrap_or_default().trim() {
        "image/jpeg" | "image/jpg" => "image/jpeg",
        "image/png" => "image/png",
        "image/gif" => "image/gif",
        "image/webp" => "image/webp",
        "application/pdf" => return Ok(pdf(data, title, part)),
        "text/plain" => {
            let bytes = STANDARD.decode(without_white_space(data).as_bytes()).ok();
            let data = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
            let data = data.ok_or_else(|| invalid(format!("`{path}` is not the base64 of UTF-8 text")))?;
            let source = Source::Text { media_type: "text/plain", data };
            return Ok(Block::Document { source, title, cache_control: marker(part) });
        }
        _ => {
            let message = format!("`{path}`: Anthropic takes JPEG, PNG, GIF and WebP images, PDF and plain text");
            return Err(RelayError::unsupported_value(path.to_owned(), message));
        }
    };
    let source = Source::Base64 { media_type, data: without_white_space(data) };
    Ok(Block::Image { source, cache_control: marker(part) })
}

/// The text from byte `at` on, without a copy where it is borrowed.
fn tail(text: Cow<'_, str>, at: usize) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(at..).unwrap_or_default()),
        Cow::Owned(mut text) => {
            text.drain(..at.min(text.len()));
            Cow::Owned(text)
        }
    }
}

fn without_white_space(data: Cow<'_, str>) -> Cow<'_, str> {
    if data.bytes().any(|b| b.is_ascii_whitespace()) {
        return Cow::Owned(data.split_ascii_whitespace().collect());
    }
    data
}

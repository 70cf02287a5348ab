//! OpenAI content parts to Anthropic blocks: text, images, files.

use std::borrow::Cow;

use super::blocks::{Block, Marker, Source};
use super::media::{File, Kind};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::data_url::{SCHEME, has_scheme};
use crate::translation::json::Object;

const HTTPS: &str = "https://";

/// `content`, in either of its forms.
pub(super) enum Content<'a> {
    /// A string that is not blank.
    Text(Cow<'a, str>),
    /// An array of parts.
    Parts(Vec<Object<'a>>),
    /// Absent, `null`, or blank: Anthropic refuses empty text.
    Nothing,
}

/// Where a message stands, and what is noted of it.
#[derive(Debug)]
pub(super) struct Place<'n> {
    /// Whether it is not the newest message of the user. The caller can't take such a message back: what Anthropic has no
    /// counterpart for is left out of it and named, where the new message is refused.
    pub(super) is_history: bool,
    pub(super) notes: &'n mut Notes,
}

impl Place<'_> {
    /// What stands for a part that Anthropic has no counterpart for; `row` is its row in the table.
    ///
    /// # Errors
    /// In a new message, `error`.
    fn left_out<'a>(&mut self, row: &str, what: &str, error: RelayError) -> Result<Block<'a>, RelayError> {
        if !self.is_history {
            return Err(error);
        }
        self.notes.drop(row);
        Ok(Block::text(format!("[{what} that Claude can't take was left out]")))
    }
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
/// Parts of a new message that Anthropic has no counterpart for, by their path.
pub(super) fn user_blocks<'a>(message: &Object<'a>, place: &mut Place<'_>) -> Result<Vec<Block<'a>>, RelayError> {
    let content = content(message)?;
    blocks(message, content, place, user_part)
}

/// The blocks of a system message: text only.
///
/// # Errors
/// As [`user_blocks`].
pub(super) fn system_blocks<'a>(message: &Object<'a>, place: &mut Place<'_>) -> Result<Vec<Block<'a>>, RelayError> {
    let content = content(message)?;
    blocks(message, content, place, |part, place| match kind(part)?.as_ref() {
        "text" => text_part(part),
        kind => other_part(part, kind, place).map(Some),
    })
}

/// The blocks of an assistant message's text, without the message's own cache marker.
///
/// # Errors
/// As [`user_blocks`].
pub(super) fn answer_blocks<'a>(content: Content<'a>, place: &mut Place<'_>) -> Result<Vec<Block<'a>>, RelayError> {
    let part = |part: &Object<'a>, place: &mut Place<'_>| match kind(part)?.as_ref() {
        "text" => text_part(part),
        "refusal" => Ok(part.text("refusal")?.filter(|text| !is_blank(text)).map(Block::text)),
        kind => other_part(part, kind, place).map(Some),
    };
    blocks(&Object::default(), content, place, part)
}

/// A content's blocks, with their cache markers. The marker of a blank part, or of the message, goes to the block before it:
/// it means all that stands before it.
fn blocks<'a>(
    message: &Object<'a>,
    content: Content<'a>,
    place: &mut Place<'_>,
    read: impl Fn(&Object<'a>, &mut Place<'_>) -> Result<Option<Block<'a>>, RelayError>,
) -> Result<Vec<Block<'a>>, RelayError> {
    let mut blocks = Vec::new();
    match content {
        Content::Nothing => {}
        Content::Text(text) => blocks.push(Block::Text { text, cache_control: None }),
        Content::Parts(parts) => {
            blocks.reserve(parts.len());
            for part in &parts {
                blocks.extend(read(part, place)?);
                mark_last(&mut blocks, part_marker(part), place.notes);
            }
        }
    }
    mark_last(&mut blocks, marker(message), place.notes);
    Ok(blocks)
}

/// Puts a marker on the last block that takes one and has none; names it if there is no such block.
pub(super) fn mark_last<'a>(blocks: &mut [Block<'a>], marker: Option<Marker<'a>>, notes: &mut Notes) {
    let Some(marker) = marker else { return };
    match blocks.iter_mut().rev().find_map(Block::marker_mut) {
        Some(own) => *own = own.or(Some(marker)),
        None => notes.drop("messages.cache_control"),
    }
}

/// A tool result's parts, and the cache marker that the result gets: Anthropic refuses one within it. Of several, the last
/// part's counts, and the others are named.
///
/// # Errors
/// As [`user_blocks`].
pub(super) fn result_blocks<'a>(
    message: &Object<'a>,
    parts: &[Object<'a>],
    place: &mut Place<'_>,
) -> Result<(Vec<Block<'a>>, Option<Marker<'a>>), RelayError> {
    let mut blocks = Vec::with_capacity(parts.len());
    for part in parts {
        blocks.extend(user_part(part, place)?);
    }
    let mut markers = parts.iter().enumerate().rev().filter_map(|(index, part)| Some((index, part_marker(part)?)));
    let last = markers.next();
    // The message's own marker stands where the last part's does.
    let is_apart = last.is_some_and(|(index, _)| marker(message).is_some() && index + 1 < parts.len());
    if is_apart || markers.next().is_some() {
        place.notes.drop("messages.cache_control");
    }
    Ok((blocks, last.map(|(_, marker)| marker)))
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

/// What stands for a part of a type that Anthropic does not have.
fn other_part<'a>(part: &Object<'a>, kind: &str, place: &mut Place<'_>) -> Result<Block<'a>, RelayError> {
    let (row, what) = match kind {
        "input_audio" => ("input_audio", "audio"),
        "image_url" => ("image_url", "an image"),
        "file" => ("file.file_data", "a file"),
        _ => ("messages.content", "content"),
    };
    place.left_out(row, what, unsupported(part))
}

/// A `text` part; nothing if it is blank.
fn text_part<'a>(part: &Object<'a>) -> Result<Option<Block<'a>>, RelayError> {
    let text = part.text("text")?.unwrap_or_default();
    Ok((!is_blank(&text)).then(|| Block::text(text)))
}

fn user_part<'a>(part: &Object<'a>, place: &mut Place<'_>) -> Result<Option<Block<'a>>, RelayError> {
    match kind(part)?.as_ref() {
        "text" => text_part(part),
        "image_url" => image(part, place).map(Some),
        "file" => file(part, place).map(Some),
        "refusal" => Ok(part.text("refusal")?.filter(|text| !is_blank(text)).map(Block::text)),
        kind => other_part(part, kind, place).map(Some),
    }
}

/// The cache marker of a part, a message or a tool: Anthropic's own, or OpenAI's breakpoint.
///
/// A breakpoint is always the short marker, since a one-hour marker may not follow a five-minute one.
pub(super) fn marker<'a>(object: &Object<'a>) -> Option<Marker<'a>> {
    let breakpoint = || object.get("prompt_cache_breakpoint").map(|_| Marker::Ephemeral { r#type: "ephemeral" });
    object.get("cache_control").map(Marker::Given).or_else(breakpoint)
}

/// The cache marker of a part, or of what is in it: both stand for the same place.
pub(super) fn part_marker<'a>(part: &Object<'a>) -> Option<Marker<'a>> {
    let inner = |name: &str| part.object(name).ok().flatten().and_then(|inner| marker(&inner));
    marker(part).or_else(|| ["image_url", "file", "input_audio"].into_iter().find_map(inner))
}

/// An `image_url` part.
///
/// # Errors
/// As [`user_blocks`].
pub(super) fn image<'a>(part: &Object<'a>, place: &mut Place<'_>) -> Result<Block<'a>, RelayError> {
    let holder = part.object("image_url")?.unwrap_or_default();
    let path = part.path("image_url.url");
    let url = holder.text("url")?.unwrap_or_default();
    if has_scheme(&url, HTTPS) {
        let url = if url.starts_with(HTTPS) {
            url
        } else {
            Cow::Owned(format!("{HTTPS}{}", url.get(HTTPS.len()..).unwrap_or_default()))
        };
        return Ok(Block::Image { source: Source::Url { url }, cache_control: None });
    }
    if has_scheme(&url, SCHEME) {
        return data_url(url, None, Attached { row: "image_url", what: "an image", path }, place);
    }
    let message = format!("`{path}` must be an https URL or a data URI with base64");
    place.left_out("image_url", "an image", RelayError::invalid_value(path, message))
}

fn file<'a>(part: &Object<'a>, place: &mut Place<'_>) -> Result<Block<'a>, RelayError> {
    let holder = part.object("file")?.unwrap_or_default();
    let title = holder.text("filename")?.filter(|name| !is_blank(name));
    if let Some(file_id) = holder.text("file_id")? {
        return file_by_id(file_id, title, part, place);
    }
    let path = part.path("file.file_data");
    let data = holder.text("file_data")?.unwrap_or_default();
    let attached = Attached { row: "file.file_data", what: "a file", path };
    if has_scheme(&data, SCHEME) {
        return data_url(data, title, attached, place);
    }
    let file = File::from_base64(data);
    match file.kind(title.as_deref()) {
        Some(kind) => block(file, kind, title, attached, place),
        None => {
            let path = attached.path;
            let message = format!("`{path}` must be a data URI, or the base64 of a file with a known `filename`");
            place.left_out(attached.row, attached.what, RelayError::invalid_value(path, message))
        }
    }
}

fn file_by_id<'a>(
    file_id: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    part: &Object<'a>,
    place: &mut Place<'_>,
) -> Result<Block<'a>, RelayError> {
    if file_id.starts_with("file_") {
        return Ok(Block::Document { source: Source::File { file_id }, title, cache_control: None });
    }
    let message = "only ids of Anthropic's Files API (`file_…`) can be used with a Claude model";
    let error = RelayError::unsupported_value(part.path("file.file_id"), message);
    place.left_out("file.file_id", "a file", error)
}

/// The part that a file came in.
struct Attached {
    /// Its row in the table.
    row: &'static str,
    what: &'static str,
    path: String,
}

/// A `data:` URL as an image or a document.
fn data_url<'a>(
    url: Cow<'a, str>,
    title: Option<Cow<'a, str>>,
    attached: Attached,
    place: &mut Place<'_>,
) -> Result<Block<'a>, RelayError> {
    let Attached { row, what, path } = &attached;
    let Some(file) = File::from_data_url(url) else {
        let message = format!("`{path}` must be a data URI with base64: data:image/png;base64,…");
        return place.left_out(row, what, RelayError::invalid_value(path.clone(), message));
    };
    match file.kind(title.as_deref()) {
        Some(kind) => block(file, kind, title, attached, place),
        None => {
            let message = format!("`{path}`: Anthropic takes JPEG, PNG, GIF and WebP images, PDF and text");
            place.left_out(row, what, RelayError::unsupported_value(path.clone(), message))
        }
    }
}

fn block<'a>(
    file: File<'a>,
    kind: Kind,
    title: Option<Cow<'a, str>>,
    attached: Attached,
    place: &mut Place<'_>,
) -> Result<Block<'a>, RelayError> {
    let Attached { row, what, path } = attached;
    let unreadable = |place: &mut Place<'_>| {
        let message = format!("`{path}` is not base64, or empty");
        place.left_out(row, what, RelayError::invalid_value(path.clone(), message))
    };
    let source = match kind {
        Kind::Image(media_type) => {
            let Some(data) = file.into_data() else { return unreadable(place) };
            return Ok(Block::Image { source: Source::Base64 { media_type, data }, cache_control: None });
        }
        Kind::Pdf => {
            let Some(data) = file.into_data() else { return unreadable(place) };
            Source::Base64 { media_type: "application/pdf", data }
        }
        Kind::Text => {
            let Some(decoded) = file.text() else { return unreadable(place) };
            if decoded.is_lossy {
                place.notes.adjust(row);
            }
            if is_blank(&decoded.text) {
                // Anthropic refuses an empty document.
                return Ok(Block::text(format!("[{} is an empty file]", title.as_deref().unwrap_or("this"))));
            }
            Source::Text { media_type: "text/plain", data: decoded.text }
        }
    };
    Ok(Block::Document { source, title, cache_control: None })
}

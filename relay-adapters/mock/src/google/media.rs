//! Pictures and files: their data is base64, and of a type that the model takes.

use serde_json::Value;

use super::errors::Checked;
use super::models::Family;
use super::refusals::{BASE64, MIME_TYPE, RESPONSE_PARTS};
use crate::media;
use crate::members::{items, string};

/// Types of inline data. Of pictures and functions' responses only those below; all other texts are read as text.
const IMAGES: &[&str] = &["image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"];
const DOCUMENTS: &[&str] = &["application/pdf", "application/json", "application/xml", "application/rtf"];
const AUDIO: &[&str] = &["wav", "mp3", "aiff", "aac", "ogg", "flac", "mpeg", "mp4", "m4a", "webm", "opus", "pcm"];
const VIDEO: &[&str] = &["mp4", "mpeg", "mpg", "mov", "quicktime", "avi", "x-flv", "webm", "wmv", "3gpp"];
/// Types of data in the response of a function.
const IN_RESPONSES: &[&str] = &["image/png", "image/jpeg", "image/webp", "application/pdf", "text/plain"];

/// Checks the data of a content's parts; `path` is its place in the request.
pub(super) fn check(one: &Value, path: &str, family: &Family, model: &str) -> Checked {
    for (at, part) in items(one, "parts").into_iter().enumerate() {
        inline(part, &format!("{path}.parts[{at}]"), is_taken)?;
        let response = part.get("functionResponse").unwrap_or(&Value::Null);
        let inner = items(response, "parts");
        if !inner.is_empty() && !family.signs {
            return Err(RESPONSE_PARTS.say(&[model]));
        }
        for (index, part) in inner.into_iter().enumerate() {
            let path = format!("{path}.parts[{at}].function_response.parts[{index}]");
            inline(part, &path, |kind| IN_RESPONSES.contains(&kind))?;
        }
    }
    Ok(())
}

fn inline(part: &Value, path: &str, is_taken: impl Fn(&str) -> bool) -> Checked {
    let Some(data) = part.get("inlineData").filter(|data| !data.is_null()) else { return Ok(()) };
    let kind = string(data, "mimeType");
    if !is_taken(kind) {
        return Err(MIME_TYPE.say(&[kind]));
    }
    match media::decoded(string(data, "data")) {
        Some(_) => Ok(()),
        None => Err(BASE64.say(&[path, string(data, "data")])),
    }
}

fn is_taken(kind: &str) -> bool {
    let kind = kind.split(';').next().unwrap_or_default().trim();
    match kind.split_once('/') {
        Some(("image", _)) => IMAGES.contains(&kind),
        Some(("audio", name)) => AUDIO.contains(&name.strip_prefix("x-").unwrap_or(name)),
        Some(("video", name)) => VIDEO.contains(&name),
        Some(("text", _)) => true,
        _ => DOCUMENTS.contains(&kind),
    }
}

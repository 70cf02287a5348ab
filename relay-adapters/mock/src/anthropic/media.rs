//! Pictures and documents: their data is base64, and of the type that is declared.

use serde_json::Value;

use super::errors::Checked;
use super::refusals::{BASE64, EMPTY_DATA, HTTPS, IMAGE_BYTES, PDF_BYTES};
use crate::media;
use crate::members::string;

/// Checks a block if it is a picture or a document; `path` is its place in the request.
pub(super) fn check(block: &Value, path: &str) -> Checked {
    let kind = string(block, "type");
    let Some(source) = block.get("source").filter(|_| matches!(kind, "image" | "document")) else { return Ok(()) };
    let path = format!("{path}.{kind}");
    let data = string(source, "data");
    match string(source, "type") {
        "url" if !string(source, "url").starts_with("https://") => Err(HTTPS.say(&[&path])),
        "base64" => bytes(data, string(source, "media_type"), kind, &path),
        "text" if data.is_empty() => Err(EMPTY_DATA.say(&[&path, "text.data", "document"])),
        _ => Ok(()),
    }
}

fn bytes(data: &str, declared: &str, kind: &str, path: &str) -> Checked {
    if data.is_empty() {
        return Err(EMPTY_DATA.say(&[path, "base64", if kind == "image" { "image" } else { "PDF" }]));
    }
    let Some(bytes) = media::decoded(data) else { return Err(BASE64.say(&[path])) };
    match media::shown(&bytes) {
        Some(shown) if shown != declared && kind == "document" => Err(PDF_BYTES.say(&[path])),
        Some(shown) if shown != declared => Err(IMAGE_BYTES.say(&[path, declared, shown])),
        _ => Ok(()),
    }
}

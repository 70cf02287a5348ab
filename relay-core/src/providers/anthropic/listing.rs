//! The list of models, and the free request that shows whether a key is good.

use std::borrow::Cow;
use std::fmt::Write;

use serde::Deserialize;

use super::request::VERSION;
use super::response::unreadable;
use super::{headers, wire};
use crate::error::RelayError;
use crate::openai::models::Model;
use crate::ports::{Expect, WireRequest};

/// Asks for a page of the list. 1000 is Anthropic's limit.
pub(super) fn request(after: Option<&str>) -> WireRequest {
    let mut path = "/v1/models?limit=1000".to_owned();
    if let Some(after) = after {
        path.push_str("&after_id=");
        for byte in after.bytes() {
            if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
                path.push(char::from(byte));
            } else {
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    get(path)
}

/// The smallest question: one model. It costs nothing.
pub(super) fn check() -> WireRequest {
    get("/v1/models?limit=1".to_owned())
}

/// Counts the tokens of one word, which is free and shows a spent account (<https://docs.claude.com/en/api/messages-count-tokens>).
pub(super) fn count() -> WireRequest {
    const BODY: &str = r#"{"model":"claude-haiku-4-5","messages":[{"role":"user","content":"hi"}]}"#;
    WireRequest::post("/v1/messages/count_tokens", BODY, Expect::Whole).with_header("anthropic-version", VERSION)
}

fn get(path: String) -> WireRequest {
    WireRequest::get(path).with_header("anthropic-version", VERSION)
}

/// Translates a page, without retired models, and says where the next one begins.
///
/// # Errors
/// An answer that can't be read.
pub(super) fn answer(body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        data: Vec<Entry<'a>>,
        #[serde(default)]
        has_more: bool,
        last_id: Option<String>,
    }
    #[derive(Deserialize)]
    struct Entry<'a> {
        id: String,
        #[serde(borrow, default, deserialize_with = "wire::text")]
        created_at: Option<Cow<'a, str>>,
        #[serde(borrow, default, deserialize_with = "wire::text")]
        lifecycle: Option<Cow<'a, str>>,
    }
    let page: Page<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    let models = page.data.into_iter().filter(|entry| entry.lifecycle.as_deref() != Some("retired"));
    let model = |entry: Entry<'_>| Model {
        created: entry.created_at.as_deref().and_then(headers::instant).map_or(0, |at| at.seconds()),
        id: entry.id,
        object: "model",
        owned_by: "anthropic".to_owned(),
    };
    Ok((models.map(model).collect(), page.last_id.filter(|_| page.has_more)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_openais_shape_and_leads_to_the_next() {
        let body = br#"{"data":[{"type":"model","id":"claude-opus-5-5","display_name":"x","created_at":"2026-11-23T12:00:30Z"},
            {"id":"claude-2","lifecycle":"retired"}],"has_more":true,"first_id":"a","last_id":"claude-2"}"#;
        let (models, next) = answer(body).unwrap();
        assert_eq!(models.len(), 1);
        assert_eq!((models[0].id.as_str(), models[0].created), ("claude-opus-5-5", 1_795_435_230));
        assert_eq!(request(next.as_deref()).path, "/v1/models?limit=1000&after_id=claude-2");
        assert_eq!(request(Some("a&b=é")).path, "/v1/models?limit=1000&after_id=a%26b%3D%C3%A9");
    }
}

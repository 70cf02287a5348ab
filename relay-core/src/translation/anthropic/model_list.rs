//! The list of models, and the free requests that show whether a key works.

use std::borrow::Cow;

use serde::Deserialize;

use super::request::VERSION;
use super::response::unreadable;
use super::{headers, wire};
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::percent::encoded;
use crate::translation::surface::models::Model;

/// Asks for a page of the list. 1000 is Anthropic's limit.
pub(super) fn request(after: Option<&str>) -> WireRequest {
    get(match after {
        None => "/v1/models?limit=1000".to_owned(),
        Some(after) => format!("/v1/models?limit=1000&after_id={}", encoded(after)),
    })
}

/// Asks for one model. Anthropic knows aliases here, as in a call, which are not in the list
/// (<https://docs.claude.com/en/api/models>).
pub(super) fn one(name: &str) -> WireRequest {
    get(format!("/v1/models/{}", encoded(name)))
}

/// The smallest question: a page of one model. It costs nothing.
pub(super) fn check_key() -> WireRequest {
    get("/v1/models?limit=1".to_owned())
}

/// Counts the tokens of one word, which is free and shows a spent account (<https://docs.claude.com/en/api/messages-count-tokens>).
pub(super) fn check_use() -> WireRequest {
    const BODY: &str = r#"{"model":"claude-haiku-4-5","messages":[{"role":"user","content":"hi"}]}"#;
    WireRequest::post("/v1/messages/count_tokens", BODY, Expect::Whole).with_header("anthropic-version", VERSION)
}

fn get(path: String) -> WireRequest {
    WireRequest::get(path).with_header("anthropic-version", VERSION)
}

/// Translates a page, without retired models, and returns where the next one begins.
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
    let page: Page<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    let models = page.data.into_iter().filter(|entry| entry.lifecycle.as_deref() != Some("retired"));
    Ok((models.map(Entry::model).collect(), page.last_id.filter(|_| page.has_more)))
}

/// Translates one model.
///
/// # Errors
/// An answer that can't be read.
pub(super) fn one_answer(body: &[u8]) -> Result<Model, RelayError> {
    serde_json::from_slice(body).map(Entry::model).map_err(unreadable)
}

#[derive(Deserialize)]
struct Entry<'a> {
    id: String,
    #[serde(borrow, default, deserialize_with = "wire::text")]
    created_at: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "wire::text")]
    lifecycle: Option<Cow<'a, str>>,
}

impl Entry<'_> {
    fn model(self) -> Model {
        Model {
            created: self.created_at.as_deref().and_then(headers::instant).map_or(0, |at| at.seconds()),
            id: self.id,
            object: "model",
            owned_by: "anthropic".to_owned(),
        }
    }
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

    #[test]
    fn an_alias_leads_to_its_model() {
        assert_eq!(one("claude-haiku-4-5?a/b").path, "/v1/models/claude-haiku-4-5%3Fa%2Fb");
        let body = br#"{"type":"model","id":"claude-haiku-4-5-20251001","created_at":"2026-11-23T12:00:30Z"}"#;
        let model = one_answer(body).unwrap();
        assert_eq!((model.id.as_str(), model.created), ("claude-haiku-4-5-20251001", 1_795_435_230));
    }
}

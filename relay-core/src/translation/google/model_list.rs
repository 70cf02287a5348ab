//! The list of models, and the free requests that show whether a key works.

use serde::Deserialize;

use super::models::bare;
use crate::error::RelayError;
use crate::ports::{Expect, WireRequest};
use crate::translation::percent::encoded;
use crate::translation::surface::models::Model;

/// Asks for one page of the list; 1000 is the largest page.
pub(super) fn request(page: Option<&str>) -> WireRequest {
    match page {
        None => WireRequest::get("/v1beta/models?pageSize=1000"),
        Some(token) => WireRequest::get(format!("/v1beta/models?pageSize=1000&pageToken={}", encoded(token))),
    }
}

/// Translates a page, without models that neither chat nor embed, and returns the token of the next one.
///
/// # Errors
/// An answer that can't be read.
pub(super) fn answer(body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
    let page: Page = serde_json::from_slice(body)
        .map_err(|error| RelayError::unusable_answer("Google's list of models can't be read").with_source(error))?;
    let models = page.models.into_iter().filter(Listed::is_usable).map(|listed| Model {
        id: bare(&listed.name).to_owned(),
        object: "model",
        created: 0,
        owned_by: "google".to_owned(),
    });
    Ok((models.collect(), page.next_page_token.filter(|token| !token.is_empty())))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    #[serde(default)]
    models: Vec<Listed>,
    next_page_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    name: String,
    #[serde(default)]
    supported_generation_methods: Vec<String>,
}

impl Listed {
    fn is_usable(&self) -> bool {
        const USED: &[&str] = &["generateContent", "batchEmbedContents", "embedContent"];
        self.supported_generation_methods.iter().any(|method| USED.contains(&method.as_str()))
    }
}

/// The smallest question: a page of one model. It costs nothing.
pub(super) fn check_key() -> WireRequest {
    WireRequest::get("/v1beta/models?pageSize=1")
}

/// Whether a body answers [`check_key`]: unlike a page behind the last one, it has models.
pub(super) fn is_key_check(body: &[u8]) -> bool {
    serde_json::from_slice::<Page>(body).is_ok_and(|page| !page.models.is_empty())
}

/// Counts the tokens of one word, which is free: some keys list models and may not generate.
pub(super) fn check_use() -> WireRequest {
    const BODY: &str = r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#;
    WireRequest::post("/v1beta/models/gemini-2.5-flash:countTokens", BODY, Expect::Whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_holds_what_chats_or_embeds() {
        let body = br#"{"models":[{"name":"models/a","supportedGenerationMethods":["generateContent"]},
            {"name":"models/b","supportedGenerationMethods":["predict"]},{"name":"models/c"},
            {"name":"models/d","supportedGenerationMethods":["embedContent"]}],"nextPageToken":"n/2"}"#;
        let (models, next) = answer(body).unwrap();
        assert_eq!(models.iter().map(|model| model.id.as_str()).collect::<Vec<_>>(), ["a", "d"]);
        assert_eq!(request(next.as_deref()).path, "/v1beta/models?pageSize=1000&pageToken=n%2F2");
        assert!(answer(b"<html>").is_err());
        assert!(is_key_check(body) && !is_key_check(b"{}") && !is_key_check(b"<html>"));
    }
}

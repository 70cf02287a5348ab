//! The list of models.

use serde::Deserialize;

use super::response::not_json;
use crate::domain::Provider;
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::surface::models::Model;

/// Asks for the list.
pub(super) fn request(provider: Provider) -> WireRequest {
    WireRequest::get(format!("{}/models", provider.api_path()))
}

/// Translates the list, which comes in one page.
///
/// # Errors
/// An answer that can't be read.
pub(super) fn answer(provider: Provider, body: &[u8]) -> Result<(Vec<Model>, Option<String>), RelayError> {
    #[derive(Deserialize)]
    struct List {
        data: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
        #[serde(default)]
        created: u64,
        #[serde(default)]
        owned_by: Option<String>,
    }
    let list: List = serde_json::from_slice(body).map_err(|_| not_json())?;
    let models = list.data.into_iter().map(|entry| Model {
        id: entry.id,
        object: "model",
        created: entry.created,
        owned_by: entry.owned_by.unwrap_or_else(|| provider.name().to_owned()),
    });
    Ok((models.collect(), None))
}

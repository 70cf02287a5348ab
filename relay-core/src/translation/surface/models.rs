//! The `list` of `model`s.

use serde::Serialize;

/// A model, in OpenAI's shape.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Model {
    /// The name to call it by.
    pub id: String,
    /// `model`.
    pub object: &'static str,
    /// Unix seconds; 0 where the provider does not say.
    pub created: u64,
    /// `openai`, `anthropic` or `google`, or what OpenAI sends.
    pub owned_by: String,
}

/// A list of models.
#[derive(Clone, Debug, Serialize)]
pub struct ModelList {
    /// `list`.
    pub object: &'static str,
    /// The models.
    pub data: Vec<Model>,
}

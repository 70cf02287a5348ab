//! The models that the simulated OpenAI has, or another provider that speaks its format.

use relay_core::Provider;
use serde_json::{Value, json};

use crate::request::Request;

/// Models that are listed, and when each was made (Unix seconds).
const MODELS: &[(&str, u64)] = &[
    ("gpt-4o", 1_715_367_049),
    ("gpt-4o-mini", 1_721_172_741),
    ("gpt-4.1", 1_744_316_542),
    ("gpt-4.1-mini", 1_744_318_173),
    ("gpt-5", 1_754_425_777),
    ("gpt-5-mini", 1_754_425_928),
    ("gpt-5.4-mini", 1_773_000_000),
    ("o3", 1_744_225_308),
    ("o4-mini", 1_744_225_351),
    ("text-embedding-ada-002", 1_671_217_299),
    ("text-embedding-3-small", 1_705_948_997),
    ("text-embedding-3-large", 1_705_953_180),
];

/// Beginnings of names that exist: too many snapshots to list.
const FAMILIES: &[&str] =
    &["gpt-3.5-turbo", "gpt-4", "gpt-5", "o1", "o3", "o4-", "chatgpt-4o", "codex-mini", "ft:gpt-", "text-embedding-"];

/// When models that a test added were made.
const ADDED: u64 = 1_790_000_000;

/// The list.
pub(super) fn list(request: &Request<'_>) -> Value {
    let added = request.models.iter().map(|name| model(name, ADDED));
    let own: Vec<Value> = if request.provider == Provider::OPENAI {
        MODELS.iter().map(|(name, created)| model(name, *created)).collect()
    } else {
        vec![model(request.provider.example_model(), ADDED)]
    };
    json!({ "object": "list", "data": own.into_iter().chain(added).collect::<Vec<_>>() })
}

/// One model.
pub(super) fn find(request: &Request<'_>, name: &str) -> Option<Value> {
    let openai = || MODELS.iter().find(|(known, _)| *known == name);
    match (request.provider == Provider::OPENAI).then(openai).flatten() {
        Some((name, created)) => Some(model(name, *created)),
        None => exists(request, name).then(|| model(name, ADDED)),
    }
}

fn model(name: &str, created: u64) -> Value {
    json!({"id": name, "object": "model", "created": created, "owned_by": "system"})
}

/// Whether there is a model of this name.
pub(super) fn exists(request: &Request<'_>, name: &str) -> bool {
    let families = if request.provider == Provider::OPENAI { FAMILIES } else { request.provider.model_prefixes() };
    families.iter().any(|family| name.starts_with(family)) || request.models.contains(&name)
}

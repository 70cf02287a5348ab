//! OpenAI's embeddings.

use serde_json::{Value, json};

use super::chat::content;
use super::errors::{bad, bad_param, no_model};
use super::fields::EMBEDDINGS;
use super::rules;
use crate::members::string;
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::check;
use crate::{text, vectors};

/// Checks a request and answers it.
pub(super) fn embed(request: &Request<'_>) -> Result<Value, Reply> {
    let embeddings = read(request)?;
    let vector = |(index, input): (usize, &String)| {
        let values = vectors::vector(input, embeddings.dimensions);
        let embedding = if embeddings.base64 { vectors::packed(&values) } else { vectors::numbers(&values) };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let data: Vec<Value> = embeddings.inputs.iter().enumerate().map(vector).collect();
    let tokens = embeddings.inputs.iter().map(|input| text::words(input)).sum::<u64>();
    Ok(json!({"object": "list", "data": data, "model": embeddings.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}}))
}

/// A request for embeddings, checked.
struct EmbeddingsRequest {
    model: String,
    inputs: Vec<String>,
    dimensions: usize,
    base64: bool,
}

/// Checks a request.
fn read(request: &Request<'_>) -> Result<EmbeddingsRequest, Reply> {
    let body = rules::parse(request)?;
    check(&EMBEDDINGS, &body).map_err(|violation| rules::describe(&violation))?;
    let model = string(&body, "model");
    let largest = match model {
        "text-embedding-3-large" => 3072,
        "text-embedding-3-small" | "text-embedding-ada-002" => 1536,
        _ if request.models.contains(&model) => 3072,
        _ => return Err(no_model(model)),
    };
    let dimensions = body.get("dimensions").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    if dimensions.is_some() && model == "text-embedding-ada-002" {
        return Err(bad("This model does not support specifying dimensions."));
    }
    if let Some(count) = dimensions.filter(|count| *count > largest) {
        let message = format!("Invalid value for 'dimensions' = {count}. Must be less than or equal to {largest}.");
        return Err(bad_param("dimensions", None, &message));
    }
    let inputs: Vec<String> = match body.get("input") {
        Some(Value::Array(items)) if items.first().is_some_and(Value::is_number) => vec![join(items)],
        Some(Value::Array(items)) => {
            items.iter().map(|item| item.as_array().map_or_else(|| content(item), |ids| join(ids))).collect()
        }
        one => vec![one.map(content).unwrap_or_default()],
    };
    if inputs.iter().any(String::is_empty) {
        let message =
            "'$.input' is invalid. Please check the API reference: https://platform.openai.com/docs/api-reference.";
        return Err(bad(message));
    }
    let base64 = string(&body, "encoding_format") == "base64";
    Ok(EmbeddingsRequest { model: model.to_owned(), inputs, dimensions: dimensions.unwrap_or(largest), base64 })
}

fn join(ids: &[Value]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

//! Google's embeddings: `batchEmbedContents` and `embedContent`.

use serde_json::{Value, json};

use super::chat::content;
use super::errors::{error, no_model};
use super::models::EMBEDDING_MODELS;
use super::rules;
use crate::members::{items, string};
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::{Field, Shape, check, list, may, must};
use crate::text;
use crate::vectors;

use Shape::{Enum, Int, List, Map, Object, Ref, Text};

const MOST: i64 = 3072;

static PART: Shape = Object(&[must("text", Text)]);
static CONTENT: Shape = Object(&[may("role", Text), must("parts", list(&PART))]);
const TASK: Field = may(
    "taskType",
    Enum(&[
        "RETRIEVAL_QUERY",
        "RETRIEVAL_DOCUMENT",
        "SEMANTIC_SIMILARITY",
        "CLASSIFICATION",
        "CLUSTERING",
        "QUESTION_ANSWERING",
        "FACT_VERIFICATION",
        "CODE_RETRIEVAL_QUERY",
    ]),
);
static ONE: Shape = Object(&[
    may("model", Text),
    must("content", Ref(&CONTENT)),
    TASK,
    may("title", Text),
    may("outputDimensionality", Int(1, MOST)),
    may("embedContentConfig", Map),
]);
static BATCH: Shape = Object(&[must("requests", List(&ONE, 0, usize::MAX))]);

/// Checks a request and answers it.
pub(super) fn embed(request: &Request<'_>, model: &str, batch: bool) -> Result<Value, Reply> {
    if !EMBEDDING_MODELS.contains(&model) && !request.models.contains(&model) {
        return Err(no_model(model, "embedContent"));
    }
    let body = rules::parse(request)?;
    check(if batch { &BATCH } else { &ONE }, &body).map_err(|violation| rules::describe(&violation))?;
    let requests = if batch { items(&body, "requests") } else { vec![&body] };
    if requests.is_empty() {
        return Err(error(400, "* BatchEmbedContentsRequest.requests: requests is not specified\n"));
    }
    if requests.len() > 100 {
        return Err(error(400, "* BatchEmbedContentsRequest.requests: at most 100 requests can be in one batch\n"));
    }
    let mut vectors = Vec::with_capacity(requests.len());
    let mut tokens = 0;
    for (at, one) in requests.iter().enumerate() {
        let named = string(one, "model");
        if batch && named != format!("models/{model}") {
            let message = format!(
                "* BatchEmbedContentsRequest.requests[{at}].model: the model of a request must match the model of the batch, got '{named}'\n"
            );
            return Err(error(400, &message));
        }
        let text = one.get("content").map(content).unwrap_or_default();
        if text.is_empty() {
            return Err(error(
                400,
                &format!("* EmbedContentRequest.content: contains an empty Part, requests[{at}]\n"),
            ));
        }
        tokens += text::words(&text);
        vectors.push(json!({ "values": vectors::numbers(&values(model, one, &text)) }));
    }
    let mut answer = if batch { json!({ "embeddings": vectors }) } else { json!({ "embedding": vectors.first() }) };
    if let (Some(map), true) = (answer.as_object_mut(), model != "gemini-embedding-001") {
        map.insert("usageMetadata".into(), json!({ "promptTokenCount": tokens }));
    }
    Ok(answer)
}

/// The older model only gives vectors of unit length in their full size.
fn values(model: &str, one: &Value, text: &str) -> Vec<f32> {
    let dimensions =
        one.get("outputDimensionality").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    let dimensions = dimensions.unwrap_or(3072);
    let mut values = vectors::vector(text, dimensions);
    if model == "gemini-embedding-001" && dimensions < 3072 {
        values.iter_mut().for_each(|value| *value *= 0.7);
    }
    values
}

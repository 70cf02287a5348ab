//! Embeddings, by `batchEmbedContents`.

use std::borrow::Cow;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::request::written;
use super::wire::UsageMetadata;
use super::{mapping, models};
use crate::domain::TokenUsage;
use crate::error::{Code, RelayError};
use crate::ports::{Expect, WireRequest};
use crate::translation::json::{Object, Text};
use crate::translation::surface::embeddings::{Embedding, EmbeddingList, EmbeddingUsage, Encoding, Vector};
use crate::translation::{Call, EmbeddingsContext, Notes, TranslatedAnswer, TranslatedEmbeddings};

/// The most inputs that OpenAI takes in one call.
const MAX_INPUTS: usize = 2048;
/// The most that Google takes in one.
const BATCH: usize = 100;
/// Tasks that `gemini-embedding-001` knows (later models want the task in the text).
const TASKS: &[&str] = &[
    "RETRIEVAL_QUERY",
    "RETRIEVAL_DOCUMENT",
    "SEMANTIC_SIMILARITY",
    "CLASSIFICATION",
    "CLUSTERING",
    "QUESTION_ANSWERING",
    "FACT_VERIFICATION",
    "CODE_RETRIEVAL_QUERY",
];

#[derive(Serialize)]
struct Body<'a> {
    requests: Vec<One<'a>>,
}

/// One input. Several texts as parts of one content would give one vector for all.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct One<'a> {
    model: &'a str,
    content: Content<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_type: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_dimensionality: Option<i64>,
}

#[derive(Serialize)]
struct Content<'a> {
    parts: [Part<'a>; 1],
}

#[derive(Serialize)]
struct Part<'a> {
    text: &'a str,
}

/// Translates an embeddings request; one wire request for each 100 inputs.
///
/// # Errors
/// Inputs that are no text, or too many of them, and bad options.
pub(super) fn request(call: &Call<'_>) -> Result<TranslatedEmbeddings, RelayError> {
    let (name, path) = models::path(call.model)?;
    let request = call.request;
    let inputs = inputs(request)?;
    let dimensions = dimensions(request)?;
    let task_type = task(request)?;
    let mut notes = Notes::default();
    mapping::EMBEDDINGS.check(request, &mut notes)?;
    let model = format!("models/{name}");
    let wires = inputs.chunks(BATCH).map(|batch| {
        let one = |text| One {
            model: &model,
            content: Content { parts: [Part { text }] },
            task_type,
            output_dimensionality: dimensions,
        };
        let body = Body { requests: batch.iter().map(|text| one(text)).collect() };
        Ok(WireRequest::post(format!("{path}:batchEmbedContents"), written(&body)?, Expect::Whole))
    });
    let context = EmbeddingsContext {
        model: name.to_owned(),
        encoding: encoding(request)?,
        inputs: inputs.len(),
        input_bytes: inputs.iter().map(|text| text.len()).collect(),
    };
    Ok(TranslatedEmbeddings { wires: wires.collect::<Result<_, RelayError>>()?, context, notes })
}

fn inputs<'a>(request: &Object<'a>) -> Result<Vec<Cow<'a, str>>, RelayError> {
    let refused = |why: &'static str| RelayError::invalid_value("input", why);
    let raw = request.get("input").ok_or_else(|| refused("`input` is missing"))?;
    let items = match raw.get().as_bytes().first() {
        Some(b'[') => request.array("input")?.unwrap_or_default(),
        _ => vec![raw],
    };
    if items.is_empty() || items.len() > MAX_INPUTS {
        return Err(refused("`input` must hold 1 to 2048 texts"));
    }
    let mut texts = Vec::with_capacity(items.len());
    for item in items {
        match item.get().as_bytes().first() {
            Some(b'"') => {}
            Some(b'[' | b'-' | b'0'..=b'9') => {
                let why = "token ids belong to OpenAI's tokenizer; send text to Gemini";
                return Err(RelayError::unsupported_value("input", why));
            }
            _ => return Err(refused("`input` must be a string or an array of strings")),
        }
        let text: Text<'a> = serde_json::from_str(item.get()).map_err(|_| refused("`input` holds a broken string"))?;
        if text.0.is_empty() {
            return Err(refused("`input` must not hold an empty text"));
        }
        texts.push(text.0);
    }
    Ok(texts)
}

fn dimensions(request: &Object<'_>) -> Result<Option<i64>, RelayError> {
    match request.integer("dimensions")? {
        Some(count) if !(1..=3072).contains(&count) => {
            Err(RelayError::invalid_value("dimensions", "`dimensions` must be between 1 and 3072"))
        }
        count => Ok(count),
    }
}

fn encoding(request: &Object<'_>) -> Result<Encoding, RelayError> {
    match request.text("encoding_format")?.as_deref() {
        None | Some("float") => Ok(Encoding::Float),
        Some("base64") => Ok(Encoding::Base64),
        Some(_) => Err(RelayError::invalid_value("encoding_format", "`encoding_format` must be float or base64")),
    }
}

/// `extra_body.google.task_type`.
fn task<'a>(request: &Object<'a>) -> Result<Option<&'a RawValue>, RelayError> {
    let Some(google) = request.object("extra_body")?.map(|extra| extra.object("google")).transpose()?.flatten() else {
        return Ok(None);
    };
    match google.text("task_type")? {
        Some(task) if !TASKS.contains(&task.as_ref()) => {
            let why = format!("`task_type` must be one of {}", TASKS.join(", "));
            Err(RelayError::invalid_value(google.path("task_type"), why))
        }
        _ => Ok(google.get("task_type")),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchAnswer<'a> {
    #[serde(default)]
    embeddings: Vec<Values>,
    #[serde(borrow)]
    usage_metadata: Option<UsageMetadata<'a>>,
}

#[derive(Deserialize)]
struct Values {
    #[serde(default)]
    values: Vec<f64>,
}

/// Joins the answers, in the order of the requests.
///
/// # Errors
/// Answers that can't be read, or that hold another number of vectors than there were inputs.
pub(super) fn answer(bodies: &[Bytes], context: &EmbeddingsContext) -> Result<TranslatedAnswer, RelayError> {
    let mut data = Vec::with_capacity(context.inputs);
    let (mut tokens, mut usage_estimated) = (0_u64, false);
    let mut batches = context.input_bytes.chunks(BATCH);
    for body in bodies {
        let batch: BatchAnswer<'_> = serde_json::from_slice(body)
            .map_err(|error| RelayError::unusable_answer("Gemini's embeddings can't be read").with_source(error))?;
        let counted = batch.usage_metadata.as_ref().and_then(UsageMetadata::prompt_tokens);
        let sizes = batches.next().unwrap_or_default();
        usage_estimated |= counted.is_none();
        tokens = tokens.saturating_add(counted.unwrap_or_else(|| estimate(sizes)));
        for values in batch.embeddings {
            let embedding = Vector { values: normalized(values.values), encoding: context.encoding };
            data.push(Embedding { object: "embedding", index: data.len(), embedding });
        }
    }
    if data.len() != context.inputs {
        let why = format!("Gemini gave {} embeddings for {} inputs", data.len(), context.inputs);
        return Err(RelayError::from_answer(Code::EmbeddingCountMismatch, why));
    }
    let usage = EmbeddingUsage { prompt_tokens: tokens, total_tokens: tokens };
    let list = EmbeddingList { object: "list", data, model: &context.model, usage };
    Ok(TranslatedAnswer {
        body: written(&list)?.into(),
        usage: Some(TokenUsage { input: tokens, ..TokenUsage::default() }),
        model: None,
        usage_estimated,
    })
}

/// Four bytes of text are about a token.
fn estimate(sizes: &[usize]) -> u64 {
    sizes.iter().map(|size| size.div_ceil(4) as u64).sum()
}

/// A vector of length 1, as OpenAI's are. What is one already, and what has no length, stays as it is.
fn normalized(mut values: Vec<f64>) -> Vec<f64> {
    let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
    if norm > 0.0 && norm.is_finite() && (norm - 1.0).abs() > 1e-3 {
        values.iter_mut().for_each(|value| *value /= norm);
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(inputs: usize) -> EmbeddingsContext {
        EmbeddingsContext { model: "m".to_owned(), encoding: Encoding::Float, inputs, input_bytes: vec![5; inputs] }
    }

    fn body(count: usize, usage: &str) -> Bytes {
        let vectors = vec!["{\"values\":[1.0]}"; count].join(",");
        format!("{{\"embeddings\":[{vectors}]{usage}}}").into()
    }

    #[test]
    fn large_inputs_are_split_and_joined_in_order() {
        let texts: Vec<String> = (0..250).map(|n| format!("\"t{n}\"")).collect();
        let text = format!("{{\"input\":[{}]}}", texts.join(","));
        let request_body = Bytes::from(text);
        let object = Object::parse(&request_body).unwrap();
        let call = Call {
            body: &request_body,
            request: &object,
            model: "gemini-embedding-2",
            prefixed: false,
            id: crate::domain::ids::RequestId::new(1, [0; 10]),
            now: crate::domain::ids::Timestamp(0),
            options: crate::translation::TranslationOptions::default(),
            work: &crate::translation::Work::new(),
        };
        let made = request(&call).unwrap();
        let count = |wire: &WireRequest| wire.body.windows(7).filter(|piece| piece == b"content").count();
        assert_eq!(made.wires.iter().map(count).collect::<Vec<_>>(), [100, 100, 50]);
        assert!(made.wires[2].body.windows(6).any(|piece| piece == b"\"t200\""));
    }

    #[test]
    fn a_wrong_number_of_vectors_is_an_error() {
        let error = answer(&[body(100, ""), body(49, "")], &context(150)).unwrap_err();
        assert_eq!(error.code(), "embedding_count_mismatch");
    }

    #[test]
    fn usage_is_summed_and_estimated_where_it_is_missing() {
        let counted = r#","usageMetadata":{"promptTokenCount":7}"#;
        let both = answer(&[body(100, counted), body(1, counted)], &context(101)).unwrap();
        assert_eq!((both.usage.unwrap().input, both.usage_estimated), (14, false));
        let half = answer(&[body(100, ""), body(1, counted)], &context(101)).unwrap();
        assert_eq!((half.usage.unwrap().input, half.usage_estimated), (207, true));
    }

    #[test]
    fn a_vector_without_length_stays() {
        assert_eq!(normalized(vec![0.0, 0.0]), [0.0, 0.0]);
        assert_eq!(normalized(vec![3.0, 4.0]), [0.6, 0.8]);
        assert_eq!(normalized(vec![0.9999, 0.0]), [0.9999, 0.0]);
    }
}

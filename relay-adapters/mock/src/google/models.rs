//! The models that the simulated Google has, and what each family of them can do.

use serde_json::{Value, json};

use super::errors::error;
use crate::reply::Reply;
use crate::request::Request;

/// How thinking is set.
#[derive(Clone, Copy)]
pub(super) enum Thinking {
    /// Not at all.
    None,
    /// `thinkingBudget` within these bounds, or -1; 0 only if the flag says so.
    Budget(i64, i64, bool),
    /// `thinkingLevel` with one of these.
    Level(&'static [&'static str]),
}

/// A family of models.
pub(super) struct Family {
    pub(super) name: &'static str,
    pub(super) thinking: Thinking,
    /// Calls carry ids and signatures, and signatures have to come back.
    pub(super) signs: bool,
    /// `candidateCount` above 1.
    pub(super) several: bool,
    /// A conversation may end with the model's turn.
    pub(super) prefill: bool,
    /// A JSON answer beside declared functions.
    pub(super) json_with_tools: bool,
    /// An answer may have to be continued.
    pub(super) long: bool,
    /// The most tokens of an answer.
    pub(super) most_output: u64,
    /// Takes a system instruction.
    pub(super) system: bool,
    /// Takes functions and JSON answers.
    pub(super) functions: bool,
    /// Its pictures carry signatures, which have to come back.
    pub(super) signs_images: bool,
}

const ALL: &[&str] = &["MINIMAL", "LOW", "MEDIUM", "HIGH"];
const NO_MINIMAL: &[&str] = &["LOW", "MEDIUM", "HIGH"];

const fn second(name: &'static str, thinking: Thinking) -> Family {
    Family {
        name,
        thinking,
        signs: false,
        several: true,
        prefill: true,
        json_with_tools: false,
        long: false,
        most_output: 65_536,
        system: true,
        functions: true,
        signs_images: false,
    }
}

/// Gemma 3 and 3n: neither system instruction nor functions.
const fn gemma(name: &'static str) -> Family {
    Family { most_output: 8_192, system: false, functions: false, ..second(name, Thinking::None) }
}

const fn third(name: &'static str, levels: &'static [&'static str]) -> Family {
    Family { signs: true, several: false, json_with_tools: true, ..second(name, Thinking::Level(levels)) }
}

const fn newest(name: &'static str, levels: &'static [&'static str]) -> Family {
    Family { prefill: false, ..third(name, levels) }
}

const fn fourth(name: &'static str, levels: &'static [&'static str]) -> Family {
    Family { long: true, most_output: 1_048_576, ..newest(name, levels) }
}

/// The longest name first among those with the same beginning.
pub(super) const FAMILIES: &[Family] = &[
    second("gemini-2.5-pro", Thinking::Budget(128, 32_768, false)),
    second("gemini-2.5-flash-lite", Thinking::Budget(512, 24_576, true)),
    Family { most_output: 32_768, ..second("gemini-2.5-flash-image", Thinking::None) },
    second("gemini-2.5-flash", Thinking::Budget(1, 24_576, true)),
    third("gemini-3-flash-preview", ALL),
    Family { signs_images: true, most_output: 32_768, ..third("gemini-3-pro-image", &["LOW", "HIGH"]) },
    third("gemini-3-pro-preview", &["LOW", "HIGH"]),
    third("gemini-3.1-pro-preview", NO_MINIMAL),
    third("gemini-3.1-flash-lite", ALL),
    newest("gemini-3.5-flash-lite", ALL),
    third("gemini-3.5-flash", ALL),
    newest("gemini-3.6-flash", ALL),
    newest("gemini-3.7-flash", NO_MINIMAL),
    newest("gemini-3.8-flash", NO_MINIMAL),
    fourth("gemini-4-argon", NO_MINIMAL),
    fourth("gemini-4-carbon", NO_MINIMAL),
    fourth("gemini-4-hydrogen", &["LOW", "MEDIUM", "HIGH", "XHIGH"]),
    newest("gemini-flash-lite-latest", ALL),
    newest("gemini-flash-latest", NO_MINIMAL),
    newest("gemini-pro-latest", NO_MINIMAL),
    gemma("gemma-3-27b-it"),
    gemma("gemma-3-4b-it"),
    gemma("gemma-3n-e4b-it"),
];

/// Models that make embeddings.
pub(super) const EMBEDDING_MODELS: &[&str] = &["gemini-embedding-001", "gemini-embedding-2"];

/// A model that was added to the mock.
pub(super) static ADDED: Family = newest("", ALL);

/// The family of a model: its name, or with `-preview…`, `-latest`, `-exp…` or three digits behind.
pub(super) fn find(model: &str) -> Option<&'static Family> {
    let variant = |rest: &str| {
        let Some(rest) = rest.strip_prefix('-') else { return rest.is_empty() };
        let version = rest.len() == 3 && rest.bytes().all(|b| b.is_ascii_digit());
        version || ["preview", "latest", "exp"].iter().any(|word| rest.starts_with(word))
    };
    FAMILIES.iter().find(|family| model.strip_prefix(family.name).is_some_and(variant))
}

/// A page of the list: `pageSize` (50 by default, at most 1000) and `pageToken`.
pub(super) fn list(request: &Request<'_>) -> Result<Value, Reply> {
    let invalid = |name: &str| {
        error(400, &format!("Invalid value at '{name}' (TYPE_INT32), \"{}\"", request.query(name).unwrap_or("")))
    };
    let size = match request.query("pageSize").map(str::parse::<usize>) {
        None | Some(Ok(0)) => 50,
        Some(Ok(size)) => size.min(1000),
        Some(Err(_)) => return Err(invalid("pageSize")),
    };
    let start = match request
        .query("pageToken")
        .map(|token| token.strip_prefix("page-").and_then(|at| at.parse::<usize>().ok()))
    {
        None => 0,
        Some(Some(start)) => start,
        Some(None) => return Err(error(400, "API page token is invalid.")),
    };
    let all = listed(request);
    let page: Vec<&Value> = all.iter().skip(start).take(size).collect();
    let next = start + page.len();
    let mut body = json!({ "models": page });
    if let (Some(map), true) = (body.as_object_mut(), next < all.len()) {
        map.insert("nextPageToken".into(), json!(format!("page-{next}")));
    }
    Ok(body)
}

/// Every model.
pub(super) fn listed(request: &Request<'_>) -> Vec<Value> {
    let chat = FAMILIES.iter().map(|family| (family.name, family.most_output));
    let chat = chat.chain(request.models.iter().map(|name| (*name, ADDED.most_output)));
    let chat = chat.map(|(name, most)| model(name, most, &["generateContent", "countTokens"]));
    chat.chain(EMBEDDING_MODELS.iter().map(|name| model(name, 1, &["embedContent", "batchEmbedContents"]))).collect()
}

fn model(name: &str, most: u64, methods: &[&str]) -> Value {
    json!({"name": format!("models/{name}"), "version": "001", "displayName": name.replace('-', " "),
        "inputTokenLimit": 1_048_576, "outputTokenLimit": most, "supportedGenerationMethods": methods})
}

//! Where fuzzing begins: the inputs of the golden cases.

use std::path::Path;

use serde_json::Value;

use super::halves;

/// An input for one target.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The target.
    pub target: &'static str,
    /// The case that it comes from.
    pub name: String,
    /// What the target takes.
    pub data: Vec<u8>,
}

/// Stands for half a character, which a JSON value can't hold.
const HALF: &str = "\u{e000}";

/// The inputs of all golden cases, as each target takes them, in the order of their names.
///
/// `root` is the repository.
pub fn seeds(root: &Path) -> Vec<Seed> {
    let mut seeds = Vec::new();
    for provider in ["anthropic", "google"] {
        let folder = root.join("relay-core/src/translation").join(provider).join("cases");
        let mut files: Vec<_> =
            std::fs::read_dir(folder).expect("the cases").map(|file| file.expect("a file").path()).collect();
        files.sort();
        for file in files {
            let text = std::fs::read_to_string(&file).expect("a case");
            let case: Value = serde_json::from_str(&halves::replaced(&text, HALF)).expect("a case is JSON");
            let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            for (target, body) in inputs(provider, &case) {
                seeds.push(seed(target, provider, &name, &body));
            }
        }
    }
    seeds
}

fn seed(target: &'static str, provider: &str, name: &str, body: &[u8]) -> Seed {
    let body = String::from_utf8_lossy(body).replace(HALF, "\\ud83d").into_bytes();
    let body = body.as_slice();
    // The switches: usage and nothing else.
    let data =
        if matches!(target, "sse" | "json") { body.to_vec() } else { [&[first(target, provider)], body].concat() };
    Seed { target, name: name.to_owned(), data }
}

/// The switches that a seed has.
fn first(target: &str, provider: &str) -> u8 {
    match (target, provider) {
        ("error", "google") => 2,
        ("embeddings", _) => 2,
        _ => 1,
    }
}

/// The targets that a case is of use to, and what it gives them.
fn inputs(provider: &str, case: &Value) -> Vec<(&'static str, Vec<u8>)> {
    let is_google = provider == "google";
    let (input, expected) = (&case["input"], &case["expected"]);
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned).into_bytes();
    let own = |google: &'static str, anthropic: &'static str| if is_google { google } else { anthropic };
    match case["kind"].as_str().unwrap_or_default() {
        "embeddings_request" => vec![("embeddings", text(request(input))), ("json", text(request(input)))],
        "request" => {
            let body = text(request(input));
            vec![(own("google_chat", "anthropic_chat"), body.clone()), ("openai_chat", body.clone()), ("json", body)]
        }
        "stream" => {
            let mut found = vec![(own("google_stream", "anthropic_stream"), sse(input, "\n"))];
            if is_google {
                found.push(("google_stream", sse(input, "\r\n")));
            }
            found.push(("sse", sse(input, "\r\n")));
            let chunks = expected.as_array().or_else(|| expected["chunks"].as_array());
            let events = chunks
                .into_iter()
                .flatten()
                .map(|chunk| format!("data: {}\n\n", String::from_utf8_lossy(&text(chunk))));
            found.push(("openai_stream", events.collect::<String>().into_bytes()));
            found
        }
        "error" => vec![("error", text(&input["body"]))],
        _ => {
            let body = if input["response"].is_null() { &input["body"] } else { &input["response"] };
            let answer = if expected["body"].is_null() { expected } else { &expected["body"] };
            vec![(own("google_answer", "anthropic_answer"), text(body)), ("openai_answer", text(answer))]
        }
    }
}

fn request(input: &Value) -> &Value {
    ["body", "request"].into_iter().map(|name| &input[name]).find(|value| value.is_object()).unwrap_or(input)
}

/// The events of a case as they are sent.
fn sse(input: &Value, end: &str) -> Vec<u8> {
    let mut body = String::new();
    for event in input["events"].as_array().into_iter().flatten() {
        match event["event"].as_str() {
            Some(name) => body += &format!("event: {name}{end}data: {}{end}{end}", event["data"]),
            None => body += &format!("data: {event}{end}{end}"),
        }
    }
    body.into_bytes()
}

//! How Anthropic's cases are written (`kind`, `input` and `expected` of the files in `cases/`).

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::domain::ids::Timestamp;
use crate::translation::anthropic::Anthropic;
use crate::translation::anthropic::headers::instant;
use crate::translation::json::compact;
use crate::translation::tests::support::compare::Rules;
use crate::translation::tests::{Case, Format, Given, Made, body_of, key_state, plain_context, shown_error};
use crate::translation::{ChatContext, Renames, TranslationOptions};

pub(crate) const FORMAT: Format = Format {
    name: "anthropic",
    dialect: &Anthropic,
    cases: 206,
    line_ends: &["\n", "\r\n"],
    rules: Rules { listed_headers: false },
    given,
    shown,
    more: &[
        ("error-model-not-found", "/headers/x-should-retry", FINAL),
        ("error-context-too-long", "/headers/x-should-retry", FINAL),
        ("error-image-dimensions", "/headers/x-should-retry", FINAL),
        ("error-max-tokens-param", "/headers/x-should-retry", FINAL),
        ("error-request-too-large-html", "/headers/x-should-retry", FINAL),
        ("error-thinking-unsupported", "/headers/x-should-retry", FINAL),
    ],
};

/// Why an error says more than its case.
const FINAL: &str = "an error that only a person can mend says `x-should-retry: false`, whichever provider it is of";

#[derive(Deserialize)]
struct Input {
    body: Option<Box<RawValue>>,
    #[serde(default)]
    config: Map<String, Value>,
    #[serde(default)]
    context: Map<String, Value>,
    #[serde(default)]
    events: Vec<Event>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: Map<String, Value>,
    now: Option<String>,
}

#[derive(Deserialize)]
struct Event {
    event: String,
    data: Box<RawValue>,
}

fn given(case: &Case) -> Given {
    let input: Input = serde_json::from_str(case.input.get()).unwrap();
    let body = input.body.as_ref().map(|body| Bytes::from(body.get().to_owned())).unwrap_or_default();
    match case.kind.as_str() {
        "request" => {
            let forced_tool_choice_auto = input.config.get("forced_tool_choice") == Some(&json!("auto"));
            Given::Chat(body, TranslationOptions { forced_tool_choice_auto })
        }
        "response" => Given::ChatAnswer(body, Box::new(context(&input))),
        "stream" => {
            let lines =
                |event: &Event| vec![format!("event: {}", event.event), format!("data: {}", compact(event.data.get()))];
            Given::Stream(input.events.iter().map(lines).collect(), Box::new(context(&input)))
        }
        "error" => Given::Error {
            status: input.status,
            headers: input
                .headers
                .iter()
                .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
                .collect(),
            // What is no JSON stands in the file as a string.
            body: serde_json::from_slice::<String>(&body).map_or(body.to_vec(), String::into_bytes),
            now: input.now.as_deref().map_or(Timestamp(0), |now| instant(now).unwrap()),
        },
        other => panic!("unknown kind {other}"),
    }
}

/// Pairs of the name that is sent and the one that was asked for, by tool.
fn renamed_properties(input: &Input) -> Vec<(String, Renames)> {
    let Some(renamed) = input.context.get("renamed_properties") else { return Vec::new() };
    let all: Vec<(String, Vec<(String, String)>)> = serde_json::from_value(renamed.clone()).unwrap();
    all.into_iter().map(|(tool, pairs)| (tool, Renames::new(pairs.into_iter().collect()))).collect()
}

fn context(input: &Input) -> ChatContext {
    let flag = |name: &str| input.context.get(name) == Some(&json!(true));
    ChatContext {
        created: input.context["created"].as_u64().unwrap(),
        include_usage: flag("include_usage"),
        legacy_functions: flag("legacy_functions"),
        renamed_properties: renamed_properties(input),
        ..plain_context()
    }
}

fn shown(made: Made) -> Value {
    match made {
        Made::Chat(Ok(call)) => json!({
            "headers": pairs(&call.wire.headers),
            "body": serde_json::from_slice::<Value>(&call.wire.body).unwrap(),
            "dropped": call.notes.dropped,
            "adjusted": call.notes.adjusted,
        }),
        Made::Chat(Err(error)) => {
            let shown = shown_error(&error);
            json!({ "error": { "status": shown["status"], "body": shown["body"] } })
        }
        Made::Answer(Ok(answer)) => json!({ "body": serde_json::from_slice::<Value>(&answer.body).unwrap() }),
        Made::Answer(Err(error)) => json!({ "body": body_of(&error) }),
        Made::Chunks(chunks) => json!({ "chunks": chunks }),
        Made::Error(fault) => {
            let mut shown = shown_error(&fault.error);
            shown["key_state"] = json!(key_state(fault.signal));
            shown
        }
        Made::Embeddings(_) => panic!("Anthropic has no embeddings"),
    }
}

fn pairs(headers: &[(&'static str, String)]) -> Map<String, Value> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

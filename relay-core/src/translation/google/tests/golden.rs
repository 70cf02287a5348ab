//! How Google's cases are written (`kind`, `input` and `expected` of the files in `cases/`), and all of them broken.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::{context, with_call};
use crate::domain::ids::Timestamp;
use crate::error::RelayError;
use crate::ports::{Method, WireRequest};
use crate::translation::google::Google;
use crate::translation::json::compact;
use crate::translation::tests::support::compare::Rules;
use crate::translation::tests::support::feed::{Cut, chunks, streamed};
use crate::translation::tests::{Case, Format, Given, Made, shown_error};
use crate::translation::{Dialect, ErrorResponse, TranslatedAnswer, TranslationOptions};

pub(crate) const FORMAT: Format = Format {
    name: "google",
    dialect: &Google,
    cases: 174,
    // Google sends CRLF; its own documentation shows LF.
    line_ends: &["\r\n", "\n"],
    rules: Rules { listed_headers: true },
    given,
    shown,
    more: &[],
};

/// The members of an `input` that is no request itself.
#[derive(Deserialize)]
struct Input {
    request: Option<Box<RawValue>>,
    response: Option<Box<RawValue>>,
    #[serde(default)]
    events: Vec<Box<RawValue>>,
    #[serde(default)]
    status: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    body: Option<Box<RawValue>>,
}

fn given(case: &Case) -> Given {
    let body = |raw: &RawValue| Bytes::from(raw.get().to_owned());
    match case.kind.as_str() {
        "request" => return Given::Chat(body(&case.input), TranslationOptions::default()),
        "embeddings_request" => return Given::Embeddings(body(&case.input)),
        _ => {}
    }
    let input: Input = serde_json::from_str(case.input.get()).unwrap();
    let request = || serde_json::from_str::<Value>(input.request.as_ref().unwrap().get()).unwrap();
    match case.kind.as_str() {
        "response" => Given::ChatAnswer(body(input.response.as_ref().unwrap()), Box::new(context(&request()))),
        "embeddings_response" => {
            let context = with_call(&request(), |call| Google.embeddings(call)).unwrap().context;
            Given::EmbeddingsAnswer(body(input.response.as_ref().unwrap()), context)
        }
        "stream" => {
            // What comes outside of events stands in the file as a string.
            let events = input.events.iter().map(|event| match serde_json::from_str::<String>(event.get()) {
                Ok(bare) => bare.lines().map(str::to_owned).collect(),
                Err(_) => vec![format!("data: {}", compact(event.get()))],
            });
            Given::Stream(events.collect(), Box::new(context(&request())))
        }
        "error" => {
            let raw = input.body.as_ref().unwrap().get();
            Given::Error {
                status: input.status,
                headers: input.headers.into_iter().collect(),
                // What is no JSON stands in the file as a string.
                body: serde_json::from_str(raw).unwrap_or_else(|_| raw.to_owned()).into_bytes(),
                now: Timestamp(0),
            }
        }
        other => panic!("unknown kind {other}"),
    }
}

fn shown(made: Made) -> Value {
    match made {
        Made::Chat(made) => made.map_or_else(|error| shown_error(&error), |made| wire(&made.wire)),
        Made::Embeddings(made) => made.map_or_else(|error| shown_error(&error), |made| wire(&made.wires[0])),
        Made::Answer(made) => made.map_or_else(|error| shown_error(&error), whole),
        Made::Chunks(chunks) => Value::Array(chunks),
        Made::Error(fault) => shown_error(&fault.error),
    }
}

fn whole(answer: TranslatedAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

fn wire(wire: &WireRequest) -> Value {
    let method = if wire.method == Method::Post { "POST" } else { "GET" };
    json!({"method": method, "path": wire.path, "body": serde_json::from_slice::<Value>(&wire.body).unwrap()})
}

/// Every case's texts, cut short and with a byte changed: whatever comes out, nothing panics.
#[test]
fn broken_input_is_refused_or_translated() {
    let context = context(&json!({"model": "m", "messages": [{"role": "user"}], "stream": true}));
    for case in FORMAT.all() {
        let input: Value = serde_json::from_str(case.input.get()).unwrap();
        let request = if input["request"].is_object() { &input["request"] } else { &input };
        for broken in broken(&request.to_string()) {
            let body = Bytes::from(broken);
            let call = |embeddings: bool| {
                crate::translation::tests::with_call(&body, None, TranslationOptions::default(), |call| {
                    if embeddings { Google.embeddings(call).map(drop) } else { Google.chat(call).map(drop) }
                })
            };
            let _: [Result<(), RelayError>; 2] = [call(false), call(true)];
        }
        let answers = input["events"].as_array().into_iter().flatten().chain([&input["response"], &input["body"]]);
        for answer in answers.filter(|answer| !answer.is_null()) {
            for broken in broken(&answer.to_string()) {
                let stream = [b"data: ", broken.as_slice(), b"\n\n", broken.as_slice()].concat();
                chunks(&streamed(&Google, &stream, Cut::Whole, &context).0);
                let failure = ErrorResponse { status: 400, headers: &[], body: &broken };
                drop((Google.error(&failure, Timestamp(0)), Google.chat_answer(broken.into(), &context)));
            }
        }
    }
}

/// The text cut at some places, and with some bytes replaced.
fn broken(text: &str) -> Vec<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut all: Vec<Vec<u8>> = (0..bytes.len()).step_by(7).map(|end| bytes[..end].to_vec()).collect();
    for (i, new) in (0..bytes.len()).step_by(3).zip(b"0\"{[]},:-n\xFFe\\".iter().cycle()) {
        let mut changed = bytes.to_vec();
        changed[i] = *new;
        all.push(changed);
    }
    all
}

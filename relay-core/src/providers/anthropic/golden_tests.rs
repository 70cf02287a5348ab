//! Walks over `cases/`: one file a case, with what comes in and what must go out.
//!
//! Equality is that of JSON values; text inside strings (`arguments` among them) must be the same to the letter. `"*"`
//! stands for any text that is not empty.

use std::path::PathBuf;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::Anthropic;
use super::headers::instant;
use crate::error::{Class, RelayError};
use crate::ids::{RequestId, Timestamp};
use crate::json::{Object, compact};
use crate::openai::chunk::ChunkWriter;
use crate::ports::KeySignal;
use crate::providers::{Call, ChatContext, Dialect, Failure, Fault, Policy};
use crate::sse::Decoder;

/// Cases that do not pass yet, and why. One that passes must leave this table.
const PENDING: &[(&str, &str)] = &[];

#[derive(Deserialize)]
struct Case {
    name: String,
    kind: String,
    input: Input,
    expected: Value,
}

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

#[test]
fn every_case_translates_as_written() {
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/providers/anthropic/cases"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
    files.sort();
    assert!(files.len() >= 115, "cases are missing: {}", files.len());
    let mut wrong = Vec::new();
    for file in &files {
        let case: Case = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
        let outcome = check(&case);
        match (outcome, PENDING.iter().find(|(name, _)| *name == case.name)) {
            (Ok(()), None) | (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => wrong.push(format!("{}: passes, but is listed as pending", case.name)),
            (Err(why), None) => wrong.push(format!("{}: {why}", case.name)),
        }
    }
    println!("anthropic cases: {}/{} passed, {} pending", files.len() - wrong.len(), files.len(), PENDING.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check(case: &Case) -> Result<(), String> {
    match case.kind.as_str() {
        "request" => same(&case.expected, &request(&case.input)),
        "response" => same(&case.expected, &response(&case.input)),
        "error" => same(&case.expected, &error(&case.input)),
        "stream" => {
            for cut in [Cut::Whole, Cut::AtEvents, Cut::Pieces(1)] {
                let chunks = chunks(&streamed(&sse(&case.input.events), cut, context(&case.input)).0);
                same(&case.expected, &json!({ "chunks": chunks })).map_err(|why| format!("{cut:?}: {why}"))?;
            }
            Ok(())
        }
        other => Err(format!("unknown kind {other}")),
    }
}

fn request(input: &Input) -> Value {
    let body = Bytes::from(input.body.as_ref().unwrap().get().to_owned());
    let forced_tool_choice_auto = input.config.get("forced_tool_choice") == Some(&json!("auto"));
    match chat(&body, None, Policy { forced_tool_choice_auto }) {
        Ok(call) => json!({
            "headers": pairs(&call.wire.headers),
            "body": serde_json::from_slice::<Value>(&call.wire.body).unwrap(),
            "dropped": call.notes.dropped,
            "adjusted": call.notes.adjusted,
        }),
        Err(error) => json!({ "error": { "status": status(error.class()), "body": body_of(&error) } }),
    }
}

/// Translates a request body, for its own model or another.
pub(super) fn chat(
    body: &Bytes,
    model: Option<&str>,
    policy: Policy,
) -> Result<crate::providers::ChatCall, RelayError> {
    let request = Object::parse(body)?;
    let own = request.text("model")?.unwrap_or_default();
    let model = model.unwrap_or(&own);
    let (id, now) = (RequestId::new(1, [7; 10]), Timestamp(1_764_000_000_000));
    Anthropic.chat(&Call { body, request: &request, model, prefixed: false, id, now, policy })
}

fn response(input: &Input) -> Value {
    let body = Bytes::from(input.body.as_ref().unwrap().get().to_owned());
    let answer = Anthropic.chat_answer(body, &context(input)).unwrap();
    json!({ "body": serde_json::from_slice::<Value>(&answer.body).unwrap() })
}

fn error(input: &Input) -> Value {
    let raw = input.body.as_ref().unwrap().get();
    let body = serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned());
    let headers: Vec<_> =
        input.headers.iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    let now = input.now.as_deref().map_or(Timestamp(0), |now| instant(now).unwrap());
    let failure = Failure { status: input.status, headers: &headers, body: body.as_bytes() };
    let Fault { error, signal } = Anthropic.error(&failure, now);
    let mut headers = pairs(error.headers());
    // A 404 tells clients not to retry, whichever provider says it. They would not anyway: no case lists it.
    if let Some(retry) = error.should_retry().filter(|_| error.class() != Class::NotFound) {
        headers.insert("x-should-retry".to_owned(), json!(retry.to_string()));
    }
    let key_state = match signal {
        None => "ok",
        Some(KeySignal::Invalid) => "invalid",
        Some(KeySignal::Restricted) => "restricted",
        Some(KeySignal::NoCredit) => "no_credit",
        Some(KeySignal::SpendLimit) => "spend_limit",
        Some(KeySignal::NeedsWorkspace) => "needs_workspace",
        Some(KeySignal::Disabled) => "disabled",
        Some(other) => panic!("{other:?}"),
    };
    json!({ "status": status(error.class()), "headers": headers, "body": body_of(&error), "key_state": key_state })
}

fn pairs(headers: &[(&'static str, String)]) -> Map<String, Value> {
    headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}

fn body_of(error: &RelayError) -> Value {
    serde_json::from_slice(&error.to_body()).unwrap()
}

/// The status that relay-server gives to a class, as far as the cases need it.
fn status(class: Class) -> u16 {
    match class {
        Class::InvalidRequest => 400,
        Class::Unauthenticated => 401,
        Class::Forbidden => 403,
        Class::NotFound => 404,
        Class::TooLarge => 413,
        Class::Unprocessable => 422,
        Class::RateLimited => 429,
        Class::Cancelled => 499,
        Class::Internal => 500,
        Class::BadGateway => 502,
        Class::Unavailable => 503,
        Class::GatewayTimeout => 504,
        Class::Provider(status) => status,
        other => panic!("no status for {other:?}"),
    }
}

fn context(input: &Input) -> ChatContext {
    let flag = |name: &str| input.context.get(name) == Some(&json!(true));
    ChatContext {
        created: input.context["created"].as_u64().unwrap(),
        include_usage: flag("include_usage"),
        legacy_functions: flag("legacy_functions"),
        ..plain_context()
    }
}

/// The context of a plain call.
pub(super) fn plain_context() -> ChatContext {
    ChatContext { stream: true, ..ChatContext::new(RequestId::new(1, [7; 10]), 1_764_000_000, "asked-for") }
}

/// Where the network cuts a body.
#[derive(Clone, Copy, Debug)]
pub(super) enum Cut {
    Whole,
    AtEvents,
    /// Pieces of so many bytes.
    Pieces(usize),
    /// Pieces of 1, 2, … 97 bytes, over and over.
    Growing,
}

fn sse(events: &[Event]) -> String {
    let event = |event: &Event| format!("event: {}\ndata: {}\n\n", event.event, compact(event.data.get()));
    events.iter().map(event).collect()
}

/// Feeds a body, cut up, as the use case does; gives what the caller gets, and how it ended.
pub(super) fn streamed(body: &str, cut: Cut, context: ChatContext) -> (String, Result<(), Fault>) {
    let (mut decoder, mut out) = (Decoder::default(), ChunkWriter::default());
    let mut translator = Anthropic.chat_stream(context);
    let mut result = Ok(());
    let mut rest = body.as_bytes();
    let mut length = 0;
    'body: while !rest.is_empty() {
        length = match cut {
            Cut::Whole => rest.len(),
            Cut::AtEvents => rest.windows(2).position(|pair| pair == b"\n\n").map_or(rest.len(), |at| at + 2),
            Cut::Pieces(length) => length.min(rest.len()),
            Cut::Growing => (length % 97 + 1).min(rest.len()),
        };
        let (piece, behind) = rest.split_at(length);
        rest = behind;
        decoder.feed(piece);
        while let Some(event) = decoder.next_event().unwrap() {
            result = translator.feed(event, &mut out);
            if result.is_err() {
                break 'body;
            }
        }
    }
    if result.is_ok() {
        if let Some(event) = decoder.last_event().unwrap() {
            result = translator.feed(event, &mut out);
        }
        if result.is_ok() {
            result = translator.finish(decoder.stray(), &mut out);
        }
    }
    if let Err(fault) = &result {
        out.error(&fault.error);
    }
    assert!(out.is_done(), "a stream must end in [DONE] or an error");
    (String::from_utf8(out.take().to_vec()).unwrap(), result)
}

/// The chunks of an event stream; `[DONE]` as a string.
pub(super) fn chunks(text: &str) -> Vec<Value> {
    assert!(text.ends_with("\n\n"));
    let data = |event: &str| {
        let data = event.strip_prefix("data: ").unwrap();
        if data == "[DONE]" { json!(data) } else { serde_json::from_str(data).unwrap() }
    };
    text.split("\n\n").filter(|event| !event.is_empty()).map(data).collect()
}

fn same(want: &Value, got: &Value) -> Result<(), String> {
    differs(want, got, "").map_or(Ok(()), Err)
}

/// The first difference, with its path.
fn differs(want: &Value, got: &Value, path: &str) -> Option<String> {
    match (want, got) {
        (Value::String(any), Value::String(text)) if any == "*" && !text.is_empty() => None,
        (Value::Object(want), Value::Object(got)) => {
            let missing =
                want.keys().find(|name| !got.contains_key(*name)).map(|name| format!("{path}.{name} is missing"));
            let extra =
                || got.keys().find(|name| !want.contains_key(*name)).map(|name| format!("{path}.{name} is too much"));
            let inner = || want.iter().find_map(|(name, value)| differs(value, &got[name], &format!("{path}.{name}")));
            missing.or_else(extra).or_else(inner)
        }
        (Value::Array(want), Value::Array(got)) if want.len() == got.len() => {
            let pairs = want.iter().zip(got).enumerate();
            pairs.into_iter().find_map(|(i, (want, got))| differs(want, got, &format!("{path}[{i}]")))
        }
        (Value::Number(want), Value::Number(got)) if want.as_f64() == got.as_f64() => None,
        _ if want == got => None,
        _ => Some(format!("{path}: want {want}, got {got}")),
    }
}

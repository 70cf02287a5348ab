//! Walks over `cases/`: one file a case, named by what it shows.

use std::collections::HashMap;
use std::path::Path;

use bytes::Bytes;
use serde_json::{Value, json};

use super::Google;
use super::testing::{context, cut, event_ends, events, shown_error, translated, with_call};
use crate::error::RelayError;
use crate::ids::{RequestId, Timestamp};
use crate::json::Object;
use crate::ports::{Method, WireRequest};
use crate::providers::{Call, Dialect, Failure, Policy};

/// Cases that do not hold, and why. One that holds after all fails the test, so that this list stays true.
const NOT_YET: &[(&str, &str)] = &[];

/// Members whose key order counts.
const ORDERED: &[&str] = &["parametersJsonSchema", "responseJsonSchema"];

#[test]
fn every_case_translates_as_recorded() {
    let mut failures = Vec::new();
    let mut count = 0;
    for case in cases() {
        count += 1;
        let name = case["name"].as_str().unwrap();
        let excused = NOT_YET.iter().find(|(known, _)| *known == name);
        match (check(&case), excused) {
            (Err(why), None) => failures.push(format!("{name}: {why}")),
            (Ok(()), Some((_, why))) => failures.push(format!("{name}: holds now, take it off the list ({why})")),
            _ => {}
        }
    }
    assert!(count >= 82, "only {count} cases found");
    assert!(failures.is_empty(), "{} of {count} cases:\n{}", failures.len(), failures.join("\n"));
}

/// Every case's texts, cut short and with a byte changed: whatever comes out, nothing panics.
#[test]
fn broken_input_is_refused_or_translated() {
    for case in cases() {
        let input = &case["input"];
        let request = if input["request"].is_object() { &input["request"] } else { input };
        for broken in broken(&request.to_string()) {
            if let Ok(object) = Object::parse(&broken) {
                let model = object.text("model").ok().flatten().unwrap_or_default();
                let (id, now, policy) = (RequestId::new(1, [1; 10]), Timestamp(1), Policy::default());
                let body = Bytes::from(broken.clone());
                let call = Call { body: &body, request: &object, model: &model, prefixed: false, id, now, policy };
                drop((Google.chat(&call), Google.embeddings(&call)));
            }
        }
        let context = context(&json!({"model": "m", "messages": [{"role": "user"}], "stream": true}));
        let answers = input["events"].as_array().into_iter().flatten().chain([&input["response"], &input["body"]]);
        for answer in answers.filter(|answer| !answer.is_null()) {
            for broken in broken(&answer.to_string()) {
                let stream = [b"data: ", broken.as_slice(), b"\n\n", broken.as_slice()].concat();
                events(&translated([stream.as_slice()], &context));
                let failure = Failure { status: 400, headers: &[], body: &broken };
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

fn cases() -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/providers/google/cases");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap()).collect()
}

fn check(case: &Value) -> Result<(), String> {
    let (input, expected) = (&case["input"], &case["expected"]);
    match case["kind"].as_str().unwrap() {
        "request" => same(expected, &outcome(with_call(input, |call| Google.chat(call)).map(|made| wire(&made.wire)))),
        "embeddings_request" => {
            let made = with_call(input, |call| Google.embeddings(call)).map(|made| wire(&made.wires[0]));
            same(expected, &outcome(made))
        }
        "response" => {
            let answer = Google.chat_answer(body(&input["response"]), &context(&input["request"]));
            same(expected, &outcome(answer.map(|answer| serde_json::from_slice(&answer.body).unwrap())))
        }
        "embeddings_response" => {
            let context = with_call(&input["request"], |call| Google.embeddings(call)).unwrap().context;
            let answer = Google.embeddings_answer(vec![body(&input["response"])], &context);
            same(expected, &outcome(answer.map(|answer| serde_json::from_slice(&answer.body).unwrap())))
        }
        "error" => same(expected, &shown_error(&failure(input).error)),
        "stream" => stream(input, expected),
        kind => panic!("unknown kind {kind}"),
    }
}

fn body(json: &Value) -> Bytes {
    json.to_string().into()
}

fn outcome(result: Result<Value, RelayError>) -> Value {
    result.unwrap_or_else(|error| shown_error(&error))
}

fn wire(wire: &WireRequest) -> Value {
    let method = if wire.method == Method::Post { "POST" } else { "GET" };
    json!({"method": method, "path": wire.path, "body": serde_json::from_slice::<Value>(&wire.body).unwrap()})
}

fn failure(input: &Value) -> crate::providers::Fault {
    let headers: Vec<(String, String)> =
        serde_json::from_value::<HashMap<String, String>>(input["headers"].clone()).unwrap().into_iter().collect();
    let body = match &input["body"] {
        Value::String(text) => text.clone(),
        json => json.to_string(),
    };
    let status = u16::try_from(input["status"].as_u64().unwrap()).unwrap();
    Google.error(&Failure { status, headers: &headers, body: body.as_bytes() }, Timestamp(0))
}

/// In both framings, whole, cut at the events and byte by byte.
fn stream(input: &Value, expected: &Value) -> Result<(), String> {
    let context = context(&input["request"]);
    for end in ["\n", "\r\n"] {
        let data = input["events"].as_array().unwrap().iter();
        let body: String = data.map(|event| format!("data: {event}{end}{end}")).collect();
        let body = body.as_bytes();
        let bytes: Vec<usize> = (1..body.len()).collect();
        for ends in [Vec::new(), event_ends(body), bytes] {
            let got = Value::Array(events(&translated(cut(body, &ends), &context)));
            same(expected, &got).map_err(|why| format!("{why} ({} pieces, line end {end:?})", ends.len() + 1))?;
        }
    }
    Ok(())
}

fn same(expected: &Value, got: &Value) -> Result<(), String> {
    let mut found = HashMap::new();
    compare("", expected, got, &mut found).map_err(|at| format!("at {at}\n  expected {expected}\n  got      {got}"))
}

/// `Err` holds the path of the first difference. `found` holds what stood for each placeholder.
fn compare(path: &str, expected: &Value, got: &Value, found: &mut HashMap<String, Value>) -> Result<(), String> {
    let unless = |fine: bool| if fine { Ok(()) } else { Err(path.to_owned()) };
    match (expected, got) {
        (Value::String(mark), _) if mark.starts_with("__") => {
            let text = got.as_str().is_some_and(|text| !text.is_empty());
            let fits = match mark.as_str() {
                "__NONEMPTY__" => return unless(text),
                "__CREATED__" => got.is_u64(),
                "__ID__" => text,
                _ => got.as_str().is_some_and(|text| text.starts_with("call_")),
            };
            unless(fits && found.entry(mark.clone()).or_insert_with(|| got.clone()) == got)
        }
        (Value::Object(_), Value::Object(_)) if ORDERED.iter().any(|name| path.ends_with(name)) => {
            unless(format!("{expected}") == format!("{got}"))
        }
        (Value::Object(want), Value::Object(have)) => {
            let mut more = have.keys().filter(|name| !want.contains_key(*name));
            if let Some(name) = more.next().filter(|_| path != ".headers") {
                return Err(format!("{path}.{name} (not expected)"));
            }
            for (name, value) in want {
                compare(&format!("{path}.{name}"), value, have.get(name).unwrap_or(&json!("(absent)")), found)?;
            }
            Ok(())
        }
        (Value::Array(want), Value::Array(have)) => {
            for (i, (want, have)) in want.iter().zip(have).enumerate() {
                compare(&format!("{path}[{i}]"), want, have, found)?;
            }
            if want.len() == have.len() { Ok(()) } else { Err(format!("{path} (length)")) }
        }
        (Value::Number(want), Value::Number(have)) => {
            unless((want.as_f64().unwrap() - have.as_f64().unwrap()).abs() < 1e-6)
        }
        _ => unless(expected == got),
    }
}

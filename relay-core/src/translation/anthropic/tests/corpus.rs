//! Replays recorded answers and compares with what each recording means, as another program worked it out.
//!
//! The recordings are not part of this repository: `RELAY_CORPUS` names their directory. Without them nothing is tested.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::streamed;
use crate::domain::ids::Timestamp;
use crate::translation::anthropic::Anthropic;
use crate::translation::tests::plain_context;
use crate::translation::tests::support::corpus::lines;
use crate::translation::tests::support::feed::{Cut, chunks};
use crate::translation::{ChatContext, Dialect, ErrorResponse};

#[derive(Deserialize)]
struct Row {
    id: String,
    provider: String,
    status: u16,
    #[serde(default)]
    response_headers: BTreeMap<String, String>,
    response: Box<RawValue>,
    summary: Value,
}

/// What a caller's client makes of an answer.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    text: String,
    /// Name, arguments, id.
    calls: Vec<(String, Value, String)>,
    finish: String,
    usage: Value,
}

#[test]
fn recorded_answers_mean_the_same_after_translation() {
    replay("anthropic-messages.jsonl", |row| {
        let body = Bytes::from(row.response.get().to_owned());
        let answer = Anthropic.chat_answer(body, &plain_context()).map_err(|error| format!("error: {error:?}"))?;
        let body: Value = serde_json::from_slice(&answer.body).unwrap();
        compare(&row.summary, &whole(&body))
    });
}

#[test]
fn recorded_streams_mean_the_same_however_they_are_cut() {
    replay("anthropic-messages-stream.jsonl", |row| {
        let body: String = serde_json::from_str(row.response.get()).unwrap();
        let context = || ChatContext { include_usage: true, ..plain_context() };
        let (text, result) = streamed(&body, Cut::Whole, context());
        for cut in [Cut::AtEvents, Cut::Growing] {
            if streamed(&body, cut, context()).0 != text {
                return Err(format!("another outcome when cut: {cut:?}"));
            }
        }
        if let Some(at) = body.find("\"message_delta\"")
            && streamed(&body[..at], Cut::Whole, context()).1.is_ok()
        {
            return Err("a body cut short looks complete".to_owned());
        }
        result.map_err(|fault| format!("error: {:?}", fault.error))?;
        compare(&row.summary, &accumulated(&chunks(&text)))
    });
}

#[test]
fn recorded_errors_are_errors_in_openais_shape() {
    replay("anthropic-messages-errors.jsonl", |row| {
        let headers: Vec<_> = row.response_headers.clone().into_iter().collect();
        let failure = ErrorResponse { status: row.status, headers: &headers, body: row.response.get().as_bytes() };
        let error = Anthropic.error(&failure, Timestamp(0)).error;
        let body: Value = serde_json::from_slice(&error.to_body()).unwrap();
        let said = serde_json::from_str::<Value>(row.response.get()).unwrap()["error"]["message"].clone();
        let is_said = body["error"]["message"] == said;
        if is_said { Ok(()) } else { Err(format!("{body} does not say {said}")) }
    });
}

fn replay(file: &str, check: impl Fn(&Row) -> Result<(), String>) {
    let Some(lines) = lines(file) else { return };
    let mut reasons: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut total = 0;
    for line in lines {
        let row: Row = serde_json::from_str(&line).unwrap();
        if row.provider != "anthropic" {
            continue;
        }
        total += 1;
        let is_clear = row.summary.get("doubt").is_none() && row.summary.get("error").is_none_or(Value::is_null);
        if let Err(why) = check(&row)
            && (is_clear || row.status >= 400)
        {
            reasons.entry(why).or_default().push(row.id);
        }
    }
    let failed: usize = reasons.values().map(Vec::len).sum();
    println!("{file}: {}/{total} passed", total - failed);
    assert!(reasons.is_empty(), "{reasons:#?}");
}

fn compare(summary: &Value, seen: &Seen) -> Result<(), String> {
    let want = meant(summary);
    if *seen == want {
        return Ok(());
    }
    Err(match () {
        () if seen.text != want.text => format!("text: {:?}, not {:?}", seen.text, want.text),
        () if seen.calls != want.calls => format!("calls: {:?}, not {:?}", seen.calls, want.calls),
        () if seen.finish != want.finish => format!("finish: {}, not {}", seen.finish, want.finish),
        () => format!("usage: {}, not {}", seen.usage, want.usage),
    })
}

/// A recording's meaning in OpenAI's terms.
fn meant(summary: &Value) -> Seen {
    let call = |call: &Value| {
        let args = if call["args"].is_null() { json!({}) } else { call["args"].clone() };
        (call["name"].as_str().unwrap().to_owned(), args, call["id"].as_str().unwrap().to_owned())
    };
    let calls: Vec<_> = summary["tool_calls"].as_array().into_iter().flatten().map(call).collect();
    let finish = match summary["finish"].as_str().unwrap_or_default() {
        "end_turn" | "stop_sequence" => "stop",
        "max_tokens" => "length",
        "refusal" => "content_filter",
        "tool_use" if !calls.is_empty() => "tool_calls",
        _ => "stop",
    };
    let count = |name: &str| summary["usage"][name].as_u64().unwrap_or(0);
    let (read, written) = (count("cache_read_input_tokens"), count("cache_creation_input_tokens"));
    let (prompt, output) = (count("input_tokens") + read + written, count("output_tokens"));
    let thinking = &summary["usage"]["output_tokens_details"]["thinking_tokens"];
    let text = summary["text"].as_str().unwrap_or_default().to_owned();
    Seen {
        text,
        calls,
        finish: finish.to_owned(),
        usage: json!([prompt, output, prompt + output, read, written, thinking]),
    }
}

fn numbers(usage: &Value) -> Value {
    let details = &usage["prompt_tokens_details"];
    json!([
        usage["prompt_tokens"],
        usage["completion_tokens"],
        usage["total_tokens"],
        details["cached_tokens"],
        details["cache_write_tokens"],
        usage["completion_tokens_details"]["reasoning_tokens"],
    ])
}

/// What a client sees of a whole answer.
fn whole(body: &Value) -> Seen {
    let choice = &body["choices"][0];
    let call = |call: &Value| {
        let args = serde_json::from_str(call["function"]["arguments"].as_str().unwrap()).unwrap();
        (call["function"]["name"].as_str().unwrap().to_owned(), args, call["id"].as_str().unwrap().to_owned())
    };
    Seen {
        text: choice["message"]["content"].as_str().unwrap_or_default().to_owned(),
        calls: choice["message"]["tool_calls"].as_array().into_iter().flatten().map(call).collect(),
        finish: choice["finish_reason"].as_str().unwrap().to_owned(),
        usage: numbers(&body["usage"]),
    }
}

/// What a client makes of a stream.
fn accumulated(chunks: &[Value]) -> Seen {
    let mut seen = Seen::default();
    let mut calls: Vec<(String, String, String)> = Vec::new();
    for chunk in chunks.iter().filter(|chunk| chunk.is_object()) {
        if chunk["usage"].is_object() {
            seen.usage = numbers(&chunk["usage"]);
        }
        let choice = &chunk["choices"][0];
        seen.text.push_str(choice["delta"]["content"].as_str().unwrap_or_default());
        seen.finish.push_str(choice["finish_reason"].as_str().unwrap_or_default());
        for call in choice["delta"]["tool_calls"].as_array().into_iter().flatten() {
            let index = usize::try_from(call["index"].as_u64().unwrap()).unwrap();
            if let Some(id) = call["id"].as_str() {
                assert_eq!(index, calls.len());
                calls.push((call["function"]["name"].as_str().unwrap().to_owned(), String::new(), id.to_owned()));
            }
            calls[index].1.push_str(call["function"]["arguments"].as_str().unwrap());
        }
    }
    // What `max_tokens` cut off is no JSON; the recordings' meaning has null there, too.
    let parsed = |args: &str| serde_json::from_str(args).unwrap_or_else(|_| json!({}));
    seen.calls = calls.into_iter().map(|(name, args, id)| (name, parsed(&args), id)).collect();
    seen
}

//! Recorded answers of the real API, if they are at hand (`RELAY_CORPUS`, or beside the workspace), against summaries that
//! were made without this code. One line a file says how many rows hold.

use serde_json::{Value, json};

use super::{context, events, translated, with_call};
use crate::domain::ids::Timestamp;
use crate::translation::google::Google;
use crate::translation::tests::shown_error;
use crate::translation::tests::support::corpus::lines;
use crate::translation::tests::support::feed::{Cut, pieces};
use crate::translation::{Dialect, ErrorResponse};

#[test]
fn recorded_answers_say_the_same() {
    walk("gemini-generate.jsonl", |row| {
        let body = row["response"].to_string();
        match Google.chat_answer(body.into(), &context(&json!({"model": "m", "messages": [{"role": "user"}]}))) {
            Ok(answer) => holds(&row["summary"], &serde_json::from_slice(&answer.body).unwrap(), false),
            Err(error) => fails(&row["summary"], error.code()),
        }
    });
}

#[test]
fn recorded_streams_say_the_same_however_they_are_cut() {
    walk("gemini-generate-stream.jsonl", |row| {
        if row["framing"] != "sse" {
            return Outcome::Skipped; // asked for without `alt=sse`, which Relay never does
        }
        let options = json!({"include_usage": true});
        let request = json!({"model": "m", "messages": [{"role": "user"}], "stream": true, "stream_options": options});
        let (context, body) = (context(&request), row["response"].as_str().unwrap().as_bytes());
        let got = [Cut::Whole, Cut::AtEvents, Cut::Growing].map(|cut| translated(pieces(body, cut), &context));
        if got[0] != got[1] || got[0] != got[2] {
            return Outcome::Differs("the cuts give different results".to_owned());
        }
        let events = events(&got[0]);
        match events.last().and_then(|last| last["error"]["code"].as_str()) {
            Some(code) => fails(&row["summary"], code),
            None => holds(&row["summary"], &joined(&events), true),
        }
    });
}

#[test]
fn recorded_streams_that_are_cut_short_end_in_an_error() {
    walk("gemini-generate-stream.jsonl", |row| {
        if row["framing"] != "sse" {
            return Outcome::Skipped;
        }
        let request = json!({"model": "m", "messages": [{"role": "user"}], "stream": true});
        let (context, body) = (context(&request), row["response"].as_str().unwrap().as_bytes());
        let events = pieces(body, Cut::AtEvents);
        let last = body.len() - events.last().map_or(0, |event| event.len());
        let whole = body[..last].windows(12).any(|piece| piece == b"finishReason");
        let got = translated([&body[..last + (body.len() - last) / 2]], &context);
        let done = got.contains("[DONE]");
        if done && !whole { Outcome::Differs("a clean end".to_owned()) } else { Outcome::Holds }
    });
}

#[test]
fn recorded_errors_keep_their_kind() {
    walk("gemini-generate-errors.jsonl", |row| {
        let (body, status) = (row["response"].to_string(), row["status"].as_u64().unwrap());
        let failure = ErrorResponse { status: u16::try_from(status).unwrap(), headers: &[], body: body.as_bytes() };
        let got = shown_error(&Google.error(&failure, Timestamp(0)).error);
        let message = got["body"]["error"]["message"].as_str().unwrap();
        let kept = got["status"] == status || (status == 400 && got["status"] == 403);
        if kept && !message.is_empty() { Outcome::Holds } else { Outcome::Differs(got.to_string()) }
    });
}

#[test]
fn recorded_embeddings_have_their_count_and_length_one() {
    walk("embeddings.jsonl", |row| {
        let mut response = row["response"].clone();
        if let Some(single) = response.get_mut("embedding").map(Value::take) {
            response = json!({"embeddings": [single]}); // of `embedContent`: the same, for one
        }
        if row["provider"] != "gemini" || row["status"] != 200 || !response["embeddings"].is_array() {
            return Outcome::Skipped;
        }
        let count = row["summary"]["count"].as_u64().unwrap();
        let input = vec!["x"; usize::try_from(count).unwrap()];
        let context =
            with_call(&json!({"model": "m", "input": input}), |call| Google.embeddings(call)).unwrap().context;
        let answer = match Google.embeddings_answer(vec![response.to_string().into()], &context) {
            Ok(answer) => serde_json::from_slice::<Value>(&answer.body).unwrap(),
            Err(error) => return Outcome::Differs(error.to_string()),
        };
        for item in answer["data"].as_array().unwrap() {
            let vector: Vec<f64> = serde_json::from_value(item["embedding"].clone()).unwrap();
            let norm = vector.iter().map(|value| value * value).sum::<f64>().sqrt();
            let dims = row["summary"]["dims"].as_array().unwrap();
            if !dims.contains(&json!(vector.len())) || (norm - 1.0).abs() > 2e-3 {
                return Outcome::Differs(format!("{} dimensions, length {norm}", vector.len()));
            }
        }
        Outcome::Holds
    });
}

#[test]
fn recorded_lists_of_models_can_be_read() {
    walk("models.jsonl", |row| {
        if row["provider"] != "gemini" || row["status"] != 200 {
            return Outcome::Skipped;
        }
        match Google.models_answer(row["response"].to_string().as_bytes()) {
            Ok((models, _)) if !models.is_empty() => Outcome::Holds,
            other => Outcome::Differs(format!("{other:?}")),
        }
    });
}

/// How a row came out.
enum Outcome {
    Holds,
    Skipped,
    Differs(String),
}

/// Checks each row of a file; prints a line, and fails if a row differs.
fn walk(file: &str, check: impl Fn(&Value) -> Outcome) {
    let Some(lines) = lines(file) else { return };
    let (mut passed, mut total, mut failures) = (0, 0, Vec::new());
    for line in lines {
        let row: Value = serde_json::from_str(&line).unwrap();
        match check(&row) {
            Outcome::Skipped => continue,
            Outcome::Holds => passed += 1,
            Outcome::Differs(why) => failures.push(format!("{}: {why}", row["id"])),
        }
        total += 1;
    }
    println!("{file}: {passed}/{total}");
    assert!(failures.is_empty(), "{file}: {} of {total}:\n{}", failures.len(), failures.join("\n"));
}

/// A whole answer out of a stream's chunks.
fn joined(events: &[Value]) -> Value {
    let mut choices: Vec<Value> = Vec::new();
    let mut usage = Value::Null;
    for event in events {
        if event["usage"].is_object() {
            usage = event["usage"].clone();
        }
        for piece in event["choices"].as_array().into_iter().flatten() {
            let at = choices.iter().position(|choice| choice["index"] == piece["index"]).unwrap_or_else(|| {
                let message = json!({"content": "", "reasoning_content": "", "tool_calls": []});
                choices.push(json!({"index": piece["index"], "message": message}));
                choices.len() - 1
            });
            let choice = &mut choices[at];
            for name in ["content", "reasoning_content"] {
                let text = text(&choice["message"][name]) + &text(&piece["delta"][name]);
                choice["message"][name] = json!(text);
            }
            let calls = piece["delta"]["tool_calls"].as_array().into_iter().flatten().cloned();
            choice["message"]["tool_calls"].as_array_mut().unwrap().extend(calls);
            if !piece["finish_reason"].is_null() {
                choice["finish_reason"] = piece["finish_reason"].clone();
            }
        }
    }
    assert_eq!(events.last(), Some(&json!("[DONE]")));
    json!({"choices": choices, "usage": usage})
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Whether a good answer says what the summary says.
fn holds(summary: &Value, answer: &Value, stream: bool) -> Outcome {
    if is_doubtful(summary) {
        return Outcome::Holds;
    }
    let mut wanted = vec![summary.clone()];
    if let Some(several) = summary["choices"].as_array() {
        wanted.clone_from(several);
    }
    for (want, got) in wanted.iter().zip(answer["choices"].as_array().unwrap()) {
        let block = summary["block_reason"].as_str();
        if let Err(why) = same_choice(want, got, block, stream) {
            return Outcome::Differs(why);
        }
    }
    let want = summary["usage"].as_object().map(|_| usage(&summary["usage"]));
    let got = &answer["usage"];
    let numbers = ["prompt_tokens", "completion_tokens", "total_tokens"].map(|name| got[name].as_u64());
    let fits = want.map_or(got.is_null(), |want| numbers == want.map(Some));
    if fits { Outcome::Holds } else { Outcome::Differs(format!("usage {want:?}, got {got}")) }
}

fn same_choice(want: &Value, got: &Value, block: Option<&str>, stream: bool) -> Result<(), String> {
    let message = &got["message"];
    for (name, member) in [("text", "content"), ("thinking", "reasoning_content")] {
        if text(&want[name]) != text(&message[member]) {
            return Err(format!("{member}: {} instead of {}", message[member], want[name]));
        }
    }
    let calls = want["tool_calls"].as_array().cloned().unwrap_or_default();
    let got_calls = message["tool_calls"].as_array().cloned().unwrap_or_default();
    if calls.len() != got_calls.len() {
        return Err(format!("{} calls instead of {}", got_calls.len(), calls.len()));
    }
    for (want, got) in calls.iter().zip(&got_calls) {
        let args: Value = serde_json::from_str(got["function"]["arguments"].as_str().unwrap()).unwrap();
        let id = text(&got["id"]);
        let same_id = want["id"].as_str().filter(|id| !id.is_empty()).map_or(id.starts_with("call_"), |own| own == id);
        if got["function"]["name"] != want["name"] || args != want["args"] || !same_id {
            return Err(format!("call {got} instead of {want}"));
        }
    }
    let finish = match (want["finish"].as_str(), block) {
        (None, Some(_)) => "content_filter",
        (None, None) if stream => "an error",
        (Some("MAX_TOKENS"), _) => "length",
        (Some("SAFETY" | "RECITATION" | "MODEL_ARMOR"), _) => "content_filter",
        _ if calls.is_empty() => "stop",
        _ => "tool_calls",
    };
    if got["finish_reason"] == finish { Ok(()) } else { Err(format!("finish {}, not {finish}", got["finish_reason"])) }
}

/// OpenAI's three numbers out of Google's.
fn usage(own: &Value) -> [u64; 3] {
    let count = |name: &str| own[name].as_u64().unwrap_or(0);
    let (prompt, candidates) =
        (count("promptTokenCount") + count("toolUsePromptTokenCount"), count("candidatesTokenCount"));
    let (thoughts, total) = (count("thoughtsTokenCount"), count("totalTokenCount"));
    let completion = if thoughts > 0 && prompt + candidates == total { candidates } else { candidates + thoughts };
    [prompt, completion, if total > 0 { total } else { prompt + completion }]
}

/// Whether an error is what the row asks for.
fn fails(summary: &Value, code: &str) -> Outcome {
    let expected = match summary["finish"].as_str() {
        _ if is_doubtful(summary) => return Outcome::Holds,
        Some("UNEXPECTED_TOOL_CALL") => "unexpected_tool_call",
        None => "upstream_stream_interrupted",
        Some(_) => "no error",
    };
    if code == expected { Outcome::Holds } else { Outcome::Differs(format!("error {code}, expected {expected}")) }
}

fn is_doubtful(summary: &Value) -> bool {
    !summary["doubt"].is_null() || !summary["error"].is_null()
}

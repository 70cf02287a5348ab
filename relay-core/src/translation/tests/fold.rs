//! A stream folded by OpenAI's clients is the whole answer that the same events amount to.

use bytes::Bytes;
use serde_json::{Value, json};

use super::golden::body_of;
use super::plain_context;
use super::support::compare::{Rules, place};
use super::support::feed::{Cut, chunks, streamed};
use super::support::{assemble, corpus, fold};
use crate::translation::anthropic::{self, Anthropic};
use crate::translation::google::{self, Google};
use crate::translation::json::compact;
use crate::translation::sse::Decoder;
use crate::translation::{ChatContext, Dialect};

/// Compares what both clients make of a stream with the translation of the whole answer.
///
/// `None`: the events amount to no answer, and the stream says so.
pub(super) fn check(
    dialect: &dyn Dialect,
    body: &str,
    cut: Cut,
    context: &ChatContext,
    whole: Option<String>,
) -> Option<Result<(), String>> {
    let context = ChatContext { include_usage: true, ..context.clone() };
    let (text, result) = streamed(dialect, body.as_bytes(), cut, &context);
    if let Err(why) = collected_is(dialect, body, &context, whole.as_deref()) {
        return Some(Err(why));
    }
    let whole = whole.map(|whole| dialect.chat_answer(Bytes::from(whole), &context));
    let (want, failure) = match (whole, result) {
        (None, Err(_)) => return None,
        (None, Ok(())) => return Some(Err("a clean end of an answer that did not end".to_owned())),
        (Some(Err(whole)), Err(fault)) => {
            let same = whole.code() == fault.error.code();
            return Some(if same { Ok(()) } else { Err(format!("{whole:?}, but streamed {:?}", fault.error)) });
        }
        (Some(Ok(answer)), result) => (serde_json::from_slice::<Value>(&answer.body).unwrap(), result.err()),
        (Some(Err(error)), Ok(())) => return Some(Err(format!("whole it is {error:?}, streamed it is none"))),
    };
    if let Some(fault) = failure {
        return Some(Err(format!("streamed it is {:?}, whole it is none", fault.error)));
    }
    let mut chunks = chunks(&text);
    assert_eq!(chunks.pop(), Some(json!("[DONE]")));
    Some(compare(&want, &chunks))
}

/// Where the dialect collects streams itself (a long answer that was asked for whole), it makes the same answer of it.
fn collected_is(dialect: &dyn Dialect, body: &str, context: &ChatContext, whole: Option<&str>) -> Result<(), String> {
    let Some(mut collector) = dialect.collector() else { return Ok(()) };
    let mut decoder = Decoder::mending();
    decoder.feed(body.as_bytes());
    let mut result = Ok(());
    while let (Ok(()), Ok(Some(event))) = (&result, decoder.next_event()) {
        result = collector.feed(event);
    }
    let collected = result.and_then(|()| collector.finish(decoder.stray()));
    let answer = |body: Vec<u8>| dialect.chat_answer(body.into(), context);
    let answers = (collected.map(answer), whole.map(|whole| answer(whole.into())));
    let plain = |body: &[u8]| plain(&serde_json::from_slice(body).unwrap());
    match answers {
        (Err(_), None) => Ok(()),
        (Ok(Ok(own)), Some(Ok(want))) => differs("collected", &plain(&want.body), &plain(&own.body)),
        (Ok(Err(own)), Some(Err(want))) if own.code() == want.code() => Ok(()),
        (Err(own), Some(Err(want))) if own.error.code() == want.code() => Ok(()),
        other => Err(format!("collected and whole: {other:?}")),
    }
}

fn compare(want: &Value, chunks: &[Value]) -> Result<(), String> {
    let want = plain(want);
    let node = plain(&fold::node(chunks));
    differs("Node", &without(&want, REASONING), &without(&node, REASONING))?;
    let python = plain(&fold::python(chunks)?);
    // Its helper takes no new member of a choice after the choice's first chunk.
    differs("Python", &without(&want, NATIVE), &without(&python, NATIVE))
}

/// Where a member lies that a client's helper can't have, whatever a server sends.
type Lost = fn(&mut Value) -> Option<&mut serde_json::Map<String, Value>>;

/// Node's helper keeps the last delta of a text that it does not know. Readable thinking has to come as it is thought; what
/// the next turn needs of it is in `thinking_blocks` and `extra_content`, which come once.
const REASONING: (Lost, &str) = (|choice| choice["message"].as_object_mut(), "reasoning_content");
const NATIVE: (Lost, &str) = (Value::as_object_mut, "native_finish_reason");

fn without(answer: &Value, (place, name): (Lost, &str)) -> Value {
    let mut answer = answer.clone();
    for choice in answer["choices"].as_array_mut().unwrap() {
        place(choice).unwrap().remove(name);
    }
    answer
}

fn differs(who: &str, want: &Value, got: &Value) -> Result<(), String> {
    if want == got {
        return Ok(());
    }
    let at = place(want, got, Rules::default()).err().unwrap_or_default();
    Err(format!("{who}: streamed and whole differ at {at}"))
}

/// An answer in one form, whichever way it came.
///
/// - `object` differs by definition, and usage is `null` where the provider counted nothing.
/// - In a stream the first delta says `"content":""`, before anybody knows that there will be only calls (`null` in a whole
///   answer); OpenAI's own streams do so, too. `refusal` is absent or `null`.
/// - `index` of a call is of streams only. Spaces between the tokens of `arguments` are the model's own in a stream, and left
///   out of whole answers.
fn plain(answer: &Value) -> Value {
    let mut answer = answer.clone();
    let members = answer.as_object_mut().unwrap();
    members.remove("object");
    if members.get("usage").is_some_and(Value::is_null) {
        members.remove("usage");
    }
    for choice in answer["choices"].as_array_mut().unwrap() {
        let message = &mut choice["message"];
        if message["content"].is_null() {
            message["content"] = json!("");
        }
        message["refusal"] = message["refusal"].take();
        if message["tool_calls"].is_null() {
            message.as_object_mut().unwrap().remove("tool_calls");
        }
        for call in message["tool_calls"].as_array_mut().into_iter().flatten() {
            call.as_object_mut().unwrap().remove("index");
            compacted(&mut call["function"]["arguments"]);
        }
        if message["function_call"].is_null() {
            message.as_object_mut().unwrap().remove("function_call");
        } else {
            compacted(&mut message["function_call"]["arguments"]);
        }
    }
    answer
}

/// Arguments without spaces. Those that a limit cut off are no JSON: a whole answer can hold them as a string only.
fn compacted(arguments: &mut Value) {
    let text = arguments.as_str().unwrap();
    let text = serde_json::from_str::<String>(text).unwrap_or_else(|_| text.to_owned());
    *arguments = compact(&text).into_owned().into();
}

pub(super) fn anthropic_whole(body: &str) -> Option<String> {
    assemble::anthropic(&assemble::events(body)).as_ref().map(assemble::anthropic_body)
}

pub(super) fn google_whole(body: &str) -> Option<String> {
    // An error outside of events is the end, whatever came before it.
    if body.lines().any(|line| line.trim_start().starts_with("\"error\"")) {
        return None;
    }
    assemble::google(&assemble::events(body)).map(|whole| whole.to_string())
}

#[test]
fn every_streamed_case_folds_to_the_whole_answer() {
    type Whole = fn(&str) -> Option<String>;
    let formats: [(_, Whole); 2] =
        [(&anthropic::tests::golden::FORMAT, anthropic_whole), (&google::tests::golden::FORMAT, google_whole)];
    let mut wrong = Vec::new();
    for (format, whole) in formats {
        let mut count = 0;
        for (name, events, context) in format.streams() {
            let body = body_of(&events, "\n");
            match check(format.dialect, &body, Cut::Whole, &context, whole(&body)) {
                Some(Ok(())) => count += 1,
                Some(Err(why)) => wrong.push(format!("{name}: {why}")),
                None => {}
            }
        }
        println!("{}: {count} streams fold to their whole answer", format.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_recorded_anthropic_stream_folds_to_the_whole_answer() {
    corpus::walk("anthropic-messages-stream.jsonl", |row| {
        let body = row.body();
        check(&Anthropic, &body, Cut::Growing, &plain_context(), anthropic_whole(&body))
    });
}

#[test]
fn every_recorded_gemini_stream_folds_to_the_whole_answer() {
    corpus::walk("gemini-generate-stream.jsonl", |row| {
        // The others were asked for without `alt=sse`, which Relay never does.
        (row.framing.as_deref() == Some("sse"))
            .then(|| row.body())
            .and_then(|body| check(&Google, &body, Cut::Growing, &plain_context(), google_whole(&body)))
    });
}

//! Streams: whatever a provider sends, the caller gets a well-formed stream that ends once.

use std::collections::HashMap;

use relay_core::Provider;
use relay_core::error::RelayError;
use relay_core::translation::sse::{Decoder, TooLong};
use relay_core::translation::surface::chat_completions::chunk::ChunkWriter;
use relay_core::translation::{
    Dialect, ProviderError, StreamTranslator, anthropic::Anthropic, google::Google, openai::OpenAi,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::mutate::Random;
use super::{context, is_json, switches};

/// The longest output of one chunk beside what its event holds: the head, `usage`, a refusal in words.
const CHUNK: usize = 4096;

/// OpenAI's stream: passed on.
pub fn openai_stream(data: &[u8]) {
    let out = stream(&OpenAi::new(Provider::OPENAI), data);
    well_formed(&out);
}

/// Anthropic's stream.
pub fn anthropic_stream(data: &[u8]) {
    let (switches, body) = switches(data);
    translated(&stream(&Anthropic, data), switches);
    collected(body);
}

/// The same stream as a whole answer: an error, or one that can be translated.
fn collected(body: &[u8]) {
    let Some(mut collector) = Anthropic.collector() else { return };
    let mut decoder = Decoder::default();
    decoder.feed(body);
    while let Some(event) = decoder.next_event().expect("no input here is as long as the limits") {
        if collector.feed(event).is_err() {
            return;
        }
    }
    if let Ok(answer) = collector.finish(decoder.stray()) {
        assert!(is_json(&answer), "{}", String::from_utf8_lossy(&answer));
        let translated = Anthropic.chat_answer(answer.into(), &context(0));
        assert!(translated.is_err() || translated.is_ok_and(|answer| is_json(&answer.body)));
    }
}

/// Google's stream.
pub fn google_stream(data: &[u8]) {
    let (switches, _) = switches(data);
    translated(&stream(&Google, data), switches);
}

/// The stream in several cuts; they must not differ.
fn stream(dialect: &dyn Dialect, data: &[u8]) -> String {
    let (switches, body) = switches(data);
    let run = |pieces: Vec<&[u8]>| {
        let out = translate(&mut *dialect.chat_stream(context(switches)), pieces);
        String::from_utf8(out).expect("the output is text")
    };
    let whole = run(vec![body]);
    assert_eq!(run(Random::of(data).pieces(body)), whole, "cut in pieces, it differs");
    if body.len() < 2048 {
        assert_eq!(run(body.chunks(1).collect()), whole, "byte by byte, it differs");
    }
    // Every event may repeat the head, and no event is shorter than `data:{}` and its line's end.
    assert!(whole.len() <= 32 * body.len() + (1 + body.len() / 8) * CHUNK, "{} bytes of {}", whole.len(), body.len());
    whole
}

/// What `relay_core` does with a stream's pieces (`translate.rs`), without the waiting.
fn translate<'p>(translator: &mut dyn StreamTranslator, pieces: impl IntoIterator<Item = &'p [u8]>) -> Vec<u8> {
    let (mut decoder, mut out) = (Decoder::default(), ChunkWriter::default());
    let mut sent = Vec::new();
    let mut result = Ok(());
    for piece in pieces {
        result = take(piece, &mut decoder, translator, &mut out);
        sent.extend_from_slice(&out.take());
        if result.is_err() || out.is_done() {
            break;
        }
    }
    if result.is_ok() && !out.is_done() {
        result = end(&mut decoder, translator, &mut out);
    }
    if let Err(fault) = result {
        out.error(&fault.error);
    }
    assert!(out.is_done(), "a stream ends with [DONE] or an error");
    sent.extend_from_slice(&out.take());
    sent
}

fn take(
    piece: &[u8],
    decoder: &mut Decoder,
    translator: &mut dyn StreamTranslator,
    out: &mut ChunkWriter,
) -> Result<(), ProviderError> {
    decoder.feed(piece);
    while let Some(event) = decoder.next_event().map_err(too_long)? {
        if out.is_done() {
            break;
        }
        translator.feed(event, out)?;
    }
    Ok(())
}

fn end(
    decoder: &mut Decoder,
    translator: &mut dyn StreamTranslator,
    out: &mut ChunkWriter,
) -> Result<(), ProviderError> {
    let is_cut = |event: &[u8]| serde_json::from_slice::<IgnoredAny>(event).is_err_and(|error| error.is_eof());
    match decoder.last_event().map_err(too_long)? {
        Some(event) if !is_cut(event) => translator.feed(event, out)?,
        _ => {}
    }
    if out.is_done() { Ok(()) } else { translator.finish(decoder.stray(), out) }
}

fn too_long(error: TooLong) -> ProviderError {
    RelayError::unusable_answer(error.to_string()).into()
}

/// One line of JSON an event; the last is `[DONE]` or an error, and no other is.
fn well_formed(out: &str) -> Vec<&str> {
    let body = out.strip_suffix("\n\n").expect("the last event ends");
    let events: Vec<&str> =
        body.split("\n\n").map(|event| event.strip_prefix("data: ").expect("only data lines")).collect();
    for event in &events {
        assert!(!event.contains(['\n', '\r']), "{event:?} is not one line");
        assert!(*event == "[DONE]" || (event.starts_with('{') && is_json(event.as_bytes())), "{event:?} is no JSON");
    }
    let ends = |event: &&str| *event == "[DONE]" || event.starts_with("{\"error\":");
    assert_eq!(events.iter().position(ends), Some(events.len() - 1), "a stream ends once: {out}");
    events
}

#[derive(Deserialize)]
struct Chunk<'a> {
    id: String,
    object: String,
    created: u64,
    #[serde(rename = "model")]
    _model: String,
    #[serde(borrow)]
    choices: Vec<Choice<'a>>,
    #[serde(default, borrow, deserialize_with = "there")]
    usage: Option<&'a RawValue>,
}

/// Tells `null` from nothing.
fn there<'de: 'a, 'a, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Choice<'a> {
    index: u32,
    #[serde(borrow)]
    delta: Delta<'a>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Delta<'a> {
    role: Option<String>,
    #[serde(borrow, default)]
    tool_calls: Vec<Call<'a>>,
}

#[derive(Deserialize)]
struct Call<'a> {
    index: usize,
    id: Option<String>,
    #[serde(borrow)]
    function: Function<'a>,
}

#[derive(Deserialize)]
struct Function<'a> {
    name: Option<String>,
    #[serde(rename = "arguments", borrow)]
    _arguments: &'a RawValue,
}

/// OpenAI's chunks, in an order that OpenAI's clients take.
fn translated(out: &str, switches: u8) {
    let events = well_formed(out);
    let (last, chunks) = events.split_last().expect("a stream has an end");
    let include_usage = switches & 1 != 0;
    let (mut choices, mut counts, mut id) = (HashMap::<u32, (usize, bool)>::new(), 0, None);
    for event in chunks {
        let chunk: Chunk<'_> = serde_json::from_str(event).unwrap_or_else(|error| panic!("{error}: {event}"));
        assert!(chunk.object == "chat.completion.chunk" && chunk.created == 1_764_000_000);
        assert_eq!(id.get_or_insert(chunk.id.clone()), &chunk.id, "one id a stream");
        assert_eq!(chunk.usage.is_some(), include_usage, "usage is in all chunks or in none: {event}");
        counts += usize::from(chunk.usage.is_some_and(|usage| usage.get() != "null"));
        assert_eq!(chunk.choices.is_empty(), chunk.usage.is_some_and(|usage| usage.get() != "null"), "{event}");
        for choice in chunk.choices {
            let is_new = !choices.contains_key(&choice.index);
            assert_eq!(choice.delta.role.is_some(), is_new, "the role comes first, and once: {event}");
            let (calls, finished) = choices.entry(choice.index).or_default();
            assert!(!*finished, "nothing follows the end of a choice: {event}");
            *finished = choice.finish_reason.is_some();
            for call in choice.delta.tool_calls {
                assert!(call.index <= *calls, "calls are counted in order: {event}");
                assert_eq!(
                    (call.id.is_some(), call.function.name.is_some()),
                    (call.index == *calls, call.index == *calls)
                );
                *calls = (*calls).max(call.index + 1);
            }
        }
    }
    assert!(counts <= usize::from(include_usage && *last == "[DONE]"), "usage is counted once, in a whole answer");
    let finished = choices.values().filter(|(_, finished)| *finished).count();
    let want = if *last == "[DONE]" { choices.len() } else { 0 };
    assert_eq!(finished, want, "a whole answer finishes every choice, and a broken one none: {out}");
    assert!(*last != "[DONE]" || !choices.is_empty(), "an answer has a choice");
}

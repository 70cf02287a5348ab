//! How fast one core translates, and what it allocates. `cargo bench -p relay-core`; `docs/benchmarks.md` has figures.
//!
//! Bytes are those of the provider (streams, answers) or of the caller (requests). A stream has exactly 1,000 deltas, so its
//! allocations by 1,000 are those of one event. Nothing is sent or waited for.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "a benchmark")]

use std::sync::LazyLock;

use bytes::Bytes;
use divan::Bencher;
use divan::counter::BytesCount;
use relay_core::Provider;
use relay_core::domain::ids::{RequestId, Timestamp};
use relay_core::translation::json::Object;
use relay_core::translation::sse::Decoder;
use relay_core::translation::surface::chat_completions::chunk::ChunkWriter;
use relay_core::translation::{
    Call, ChatContext, Dialect, TranslationOptions, Work, anthropic::Anthropic, google::Google, openai::OpenAi,
};

#[path = "translate/bodies.rs"]
mod bodies;

/// Counts what is allocated while a benchmark runs.
#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

fn main() {
    divan::main();
}

/// How a stream arrives.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// In pieces of 16 KiB, as a fast network gives it.
    Pieces,
    /// An event at a time, as a model writes it.
    Events,
}

const CUTS: [Cut; 2] = [Cut::Pieces, Cut::Events];

fn cut(body: &[u8], cut: Cut) -> Vec<&[u8]> {
    if matches!(cut, Cut::Pieces) {
        return body.chunks(16 << 10).collect();
    }
    let blank = if body.contains(&b'\r') { "\r\n\r\n" } else { "\n\n" };
    std::str::from_utf8(body).unwrap().split_inclusive(blank).map(str::as_bytes).collect()
}

fn context() -> ChatContext {
    let id = RequestId::new(1, [7; 10]);
    ChatContext { stream: true, include_usage: true, ..ChatContext::new(id, 1_764_000_000, "asked-for") }
}

/// Translates a stream, one buffer a piece, as the use case does.
fn stream(bencher: Bencher<'_, '_>, dialect: &dyn Dialect, context: &ChatContext, body: &str, how: Cut) {
    let pieces = cut(body.as_bytes(), how);
    bencher.counter(BytesCount::of_str(body)).bench_local(|| {
        let (mut decoder, mut out) = (Decoder::default(), ChunkWriter::default());
        let mut translator = dialect.chat_stream(context.clone());
        let mut length = 0;
        for piece in &pieces {
            decoder.feed(piece);
            while let Some(event) = decoder.next_event().unwrap() {
                translator.feed(event, &mut out).unwrap();
            }
            length += out.take().len();
        }
        if !out.is_done() {
            translator.finish(b"", &mut out).unwrap();
        }
        assert!(out.is_done());
        length + out.take().len()
    });
}

#[divan::bench(args = CUTS)]
fn decoder_alone(bencher: Bencher<'_, '_>, how: Cut) {
    static BODY: LazyLock<String> = LazyLock::new(bodies::anthropic_text);
    let pieces = cut(BODY.as_bytes(), how);
    bencher.counter(BytesCount::of_str(BODY.as_str())).bench_local(|| {
        let (mut decoder, mut length) = (Decoder::default(), 0);
        for piece in &pieces {
            decoder.feed(piece);
            while let Some(event) = decoder.next_event().unwrap() {
                length += event.len();
            }
        }
        length
    });
}

#[divan::bench(args = CUTS)]
fn anthropic_text(bencher: Bencher<'_, '_>, how: Cut) {
    stream(bencher, &Anthropic, &context(), &bodies::anthropic_text(), how);
}

#[divan::bench(args = CUTS)]
fn anthropic_thinking_and_tools(bencher: Bencher<'_, '_>, how: Cut) {
    stream(bencher, &Anthropic, &context(), &bodies::anthropic_tools(), how);
}

#[divan::bench(args = CUTS)]
fn google_text(bencher: Bencher<'_, '_>, how: Cut) {
    stream(bencher, &Google, &context(), &bodies::google_text(), how);
}

#[divan::bench(args = CUTS)]
fn openai_without_usage(bencher: Bencher<'_, '_>, how: Cut) {
    let context = ChatContext { include_usage: false, ..context() };
    stream(bencher, &OpenAi::new(Provider::OPENAI), &context, &bodies::openai_text(), how);
}

#[divan::bench(args = ["small", "1 MB of history", "8 MB image"])]
fn anthropic_request(bencher: Bencher<'_, '_>, size: &str) {
    request(bencher, &Anthropic, "claude-sonnet-5", size);
}

#[divan::bench(args = ["small", "1 MB of history", "8 MB image"])]
fn google_request(bencher: Bencher<'_, '_>, size: &str) {
    request(bencher, &Google, "gemini-3.8-flash", size);
}

#[divan::bench(args = ["small", "1 MB of history", "8 MB image"])]
fn openai_request(bencher: Bencher<'_, '_>, size: &str) {
    request(bencher, &OpenAi::new(Provider::OPENAI), "gpt-5", size);
}

fn request(bencher: Bencher<'_, '_>, dialect: &dyn Dialect, model: &str, size: &str) {
    let body = Bytes::from(bodies::request(model, size));
    bencher.counter(BytesCount::new(body.len())).bench_local(|| {
        let request = Object::parse(&body).unwrap();
        let (id, now, options) =
            (RequestId::new(1, [7; 10]), Timestamp(1_764_000_000_000), TranslationOptions::default());
        let work = Work::for_request(body.len());
        let call = Call { body: &body, request: &request, model, prefixed: false, id, now, options, work: &work };
        dialect.chat(&call).unwrap()
    });
}

#[divan::bench]
fn anthropic_answer(bencher: Bencher<'_, '_>) {
    answer(bencher, &Anthropic, bodies::anthropic_answer());
}

#[divan::bench]
fn google_answer(bencher: Bencher<'_, '_>) {
    answer(bencher, &Google, bodies::google_answer());
}

fn answer(bencher: Bencher<'_, '_>, dialect: &dyn Dialect, body: String) {
    let (body, context) = (Bytes::from(body), context());
    bencher.counter(BytesCount::new(body.len())).bench_local(|| dialect.chat_answer(body.clone(), &context).unwrap());
}

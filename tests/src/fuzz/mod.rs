//! What must hold for any input: one function a target, called by the fuzzer (`tests/fuzz`) and by an ordinary test
//! (`tests/tests/it/fuzz.rs`).
//!
//! Each function takes any bytes and panics if an invariant is broken. Nothing here knows what a right translation is; that
//! is said by the golden cases.

mod halves;
mod json;
mod mutate;
mod request;
mod seeds;
mod sse;
mod stream;
mod whole;

pub use json::json;
pub use mutate::{Random, mutate};
pub use request::{anthropic_chat, embeddings, google_chat, openai_chat};
pub use seeds::{Seed, seeds};
pub use sse::sse;
pub use stream::{anthropic_stream, google_stream, openai_stream};
pub use whole::{anthropic_answer, error, google_answer, openai_answer};

use relay_core::domain::ids::{RequestId, Timestamp};
use relay_core::translation::{ChatContext, Renames};

/// A target: its name, and the function that takes the input.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: &[Target] = &[
    ("sse", sse),
    ("json", json),
    ("openai_stream", openai_stream),
    ("anthropic_stream", anthropic_stream),
    ("google_stream", google_stream),
    ("openai_chat", openai_chat),
    ("anthropic_chat", anthropic_chat),
    ("google_chat", google_chat),
    ("embeddings", embeddings),
    ("openai_answer", openai_answer),
    ("anthropic_answer", anthropic_answer),
    ("google_answer", google_answer),
    ("error", error),
];

const NOW: Timestamp = Timestamp(1_764_000_000_000);

fn id() -> RequestId {
    RequestId::new(1, [7; 10])
}

/// The first byte of an input holds switches; the rest is what came in.
fn switches(data: &[u8]) -> (u8, &[u8]) {
    data.split_first().map_or((0, data), |(first, rest)| (*first, rest))
}

fn context(switches: u8) -> ChatContext {
    let is_on = |bit: u8| switches & (1 << bit) != 0;
    let renamed = || Renames::new([("get_weather".to_owned(), "weather".to_owned())].into());
    ChatContext {
        stream: true,
        include_usage: is_on(0),
        legacy_functions: is_on(1),
        first_call_only: is_on(2),
        renamed_tools: if is_on(3) { renamed() } else { Renames::default() },
        may_continue: is_on(5),
        ..ChatContext::new(id(), 1_764_000_000, "asked-for")
    }
}

/// Whether this is one JSON value, however deep and with numbers of any size.
fn is_json(text: &[u8]) -> bool {
    std::str::from_utf8(text).is_ok_and(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok())
}

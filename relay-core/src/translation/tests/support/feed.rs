//! Feeds a provider's stream, cut up as a network may, the way the use case does.

use serde_json::{Value, json};

use crate::translation::stream::decoder;
use crate::translation::surface::chat_completions::chunk::ChunkWriter;
use crate::translation::{ChatContext, Dialect, ProviderError};

/// Where the network cuts a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// Nowhere.
    Whole,
    /// Behind each event.
    AtEvents,
    /// Behind each byte, so within each character and each line end, too.
    EveryByte,
    /// Into pieces of 1, 2, … 97 bytes, over and over.
    Growing,
    /// Once, behind this number of bytes.
    Once(usize),
}

/// The cuts that every case is fed with.
pub(crate) const CUTS: [Cut; 3] = [Cut::Whole, Cut::AtEvents, Cut::EveryByte];

/// A body in pieces.
pub(crate) fn pieces(body: &[u8], cut: Cut) -> Vec<&[u8]> {
    let (mut found, mut rest, mut last) = (Vec::new(), body, 0);
    while !rest.is_empty() {
        let length = match cut {
            Cut::Whole => rest.len(),
            Cut::AtEvents => event_end(rest),
            Cut::EveryByte => 1,
            Cut::Growing => last % 97 + 1,
            Cut::Once(at) if found.is_empty() => at.max(1),
            Cut::Once(_) => rest.len(),
        };
        last = length.min(rest.len());
        let (piece, behind) = rest.split_at(last);
        found.push(piece);
        rest = behind;
    }
    found
}

/// Where the first event of a body ends.
pub(crate) fn event_end(body: &[u8]) -> usize {
    let ends =
        [&b"\n\n"[..], b"\r\n\r\n"].map(|end| body.windows(end.len()).position(|w| w == end).map(|at| at + end.len()));
    ends.into_iter().flatten().min().unwrap_or(body.len())
}

/// Feeds a body; gives what the caller gets, and how it ended.
pub(crate) fn streamed(
    dialect: &dyn Dialect,
    body: &[u8],
    cut: Cut,
    context: &ChatContext,
) -> (String, Result<(), ProviderError>) {
    fed(dialect, pieces(body, cut), context)
}

/// Feeds pieces.
pub(crate) fn fed<'p>(
    dialect: &dyn Dialect,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    context: &ChatContext,
) -> (String, Result<(), ProviderError>) {
    let mut out = ChunkWriter::default();
    let result = translate(dialect, pieces, context, &mut out);
    if let Err(fault) = &result {
        out.error(&fault.error);
    }
    assert!(out.is_done(), "a stream must end in [DONE] or an error");
    (String::from_utf8(out.take().to_vec()).unwrap(), result)
}

fn translate<'p>(
    dialect: &dyn Dialect,
    pieces: impl IntoIterator<Item = &'p [u8]>,
    context: &ChatContext,
    out: &mut ChunkWriter,
) -> Result<(), ProviderError> {
    let mut translator = dialect.chat_stream(context.clone());
    let mut decoder = decoder(translator.as_ref());
    for piece in pieces {
        decoder.feed(piece);
        while let Some(event) = decoder.next_event().unwrap() {
            if out.is_done() {
                return Ok(());
            }
            translator.feed(event, out)?;
        }
    }
    if let Some(event) = decoder.last_event().unwrap().filter(|_| !out.is_done()) {
        translator.feed(event, out)?;
    }
    if out.is_done() { Ok(()) } else { translator.finish(decoder.stray(), out) }
}

/// The chunks of an event stream; `[DONE]` as a string.
pub(crate) fn chunks(text: &str) -> Vec<Value> {
    assert!(text.ends_with("\n\n"), "{text:?}");
    let data = |event: &str| {
        let data = event.strip_prefix("data: ").unwrap_or_else(|| panic!("{event:?} is no event"));
        if data == "[DONE]" { json!(data) } else { serde_json::from_str(data).unwrap() }
    };
    text.split_terminator("\n\n").map(data).collect()
}

//! What the walkers over cases and recordings share.

use std::collections::HashMap;

use bytes::Bytes;
use serde_json::Value;

use super::Google;
use crate::error::{Class, RelayError};
use crate::ids::{RequestId, Timestamp};
use crate::json::Object;
use crate::openai::chunk::ChunkWriter;
use crate::providers::{Call, ChatContext, Dialect, Policy};
use crate::sse::Decoder;

/// The id and the time of every call in these tests.
const ID: [u8; 10] = [7; 10];
const NOW: Timestamp = Timestamp(1_795_423_644_007);

/// Calls `act` with a call of this body.
pub(super) fn with_call<T>(
    body: &Value,
    act: impl FnOnce(&Call<'_>) -> Result<T, RelayError>,
) -> Result<T, RelayError> {
    let bytes = Bytes::from(body.to_string());
    let request = Object::parse(&bytes)?;
    let model = body["model"].as_str().unwrap_or_default();
    let id = RequestId::new(NOW.0, ID);
    act(&Call { body: &bytes, request: &request, model, prefixed: false, id, now: NOW, policy: Policy::default() })
}

/// The context of a chat request.
pub(super) fn context(request: &Value) -> ChatContext {
    with_call(request, |call| Google.chat(call)).unwrap().context
}

/// Sends a stream in pieces through the decoder and the translator; gives what a caller would get.
pub(super) fn translated<'p>(pieces: impl IntoIterator<Item = &'p [u8]>, context: &ChatContext) -> String {
    let (mut decoder, mut out) = (Decoder::default(), ChunkWriter::default());
    let mut translator = Google.chat_stream(context.clone());
    for piece in pieces {
        decoder.feed(piece);
        while let Some(data) = decoder.next_event().unwrap() {
            if let Err(fault) = translator.feed(data, &mut out) {
                out.error(&fault.error);
                return String::from_utf8(out.take().to_vec()).unwrap();
            }
        }
    }
    let last = decoder.last_event().unwrap().map(<[u8]>::to_vec);
    let fed = last.map_or(Ok(()), |data| translator.feed(&data, &mut out));
    if let Err(fault) = fed.and_then(|()| translator.finish(decoder.stray(), &mut out)) {
        out.error(&fault.error);
    }
    String::from_utf8(out.take().to_vec()).unwrap()
}

/// The events of a stream as JSON; `[DONE]` as a string.
pub(super) fn events(stream: &str) -> Vec<Value> {
    let mut found = Vec::new();
    for event in stream.split_terminator("\n\n") {
        let data = event.strip_prefix("data: ").unwrap_or_else(|| panic!("{event:?} is no event"));
        found.push(serde_json::from_str(data).unwrap_or_else(|_| Value::from(data)));
    }
    found
}

/// Where the events of a body end.
pub(super) fn event_ends(body: &[u8]) -> Vec<usize> {
    let ends = |at: &usize| body[..*at].ends_with(b"\n\n") || body[..*at].ends_with(b"\r\n\r\n");
    (1..body.len()).filter(ends).collect()
}

/// A body in pieces that end at these places.
pub(super) fn cut<'b>(body: &'b [u8], ends: &[usize]) -> Vec<&'b [u8]> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let ends = ends.iter().copied().chain([body.len()]);
    starts.zip(ends).map(|(start, end)| &body[start..end]).collect()
}

/// An error as the server would send it.
pub(super) fn shown_error(error: &RelayError) -> Value {
    let mut headers: HashMap<&str, String> =
        error.headers().iter().map(|(name, value)| (*name, value.clone())).collect();
    if let Some(retry) = error.should_retry() {
        headers.insert("x-should-retry", retry.to_string());
    }
    let body: Value = serde_json::from_slice(&error.to_body()).unwrap();
    serde_json::json!({ "status": status(error.class()), "headers": headers, "body": body })
}

/// The server's table, as far as this dialect needs it.
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
        other => panic!("{other:?} does not come from a provider"),
    }
}

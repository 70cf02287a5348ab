//! Reads the event stream of a chat completion.

use relay_core::translation::sse::Decoder;
use serde_json::Value;

use super::response::{StreamingResponse, refusal};
use crate::failure::{Exit, Failure};
use crate::json::{at, text};

/// The text of a chunk.
pub fn text_of(chunk: &Value) -> &str {
    text(chunk, "/choices/0/delta/content").unwrap_or_default()
}

/// Reads a chat stream until `[DONE]`, and passes on each chunk as it arrives.
///
/// # Errors
/// If the stream has an error, or ends without `[DONE]`.
pub async fn read_chat_stream(
    response: &mut StreamingResponse,
    each: &mut dyn FnMut(&Value) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut decoder = Decoder::default();
    while let Some(piece) = response.piece().await? {
        decoder.feed(&piece);
        while let Some(event) = decoder.next_event().map_err(Failure::failed)? {
            if event == b"[DONE]" {
                return Ok(());
            }
            let chunk: Value = serde_json::from_slice(event)
                .map_err(|_| Failure::failed("the server sent an event that is not JSON"))?;
            if at(&chunk, "/error").is_object() {
                return Err(Failure { exit: Exit::Failed, ..refusal(response.status, &response.headers, &chunk) });
            }
            each(&chunk)?;
        }
    }
    let mut failure = Failure::new(Exit::Unavailable, "the answer ended before it was complete");
    failure.request_id = refusal(response.status, &response.headers, &Value::Null).request_id;
    Err(failure)
}

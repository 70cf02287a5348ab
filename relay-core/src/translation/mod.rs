//! Translation between OpenAI's schema and the providers' own. Everything here is pure: bytes in, bytes out.
//!
//! - [`chat()`] translates one chat on its own: without a store, a key, a client or a runtime.
//! - [`surface`] is what clients speak; [`openai`], [`anthropic`] and [`google`] are what providers speak, with the same files
//!   in each folder. [`Dialect`] is what such a folder offers, and [`dialect()`] finds the one of a provider.
//! - `mapping` decides what becomes of each member of a request, as tables; `docs/providers.md` is made from them.
//! - [`json`] and [`sse`] read requests and streams without copying them.
//!
//! # Example
//! A request to Claude, and a recorded stream of Claude back to chunks:
//! ```
//! use bytes::Bytes;
//! use relay_core::Provider;
//! use relay_core::domain::ids::{RequestId, Timestamp};
//! use relay_core::translation::{ChatOptions, chat};
//!
//! # fn main() -> Result<(), relay_core::RelayError> {
//! let request = Bytes::from_static(
//!     br#"{"model":"claude-opus-5-5","stream":true,"seed":7,"messages":[{"role":"user","content":"Hi"}]}"#,
//! );
//! let now = Timestamp(1_795_435_230_000);
//! let call = chat(Provider::ANTHROPIC, &request, ChatOptions::new(RequestId::new(now.0, [7; 10]), now))?;
//!
//! // Send this with any client, to the provider's origin and with the user's key.
//! assert_eq!(call.wire().path, "/v1/messages");
//! assert!(call.wire().headers.contains(&("anthropic-version", "2026-10-21".to_owned())));
//! assert_eq!(call.notes().dropped, ["seed"]); // Claude has no seed
//!
//! // Status 200: feed the body as it arrives, cut anywhere, and pass on what comes out.
//! let recorded = [
//!     r#"data: {"type":"message_start","message":{"id":"msg_1","model":"claude-opus-5-5","content":[]}}"#,
//!     r#"data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
//!     r#"data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}"#,
//!     r#"data: {"type":"message_delta","delta":{"stop_reason":"end_turn"}}"#,
//!     r#"data: {"type":"message_stop"}"#,
//! ];
//! let mut stream = call.stream();
//! let mut chunks = Vec::new();
//! for event in recorded {
//!     chunks.extend_from_slice(&stream.feed(format!("{event}\n\n").as_bytes()));
//! }
//! chunks.extend_from_slice(&stream.finish());
//! let chunks = String::from_utf8_lossy(&chunks);
//! assert!(chunks.contains(r#""delta":{"content":"Hello"}"#) && chunks.ends_with("data: [DONE]\n\n"));
//!
//! // Any status from 400 on: an error in OpenAI's shape, with an HTTP status of its own.
//! let refusal = br#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#;
//! let error = call.error(401, &[], refusal);
//! assert_eq!((error.code(), error.class().status()), ("provider_key_invalid", 403));
//! assert!(error.to_body().starts_with(br#"{"error":{"message":"#));
//! # Ok(())
//! # }
//! ```

mod answer_budget;
pub mod anthropic;
mod call;
mod chat;
mod context;
mod data_url;
mod dialect;
mod failure;
pub mod google;
pub mod json;
pub(crate) mod limits;
mod mapping;
pub(crate) mod members;
mod notes;
pub mod openai;
mod percent;
mod redact;
pub mod sse;
pub(crate) mod stream;
pub mod surface;
pub(crate) mod surrogates;
mod translated;
pub(crate) mod work;

#[cfg(test)]
mod tests;

pub use call::{Call, TranslationOptions};
pub use chat::{ChatCall, ChatOptions, ChatStream};
pub use context::{ChatContext, EmbeddingsContext, Renames};
pub use dialect::{Dialect, StreamCollector, StreamTranslator};
pub use failure::{ErrorResponse, ProviderError};
pub use notes::Notes;
pub(crate) use redact::redact;
pub use translated::{Amended, Continuation, TranslatedAnswer, TranslatedChat, TranslatedEmbeddings};

pub use work::Work;

use bytes::Bytes;

use crate::domain::provider::{Format, Provider};
use crate::error::RelayError;

/// The wire format that this provider speaks.
pub fn dialect(provider: Provider) -> Box<dyn Dialect> {
    match provider.format() {
        Format::OpenAi => Box::new(openai::OpenAi::new(provider)),
        Format::Anthropic => Box::new(anthropic::Anthropic),
        Format::Google => Box::new(google::Google),
    }
}

/// Translates a chat request in OpenAI's schema for one provider. The module's [example](self#example) shows a whole call.
///
/// The request's `model` must be one of this provider's; [`Provider::for_model`] finds the provider of a model.
///
/// # Errors
/// What the provider has no counterpart for, as a 400 that names the `param`.
pub fn chat(provider: Provider, body: &Bytes, options: ChatOptions) -> Result<ChatCall, RelayError> {
    ChatCall::new(provider, dialect(provider), body, options)
}

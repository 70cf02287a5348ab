//! All translation between OpenAI's schema and the providers' own: one folder a provider, five files each.
//!
//! Everything here is pure: bytes in, bytes out. [`dialect`] finds what a provider speaks. Deleting a folder (and its arm
//! in `dialect`) deletes a format.

mod answer_budget;
pub mod anthropic;
mod call;
mod context;
mod dialect;
mod failure;
pub mod google;
pub mod json;
pub mod limits;
mod mapping;
pub(crate) mod members;
mod notes;
pub mod openai;
mod percent;
mod redact;
pub mod sse;
pub mod surface;
mod translated;

#[cfg(test)]
mod tests;

pub use call::{Call, TranslationOptions};
pub use context::{ChatContext, EmbeddingsContext};
pub use dialect::{Dialect, StreamCollector, StreamTranslator};
pub use failure::{ErrorResponse, ProviderError};
pub use notes::Notes;
pub use redact::shown;
pub use translated::{Amended, Continuation, TranslatedAnswer, TranslatedChat, TranslatedEmbeddings};

use crate::domain::provider::{Format, Provider};

/// The wire format that this provider speaks.
pub fn dialect(provider: Provider) -> Box<dyn Dialect> {
    match provider.format() {
        Format::OpenAi => Box::new(openai::OpenAi::new(provider)),
        Format::Anthropic => Box::new(anthropic::Anthropic),
        Format::Google => Box::new(google::Google),
    }
}

//! A call before translation.

use bytes::Bytes;

use crate::domain::ids::{RequestId, Timestamp};
use crate::translation::json::Object;

/// A call, before translation.
pub struct Call<'a> {
    /// The body as it came.
    pub body: &'a Bytes,
    /// Its members.
    pub request: &'a Object<'a>,
    /// The model's name without a provider prefix.
    pub model: &'a str,
    /// Whether the caller wrote a provider prefix.
    pub prefixed: bool,
    /// Seed of made-up ids.
    pub id: RequestId,
    /// Relay's clock, for `created`.
    pub now: Timestamp,
    /// What the project chose where a provider leaves a choice.
    pub options: TranslationOptions,
}

impl std::fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Call({}, {} bytes)", self.model, self.body.len())
    }
}

/// A project's choices in translation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TranslationOptions {
    /// Send `auto` (and say so) instead of refusing a forced tool choice that the model can't do.
    pub forced_tool_choice_auto: bool,
}

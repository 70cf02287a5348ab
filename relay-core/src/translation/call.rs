//! A call before translation.

use bytes::Bytes;

use crate::domain::ids::{RequestId, Timestamp};
use crate::error::RelayError;
use crate::translation::json::Object;
use crate::translation::surrogates;
use crate::translation::work::Work;

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
    /// What the translation may still cost.
    pub work: &'a Work,
}

impl Call<'_> {
    /// Gives `translate` this call, with U+FFFD in the place of each half of a surrogate pair. Only the providers whose own
    /// format a request becomes need it: OpenAI takes such a request as it is.
    ///
    /// # Errors
    /// Those of `translate`.
    pub(crate) fn mended<T>(
        &self,
        translate: impl FnOnce(&Call<'_>) -> Result<T, RelayError>,
    ) -> Result<T, RelayError> {
        if !surrogates::has_half(self.body) {
            return translate(self);
        }
        let body = surrogates::mended(self.body.clone());
        translate(&Call { body: &body, request: &Object::parse(&body)?, ..*self })
    }
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

//! The answer budget: how much of one answer a translator may keep in memory until the answer ends.

use crate::error::RelayError;
use crate::translation::limits::MAX_ANSWER;

/// The bytes of an answer that are in memory.
#[derive(Debug, Default)]
pub(super) struct AnswerBudget(usize);

impl AnswerBudget {
    /// Counts `bytes` more.
    ///
    /// # Errors
    /// More than a whole answer may have ([`MAX_ANSWER`]).
    pub(super) fn add(&mut self, bytes: usize) -> Result<(), RelayError> {
        self.0 = self.0.saturating_add(bytes);
        if self.0 > MAX_ANSWER { Err(too_long(&format!("is longer than {MAX_ANSWER} bytes"))) } else { Ok(()) }
    }

    /// Counts `new` bytes in place of `old` ones.
    ///
    /// # Errors
    /// As [`Self::add`].
    pub(super) fn replace(&mut self, old: usize, new: usize) -> Result<(), RelayError> {
        self.0 = self.0.saturating_sub(old);
        self.add(new)
    }
}

/// The provider's answer has more of something than Relay holds.
pub(super) fn too_long(what: &str) -> RelayError {
    RelayError::unusable_answer(format!("the provider's answer {what}"))
}

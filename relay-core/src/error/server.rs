//! What goes wrong in Relay itself.

use std::error::Error;

use crate::error::{Code, RelayError};

impl RelayError {
    /// The system has no randomness for a new secret. 500 `internal_error`.
    pub(crate) fn no_randomness(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::InternalError, "Relay has no randomness at the moment; try again").with_source(source)
    }

    /// The store did not answer. 503 `storage_unavailable`.
    pub(crate) fn storage_unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::StorageUnavailable, "the key store did not answer; try again")
            .with_header("retry-after", "1")
            .with_source(source)
    }
}

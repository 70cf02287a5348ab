//! What goes wrong in Relay itself.

use std::error::Error;

use crate::error::{Code, RelayError};

impl RelayError {
    /// The store did not answer. 503 `storage_unavailable`.
    pub(crate) fn storage_unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::StorageUnavailable, "the key store did not answer; try again")
            .with_header("retry-after", "1")
            .with_source(source)
    }
}

//! The error that all ports of a store share.

use crate::error::RelayError;

/// The store failed. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps a cause, which is logged and never shown to a caller.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

impl From<StoreError> for RelayError {
    fn from(error: StoreError) -> Self {
        Self::storage_unavailable(error)
    }
}

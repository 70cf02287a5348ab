//! What every job shares.

/// What a job fails with; a caller sees it as [`StoreError`](relay_core::ports::StoreError).
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

//! The error of a database job.

/// The error of a database job. A caller gets it as a [`StoreError`](relay_core::ports::StoreError).
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

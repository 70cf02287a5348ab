//! Errors in Relay itself.

use std::error::Error;

use crate::error::{Code, RelayError, RetryAfter};

impl RelayError {
    /// An unexpected error in Relay. Add the cause with [`RelayError::with_source`]. 500 `internal_error`.
    pub fn internal() -> Self {
        Self::coded(Code::InternalError, "Relay failed unexpectedly; report the request id to the operator")
    }

    /// The operating system returned no random bytes for a new secret. 500 `internal_error`.
    pub(crate) fn no_randomness(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::InternalError, "the operating system returned no random bytes; try again").with_source(source)
    }

    /// The store did not answer. 503 `storage_unavailable`.
    pub(crate) fn storage_unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::coded(Code::StorageUnavailable, "the key store did not answer; try again")
            .with_retry_after(RetryAfter::from_seconds(1))
            .with_source(source)
    }

    /// This Relay is not ready: its store cannot be written to. 503 `storage_unavailable`.
    pub fn storage_read_only() -> Self {
        Self::coded(
            Code::StorageUnavailable,
            "the key store cannot be written to; check the disk and the store's permissions",
        )
    }

    /// This Relay is not ready: the master key no longer opens what it sealed. 503 `master_key_unusable`.
    pub fn master_key_unusable() -> Self {
        Self::coded(Code::MasterKeyUnusable, "the master key no longer opens what it sealed; run `relay doctor`")
    }

    /// The server can't make a link. 500 `public_url_missing`, which only the operator can change.
    pub fn public_url_missing() -> Self {
        Self::coded(
            Code::PublicUrlMissing,
            "this Relay doesn't know its own address: its operator must set `server.public_url` (RELAY_SERVER_PUBLIC_URL) to \
             the URL under which browsers reach it",
        )
        .with_retry(false)
    }

    /// This Relay is shutting down. 503 `draining`.
    pub fn draining() -> Self {
        Self::coded(Code::Draining, "this Relay is shutting down; send the request again")
            .with_retry_after(RetryAfter::from_seconds(1))
    }

    /// One project, or one registration token, sends more or larger requests at once than its share of the memory for
    /// bodies: `whose` says which. 429 `rate_limit_exceeded`.
    pub fn too_many_bodies(whose: &'static str) -> Self {
        let message = format!("this {whose} is sending too many large requests at once; wait for `retry-after`");
        Self::coded(Code::RateLimitExceeded, message).with_retry_after(RetryAfter::from_seconds(1))
    }

    /// The server has as many connections as it can serve. 503 `overloaded`.
    pub fn too_many_connections() -> Self {
        Self::coded(Code::Overloaded, "Relay is holding too many connections at once; try again")
            .with_retry_after(RetryAfter::from_seconds(1))
    }

    /// Relay is holding too many large requests at once. 503 `overloaded`.
    pub fn overloaded() -> Self {
        Self::coded(Code::Overloaded, "Relay is holding too many large requests at once; try again")
            .with_retry_after(RetryAfter::from_seconds(1))
    }
}

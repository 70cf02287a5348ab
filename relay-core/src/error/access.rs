//! What a Relay key may do, and whom it may ask about.

use crate::domain::Scope;
use crate::error::{Code, RelayError, RetryAfter};

impl RelayError {
    /// The Relay key is missing, malformed, unknown, revoked or expired: all alike, so that nobody learns which. 401
    /// `invalid_relay_key`.
    pub(crate) fn invalid_relay_key() -> Self {
        Self::coded(
            Code::InvalidRelayKey,
            "the Relay key is not valid: send `Authorization: Bearer rly-…` with a live key of your project",
        )
    }

    /// The Relay key lacks a scope. 403 `scope_missing`.
    pub(crate) fn scope_missing(scope: Scope) -> Self {
        let message = format!("this Relay key lacks the scope `{}`; make one that has it", scope.as_str());
        Self::coded(Code::ScopeMissing, message)
    }

    /// Too many requests with a wrong credential came from one address, which must wait for `seconds`. 429
    /// `too_many_refusals`.
    pub fn too_many_refusals(seconds: u64) -> Self {
        Self::coded(
            Code::TooManyRefusals,
            "too many requests with a wrong credential came from this address; check the key, and wait",
        )
        .with_retry_after(RetryAfter::from_seconds(seconds))
    }

    /// No project with this id is stored. 404 `project_not_found`.
    pub(crate) fn project_not_found() -> Self {
        Self::coded(Code::ProjectNotFound, "no such project; create it first")
    }

    /// The project has no user with this label. 404 `user_not_found`.
    pub(crate) fn user_not_found() -> Self {
        Self::coded(Code::UserNotFound, "nothing is known of this user: no token was issued and no key stored")
    }
}

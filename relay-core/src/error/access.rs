//! Errors about Relay keys, projects and users.

use std::borrow::Cow;

use crate::domain::Scope;
use crate::domain::secret::Lookalike;
use crate::error::{Code, RelayError, RetryAfter};

impl RelayError {
    /// The Relay key is missing, malformed, unknown, revoked or expired. The error is the same for all, so that nobody
    /// learns which. What was sent in place of a key is named by its beginning. 401 `invalid_relay_key`.
    pub(crate) fn invalid_relay_key(looks_like: Option<Lookalike>) -> Self {
        let sent = match looks_like {
            Some(Lookalike::RegistrationToken) => {
                "this is a registration token (`rrt-…`), which only the widget can use".into()
            }
            Some(Lookalike::ProviderKey(provider)) => {
                format!("this looks like a user's key for {}, which belongs into the widget", provider.label()).into()
            }
            Some(Lookalike::WrappedRelayKey) => {
                "there is something in front of the Relay key, such as a quotation mark or a second `Bearer`".into()
            }
            Some(Lookalike::RelayKey) | None => Cow::Borrowed("the Relay key is not valid"),
        };
        let message = format!("{sent}: send `Authorization: Bearer rly-…` with an active key of your project");
        Self::coded(Code::InvalidRelayKey, message)
    }

    /// The Relay key lacks a scope. 403 `scope_missing`.
    pub(crate) fn scope_missing(scope: Scope) -> Self {
        let message = format!("this Relay key lacks the scope `{}`; create a key that has it", scope.as_str());
        Self::coded(Code::ScopeMissing, message)
    }

    /// One address sent too many requests with an invalid credential and must wait for `seconds`. 429
    /// `too_many_refusals`.
    pub fn too_many_refusals(seconds: u64) -> Self {
        Self::coded(
            Code::TooManyRefusals,
            "this address sent too many requests with an invalid credential; check it, then wait for `retry-after`",
        )
        .with_retry_after(RetryAfter::from_seconds(seconds))
    }

    /// The project has reached one of its quotas: `what` names it with its number. 429 `rate_limit_exceeded`.
    pub(crate) fn quota_reached(what: &str, seconds: u64) -> Self {
        let message = format!("this project has reached a limit of this Relay ({what}); wait for `retry-after`");
        Self::coded(Code::RateLimitExceeded, message).with_retry_after(RetryAfter::from_seconds(seconds))
    }

    /// No project with this id is stored. 404 `project_not_found`.
    pub(crate) fn project_not_found() -> Self {
        Self::coded(Code::ProjectNotFound, "there is no project with this id; create it first")
    }

    /// The project has no webhook with this id. 404 `webhook_not_found`.
    pub(crate) fn webhook_not_found() -> Self {
        Self::coded(Code::WebhookNotFound, "the project has no webhook with this id")
    }

    /// The project has no active Relay key with this id. 404 `relay_key_not_found`.
    pub fn relay_key_not_found() -> Self {
        Self::coded(Code::RelayKeyNotFound, "the project has no active Relay key with this id")
    }

    /// The project has no user with this label. 404 `user_not_found`.
    pub(crate) fn user_not_found() -> Self {
        Self::coded(Code::UserNotFound, "the project has no such user; issue a registration token for the user first")
    }
}

//! Quotas of a project: how many registration tokens it may issue, how many keys it may have checked, and how many
//! users it may have who never connected a key. They keep one project from filling the store, or from using Relay to
//! try keys in bulk.

use crate::domain::ids::{EndUser, ProjectId};
use crate::domain::{KEEP_GRANTS_SECONDS, RateLimit, SecretHash};
use crate::error::RelayError;

/// Key checks a minute and token. A provider may refuse [`crate::domain::REGISTRATION_TRIES`] keys of a token; this limit
/// also counts checks whose client left before the provider's answer.
const CHECKS_A_TOKEN: u32 = 10;
/// Exchanges of a registration token for another, a minute and user: each writes, and gives the new token checks of its
/// own.
const EXCHANGES_A_USER: u32 = 20;
/// How many projects, users and tokens are tracked at once: some megabytes.
const TRACKED: usize = 50_000;

/// The limits of [`Quotas`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuotaLimits {
    /// Registration tokens a minute and project; half of them may be issued at once. An expiry of at most an hour makes
    /// it a limit on valid tokens too: 60.5 times this number.
    pub tokens_a_minute: u32,
    /// Checks of a key with its provider, a minute and project; half of them may come at once.
    pub key_checks_a_minute: u32,
    /// Users of a project who never connected a key.
    pub pending_users: u64,
}

impl Default for QuotaLimits {
    /// Twice what an app needs that connects 1,000 users a minute.
    fn default() -> Self {
        Self { tokens_a_minute: 2000, key_checks_a_minute: 2000, pending_users: 500_000 }
    }
}

/// Counts what projects do against [`QuotaLimits`], in memory: each process has its own counts.
#[derive(Debug)]
pub struct Quotas {
    limits: QuotaLimits,
    tokens: RateLimit<ProjectId>,
    key_checks: RateLimit<ProjectId>,
    key_checks_of_token: RateLimit<SecretHash>,
    exchanges: RateLimit<(ProjectId, EndUser)>,
}

impl Default for Quotas {
    fn default() -> Self {
        Self::new(QuotaLimits::default())
    }
}

impl Quotas {
    /// Counts from zero.
    pub fn new(limits: QuotaLimits) -> Self {
        let half_at_once = |a_minute: u32| RateLimit::new(a_minute, a_minute.div_ceil(2), TRACKED);
        Self {
            limits,
            tokens: half_at_once(limits.tokens_a_minute),
            key_checks: half_at_once(limits.key_checks_a_minute),
            key_checks_of_token: RateLimit::new(CHECKS_A_TOKEN, CHECKS_A_TOKEN, TRACKED),
            exchanges: RateLimit::new(EXCHANGES_A_USER, EXCHANGES_A_USER, TRACKED),
        }
    }

    /// The limits.
    pub fn limits(&self) -> QuotaLimits {
        self.limits
    }

    /// Counts a new registration token. `now` is [`Clock::micros`](crate::ports::Clock::micros).
    pub(super) fn take_token(&self, project: &ProjectId, now: u64) -> Result<(), RelayError> {
        let what = || format!("registration tokens: {} a minute", self.limits.tokens_a_minute);
        self.tokens.take(project.clone(), now).map_err(|wait| RelayError::quota_reached(&what(), wait))
    }

    /// Counts a check of a key: for the token that it came with, if any, and for the project.
    pub(super) fn take_check(
        &self,
        project: &ProjectId,
        token: Option<&SecretHash>,
        now: u64,
    ) -> Result<(), RelayError> {
        if let Some(token) = token {
            let what = || format!("keys tried with one registration token: {CHECKS_A_TOKEN} a minute");
            let refused = |wait| RelayError::quota_reached(&what(), wait);
            self.key_checks_of_token.take(*token, now).map_err(refused)?;
        }
        let what = || format!("key checks: {} a minute", self.limits.key_checks_a_minute);
        self.key_checks.take(project.clone(), now).map_err(|wait| RelayError::quota_reached(&what(), wait))
    }

    /// Counts an exchange of a user's token for another.
    pub(super) fn take_exchange(&self, project: &ProjectId, user: &EndUser, now: u64) -> Result<(), RelayError> {
        let what = || format!("exchanged tokens of one user: {EXCHANGES_A_USER} a minute");
        let refused = |wait| RelayError::quota_reached(&what(), wait);
        self.exchanges.take((project.clone(), user.clone()), now).map_err(refused)
    }

    /// The refusal of a user who would be one too many of those who never connected a key. They go when their tokens
    /// do.
    pub(super) fn too_many_pending(&self) -> RelayError {
        let what = format!("users who never connected a key: {}", self.limits.pending_users);
        RelayError::quota_reached(&what, KEEP_GRANTS_SECONDS)
    }
}

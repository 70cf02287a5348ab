//! What a registration token allows, and what it was spent on.

use crate::domain::connection::Connection;
use crate::domain::connection_state::ConnectionState;
use crate::domain::end_user_name::EndUserName;
use crate::domain::ids::{EndUser, ProjectId, Timestamp};
use crate::domain::provider::Provider;

/// Which providers' keys a registration token may store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// Any provider: the user chooses.
    Any,
    /// Only this provider.
    Only(Provider),
}

impl Allowed {
    /// Whether a key for `provider` may be stored.
    pub(crate) fn permits(self, provider: Provider) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == provider,
        }
    }
}

/// What a registration token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grant {
    /// The tenant.
    pub project: ProjectId,
    /// The user whose key it stores.
    pub user: EndUser,
    /// The name under which that user knows their account.
    pub user_name: Option<EndUserName>,
    /// The providers whose keys it may store.
    pub allowed: Allowed,
    /// Origins of pages that may use it; empty: any.
    pub allowed_origins: Vec<String>,
    /// Whether it may replace an existing key.
    pub replace: bool,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

impl Grant {
    /// A grant for any provider, from any page, that may replace a key.
    pub fn new(project: ProjectId, user: EndUser, created_at: Timestamp, expires_at: Timestamp) -> Self {
        let (allowed, allowed_origins, replace) = (Allowed::Any, Vec::new(), true);
        Self { project, user, user_name: None, allowed, allowed_origins, replace, created_at, expires_at }
    }

    /// Whether its time is over, or has not come: a token that a clock issued which ran ahead would otherwise live until
    /// the right clock gets there.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now || self.is_of_the_future(now)
    }

    /// Whether another clock issued it than the one that says `now`.
    pub fn is_of_the_future(&self, now: Timestamp) -> bool {
        self.created_at > now.plus_seconds(CLOCK_SKEW_SECONDS)
    }
}

/// A grant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredGrant {
    /// What it allows.
    pub grant: Grant,
    /// How many more keys the provider may refuse before the token expires.
    pub tries_left: u32,
    /// Set when the token is spent.
    pub spent: Option<Spent>,
}

impl StoredGrant {
    /// The stored form of a new grant: not spent, with all tries left.
    pub fn new(grant: Grant) -> Self {
        Self { grant, tries_left: REGISTRATION_TRIES, spent: None }
    }

    /// Checks whether the token may store `connection` now. `version` is that of the connection in the slot. Every
    /// store calls this in the transaction that spends the token. For a slot other than its own, a token is unknown.
    ///
    /// # Errors
    /// The first reason that forbids it.
    pub fn redeemable(
        &self,
        version: Option<u64>,
        connection: &Connection,
        now: Timestamp,
    ) -> Result<(), RedeemRefusal> {
        let (Self { grant, tries_left, spent }, slot) = (self, &connection.slot.slot);
        if grant.project != slot.project || grant.user != slot.user || !grant.allowed.permits(slot.provider) {
            return Err(RedeemRefusal::Unknown);
        }
        if spent.is_some() {
            return Err(RedeemRefusal::Used);
        }
        if *tries_left == 0 || grant.is_expired(now) {
            return Err(RedeemRefusal::Expired);
        }
        if version.is_some() && !grant.replace {
            return Err(RedeemRefusal::Occupied);
        }
        if version.unwrap_or(0).checked_add(1) != Some(connection.slot.version) {
            return Err(RedeemRefusal::Conflict);
        }
        Ok(())
    }
}

/// Why a grant does not allow a redemption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RedeemRefusal {
    /// The token is unknown.
    #[error("the registration token is unknown")]
    Unknown,
    /// It was already spent; [`StoredGrant::spent`] describes the stored key.
    #[error("the registration token was already used")]
    Used,
    /// It has expired, or it has no tries left.
    #[error("the registration token has expired")]
    Expired,
    /// The slot holds a key, and the token may not replace it.
    #[error("a key is already connected")]
    Occupied,
    /// The stored version is not one below the version of [`Connection::slot`]: read the connection, seal again and
    /// retry.
    #[error("the connection changed meanwhile")]
    Conflict,
}

/// The key that a token stored: enough to answer the same request again after a lost response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// When the token was spent.
    pub at: Timestamp,
    /// The provider of the key that was stored.
    pub provider: Provider,
    /// Fingerprint of the key that was stored.
    pub fingerprint: [u8; 16],
    /// The key's last four characters.
    pub last4: String,
    /// The state with which it was stored.
    pub state: ConnectionState,
}

impl Spent {
    /// The record of a token that stored `connection` at this time.
    pub fn new(connection: &Connection, at: Timestamp) -> Self {
        Self {
            at,
            provider: connection.slot.slot.provider,
            fingerprint: connection.fingerprint,
            last4: connection.last4.clone(),
            state: connection.state,
        }
    }
}

/// The `Idempotency-Key` of a grant: the same key and the same request return the same token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The caller's key, 1 to 255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of the request, to detect the same key with a different body.
    pub request: [u8; 32],
    /// A random salt. The token is derived from it and the master key; see `TokenIssuer::derive_registration_token`.
    pub salt: [u8; 16],
    /// The record is deleted after this time.
    pub expires_at: Timestamp,
}

/// How far the clocks of two servers, or of one before and after a correction, may be apart, in seconds.
pub const CLOCK_SKEW_SECONDS: u64 = 60;

/// How many keys a provider may refuse before a registration token expires.
pub const REGISTRATION_TRIES: u32 = 5;

/// How long a store keeps an expired grant, in seconds, so that its token is reported as expired and not as unknown.
pub const KEEP_GRANTS_SECONDS: u64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;

    #[test]
    fn a_lifetime_has_two_ends() {
        let issued = Timestamp(1_000 * HOUR);
        let (project, user) = (ProjectId::parse("prj_0000000000000000000001").unwrap(), EndUser::parse("ana").unwrap());
        let grant = Grant::new(project, user, issued, issued.plus_seconds(600));
        for (now, expired) in [
            (issued.0 - 500 * HOUR, true),
            (issued.0 - 60_001, true),
            (issued.0 - 60_000, false),
            (issued.0, false),
            (issued.0 + 599_999, false),
            (issued.0 + 600_000, true),
            (issued.0 + 24 * HOUR, true),
        ] {
            assert_eq!(grant.is_expired(Timestamp(now)), expired, "{now}");
        }
    }
}

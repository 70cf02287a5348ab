//! What a registration token allows, and what became of it.

use crate::domain::connection::Connection;
use crate::domain::connection_state::ConnectionState;
use crate::domain::ids::{EndUser, ProjectId, Timestamp};
use crate::domain::provider::Provider;

/// Which providers' keys a registration token may store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// The user picks.
    Any,
    /// Only this one.
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
    /// Whose key it stores.
    pub user: EndUser,
    /// For which provider.
    pub allowed: Allowed,
    /// Origins of pages that may use it; empty: any.
    pub allowed_origins: Vec<String>,
    /// Whether it may replace a key that is there.
    pub replace: bool,
    /// When it was issued.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Grant {
    /// A grant for any provider, from any page, that may replace a key.
    pub fn new(project: ProjectId, user: EndUser, created_at: Timestamp, expires_at: Timestamp) -> Self {
        let (allowed, allowed_origins, replace) = (Allowed::Any, Vec::new(), true);
        Self { project, user, allowed, allowed_origins, replace, created_at, expires_at }
    }
}

/// A grant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredGrant {
    /// What it allows.
    pub grant: Grant,
    /// How many more keys the provider may refuse before the token ends.
    pub tries_left: u32,
    /// Set once it was spent.
    pub spent: Option<Spent>,
}

impl StoredGrant {
    /// What is stored of a new grant: all tries left, and not spent.
    pub fn new(grant: Grant) -> Self {
        Self { grant, tries_left: REGISTRATION_TRIES, spent: None }
    }

    /// Whether the token may store `connection` now; `version` is that of the connection in the slot. Every store decides
    /// by this, in the transaction that spends the token. A token is unknown to all slots but its own.
    ///
    /// # Errors
    /// The first reason why not.
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
        if *tries_left == 0 || grant.expires_at <= now {
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
    /// There is no such token.
    #[error("no such registration token")]
    Unknown,
    /// It was spent before; [`StoredGrant::spent`] says on what.
    #[error("the registration token is used up")]
    Used,
    /// Its time is over, or it has no tries left.
    #[error("the registration token has expired")]
    Expired,
    /// The slot holds a key, and the token may not replace it.
    #[error("a key is connected already")]
    Occupied,
    /// The slot's version is not the one before [`Connection::slot`]'s: read it, seal again and retry.
    #[error("the connection changed meanwhile")]
    Conflict,
}

/// What a spent token was spent on: enough to answer the same request again after a lost response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// When.
    pub at: Timestamp,
    /// On a key for which provider.
    pub provider: Provider,
    /// Fingerprint of the key that was stored.
    pub fingerprint: [u8; 16],
    /// The key's last four characters.
    pub last4: String,
    /// The state with which it was stored.
    pub state: ConnectionState,
}

impl Spent {
    /// What a token that stored `connection` at this time was spent on.
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

/// An `Idempotency-Key` that goes with a grant: the same key and the same request find the same token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// The caller's key, 1 to 255 visible ASCII characters.
    pub key: String,
    /// SHA-256 of the request, so that the same key with another body is noticed.
    pub request: [u8; 32],
    /// What the token is derived from, together with the master key; see `TokenIssuer::derive_registration_token`.
    pub salt: [u8; 16],
    /// Forgotten after this time.
    pub expires_at: Timestamp,
}

/// How many failed attempts a registration token survives (`design/PRODUCT.md` 2).
pub const REGISTRATION_TRIES: u32 = 5;

/// How long a store keeps an expired grant, in seconds: long enough to say "expired" and not "unknown".
pub const KEEP_GRANTS_SECONDS: u64 = 86_400;

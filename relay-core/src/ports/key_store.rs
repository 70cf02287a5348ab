//! The port that keeps sealed keys and registration grants.

use async_trait::async_trait;

use crate::domain::Provider;
use crate::domain::ids::{EndUser, ProjectId, Timestamp};
use crate::ports::{SealedKey, SealedSlot};

/// Whose key, for which provider. There is one connection in a slot, or none.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The tenant.
    pub project: ProjectId,
    /// The tenant's user.
    pub user: EndUser,
    /// The provider that the key is for.
    pub provider: Provider,
}

/// What is known of a connection's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// The provider accepts it.
    Active,
    /// The provider could not be asked at registration.
    Unverified,
    /// Genuine, and not allowed to do everything.
    Restricted,
    /// Genuine, and its account has no credit or quota left.
    NoCredit,
    /// The provider refuses it.
    Invalid,
    /// The provider withdrew it (leaked, suspended).
    Revoked,
}

impl ConnectionState {
    /// All states, for stores that keep their names.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Unverified, Self::Restricted, Self::NoCredit, Self::Invalid, Self::Revoked];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unverified => "unverified",
            Self::Restricted => "restricted",
            Self::NoCredit => "no_credit",
            Self::Invalid => "invalid",
            Self::Revoked => "revoked",
        }
    }

    /// The state of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether a call must fail fast, without asking the provider.
    pub fn refuses_calls(self) -> bool {
        matches!(self, Self::Invalid | Self::Revoked)
    }
}

/// What real traffic, or a check, said about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeySignal {
    /// A good answer.
    Works,
    /// The provider says that the key is wrong.
    Invalid,
    /// The provider withdrew the key.
    Revoked,
    /// The key may not do this.
    Restricted,
    /// No credit left.
    NoCredit,
    /// A spend limit is reached.
    SpendLimit,
    /// The key needs a workspace id.
    NeedsWorkspace,
    /// The account is disabled or on hold.
    Disabled,
}

impl KeySignal {
    /// Applies this signal to a state; `refusals` counts `Invalid` and `Revoked` answers in a row.
    ///
    /// `invalid` and `revoked` need two such answers, since one alone is no proof; `checked` (a validation call) is proof
    /// at once. A good answer repairs every state. (`design/PRODUCT.md` 2.)
    pub fn apply(self, state: ConnectionState, refusals: u32, checked: bool) -> (ConnectionState, u32) {
        let count = refusals.saturating_add(1);
        match self {
            Self::Works => (ConnectionState::Active, 0),
            Self::Invalid if checked || count >= 2 => (ConnectionState::Invalid, count),
            Self::Revoked if checked || count >= 2 => (ConnectionState::Revoked, count),
            Self::Invalid | Self::Revoked => (state, count),
            Self::NoCredit | Self::SpendLimit => (ConnectionState::NoCredit, 0),
            Self::Restricted | Self::NeedsWorkspace | Self::Disabled => (ConnectionState::Restricted, 0),
        }
    }
}

/// One user's stored key for one provider, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// What the seal is bound to.
    pub slot: SealedSlot,
    /// The sealed key.
    pub sealed: SealedKey,
    /// The key's last four characters.
    pub last4: String,
    /// Keyed digest of the key.
    pub fingerprint: [u8; 16],
    /// Anthropic's workspace id, where the key needs one. Not a secret.
    pub workspace_id: Option<String>,
    /// What is known of the key.
    pub state: ConnectionState,
    /// `Invalid` or `Revoked` answers in a row.
    pub refusals: u32,
    /// When this key was stored.
    pub connected_at: Timestamp,
    /// When a call last used it. Written in batches, so it may lag some seconds.
    pub last_used_at: Option<Timestamp>,
    /// When the provider last refused it.
    pub last_refused_at: Option<Timestamp>,
}

/// An end user with anything stored, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserSummary {
    /// The developer's id of the user.
    pub user: EndUser,
    /// When the first token was issued or the first key stored.
    pub created_at: Timestamp,
    /// Which providers are connected, in the order of [`Provider::ALL`].
    pub providers: Vec<Provider>,
}

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
    pub fn permits(self, provider: Provider) -> bool {
        match self {
            Self::Any => true,
            Self::Only(only) => only == provider,
        }
    }
}

/// SHA-256 of a token or Relay key, under which it is stored. See [`crate::ports::TokenIssuer`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretHash(pub [u8; 32]);

impl SecretHash {
    /// Lower-case hex: how a page's address names a registration token without being able to use it.
    pub fn to_hex(&self) -> String {
        self.0.iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
    }

    /// What [`Self::to_hex`] wrote; `None` for anything else.
    pub fn from_hex(text: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let (pairs, rest) = text.as_bytes().as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return None;
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

impl std::fmt::Debug for SecretHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretHash(..)")
    }
}

/// What a registration token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A grant as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredGrant {
    /// What it allows.
    pub grant: Grant,
    /// How many more keys the provider may refuse before the token ends.
    pub tries_left: u32,
    /// Set once it was spent.
    pub spent: Option<Spent>,
}

impl StoredGrant {
    /// Whether the token may store `connection` now; `version` is that of the connection in the slot. Every store decides
    /// by this, in the transaction that spends the token. A token is unknown to all slots but its own.
    ///
    /// # Errors
    /// The first reason why not.
    pub fn redeemable(&self, version: Option<u64>, connection: &Connection, now: Timestamp) -> Result<(), RedeemError> {
        let (Self { grant, tries_left, spent }, slot) = (self, &connection.slot.slot);
        if grant.project != slot.project || grant.user != slot.user || !grant.allowed.permits(slot.provider) {
            return Err(RedeemError::Unknown);
        }
        if spent.is_some() {
            return Err(RedeemError::Used);
        }
        if *tries_left == 0 || grant.expires_at <= now {
            return Err(RedeemError::Expired);
        }
        if version.is_some() && !grant.replace {
            return Err(RedeemError::Occupied);
        }
        if version.unwrap_or(0).checked_add(1) != Some(connection.slot.version) {
            return Err(RedeemError::Conflict);
        }
        Ok(())
    }
}

impl Connection {
    /// What a token that stored this connection was spent on.
    pub fn spent(&self, now: Timestamp) -> Spent {
        Spent {
            at: now,
            provider: self.slot.slot.provider,
            fingerprint: self.fingerprint,
            last4: self.last4.clone(),
            state: self.state,
        }
    }
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

/// Why a token could not be spent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedeemError {
    /// There is no such token.
    #[error("no such registration token")]
    Unknown,
    /// It was spent before; [`KeyStore::grant`] tells on what.
    #[error("the registration token is used up")]
    Used,
    /// Its time is over.
    #[error("the registration token has expired")]
    Expired,
    /// The slot holds a key, and the token may not replace it.
    #[error("a key is connected already")]
    Occupied,
    /// The slot's version is not the one before [`Connection::slot`]'s: read it, seal anew and try again.
    #[error("the connection changed meanwhile")]
    Conflict,
    /// The store failed; nothing was changed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The store could not do it. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps a cause, which goes to the log and never to a caller.
    pub fn new(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}

/// Keeps sealed keys and registration grants. It never sees a key or a token in the clear.
///
/// Obligations (suite `relay_core::conformance::key_store`):
/// - What was acknowledged is there after a crash.
/// - Projects never meet: equal user labels in two projects are two users.
/// - A key is stored **if and only if** its token is spent, whatever crashes; of many parallel [`Self::redeem`]s of one
///   token exactly one succeeds.
/// - Deleting a connection leaves no copy of its bytes in the store.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Returns the connection in `slot`. `None`: there is none, which is no error.
    async fn connection(&self, slot: &Slot) -> Result<Option<Connection>, StoreError>;

    /// Returns all connections of a user, in the order of [`Provider::ALL`].
    async fn connections(&self, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, StoreError>;

    /// Lists users in the order of their labels' bytes: at most `limit`, those after `after`.
    ///
    /// A user is there from the first grant or key until [`Self::delete_user`].
    async fn users(
        &self,
        project: &ProjectId,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError>;

    /// Returns one user, or `None` if nothing is known of them.
    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError>;

    /// Applies what a provider said about the key (see [`KeySignal::apply`]), if the slot still holds this `version`.
    ///
    /// Sets `last_refused_at` for `Invalid` and `Revoked`. Returns the state that holds now, `None` if the version is gone.
    async fn observe(
        &self,
        slot: &Slot,
        version: u64,
        signal: KeySignal,
        checked: bool,
        now: Timestamp,
    ) -> Result<Option<ConnectionState>, StoreError>;

    /// Deletes the connection in `slot`; tells whether there was one.
    async fn delete_connection(&self, slot: &Slot) -> Result<bool, StoreError>;

    /// Erases a user: connections, grants, metered usage. Tells whether anything was known of them.
    async fn delete_user(&self, project: &ProjectId, user: &EndUser) -> Result<bool, StoreError>;

    /// Stores a grant under its token's hash, with [`REGISTRATION_TRIES`] tries, and its idempotency record if it has one.
    ///
    /// If the project has a live record with the same idempotency key already, nothing is stored, and that record comes back.
    async fn put_grant(
        &self,
        hash: &SecretHash,
        grant: Grant,
        idempotency: Option<IdempotencyRecord>,
    ) -> Result<Option<(IdempotencyRecord, Grant)>, StoreError>;

    /// Returns the grant of a token, spent and expired ones too (until they are cleaned up, at least a day later).
    async fn grant(&self, hash: &SecretHash) -> Result<Option<StoredGrant>, StoreError>;

    /// Counts one refusal by a provider against a token; returns how many tries are left.
    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError>;

    /// Spends the token **and** stores the key, or does neither.
    ///
    /// `connection.slot.version` must be one above the stored version (1 if there is none). A connection that is replaced
    /// is gone with its bytes.
    ///
    /// # Errors
    /// [`RedeemError`]; nothing was changed then.
    async fn redeem(&self, hash: &SecretHash, connection: Connection, now: Timestamp) -> Result<(), RedeemError>;

    /// Tells whether the store can be written to, by doing so.
    async fn ready(&self) -> Result<(), StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_named_in_lower_case_hex_and_in_no_other_way() {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(0..).for_each(|(byte, n)| *byte = 0xf0_u8.wrapping_add(n));
        let hash = SecretHash(bytes);
        let text = hash.to_hex();
        assert_eq!(text, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff000102030405060708090a0b0c0d0e0f");
        assert_eq!(SecretHash::from_hex(&text), Some(hash));
        let longer = format!("{text}00");
        for bad in
            ["", &text[1..], &text[2..], &longer, &text.to_uppercase(), &text.replace("0f", "0g"), &"é".repeat(32)]
        {
            assert_eq!(SecretHash::from_hex(bad), None, "{bad}");
        }
    }
}

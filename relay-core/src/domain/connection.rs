//! A user's stored provider key: where it belongs, its state, its sealed bytes.

use crate::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use crate::domain::master_key::MasterKeyId;
use crate::domain::provider::Provider;

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
    pub fn from_name(name: &str) -> Option<Self> {
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

/// Where a sealed key belongs: everything that its seal is bound to.
///
/// A sealed key that was moved to another project, user, provider, record or version does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSlot {
    /// Whose key it is, and for which provider.
    pub slot: Slot,
    /// The record's own random id, new for each sealing.
    pub record: RecordId,
    /// Counts up with each replacement, from 1.
    pub version: u64,
}

/// A sealed provider key. Only a [`Cipher`](crate::ports::Cipher) can make sense of its bytes.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedKey {
    /// The master key that it is sealed under. Stores keep it in a column of its own, with an index.
    pub master_key: MasterKeyId,
    /// What the cipher made.
    pub bytes: Vec<u8>,
}

impl SealedKey {
    /// Bytes that were sealed under this master key.
    pub fn new(master_key: MasterKeyId, bytes: Vec<u8>) -> Self {
        Self { master_key, bytes }
    }
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedKey({} bytes under {})", self.bytes.len(), self.master_key)
    }
}

/// One user's stored key for one provider, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
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

impl Connection {
    /// A key that was just sealed, in this state. `last4` is the key's end, `fingerprint` its keyed digest.
    pub fn new(
        slot: SealedSlot,
        sealed: SealedKey,
        last4: impl Into<String>,
        fingerprint: [u8; 16],
        state: ConnectionState,
        connected_at: Timestamp,
    ) -> Self {
        Self {
            slot,
            sealed,
            last4: last4.into(),
            fingerprint,
            workspace_id: None,
            state,
            refusals: 0,
            connected_at,
            last_used_at: None,
            last_refused_at: None,
        }
    }
}

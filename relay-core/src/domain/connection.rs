//! A user's stored provider key: where it belongs, and its sealed bytes.

use crate::domain::connection_state::ConnectionState;
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

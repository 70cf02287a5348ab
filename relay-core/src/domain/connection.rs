//! A user's stored provider key: its slot and its sealed bytes.

use crate::domain::connection_state::ConnectionState;
use crate::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use crate::domain::master_key::MasterKeyId;
use crate::domain::provider::{Provider, Region};

/// The project, user and provider that a key belongs to. A slot has at most one connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The tenant.
    pub project: ProjectId,
    /// The tenant's user.
    pub user: EndUser,
    /// The provider that the key is for.
    pub provider: Provider,
}

/// A slot with a record id and a version: everything that a seal is bound to.
///
/// A sealed key that is moved to another project, user, provider, record or version does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSlot {
    /// The slot of the key.
    pub slot: Slot,
    /// The record's random id, new for each sealing.
    pub record: RecordId,
    /// Starts at 1 and increases with each replacement.
    pub version: u64,
}

/// A sealed provider key. Only a [`Cipher`](crate::ports::Cipher) can open it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealedKey {
    /// The master key that it is sealed under. Stores keep it in a column of its own, with an index.
    pub master_key: MasterKeyId,
    /// The cipher's output.
    pub bytes: Vec<u8>,
}

impl SealedKey {
    /// A sealed key of these bytes, sealed under this master key.
    pub fn new(master_key: MasterKeyId, bytes: Vec<u8>) -> Self {
        Self { master_key, bytes }
    }
}

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedKey({} bytes under {})", self.bytes.len(), self.master_key)
    }
}

/// The ids of an account that some keys need beside them. Not secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccountIds {
    /// Anthropic's workspace: `wrkspc_…`.
    pub workspace: Option<String>,
    /// OpenAI's organization: `org-…`.
    pub organization: Option<String>,
    /// OpenAI's project: `proj_…`.
    pub project: Option<String>,
}

impl AccountIds {
    /// No ids but this workspace.
    pub fn of_workspace(workspace: impl Into<String>) -> Self {
        Self { workspace: Some(workspace.into()), ..Self::default() }
    }

    /// Each header of this provider for which there is an id.
    pub(crate) fn headers(&self, provider: Provider) -> impl Iterator<Item = (&'static str, &str)> {
        let names = provider.id_headers();
        [(names.workspace, &self.workspace), (names.organization, &self.organization), (names.project, &self.project)]
            .into_iter()
            .filter_map(|(name, id)| Some((name?, id.as_deref()?)))
    }
}

/// One user's stored key for one provider, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Connection {
    /// The slot, record id and version that the seal is bound to.
    pub slot: SealedSlot,
    /// The sealed key.
    pub sealed: SealedKey,
    /// The key's last four characters.
    pub last4: String,
    /// Keyed digest of the key.
    pub fingerprint: [u8; 16],
    /// The ids that the key needs beside it.
    pub ids: AccountIds,
    /// The region whose host the key works at; `None` for the provider's usual host.
    pub region: Option<Region>,
    /// The state of the key.
    pub state: ConnectionState,
    /// The number of `Invalid` or `Revoked` signals in a row.
    pub refusals: u32,
    /// When this key was stored.
    pub connected_at: Timestamp,
    /// When a call last used it. Written in batches, so it may lag some seconds.
    pub last_used_at: Option<Timestamp>,
    /// When the provider last refused it.
    pub last_refused_at: Option<Timestamp>,
}

impl Connection {
    /// A newly sealed key in this state. `last4` is the key's last four characters, `fingerprint` its keyed digest.
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
            ids: AccountIds::default(),
            region: None,
            state,
            refusals: 0,
            connected_at,
            last_used_at: None,
            last_refused_at: None,
        }
    }
}

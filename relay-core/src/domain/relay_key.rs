//! Stored Relay keys and their scopes.

use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::project::Project;
use crate::domain::secret_hash::SecretHash;

/// A permission of a Relay key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Chat, embeddings, models.
    Inference,
    /// Read and delete users and connections; usage.
    Users,
    /// Issue registration tokens.
    Tokens,
    /// Manage webhooks.
    Webhooks,
    /// Manage Relay keys, and read the audit log. A key has it only if it is asked for by name.
    Admin,
}

impl Scope {
    /// Every scope, in display order.
    pub const ALL: [Self; 5] = [Self::Inference, Self::Users, Self::Tokens, Self::Webhooks, Self::Admin];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inference => "inference",
            Self::Users => "users",
            Self::Tokens => "tokens",
            Self::Webhooks => "webhooks",
            Self::Admin => "admin",
        }
    }

    /// The scopes of a key that names none: all but [`Self::Admin`].
    pub fn usual() -> Vec<Self> {
        Self::ALL.into_iter().filter(|scope| *scope != Self::Admin).collect()
    }

    /// The scope with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.as_str() == name)
    }
}

/// The stored record of a Relay key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RelayKeyRecord {
    /// SHA-256 of the key.
    pub hash: SecretHash,
    /// Short public id for lists and commands: the first 12 hex digits of the hash.
    pub id: String,
    /// The project.
    pub project: ProjectId,
    /// A name for people.
    pub name: String,
    /// The key's last four characters.
    pub last4: String,
    /// Its scopes.
    pub scopes: Vec<Scope>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it expires, if it does.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it is.
    pub revoked_at: Option<Timestamp>,
    /// When it was last used. Written in batches, so it may lag some seconds.
    pub last_used_at: Option<Timestamp>,
}

impl RelayKeyRecord {
    /// Hex digits of [`Self::id`].
    const ID_LEN: usize = 12;

    /// A key with the [usual scopes](Scope::usual) that never expires. `last4` is the key's last four characters.
    pub fn new(
        hash: SecretHash,
        project: ProjectId,
        name: impl Into<String>,
        last4: impl Into<String>,
        created_at: Timestamp,
    ) -> Self {
        let mut id = hash.to_hex();
        id.truncate(Self::ID_LEN);
        Self {
            hash,
            id,
            project,
            name: name.into(),
            last4: last4.into(),
            scopes: Scope::usual(),
            created_at,
            expires_at: None,
            revoked_at: None,
            last_used_at: None,
        }
    }

    /// Whether the key is active at `now`: neither revoked nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}

/// A Relay key with its project: everything that authenticating a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyedProject {
    /// The key that the request sent.
    pub key: RelayKeyRecord,
    /// Its project.
    pub project: Project,
}

impl KeyedProject {
    /// A key and the project that it belongs to.
    pub fn new(key: RelayKeyRecord, project: Project) -> Self {
        Self { key, project }
    }
}

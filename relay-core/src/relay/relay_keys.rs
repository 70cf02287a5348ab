//! The use cases of a Relay key (`rly-`): create, list and revoke it, and authenticate a caller with it.

use crate::domain::ids::ProjectId;
use crate::domain::secret::RelayKey;
use crate::domain::{KeyedProject, RelayKeyRecord, Scope};
use crate::error::RelayError;
use crate::relay::handle::Relay;
use crate::relay::projects::checked_name;

/// The options of a new Relay key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewRelayKey {
    /// A name for people: 1 to [`MAX_NAME`](crate::relay::projects::MAX_NAME) characters on one line.
    pub name: String,
    /// The key's scopes. Empty: all scopes.
    pub scopes: Vec<Scope>,
    /// Its lifetime in seconds. `None`: until it is revoked.
    pub seconds: Option<u64>,
}

impl NewRelayKey {
    /// A key with all scopes that does not expire.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), scopes: Vec::new(), seconds: None }
    }

    /// Limits the key to these scopes. Duplicates are ignored; an empty list means all scopes.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = Scope>) -> Self {
        self.scopes = scopes.into_iter().collect();
        self
    }

    /// Makes the key expire after this many seconds.
    #[must_use]
    pub fn seconds(mut self, seconds: u64) -> Self {
        self.seconds = Some(seconds);
        self
    }
}

/// A new Relay key. Shown once.
#[derive(Debug)]
#[non_exhaustive]
pub struct IssuedRelayKey {
    /// The key.
    pub key: RelayKey,
    /// The stored record of the key.
    pub record: RelayKeyRecord,
}

impl Relay {
    /// Stores a new Relay key of a project.
    ///
    /// # Errors
    /// `invalid_value` for an invalid name; `project_not_found`; `storage_unavailable`.
    pub async fn create_relay_key(&self, project: &ProjectId, new: NewRelayKey) -> Result<IssuedRelayKey, RelayError> {
        let name = checked_name(&new.name)?;
        let project = self.project(project).await?.id;
        let tokens = &self.ports.tokens;
        let key = tokens.relay_key().map_err(RelayError::no_randomness)?;
        // A new key is well-formed; if the issuer cannot parse it, the issuer is broken.
        let hash = tokens.hash_relay_key(&key).ok_or(crate::ports::NoRandomness).map_err(RelayError::no_randomness)?;
        let now = self.ports.clock.now();
        let mut record = RelayKeyRecord::new(hash, project, name, key.last4(), now);
        record.scopes =
            Scope::ALL.into_iter().filter(|scope| new.scopes.is_empty() || new.scopes.contains(scope)).collect();
        record.expires_at = new.seconds.map(|seconds| now.plus_seconds(seconds));
        self.ports.projects.create_relay_key(record.clone(), &self.acting()).await?;
        Ok(IssuedRelayKey { key, record })
    }

    /// A project's Relay keys, oldest first, including revoked and expired ones.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn relay_keys(&self, project: &ProjectId) -> Result<Vec<RelayKeyRecord>, RelayError> {
        Ok(self.ports.projects.relay_keys(project).await?)
    }

    /// Revokes the Relay key with this public id. Returns whether an active key was found.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn revoke_relay_key(&self, project: &ProjectId, id: &str) -> Result<bool, RelayError> {
        let by = self.acting();
        Ok(self.ports.projects.revoke_relay_key(project, id, by.at, &by).await?)
    }

    /// Finds the project of a Relay key, and checks that the key has a scope.
    ///
    /// # Errors
    /// `invalid_relay_key` for a malformed, unknown, revoked or expired key; `scope_missing`.
    pub async fn authenticate(&self, key: &RelayKey, scope: Scope) -> Result<KeyedProject, RelayError> {
        let invalid = || RelayError::invalid_relay_key(key.looks_like());
        let hash = self.ports.tokens.hash_relay_key(key).ok_or_else(invalid)?;
        let found = self.ports.projects.relay_key(&hash).await?;
        let live = found.filter(|found| found.key.is_live(self.token_time()));
        let access = live.ok_or_else(invalid)?;
        if access.key.scopes.contains(&scope) {
            return Ok(access);
        }
        Err(RelayError::scope_missing(scope))
    }
}

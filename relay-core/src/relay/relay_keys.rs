//! The use cases of a Relay key (`rly-`): create, list and revoke it, and authenticate a caller with it.

use crate::domain::ids::ProjectId;
use crate::domain::secret::RelayKey;
use crate::domain::{KeyedProject, RelayKeyRecord, Scope};
use crate::error::RelayError;
use crate::relay::handle::Relay;
use crate::relay::projects::checked_name;

/// How long a rolled key is accepted beside the new one, in seconds, by default: a day.
pub const DEFAULT_OVERLAP_SECONDS: u64 = 86_400;
/// The longest such time: 30 days.
pub const MAX_OVERLAP_SECONDS: u64 = 30 * 86_400;

/// The options of a new Relay key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct NewRelayKey {
    /// A name for people: 1 to [`MAX_NAME`](crate::relay::projects::MAX_NAME) characters on one line.
    pub name: String,
    /// The key's scopes. Empty: all but `admin`.
    pub scopes: Vec<Scope>,
    /// Its lifetime in seconds. `None`: until it is revoked.
    pub seconds: Option<u64>,
}

impl NewRelayKey {
    /// A key with all scopes but `admin` that does not expire.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), scopes: Vec::new(), seconds: None }
    }

    /// Limits the key to these scopes. Duplicates are ignored; an empty list means all but `admin`.
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
        let issued = self.new_relay_key(project, new).await?;
        self.ports.projects.create_relay_key(issued.record.clone(), &self.acting()).await?;
        Ok(issued)
    }

    /// Makes a new Relay key with the name, scopes and lifetime of another one, which expires after `overlap` seconds:
    /// [`DEFAULT_OVERLAP_SECONDS`] by default, 0 for at once.
    ///
    /// # Errors
    /// `relay_key_not_found` unless the other one is active; `invalid_value` for an overlap above [`MAX_OVERLAP_SECONDS`].
    pub async fn roll_relay_key(
        &self,
        project: &ProjectId,
        id: &str,
        overlap: Option<u64>,
    ) -> Result<IssuedRelayKey, RelayError> {
        let overlap = overlap.unwrap_or(DEFAULT_OVERLAP_SECONDS);
        if overlap > MAX_OVERLAP_SECONDS {
            let message = format!("`overlapSeconds` must be 0 to {MAX_OVERLAP_SECONDS}");
            return Err(RelayError::invalid_value("overlapSeconds", message));
        }
        let keys = self.ports.projects.relay_keys(project).await?;
        let old = keys.into_iter().find(|key| key.id == id).ok_or_else(RelayError::relay_key_not_found)?;
        let lifetime = old.expires_at.map(|end| end.seconds().saturating_sub(old.created_at.seconds()));
        let mut new = NewRelayKey::new(old.name).scopes(old.scopes);
        new.seconds = lifetime;
        let issued = self.new_relay_key(project, new).await?;
        let by = self.acting();
        let end = by.at.plus_seconds(overlap);
        if self.ports.projects.roll_relay_key(id, issued.record.clone(), end, &by).await? {
            return Ok(issued);
        }
        Err(RelayError::relay_key_not_found())
    }

    /// A new key that is not stored yet.
    async fn new_relay_key(&self, project: &ProjectId, new: NewRelayKey) -> Result<IssuedRelayKey, RelayError> {
        let name = checked_name(&new.name)?;
        let project = self.project(project).await?.id;
        let tokens = &self.ports.tokens;
        let key = tokens.relay_key().map_err(RelayError::no_randomness)?;
        // A new key is well-formed; if the issuer cannot parse it, the issuer is broken.
        let hash = tokens.hash_relay_key(&key).ok_or(crate::ports::NoRandomness).map_err(RelayError::no_randomness)?;
        let now = self.ports.clock.now();
        let mut record = RelayKeyRecord::new(hash, project, name, key.last4(), now);
        record.scopes = if new.scopes.is_empty() {
            Scope::usual()
        } else {
            Scope::ALL.into_iter().filter(|scope| new.scopes.contains(scope)).collect()
        };
        record.expires_at = new.seconds.map(|seconds| now.plus_seconds(seconds));
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

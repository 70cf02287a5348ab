//! The store: a state in memory, and a file that is replaced as a whole with each change.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::By;
use relay_core::domain::{
    Connection, ConnectionState, Grant, IdempotencyRecord, KEEP_GRANTS_SECONDS, KeySignal, RedeemRefusal, Region,
    SecretHash, Slot, Spent, StoredGrant, UserState, UserSummary,
};
use relay_core::ports::{KeyStore, RedeemError, StoreError, Users};

use crate::rows;

/// A [`KeyStore`] and its [`Users`] in one JSON file.
///
/// It keeps no audit log: it ignores who changes something.
///
/// Each change writes a new file, syncs it and renames it over the old one: after a crash there is the state before or
/// after, and nothing between. A spent token and its key are one such change.
///
/// What a rename replaces, the file system only marks as free. Bytes of a key that was deleted stay readable for someone
/// with the disk, until they are overwritten; put such a file on an encrypted one. (They are still sealed.)
pub(crate) struct JsonFile {
    path: PathBuf,
    state: Mutex<State>,
}

/// All that is kept. Keys are in the order of their bytes, which lists must have.
#[derive(Clone, Default)]
pub(crate) struct State {
    /// Users and when they were first seen, by project and label.
    pub(crate) users: BTreeMap<(ProjectId, EndUser), Timestamp>,
    /// Connections by project, label and the provider's place in [`Provider::ALL`].
    pub(crate) connections: BTreeMap<Place, Connection>,
    /// Grants by their token's hash.
    pub(crate) grants: BTreeMap<SecretHash, StoredGrant>,
    /// Idempotency records by project and key, each with its grant's hash.
    pub(crate) idempotency: BTreeMap<(ProjectId, String), (IdempotencyRecord, SecretHash)>,
}

pub(crate) type Place = (ProjectId, EndUser, usize);

impl JsonFile {
    /// Opens the file; without one the store is empty.
    pub(crate) fn open(path: PathBuf) -> Result<Self, StoreError> {
        let state = match std::fs::read(&path) {
            Ok(bytes) => rows::read(&bytes).ok_or_else(|| StoreError::new("the file is not ours"))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => State::default(),
            Err(error) => return Err(StoreError::new(error)),
        };
        Ok(Self { path, state: Mutex::new(state) })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a copy, writes it, and only then lets others see it. An error of `change` changes nothing.
    ///
    /// It blocks for as long as the disk takes. A busy server would do it on a thread of its own.
    fn change<T, E: From<StoreError>>(&self, change: impl FnOnce(&mut State) -> Result<T, E>) -> Result<T, E> {
        let mut state = self.state();
        let mut next = state.clone();
        let result = change(&mut next)?;
        write(&self.path, &rows::write(&next)).map_err(StoreError::new)?;
        *state = next;
        Ok(result)
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let fresh = path.with_extension("new");
    let mut file = create_private(&fresh)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    // The rename itself must survive a power cut, too.
    File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all()
}

fn create_private(path: &Path) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[async_trait]
impl KeyStore for JsonFile {
    async fn connection(&self, slot: &Slot) -> Result<Option<Connection>, StoreError> {
        Ok(self.state().connections.get(&place(slot)).cloned())
    }

    async fn connections(&self, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, StoreError> {
        Ok(self.state().connections_of(project, user).cloned().collect())
    }

    async fn observe(
        &self,
        slot: &Slot,
        version: u64,
        signal: KeySignal,
        checked: bool,
        now: Timestamp,
        _by: &By,
    ) -> Result<Option<ConnectionState>, StoreError> {
        self.change(|state| {
            let found = state.connections.get_mut(&place(slot)).filter(|found| found.slot.version == version);
            let Some(connection) = found else { return Ok(None) };
            (connection.state, connection.refusals) = signal.apply(connection.state, connection.refusals, checked);
            if matches!(signal, KeySignal::Invalid | KeySignal::Revoked) {
                connection.last_refused_at = Some(now);
            }
            Ok(Some(connection.state))
        })
    }

    async fn set_region(
        &self,
        slot: &Slot,
        version: u64,
        region: Option<Region>,
        _by: &By,
    ) -> Result<bool, StoreError> {
        self.change(|state| {
            let found = state.connections.get_mut(&place(slot)).filter(|found| found.slot.version == version);
            Ok(found.map(|connection| connection.region = region).is_some())
        })
    }

    async fn delete_connection(&self, slot: &Slot, _by: &By) -> Result<bool, StoreError> {
        self.change(|state| Ok(state.connections.remove(&place(slot)).is_some()))
    }

    async fn put_grant(
        &self,
        hash: &SecretHash,
        grant: Grant,
        idempotency: Option<IdempotencyRecord>,
    ) -> Result<Option<(IdempotencyRecord, Grant)>, StoreError> {
        self.change(|state| {
            state.forget_old(grant.created_at);
            if let Some(record) = idempotency {
                let key = (grant.project.clone(), record.key.clone());
                if let Some((earlier, first)) = state.idempotency.get(&key) {
                    let first = state.grants.get(first).ok_or_else(|| StoreError::new("a record without its grant"))?;
                    // A token from before the clock was set right is not valid yet: it is replaced.
                    if !first.grant.is_of_the_future(grant.created_at) {
                        return Ok(Some((earlier.clone(), first.grant.clone())));
                    }
                }
                state.idempotency.insert(key, (record, *hash));
            }
            // Written over, a spent token would come to life again.
            if state.grants.contains_key(hash) {
                return Err(StoreError::new("this token has a grant already"));
            }
            let owner = (grant.project.clone(), grant.user.clone());
            state.users.entry(owner).or_insert(grant.created_at);
            state.grants.insert(*hash, StoredGrant::new(grant));
            Ok(None)
        })
    }

    async fn grant(&self, hash: &SecretHash) -> Result<Option<StoredGrant>, StoreError> {
        Ok(self.state().grants.get(hash).cloned())
    }

    async fn exchange_grant(&self, from: &SecretHash, to: &SecretHash, now: Timestamp) -> Result<bool, StoreError> {
        self.change(|state| {
            let is_usable = |stored: &StoredGrant| stored.spent.is_none() && !stored.grant.is_expired(now);
            if !state.grants.get(from).is_some_and(is_usable) {
                return Ok(false);
            }
            if state.grants.contains_key(to) {
                return Err(StoreError::new("this token has a grant already"));
            }
            if let Some(stored) = state.grants.remove(from) {
                state.grants.insert(*to, stored);
            }
            for (_, hash) in state.idempotency.values_mut().filter(|(_, hash)| hash == from) {
                *hash = *to;
            }
            Ok(true)
        })
    }

    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError> {
        self.change(|state| {
            let Some(stored) = state.grants.get_mut(hash) else { return Ok(0) };
            stored.tries_left = stored.tries_left.saturating_sub(1);
            Ok(stored.tries_left)
        })
    }

    async fn redeem(
        &self,
        hash: &SecretHash,
        connection: Connection,
        now: Timestamp,
        _by: &By,
    ) -> Result<(), RedeemError> {
        self.change(|state| {
            let place = place(&connection.slot.slot);
            let version = state.connections.get(&place).map(|current| current.slot.version);
            let grant = state.grants.get(hash).ok_or(RedeemRefusal::Unknown)?;
            grant.redeemable(version, &connection, now)?;
            if let Some(stored) = state.grants.get_mut(hash) {
                stored.spent = Some(Spent::new(&connection, now));
            }
            state.connections.insert(place, connection);
            Ok(())
        })
    }
}

#[async_trait]
impl Users for JsonFile {
    async fn users(
        &self,
        project: &ProjectId,
        wanted: UserState,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError> {
        let state = self.state();
        let labels = state.users.keys().filter(|(owner, _)| owner == project).map(|(_, label)| label);
        let rest = labels.filter(|label| after.as_ref().is_none_or(|after| *label > after));
        let summaries = rest.filter_map(|label| state.summary(project, label));
        Ok(summaries.filter(|summary| summary.state == wanted).take(limit as usize).collect())
    }

    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError> {
        Ok(self.state().summary(project, user))
    }

    async fn delete_user(&self, project: &ProjectId, user: &EndUser, _by: &By) -> Result<bool, StoreError> {
        self.change(|state| {
            state.connections.retain(|(owner, label, _), _| !(owner == project && label == user));
            state.grants.retain(|_, stored| !(stored.grant.project == *project && stored.grant.user == *user));
            state.forget_idempotency_without_grant();
            Ok(state.users.remove(&(project.clone(), user.clone())).is_some())
        })
    }
}

impl State {
    fn connections_of(&self, project: &ProjectId, user: &EndUser) -> impl Iterator<Item = &Connection> {
        let all = (project.clone(), user.clone(), 0)..=(project.clone(), user.clone(), usize::MAX);
        self.connections.range(all).map(|(_, connection)| connection)
    }

    fn summary(&self, project: &ProjectId, user: &EndUser) -> Option<UserSummary> {
        let created_at = *self.users.get(&(project.clone(), user.clone()))?;
        let providers: Vec<_> =
            self.connections_of(project, user).map(|connection| connection.slot.slot.provider).collect();
        let of_user = |stored: &StoredGrant| stored.grant.project == *project && stored.grant.user == *user;
        let has_spent = self.grants.values().any(|stored| of_user(stored) && stored.spent.is_some());
        let state = UserState::of(has_spent || !providers.is_empty());
        Some(UserSummary::new(user.clone(), created_at, state, providers))
    }

    /// Drops what is past its time: idempotency records, and grants that none of them needs.
    fn forget_old(&mut self, now: Timestamp) {
        self.idempotency.retain(|_, (record, _)| record.expires_at > now);
        let needed: Vec<SecretHash> = self.idempotency.values().map(|(_, hash)| *hash).collect();
        let is_recent = |stored: &StoredGrant| stored.grant.expires_at.plus_seconds(KEEP_GRANTS_SECONDS) > now;
        self.grants.retain(|hash, stored| is_recent(stored) || needed.contains(hash));
    }

    fn forget_idempotency_without_grant(&mut self) {
        let grants = &self.grants;
        self.idempotency.retain(|_, (_, hash)| grants.contains_key(hash));
    }
}

/// A connection's place in the state.
pub(crate) fn place(slot: &Slot) -> Place {
    let rank = Provider::ALL.iter().position(|provider| *provider == slot.provider).unwrap_or(usize::MAX);
    (slot.project.clone(), slot.user.clone(), rank)
}

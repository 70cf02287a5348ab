use async_trait::async_trait;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::{By, connection_deleted, connection_observed, connection_stored, region_changed};
use relay_core::domain::{
    Connection, ConnectionState, Grant, IdempotencyRecord, KEEP_GRANTS_SECONDS, KeySignal, RedeemRefusal, Region,
    SecretHash, Slot, Spent, StoredGrant,
};
use relay_core::ports::{KeyStore, RedeemError, StoreError};

use super::state::{Memory, State, User};

#[async_trait]
impl KeyStore for Memory {
    async fn connection(&self, slot: &Slot) -> Result<Option<Connection>, StoreError> {
        Ok(self.state().connection(slot).cloned())
    }

    async fn connections(&self, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, StoreError> {
        let state = self.state();
        let mut connections = state.user(project, user).map(|user| user.connections.clone()).unwrap_or_default();
        connections.sort_by_key(|connection| connection.slot.slot.provider.rank());
        Ok(connections)
    }

    async fn observe(
        &self,
        slot: &Slot,
        version: u64,
        signal: KeySignal,
        checked: bool,
        now: Timestamp,
        by: &By,
    ) -> Result<Option<ConnectionState>, StoreError> {
        let mut state = self.state();
        let Some(connection) = state.connection_mut(slot).filter(|found| found.slot.version == version) else {
            return Ok(None);
        };
        let before = connection.clone();
        let (new, refusals) = signal.apply(before.state, before.refusals, checked);
        (connection.state, connection.refusals) = (new, refusals);
        if matches!(signal, KeySignal::Invalid | KeySignal::Revoked) {
            connection.last_refused_at = Some(now);
        }
        state.write_trail(&slot.project, &connection_observed(&before, new), by);
        Ok(Some(new))
    }

    async fn set_region(&self, slot: &Slot, version: u64, region: Option<Region>, by: &By) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(connection) = state.connection_mut(slot).filter(|found| found.slot.version == version) else {
            return Ok(false);
        };
        let trail = region_changed(connection, region);
        connection.region = region;
        state.write_trail(&slot.project, &trail, by);
        Ok(true)
    }

    async fn delete_connection(&self, slot: &Slot, by: &By) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(deleted) = state.take_connection(slot) else { return Ok(false) };
        state.write_trail(&slot.project, &connection_deleted(&deleted), by);
        Ok(true)
    }

    async fn put_grant(
        &self,
        hash: &SecretHash,
        grant: Grant,
        idempotency: Option<IdempotencyRecord>,
    ) -> Result<Option<(IdempotencyRecord, Grant)>, StoreError> {
        let mut state = self.state();
        state.forget(grant.created_at);
        if let Some(record) = idempotency {
            let key = (grant.project.clone(), record.key.clone());
            if let Some((earlier, hash)) = state.idempotency.get(&key)
                && let Some(stored) = state.grants.get(hash)
                && !stored.grant.is_of_the_future(grant.created_at)
            {
                return Ok(Some((earlier.clone(), stored.grant.clone())));
            }
            state.refuse_known(hash)?;
            state.idempotency.insert(key, (record, *hash));
        }
        state.refuse_known(hash)?;
        let owner = (grant.project.clone(), grant.user.clone());
        state.users.entry(owner).or_insert(User {
            created_at: grant.created_at,
            connections: vec![],
            ever_connected: false,
        });
        state.grants.insert(*hash, StoredGrant::new(grant));
        Ok(None)
    }

    async fn grant(&self, hash: &SecretHash) -> Result<Option<StoredGrant>, StoreError> {
        Ok(self.state().grants.get(hash).cloned())
    }

    async fn exchange_grant(&self, from: &SecretHash, to: &SecretHash, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let is_usable = |stored: &StoredGrant| stored.spent.is_none() && !stored.grant.is_expired(now);
        if !state.grants.get(from).is_some_and(is_usable) {
            return Ok(false);
        }
        state.refuse_known(to)?;
        if let Some(stored) = state.grants.remove(from) {
            state.grants.insert(*to, stored);
        }
        for (_, hash) in state.idempotency.values_mut().filter(|(_, hash)| hash == from) {
            *hash = *to;
        }
        Ok(true)
    }

    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError> {
        let mut state = self.state();
        let Some(stored) = state.grants.get_mut(hash) else { return Ok(0) };
        stored.tries_left = stored.tries_left.saturating_sub(1);
        Ok(stored.tries_left)
    }

    async fn redeem(
        &self,
        hash: &SecretHash,
        connection: Connection,
        now: Timestamp,
        by: &By,
    ) -> Result<(), RedeemError> {
        let mut state = self.state();
        let slot = connection.slot.slot.clone();
        let version = state.connection(&slot).map(|current| current.slot.version);
        let grant = state.grants.get(hash).ok_or(RedeemRefusal::Unknown)?;
        grant.redeemable(version, &connection, now)?;
        let spent = Spent::new(&connection, now);
        let owner = (slot.project.clone(), slot.user.clone());
        if !state.users.contains_key(&owner) {
            return Err(RedeemRefusal::Unknown.into());
        }
        let trail = connection_stored(state.take_connection(&slot).as_ref(), &connection);
        let user = state.users.get_mut(&owner).ok_or(RedeemRefusal::Unknown)?;
        user.connections.push(connection);
        user.ever_connected = true;
        if let Some(stored) = state.grants.get_mut(hash) {
            stored.spent = Some(spent);
        }
        state.write_trail(&slot.project, &trail, by);
        Ok(())
    }
}

impl State {
    pub(super) fn user(&self, project: &ProjectId, user: &EndUser) -> Option<&User> {
        self.users.get(&(project.clone(), user.clone()))
    }

    fn connection(&self, slot: &Slot) -> Option<&Connection> {
        self.user(&slot.project, &slot.user)?.connections.iter().find(|found| found.slot.slot == *slot)
    }

    pub(super) fn connection_mut(&mut self, slot: &Slot) -> Option<&mut Connection> {
        let user = self.users.get_mut(&(slot.project.clone(), slot.user.clone()))?;
        user.connections.iter_mut().find(|found| found.slot.slot == *slot)
    }

    fn take_connection(&mut self, slot: &Slot) -> Option<Connection> {
        let user = self.users.get_mut(&(slot.project.clone(), slot.user.clone()))?;
        let place = user.connections.iter().position(|found| found.slot.slot == *slot)?;
        Some(user.connections.swap_remove(place))
    }

    /// Deletes expired idempotency records, expired grants without such a record, and with its last grant a user who
    /// never connected a key.
    pub(super) fn forget(&mut self, now: Timestamp) {
        self.idempotency.retain(|_, (record, _)| record.expires_at > now);
        let needed: std::collections::HashSet<SecretHash> = self.idempotency.values().map(|(_, hash)| *hash).collect();
        let is_live = |stored: &StoredGrant| stored.grant.expires_at.plus_seconds(KEEP_GRANTS_SECONDS) > now;
        let before = self.grants.len();
        self.grants.retain(|hash, stored| is_live(stored) || needed.contains(hash));
        if self.grants.len() < before {
            let of = |stored: &StoredGrant| (stored.grant.project.clone(), stored.grant.user.clone());
            let with_grants: std::collections::HashSet<_> = self.grants.values().map(of).collect();
            self.users.retain(|key, user| user.ever_connected || with_grants.contains(key));
        }
    }

    /// A grant is never overwritten, since that would make a spent token valid again.
    fn refuse_known(&self, hash: &SecretHash) -> Result<(), StoreError> {
        if self.grants.contains_key(hash) { Err(StoreError::new("this token already has a grant")) } else { Ok(()) }
    }
}

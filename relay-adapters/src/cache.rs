//! A bounded cache over a store's [`KeyStore`], [`Users`] and [`Projects`]: the rows that each call looks up, for at
//! most a second.
//!
//! It holds ciphertext and hashes, never a key or a token. Writes through the cache are visible at once, and writes of
//! another process within a second.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use relay_core::Ports;
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::By;
use relay_core::domain::{
    Connection, ConnectionState, Grant, IdempotencyRecord, KeySignal, KeyedProject, Project, Region, RelayKeyRecord,
    SecretHash, Slot, StoredGrant, UserState, UserSummary,
};
use relay_core::ports::{Clock, KeyStore, Projects, RedeemError, StoreError, Users};

/// The size of the cache, and the lifetime of its entries.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// The most connections, and the most Relay keys.
    pub entries: usize,
    /// The lifetime of an entry, in milliseconds of the [`Clock`].
    pub max_age_ms: u64,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { entries: 10_000, max_age_ms: 1000 }
    }
}

/// A [`KeyStore`], [`Users`] and [`Projects`] that caches connections and Relay keys for a moment, including missing
/// ones.
pub struct CachedStore {
    keys: Arc<dyn KeyStore>,
    users: Arc<dyn Users>,
    projects: Arc<dyn Projects>,
    clock: Arc<dyn Clock>,
    connections: Cache<Slot, Connection>,
    relay_keys: Cache<SecretHash, KeyedProject>,
}

impl CachedStore {
    /// Wraps three ports of one store in a cache.
    pub fn new(
        keys: Arc<dyn KeyStore>,
        users: Arc<dyn Users>,
        projects: Arc<dyn Projects>,
        clock: Arc<dyn Clock>,
        limits: CacheLimits,
    ) -> Self {
        Self { keys, users, projects, clock, connections: Cache::new(limits), relay_keys: Cache::new(limits) }
    }

    /// Wraps the store of `ports` in a cache.
    #[must_use]
    pub fn in_front_of(mut ports: Ports, limits: CacheLimits) -> Ports {
        let clock = Arc::clone(&ports.clock);
        let cached = Arc::new(Self::new(ports.key_store, ports.users, ports.projects, clock, limits));
        ports.key_store = Arc::<Self>::clone(&cached);
        ports.users = Arc::<Self>::clone(&cached);
        ports.projects = cached;
        ports
    }
}

impl std::fmt::Debug for CachedStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CachedStore(..)")
    }
}

#[async_trait]
impl KeyStore for CachedStore {
    async fn connection(&self, slot: &Slot) -> Result<Option<Connection>, StoreError> {
        let now = self.clock.now();
        let ticket = match self.connections.look_up(slot, now) {
            Ok(known) => return Ok(known),
            Err(ticket) => ticket,
        };
        let loaded = self.keys.connection(slot).await?;
        self.connections.insert(slot, loaded.clone(), ticket, now);
        Ok(loaded)
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
        let invalidate = Invalidate { cache: &self.connections, keys: std::slice::from_ref(slot) };
        let state = self.keys.observe(slot, version, signal, checked, now, by).await?;
        // Usually a good answer does not change the state of a good key, so its entry can stay.
        let is_same = |known: &Connection| {
            let as_known = (known.state, known.refusals);
            known.slot.version == version && state == Some(known.state) && as_known == (ConnectionState::Active, 0)
        };
        if signal == KeySignal::Works {
            invalidate.settle(is_same);
        }
        Ok(state)
    }

    async fn set_region(&self, slot: &Slot, version: u64, region: Option<Region>, by: &By) -> Result<bool, StoreError> {
        let _invalidate = Invalidate { cache: &self.connections, keys: std::slice::from_ref(slot) };
        self.keys.set_region(slot, version, region, by).await
    }

    async fn delete_connection(&self, slot: &Slot, by: &By) -> Result<bool, StoreError> {
        let _invalidate = Invalidate { cache: &self.connections, keys: std::slice::from_ref(slot) };
        self.keys.delete_connection(slot, by).await
    }

    async fn redeem(
        &self,
        hash: &SecretHash,
        connection: Connection,
        now: Timestamp,
        by: &By,
    ) -> Result<(), RedeemError> {
        let slot = connection.slot.slot.clone();
        let _invalidate = Invalidate { cache: &self.connections, keys: std::slice::from_ref(&slot) };
        self.keys.redeem(hash, connection, now, by).await
    }

    async fn connections(&self, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, StoreError> {
        self.keys.connections(project, user).await
    }

    async fn put_grant(
        &self,
        hash: &SecretHash,
        grant: Grant,
        idempotency: Option<IdempotencyRecord>,
    ) -> Result<Option<(IdempotencyRecord, Grant)>, StoreError> {
        self.keys.put_grant(hash, grant, idempotency).await
    }

    async fn grant(&self, hash: &SecretHash) -> Result<Option<StoredGrant>, StoreError> {
        self.keys.grant(hash).await
    }

    async fn exchange_grant(&self, from: &SecretHash, to: &SecretHash, now: Timestamp) -> Result<bool, StoreError> {
        self.keys.exchange_grant(from, to, now).await
    }

    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError> {
        self.keys.count_refusal(hash).await
    }
}

#[async_trait]
impl Users for CachedStore {
    async fn users(
        &self,
        project: &ProjectId,
        state: UserState,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError> {
        self.users.users(project, state, after, limit).await
    }

    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError> {
        self.users.user(project, user).await
    }

    async fn delete_user(&self, project: &ProjectId, user: &EndUser, by: &By) -> Result<bool, StoreError> {
        let slot = |provider: &Provider| Slot { project: project.clone(), user: user.clone(), provider: *provider };
        let slots: Vec<Slot> = Provider::ALL.iter().map(slot).collect();
        let _invalidate = Invalidate { cache: &self.connections, keys: &slots };
        self.users.delete_user(project, user, by).await
    }
}

#[async_trait]
impl Projects for CachedStore {
    async fn relay_key(&self, hash: &SecretHash) -> Result<Option<KeyedProject>, StoreError> {
        let now = self.clock.now();
        let ticket = match self.relay_keys.look_up(hash, now) {
            Ok(known) => return Ok(known),
            Err(ticket) => ticket,
        };
        let loaded = self.projects.relay_key(hash).await?;
        self.relay_keys.insert(hash, loaded.clone(), ticket, now);
        Ok(loaded)
    }

    async fn create_relay_key(&self, key: RelayKeyRecord, by: &By) -> Result<(), StoreError> {
        let hash = key.hash;
        let _invalidate = Invalidate { cache: &self.relay_keys, keys: &[hash] };
        self.projects.create_relay_key(key, by).await
    }

    async fn revoke_relay_key(
        &self,
        project: &ProjectId,
        id: &str,
        now: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError> {
        let _clear = Clear(&self.relay_keys); // the key's hash is unknown here, and this is rare
        self.projects.revoke_relay_key(project, id, now, by).await
    }

    async fn roll_relay_key(
        &self,
        id: &str,
        new: RelayKeyRecord,
        expires_at: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError> {
        let _clear = Clear(&self.relay_keys);
        self.projects.roll_relay_key(id, new, expires_at, by).await
    }

    async fn create_project(&self, project: Project, by: &By) -> Result<(), StoreError> {
        self.projects.create_project(project, by).await
    }

    async fn update_project(&self, project: Project, by: &By) -> Result<bool, StoreError> {
        let _clear = Clear(&self.relay_keys); // the project's keys are unknown here, and this is rare
        self.projects.update_project(project, by).await
    }

    async fn delete_project(&self, id: &ProjectId, by: &By) -> Result<bool, StoreError> {
        let _clear = Clear(&self.relay_keys);
        self.projects.delete_project(id, by).await
    }

    async fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError> {
        self.projects.project(id).await
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        self.projects.projects().await
    }

    async fn relay_keys(&self, project: &ProjectId) -> Result<Vec<RelayKeyRecord>, StoreError> {
        self.projects.relay_keys(project).await
    }
}

/// The number of locks. Two calls rarely need the same one.
const SHARDS: usize = 16;

/// The results of look-ups by the full key, including missing rows.
struct Cache<K, V> {
    shards: [Mutex<Shard<K, V>>; SHARDS],
    hasher: RandomState,
    entries_a_shard: usize,
    max_age_ms: u64,
}

struct Shard<K, V> {
    entries: HashMap<K, Entry<V>>,
    /// Counts invalidations.
    generation: u64,
}

struct Entry<V> {
    /// When its load began. The entry includes every write that was acknowledged before then.
    since: Timestamp,
    value: Option<V>,
}

/// A shard's generation when a load began. The result may only be cached if the generation is still the same.
#[derive(Clone, Copy)]
struct Ticket(u64);

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    fn new(limits: CacheLimits) -> Self {
        Self {
            shards: std::array::from_fn(|_| Mutex::new(Shard { entries: HashMap::new(), generation: 0 })),
            hasher: RandomState::new(),
            entries_a_shard: limits.entries / SHARDS,
            max_age_ms: limits.max_age_ms,
        }
    }

    /// The cached entry of `key`, or a ticket for inserting the result of a load.
    fn look_up(&self, key: &K, now: Timestamp) -> Result<Option<V>, Ticket> {
        let shard = self.shard(key);
        match shard.entries.get(key) {
            Some(entry) if self.is_fresh(entry, now) => Ok(entry.value.clone()),
            _ => Err(Ticket(shard.generation)),
        }
    }

    /// Caches the result of a load, unless something was invalidated since it began at `since`.
    fn insert(&self, key: &K, value: Option<V>, ticket: Ticket, since: Timestamp) {
        let mut shard = self.shard(key);
        if shard.generation != ticket.0 || self.entries_a_shard == 0 {
            return;
        }
        if shard.entries.len() >= self.entries_a_shard {
            shard.entries.retain(|_, entry| self.is_fresh(entry, since));
        }
        if shard.entries.len() >= self.entries_a_shard {
            shard.entries.clear(); // all are fresh and would have expired within a second
        }
        shard.entries.insert(key.clone(), Entry { since, value });
    }

    /// Removes the entry of `key`, unless its value is still right. In both cases the results of running loads are not
    /// cached.
    fn invalidate(&self, key: &K, is_right: impl FnOnce(&V) -> bool) {
        let mut shard = self.shard(key);
        shard.generation += 1;
        if !shard.entries.get(key).and_then(|entry| entry.value.as_ref()).is_some_and(is_right) {
            shard.entries.remove(key);
        }
    }

    fn clear(&self) {
        for shard in &self.shards {
            let mut shard = lock(shard);
            shard.generation += 1;
            shard.entries.clear();
        }
    }

    /// A clock that was set back makes an entry stale too.
    fn is_fresh(&self, entry: &Entry<V>, now: Timestamp) -> bool {
        now.0.checked_sub(entry.since.0).is_some_and(|age| age < self.max_age_ms)
    }

    #[expect(clippy::indexing_slicing, reason = "the remainder is below the length")]
    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        // The map uses the high bits of its own hash. Here any bits of a different hasher work.
        lock(&self.shards[(self.hasher.hash_one(key) % SHARDS as u64) as usize])
    }
}

/// No code panics while it holds the lock of a shard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Invalidates entries when a write has ended, or was dropped, since it may have happened nevertheless.
struct Invalidate<'a, K: Hash + Eq + Clone, V: Clone> {
    cache: &'a Cache<K, V>,
    keys: &'a [K],
}

impl<K: Hash + Eq + Clone, V: Clone> Invalidate<'_, K, V> {
    /// Ends a write that may have changed nothing: a value for which `is_right` holds stays.
    fn settle(self, is_right: impl Fn(&V) -> bool) {
        self.keys.iter().for_each(|key| self.cache.invalidate(key, &is_right));
        std::mem::forget(self);
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Drop for Invalidate<'_, K, V> {
    fn drop(&mut self) {
        self.keys.iter().for_each(|key| self.cache.invalidate(key, |_| false));
    }
}

/// Like [`Invalidate`], for all entries.
struct Clear<'a, K: Hash + Eq + Clone, V: Clone>(&'a Cache<K, V>);

impl<K: Hash + Eq + Clone, V: Clone> Drop for Clear<'_, K, V> {
    fn drop(&mut self) {
        self.0.clear();
    }
}

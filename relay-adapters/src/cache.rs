//! A bounded cache in front of a store's [`KeyStore`], [`Users`] and [`Projects`]: what each call looks up, for at most a second.
//!
//! It holds ciphertext and hashes, never a key or a token. What is written through it is seen at once; what another
//! process writes, within the second.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use relay_core::Ports;
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::{
    Connection, ConnectionState, Grant, IdempotencyRecord, KeySignal, KeyedProject, Project, RelayKeyRecord,
    SecretHash, Slot, StoredGrant, UserSummary,
};
use relay_core::ports::{Clock, KeyStore, Projects, RedeemError, StoreError, Users};

/// How much is kept, and for how long.
#[derive(Clone, Copy, Debug)]
pub struct CacheLimits {
    /// At most so many connections, and as many Relay keys.
    pub entries: usize,
    /// For how long, in milliseconds of the [`Clock`].
    pub max_age_ms: u64,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self { entries: 10_000, max_age_ms: 1000 }
    }
}

/// A [`KeyStore`], [`Users`] and [`Projects`] that remembers connections and Relay keys for a moment, absent ones too.
pub struct CachedStore {
    keys: Arc<dyn KeyStore>,
    users: Arc<dyn Users>,
    projects: Arc<dyn Projects>,
    clock: Arc<dyn Clock>,
    connections: Cache<Slot, Connection>,
    relay_keys: Cache<SecretHash, KeyedProject>,
}

impl CachedStore {
    /// Puts a cache in front of three ports of one store.
    pub fn new(
        keys: Arc<dyn KeyStore>,
        users: Arc<dyn Users>,
        projects: Arc<dyn Projects>,
        clock: Arc<dyn Clock>,
        limits: CacheLimits,
    ) -> Self {
        Self { keys, users, projects, clock, connections: Cache::new(limits), relay_keys: Cache::new(limits) }
    }

    /// Puts a cache in front of the store that `ports` are made of.
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
    ) -> Result<Option<ConnectionState>, StoreError> {
        let invalidate = Invalidate { cache: &self.connections, keys: std::slice::from_ref(slot) };
        let state = self.keys.observe(slot, version, signal, checked, now).await?;
        // The usual case, a good answer with a good key, changes nothing: what is known of it stays.
        let is_same = |known: &Connection| {
            let as_known = (known.state, known.refusals);
            known.slot.version == version && state == Some(known.state) && as_known == (ConnectionState::Active, 0)
        };
        if signal == KeySignal::Works {
            invalidate.settle(is_same);
        }
        Ok(state)
    }

    async fn delete_connection(&self, slot: &Slot) -> Result<bool, StoreError> {
        let _invalidate = Invalidate { cache: &self.connections, keys: std::slice::from_ref(slot) };
        self.keys.delete_connection(slot).await
    }

    async fn redeem(&self, hash: &SecretHash, connection: Connection, now: Timestamp) -> Result<(), RedeemError> {
        let slot = connection.slot.slot.clone();
        let _invalidate = Invalidate { cache: &self.connections, keys: std::slice::from_ref(&slot) };
        self.keys.redeem(hash, connection, now).await
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

    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError> {
        self.keys.count_refusal(hash).await
    }
}

#[async_trait]
impl Users for CachedStore {
    async fn users(
        &self,
        project: &ProjectId,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError> {
        self.users.users(project, after, limit).await
    }

    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError> {
        self.users.user(project, user).await
    }

    async fn delete_user(&self, project: &ProjectId, user: &EndUser) -> Result<bool, StoreError> {
        let slot = |provider: &Provider| Slot { project: project.clone(), user: user.clone(), provider: *provider };
        let slots: Vec<Slot> = Provider::ALL.iter().map(slot).collect();
        let _invalidate = Invalidate { cache: &self.connections, keys: &slots };
        self.users.delete_user(project, user).await
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

    async fn create_relay_key(&self, key: RelayKeyRecord) -> Result<(), StoreError> {
        let hash = key.hash;
        let _invalidate = Invalidate { cache: &self.relay_keys, keys: &[hash] };
        self.projects.create_relay_key(key).await
    }

    async fn revoke_relay_key(&self, project: &ProjectId, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let _clear = Clear(&self.relay_keys); // the hash is not known here, and this is rare
        self.projects.revoke_relay_key(project, id, now).await
    }

    async fn create_project(&self, project: Project) -> Result<(), StoreError> {
        self.projects.create_project(project).await
    }

    async fn update_project(&self, project: Project) -> Result<bool, StoreError> {
        let _clear = Clear(&self.relay_keys); // its keys are not known here, and this is rare
        self.projects.update_project(project).await
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

/// How many locks there are. Two calls rarely meet at one.
const SHARDS: usize = 16;

/// What was found under full keys, and what was not.
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
    /// When its load began: nothing that was acknowledged before then is missing from it.
    since: Timestamp,
    value: Option<V>,
}

/// A shard's generation when a load began. What was loaded may only be kept if it is still the same.
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

    /// What is known of `key`, or the ticket to insert what a load finds.
    fn look_up(&self, key: &K, now: Timestamp) -> Result<Option<V>, Ticket> {
        let shard = self.shard(key);
        match shard.entries.get(key) {
            Some(entry) if self.is_fresh(entry, now) => Ok(entry.value.clone()),
            _ => Err(Ticket(shard.generation)),
        }
    }

    /// Keeps what a load found, unless something was invalidated since it began at `since`.
    fn insert(&self, key: &K, value: Option<V>, ticket: Ticket, since: Timestamp) {
        let mut shard = self.shard(key);
        if shard.generation != ticket.0 || self.entries_a_shard == 0 {
            return;
        }
        if shard.entries.len() >= self.entries_a_shard {
            shard.entries.retain(|_, entry| self.is_fresh(entry, since));
        }
        if shard.entries.len() >= self.entries_a_shard {
            shard.entries.clear(); // all are fresh: they would have been gone in a second
        }
        shard.entries.insert(key.clone(), Entry { since, value });
    }

    /// Removes what is known of `key`, unless it is a value that is still right. Loads under way are not kept either way.
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

    /// A clock that went backwards makes an entry stale too.
    fn is_fresh(&self, entry: &Entry<V>, now: Timestamp) -> bool {
        now.0.checked_sub(entry.since.0).is_some_and(|age| age < self.max_age_ms)
    }

    #[expect(clippy::indexing_slicing, reason = "the remainder is below the length")]
    fn shard(&self, key: &K) -> MutexGuard<'_, Shard<K, V>> {
        // The map takes the high bits of its own hash; any bits of another hasher do here.
        lock(&self.shards[(self.hasher.hash_one(key) % SHARDS as u64) as usize])
    }
}

/// No code panics while it holds a shard.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Invalidates entries when the write is over, or was given up: it may have happened then too.
struct Invalidate<'a, K: Hash + Eq + Clone, V: Clone> {
    cache: &'a Cache<K, V>,
    keys: &'a [K],
}

impl<K: Hash + Eq + Clone, V: Clone> Invalidate<'_, K, V> {
    /// Ends a write that may have changed nothing: a value that `is_right` stays.
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

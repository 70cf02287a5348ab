//! The stores in memory: for tests, for the demo, for embedders who keep nothing.
//!
//! One lock around plain maps, no threads, no clock: what happens depends on the calls alone.

mod key_store;
mod projects;
mod usage;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::{Connection, IdempotencyRecord, Project, RelayKeyRecord, SecretHash, StoredGrant};
use relay_core::ports::StoreError;

use crate::rollup::{Counters, Group};

/// `KeyStore`, `Projects`, `UsageSink` and `UsageReport` in memory.
#[derive(Default)]
pub struct Memory(Mutex<State>);

#[derive(Default)]
struct State {
    projects: Vec<Project>,
    relay_keys: Vec<RelayKeyRecord>,
    users: BTreeMap<(ProjectId, EndUser), User>,
    grants: HashMap<SecretHash, StoredGrant>,
    idempotency: HashMap<(ProjectId, String), (IdempotencyRecord, SecretHash)>,
    usage: BTreeMap<Group, Counters>,
    meta: BTreeMap<String, Vec<u8>>,
}

struct User {
    created_at: Timestamp,
    connections: Vec<Connection>,
}

impl Memory {
    /// Returns a small value that the wiring keeps beside the data: canaries, counters.
    ///
    /// # Errors
    /// Never; the signature is that of the other stores.
    pub async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().meta.get(key).cloned())
    }

    /// Stores a small value, replacing what was there.
    ///
    /// # Errors
    /// Never; the signature is that of the other stores.
    pub async fn put_meta(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError> {
        self.state().meta.insert(key.to_owned(), value);
        Ok(())
    }

    /// Counts the stored keys by bytes 2 to 10 of their sealed form: the master key's id, in records of our ciphers.
    ///
    /// # Errors
    /// Never; the signature is that of the other stores.
    pub async fn sealed_prefixes(&self) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
        let mut counts = BTreeMap::<Vec<u8>, u64>::new();
        for connection in self.state().users.values().flat_map(|user| &user.connections) {
            let id = connection.sealed.0.iter().skip(2).take(8).copied().collect();
            *counts.entry(id).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }

    /// No operation panics half-way through a change, so a poisoned lock guards a whole state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory(..)")
    }
}

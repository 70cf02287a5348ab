//! The state of a store in memory, and the lock around it.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::{AuditChain, AuditRow};
use relay_core::domain::{Connection, IdempotencyRecord, Project, RelayKeyRecord, SecretHash, StoredGrant, Webhook};
use relay_core::ports::Bell;

use super::delivery::Stored;
use crate::rollup::{Counters, Group};

/// A complete `Store` in memory.
pub struct Memory {
    state: Mutex<State>,
    /// Rung when a change has stored an event.
    pub(super) bell: Arc<Bell>,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) projects: Vec<Project>,
    pub(super) relay_keys: Vec<RelayKeyRecord>,
    pub(super) users: BTreeMap<(ProjectId, EndUser), User>,
    pub(super) grants: HashMap<SecretHash, StoredGrant>,
    pub(super) idempotency: HashMap<(ProjectId, String), (IdempotencyRecord, SecretHash)>,
    pub(super) usage: BTreeMap<Group, Counters>,
    pub(super) meta: BTreeMap<String, Vec<u8>>,
    pub(super) audit: HashMap<AuditChain, Vec<AuditRow>>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) deliveries: Vec<Stored>,
    pub(super) last_delivery: u64,
    /// Rung when a change has stored an event: the store's own bell.
    pub(super) bell: Option<Arc<Bell>>,
}

pub(super) struct User {
    pub(super) created_at: Timestamp,
    pub(super) connections: Vec<Connection>,
    pub(super) ever_connected: bool,
}

impl Default for Memory {
    fn default() -> Self {
        let bell = Arc::<Bell>::default();
        let state = State { bell: Some(Arc::clone(&bell)), ..State::default() };
        Self { state: Mutex::new(state), bell }
    }
}

impl Memory {
    /// No operation panics in the middle of a change, so the state behind a poisoned lock is consistent.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Memory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Memory(..)")
    }
}

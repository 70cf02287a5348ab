//! The queue of metered usage: calls are summed in memory and written once a second.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use relay_core::domain::ids::{Tier, Timestamp};
use relay_core::domain::{SecretHash, UsageEvent};
use rusqlite::{Transaction, params};

use super::error::SqliteOpenError;
use super::failure::Failure;
use super::rows::integer;
use super::worker::{Db, Jobs};
use crate::rollup::{Counters, Group};

/// Sums that wait to be written. The number of sums is bounded, not the number of calls.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    capacity: usize,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    sums: Sums,
    closed: bool,
}

/// Summed calls.
#[derive(Default)]
pub(super) struct Sums {
    /// The counters of each row, and the time when its last call began.
    groups: HashMap<Group, (Counters, Timestamp)>,
    /// When each Relay key was last used.
    relay_keys: HashMap<SecretHash, Timestamp>,
}

impl Sums {
    fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Adds to a row. `false` if that would exceed the maximum number of rows.
    fn add(&mut self, group: Group, more: &Counters, at: Timestamp, capacity: usize) -> bool {
        let rows = self.groups.len();
        match self.groups.entry(group) {
            Entry::Vacant(_) if rows >= capacity => return false,
            Entry::Vacant(new) => drop(new.insert((*more, at))),
            Entry::Occupied(mut known) => {
                let (sum, last) = known.get_mut();
                sum.add(more);
                *last = at.max(*last);
            }
        }
        true
    }

    fn used(&mut self, relay_key: SecretHash, at: Timestamp) {
        let last = self.relay_keys.entry(relay_key).or_default();
        *last = at.max(*last);
    }
}

/// The thread that writes the queue. Dropping it writes the rest.
pub(super) struct Flusher {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), capacity, dropped: AtomicU64::new(0) }
    }

    /// The number of calls that were dropped.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(super) fn push(&self, event: UsageEvent) {
        let (counters, at, relay_key) = (Counters::of(&event), event.at, event.relay_key);
        let Some(group) = Group::of(event) else { return };
        let mut waiting = self.lock();
        let was_idle = waiting.sums.is_empty();
        if !waiting.sums.add(group, &counters, at, self.capacity) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        if let Some(relay_key) = relay_key {
            waiting.sums.used(relay_key, at);
        }
        drop(waiting);
        if was_idle {
            self.changed.notify_all();
        }
    }

    fn take(&self) -> Sums {
        std::mem::take(&mut self.lock().sums)
    }

    /// Puts back sums that could not be written.
    fn put_back(&self, sums: Sums) {
        let mut waiting = self.lock();
        for (group, (counters, at)) in sums.groups {
            if !waiting.sums.add(group, &counters, at, self.capacity) {
                self.dropped.fetch_add(counters.requests, Ordering::Relaxed);
            }
        }
        for (relay_key, at) in sums.relay_keys {
            waiting.sums.used(relay_key, at);
        }
    }

    /// Waits until there is something to write that is at least `delay` old. `false`: the queue is closed.
    fn wait(&self, delay: Duration) -> bool {
        let is_idle = |waiting: &mut Waiting| waiting.sums.is_empty() && !waiting.closed;
        drop(self.changed.wait_while(self.lock(), is_idle));
        self.pause(delay);
        !self.lock().closed
    }

    /// Waits for `delay`, or until the queue is closed.
    fn pause(&self, delay: Duration) {
        drop(self.changed.wait_timeout_while(self.lock(), delay, |waiting| !waiting.closed));
    }

    /// No code panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Flusher {
    pub(super) fn start(queue: Arc<Queue>, writer: Option<Jobs>, delay: Duration) -> Result<Self, SqliteOpenError> {
        let of_thread = Arc::clone(&queue);
        let work = move || {
            let flush_now = || {
                let queue = Arc::clone(&of_thread);
                writer.as_ref().map_or(Ok(()), |writer| writer.run_blocking(move |db| flush(db, &queue)))
            };
            while of_thread.wait(delay) {
                if let Err(error) = flush_now() {
                    tracing::warn!(%error, "usage could not be written; Relay will try again");
                    of_thread.pause(delay);
                }
            }
            if let Err(error) = flush_now() {
                tracing::error!(%error, rows = of_thread.take().groups.len(), "usage could not be written and is lost");
            }
        };
        let thread = std::thread::Builder::new().name("relay-db-usage".to_owned()).spawn(work);
        Ok(Self { queue, thread: Some(thread.map_err(SqliteOpenError::Thread)?) })
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.queue.lock().closed = true;
        self.queue.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Writes everything in the queue in one transaction.
pub(super) fn flush(db: &mut Db, queue: &Queue) -> Result<(), Failure> {
    let sums = queue.take();
    if sums.is_empty() {
        return Ok(());
    }
    let written = db.write(|transaction| write(transaction, &sums));
    if written.is_err() {
        queue.put_back(sums);
    }
    written
}

fn write(transaction: &Transaction<'_>, sums: &Sums) -> Result<(), Failure> {
    for (group, (sum, last)) in &sums.groups {
        add(transaction, group, sum)?;
        touch_connection(transaction, group, *last)?;
    }
    sums.relay_keys.iter().try_for_each(|(hash, at)| touch_relay_key(transaction, hash, *at))
}

/// Adds to a row of daily usage. No usage is stored for a user who was erased while the call was running.
fn add(transaction: &Transaction<'_>, group: &Group, sum: &Counters) -> Result<(), Failure> {
    // `+` would turn an overflowing sum into a floating-point number, so counters saturate.
    const ADD: &str = "INSERT INTO usage_days
        (project, user, day, provider, model, tier,
         requests, errors, input, cache_read, cache_write, output, reasoning)
        SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
        WHERE EXISTS (SELECT 1 FROM users WHERE project = ?1 AND user = ?2)
        ON CONFLICT (project, day, user, provider, model, tier) DO UPDATE SET
            requests = requests + min(excluded.requests, 9223372036854775807 - requests),
            errors = errors + min(excluded.errors, 9223372036854775807 - errors),
            input = input + min(excluded.input, 9223372036854775807 - input),
            cache_read = cache_read + min(excluded.cache_read, 9223372036854775807 - cache_read),
            cache_write = cache_write + min(excluded.cache_write, 9223372036854775807 - cache_write),
            output = output + min(excluded.output, 9223372036854775807 - output),
            reasoning = reasoning + min(excluded.reasoning, 9223372036854775807 - reasoning)";
    transaction.prepare_cached(ADD)?.execute(params![
        group.project.as_str(),
        group.user.as_str(),
        group.day,
        group.provider.name(),
        group.model,
        group.tier == Tier::Free,
        integer(sum.requests),
        integer(sum.errors),
        integer(sum.tokens.input),
        integer(sum.tokens.cache_read),
        integer(sum.tokens.cache_write),
        integer(sum.tokens.output),
        integer(sum.tokens.reasoning),
    ])?;
    Ok(())
}

/// Advances a connection's `last_used_at`. A call that began before this key was stored used an earlier key.
fn touch_connection(transaction: &Transaction<'_>, group: &Group, at: Timestamp) -> Result<(), Failure> {
    const TOUCH: &str = "UPDATE connections SET last_used_at = ?4
        WHERE project = ?1 AND user = ?2 AND provider = ?3
            AND connected_at <= ?4 AND (last_used_at IS NULL OR last_used_at < ?4)";
    let key = params![group.project.as_str(), group.user.as_str(), group.provider.name(), integer(at.0)];
    transaction.prepare_cached(TOUCH)?.execute(key)?;
    Ok(())
}

fn touch_relay_key(transaction: &Transaction<'_>, hash: &SecretHash, at: Timestamp) -> Result<(), Failure> {
    const TOUCH: &str = "UPDATE relay_keys SET last_used_at = ?2
        WHERE hash = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
    transaction.prepare_cached(TOUCH)?.execute(params![hash.0, integer(at.0)])?;
    Ok(())
}

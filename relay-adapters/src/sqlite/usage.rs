//! Metered usage: taken into a queue, added up, written in batches.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use relay_core::ids::{Tier, Timestamp};
use relay_core::ports::{
    SecretHash, Slot, StoreError, TokenUsage, UsageEvent, UsageQuery, UsageReport, UsageRow, UsageSink,
};
use rusqlite::{Row, Transaction, params};

use super::Sqlite;
use super::open::SqliteOpenError;
use super::rows::{self, integer};
use super::worker::{Db, Failure, Jobs};
use crate::rollup::{Counters, Group};

/// So many events are written at once, without waiting for more.
const BATCH: usize = 500;

/// Events that wait to be written.
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    changed: Condvar,
    capacity: usize,
    dropped: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    events: Vec<UsageEvent>,
    closed: bool,
}

/// The thread that has the queue written. Dropping it has the rest written.
pub(super) struct Flusher {
    queue: Arc<Queue>,
    thread: Option<JoinHandle<()>>,
}

impl UsageSink for Sqlite {
    fn record(&self, event: UsageEvent) {
        self.usage.push(event);
    }

    fn dropped(&self) -> u64 {
        self.usage.dropped.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl UsageReport for Sqlite {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        let (queue, query) = (Arc::clone(&self.usage), query.clone());
        // The writer works off one job after the other, so this also waits for a batch that is being written.
        self.writer.run(move |db| flush(db, &queue)).await?;
        self.readers.run(move |db| report(db, &query)).await
    }
}

impl Queue {
    pub(super) fn new(capacity: usize) -> Self {
        Self { waiting: Mutex::default(), changed: Condvar::new(), capacity, dropped: AtomicU64::new(0) }
    }

    fn push(&self, event: UsageEvent) {
        let mut waiting = self.lock();
        if waiting.events.len() >= self.capacity {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        waiting.events.push(event);
        if matches!(waiting.events.len(), 1 | BATCH) {
            self.changed.notify_all();
        }
    }

    fn take(&self) -> Vec<UsageEvent> {
        std::mem::take(&mut self.lock().events)
    }

    /// Puts a batch that could not be written before the events that came since.
    fn put_back(&self, mut batch: Vec<UsageEvent>) {
        let mut waiting = self.lock();
        batch.append(&mut waiting.events);
        let excess = batch.len().saturating_sub(self.capacity);
        batch.truncate(self.capacity);
        self.dropped.fetch_add(excess as u64, Ordering::Relaxed);
        waiting.events = batch;
    }

    /// Waits until there is something to write and it has waited for `delay`, or has become a batch. `false`: closed.
    fn wait(&self, delay: Duration) -> bool {
        let is_idle = |waiting: &mut Waiting| waiting.events.is_empty() && !waiting.closed;
        let waiting = self.changed.wait_while(self.lock(), is_idle).unwrap_or_else(PoisonError::into_inner);
        let is_small = |waiting: &mut Waiting| waiting.events.len() < BATCH && !waiting.closed;
        let waited = self.changed.wait_timeout_while(waiting, delay, is_small);
        !waited.unwrap_or_else(PoisonError::into_inner).0.closed
    }

    /// Waits for `delay`, or until the end.
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
                    tracing::warn!(%error, "usage could not be written; it is kept and tried again");
                    of_thread.pause(delay);
                }
            }
            if let Err(error) = flush_now() {
                tracing::error!(%error, events = of_thread.take().len(), "usage could not be written and is lost");
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

/// Writes what is in the queue, all of it or nothing.
pub(super) fn flush(db: &mut Db, queue: &Queue) -> Result<(), Failure> {
    let batch = queue.take();
    if batch.is_empty() {
        return Ok(());
    }
    let written = db.write(|transaction| write(transaction, &batch));
    if written.is_err() {
        queue.put_back(batch);
    }
    written
}

fn write(transaction: &Transaction<'_>, batch: &[UsageEvent]) -> Result<(), Failure> {
    let mut groups = BTreeMap::<Group, Counters>::new();
    let mut slots = HashMap::<Slot, Timestamp>::new();
    let mut relay_keys = HashMap::<SecretHash, Timestamp>::new();
    for event in batch {
        groups.entry(Group::of(event)).or_default().add(&Counters::of(event));
        let slot = Slot { project: event.project.clone(), user: event.user.clone(), provider: event.provider };
        for last in [slots.entry(slot).or_default(), relay_keys.entry(event.relay_key).or_default()] {
            *last = event.at.max(*last);
        }
    }
    groups.iter().try_for_each(|(group, sum)| add(transaction, group, sum))?;
    slots.iter().try_for_each(|(slot, at)| touch_connection(transaction, slot, *at))?;
    relay_keys.iter().try_for_each(|(hash, at)| touch_relay_key(transaction, hash, *at))
}

/// Adds to a row of the roll-up. Nothing is kept about a user who was erased while a call was under way.
fn add(transaction: &Transaction<'_>, group: &Group, sum: &Counters) -> Result<(), Failure> {
    // `+` would turn a sum past the end into a fraction: counters stop at their end.
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

/// Moves a connection's `last_used_at` forward. A call that began before this key was stored used another key.
fn touch_connection(transaction: &Transaction<'_>, slot: &Slot, at: Timestamp) -> Result<(), Failure> {
    const TOUCH: &str = "UPDATE connections SET last_used_at = ?4
        WHERE project = ?1 AND user = ?2 AND provider = ?3
            AND connected_at <= ?4 AND (last_used_at IS NULL OR last_used_at < ?4)";
    let key = params![slot.project.as_str(), slot.user.as_str(), slot.provider.name(), integer(at.0)];
    transaction.prepare_cached(TOUCH)?.execute(key)?;
    Ok(())
}

fn touch_relay_key(transaction: &Transaction<'_>, hash: &SecretHash, at: Timestamp) -> Result<(), Failure> {
    const TOUCH: &str = "UPDATE relay_keys SET last_used_at = ?2
        WHERE hash = ?1 AND (last_used_at IS NULL OR last_used_at < ?2)";
    transaction.prepare_cached(TOUCH)?.execute(params![hash.0, integer(at.0)])?;
    Ok(())
}

fn report(db: &Db, query: &UsageQuery) -> Result<Vec<UsageRow>, Failure> {
    const REPORT: &str = "SELECT * FROM usage_days
        WHERE project = ?1 AND day BETWEEN ?2 AND ?3
        ORDER BY day, user, provider, model, tier LIMIT ?4";
    const REPORT_OF_USER: &str = "SELECT * FROM usage_days
        WHERE project = ?1 AND day BETWEEN ?2 AND ?3 AND user = ?5
        ORDER BY day, user, provider, model, tier LIMIT ?4";
    let project = query.project.as_str();
    let (from, to, limit) = (query.from_day, query.to_day, query.limit);
    let mut statement;
    let rows = match &query.user {
        None => {
            statement = db.reader().prepare_cached(REPORT)?;
            statement.query_map(params![project, from, to, limit], usage_row)?
        }
        Some(user) => {
            statement = db.reader().prepare_cached(REPORT_OF_USER)?;
            statement.query_map(params![project, from, to, limit, user.as_str()], usage_row)?
        }
    };
    Ok(rows.filter_map(Result::transpose).collect::<Result<_, _>>()?)
}

/// A row, `None` if this program does not know its provider (any more).
fn usage_row(row: &Row<'_>) -> rusqlite::Result<Option<UsageRow>> {
    let Some(provider) = rows::provider(row)? else { return Ok(None) };
    let group = Group {
        project: rows::project(row, "project")?,
        day: row.get("day")?,
        user: rows::user(row)?,
        provider,
        model: row.get("model")?,
        tier: if row.get("tier")? { Tier::Free } else { Tier::Paid },
    };
    let tokens = TokenUsage {
        input: rows::counter(row, "input")?,
        cache_read: rows::counter(row, "cache_read")?,
        cache_write: rows::counter(row, "cache_write")?,
        output: rows::counter(row, "output")?,
        reasoning: rows::counter(row, "reasoning")?,
    };
    let sum = Counters { requests: rows::counter(row, "requests")?, errors: rows::counter(row, "errors")?, tokens };
    Ok(Some(group.row(sum)))
}

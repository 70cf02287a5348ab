//! Events for webhooks, and a delivery for each webhook that wants one.

use std::cell::Cell;

use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::{By, Event, EventKind};
use relay_core::domain::{KEEP_EVENTS_MS, MasterKeyId, SealedKey, Webhook};
use rusqlite::{Connection, Row, Transaction, params};

use super::failure::Failure;
use super::rows::{self, integer};

/// Stores an event with a delivery for each webhook that wants it. Returns whether there is one.
pub(super) fn put(transaction: &Transaction<'_>, project: &ProjectId, event: &Event, by: &By) -> Result<bool, Failure> {
    let webhooks = of_project(transaction, project)?;
    let wanting: Vec<&Webhook> = webhooks.iter().filter(|webhook| webhook.wants(event.kind)).collect();
    if wanting.is_empty() {
        return Ok(false);
    }
    let seq = store_event(transaction, project, event, by)?;
    for webhook in wanting {
        // Events about one user wait for each other, and so do those about none.
        deliver(transaction, &webhook.id, seq, lane(project, event.user.as_ref()), by)?;
    }
    Ok(true)
}

pub(super) fn store_event(
    transaction: &Transaction<'_>,
    project: &ProjectId,
    event: &Event,
    by: &By,
) -> Result<i64, Failure> {
    const PUT: &str = "INSERT INTO events (id, project, user, kind, at, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let id = format!("evt_{:032x}", u128::from_be_bytes(random(transaction)?));
    transaction.prepare_cached(PUT)?.execute(params![
        id,
        project.as_str(),
        event.user.as_ref().map(EndUser::as_str),
        event.kind.as_str(),
        integer(by.at.0),
        event.body(project, by.at),
    ])?;
    Ok(transaction.last_insert_rowid())
}

pub(super) fn deliver(
    transaction: &Transaction<'_>,
    webhook: &str,
    event: i64,
    lane: i64,
    by: &By,
) -> Result<u64, Failure> {
    const PUT: &str = "INSERT INTO deliveries (webhook, event, lane, state, attempts, next_at, leased_until)
        VALUES (?1, ?2, ?3, 'pending', 0, ?4, 0)";
    transaction.prepare_cached(PUT)?.execute(params![webhook, event, lane, integer(by.at.0)])?;
    Ok(u64::try_from(transaction.last_insert_rowid())?)
}

/// A number for a user of a project. Two users with the same one wait for each other, which does no harm.
fn lane(project: &ProjectId, user: Option<&EndUser>) -> i64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    (project.as_str(), user.map(EndUser::as_str)).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// Removes the events about a user. The one about their erasure is written afterwards.
pub(super) fn erase(transaction: &Transaction<'_>, project: &ProjectId, user: &EndUser) -> Result<(), Failure> {
    const ERASE: &str = "DELETE FROM events WHERE project = ?1 AND user = ?2";
    transaction.prepare_cached(ERASE)?.execute(params![project.as_str(), user.as_str()])?;
    Ok(())
}

/// Removes everything about the webhooks of a deleted project.
pub(super) fn delete_project(transaction: &Transaction<'_>, project: &ProjectId) -> Result<(), Failure> {
    for delete in ["DELETE FROM webhooks WHERE project = ?1", "DELETE FROM events WHERE project = ?1"] {
        transaction.prepare_cached(delete)?.execute([project.as_str()])?;
    }
    Ok(())
}

/// Deletes at most `limit` events whose time is over. Returns how many.
pub(super) fn forget(transaction: &Transaction<'_>, now: Timestamp, limit: u32) -> Result<usize, Failure> {
    const FORGET: &str = "DELETE FROM events WHERE seq IN (SELECT seq FROM events WHERE at < ?1 ORDER BY at LIMIT ?2)";
    let end = integer(now.0.saturating_sub(KEEP_EVENTS_MS));
    Ok(transaction.prepare_cached(FORGET)?.execute(params![end, limit])?)
}

/// A project's webhooks, oldest first.
pub(super) fn of_project(db: &Connection, project: &ProjectId) -> Result<Vec<Webhook>, Failure> {
    const ALL: &str = "SELECT * FROM webhooks WHERE project = ?1 ORDER BY seq";
    let mut query = db.prepare_cached(ALL)?;
    Ok(query.query_map([project.as_str()], webhook)?.collect::<Result<_, _>>()?)
}

pub(super) fn webhook(row: &Row<'_>) -> rusqlite::Result<Webhook> {
    let secret = SealedKey::new(MasterKeyId(row.get("master_key")?), row.get("secret")?);
    let (project, created_at) = (rows::project(row, "project")?, rows::time(row, "created_at")?);
    let mut webhook = Webhook::new(row.get("id")?, project, row.get("url")?, secret, created_at);
    let events: Vec<String> = rows::json(row, "events")?;
    webhook.events = events.iter().filter_map(|name| EventKind::from_name(name)).collect();
    webhook.description = row.get("description")?;
    webhook.enabled = row.get("enabled")?;
    webhook.disabled_reason = row.get("disabled_reason")?;
    webhook.failing_since = rows::time_or_none(row, "failing_since")?;
    let old: Option<Vec<u8>> = row.get("old_secret")?;
    if let (Some(old), Some(until)) = (old, rows::time_or_none(row, "old_secret_until")?) {
        webhook.previous = Some((SealedKey::new(MasterKeyId(row.get("old_master_key")?), old), until));
    }
    Ok(webhook)
}

/// 16 random bytes of SQLite, which are seeded by the operating system.
pub(super) fn random(db: &Connection) -> Result<[u8; 16], Failure> {
    Ok(db.prepare_cached("SELECT randomblob(16)")?.query_row([], |row| row.get(0))?)
}

thread_local! {
    /// Whether the writer's thread has stored an event since it last said so.
    static STORED_EVENT: Cell<bool> = const { Cell::new(false) };
}

/// Remembers that this thread has stored an event.
pub(super) fn note_stored() {
    STORED_EVENT.set(true);
}

/// Whether this thread has stored an event since the last call.
pub(super) fn take_stored() -> bool {
    STORED_EVENT.take()
}

//! Webhooks, the events for them, and their deliveries.

use async_trait::async_trait;
use relay_core::domain::ids::{ProjectId, Timestamp};
use relay_core::domain::trail::{
    By, Event, EventKind, webhook_created, webhook_deleted, webhook_disabled, webhook_replayed, webhook_updated,
};
use relay_core::domain::{Attempt, DISABLE_AFTER_MS, Delivery, DeliveryState, Webhook};
use relay_core::ports::{DueDelivery, Outbox, Replay, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

use super::events::{deliver, of_project, store_event, webhook};
use super::failure::Failure;
use super::rows::{self, counter, integer};
use super::store::Sqlite;
use super::trail;
use super::worker::Db;

#[async_trait]
impl Outbox for Sqlite {
    async fn webhooks(&self, project: &ProjectId) -> Result<Vec<Webhook>, StoreError> {
        let project = project.clone();
        self.readers.run(move |db| of_project(db.reader(), &project)).await
    }

    async fn create_webhook(&self, webhook: Webhook, by: &By) -> Result<(), StoreError> {
        let by = by.clone();
        let write = move |db: &mut Db| {
            db.write(|t| {
                const PUT: &str = "INSERT INTO webhooks (id, project, url, events, description, enabled, created_at,
                    secret, master_key) VALUES (?1, ?2, '', '[]', '', 1, ?3, x'', x'')";
                let created_at = integer(webhook.created_at.0);
                t.prepare_cached(PUT)?.execute(params![webhook.id, webhook.project.as_str(), created_at])?;
                put(t, &webhook)?;
                trail::write(t, &webhook.project, &webhook_created(&webhook), &by)
            })
        };
        self.writer.run(write).await
    }

    async fn update_webhook(&self, webhook: Webhook, by: &By) -> Result<bool, StoreError> {
        let by = by.clone();
        let write = move |db: &mut Db| {
            db.write(|t| {
                let Some(before) = one(t, &webhook.project, &webhook.id)? else { return Ok(false) };
                put(t, &webhook)?;
                trail::write(t, &webhook.project, &webhook_updated(&before, &webhook), &by)?;
                Ok(true)
            })
        };
        let changed = self.writer.run(write).await?;
        self.bell.ring(); // what waited while it was disabled is due
        Ok(changed)
    }

    async fn delete_webhook(&self, project: &ProjectId, id: &str, by: &By) -> Result<bool, StoreError> {
        const DELETE: &str = "DELETE FROM webhooks WHERE id = ?1";
        let (project, id, by) = (project.clone(), id.to_owned(), by.clone());
        let write = move |db: &mut Db| {
            db.write(|t| {
                let Some(before) = one(t, &project, &id)? else { return Ok(false) };
                t.prepare_cached(DELETE)?.execute([&id])?;
                trail::write(t, &project, &webhook_deleted(&before), &by)?;
                Ok(true)
            })
        };
        self.writer.run(write).await
    }

    async fn send_to(
        &self,
        project: &ProjectId,
        webhook: &str,
        event: Event,
        by: &By,
    ) -> Result<Option<u64>, StoreError> {
        let (project, id, by) = (project.clone(), webhook.to_owned(), by.clone());
        let write = move |db: &mut Db| {
            db.write(|t| {
                if one(t, &project, &id)?.is_none() {
                    return Ok(None);
                }
                let seq = store_event(t, &project, &event, &by)?;
                // A lane of its own: it waits for nothing.
                deliver(t, &id, seq, seq, &by).map(Some)
            })
        };
        let sent = self.writer.run(write).await?;
        self.bell.ring();
        Ok(sent)
    }

    async fn due(
        &self,
        now: Timestamp,
        lease: Timestamp,
        limit: u32,
        each: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        // Most looks find nothing, and need no write.
        let is_due = move |db: &mut Db| {
            const ANY: &str = "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'pending' AND next_at <= ?1)";
            Ok(db.reader().prepare_cached(ANY)?.query_row([integer(now.0)], |row| row.get::<_, bool>(0))?)
        };
        if !self.readers.run(is_due).await? {
            return Ok(Vec::new());
        }
        self.writer.run(move |db| db.write(|t| lease_due(t, now, lease, limit, each))).await
    }

    async fn settle(
        &self,
        due: &DueDelivery,
        attempt: Attempt,
        next: Option<Timestamp>,
        by: &By,
    ) -> Result<(), StoreError> {
        let (due, by) = (due.clone(), by.clone());
        let write = move |db: &mut Db| {
            let erased = db.write(|t| settle(t, &due, &attempt, next, &by))?;
            if erased {
                db.shred();
            }
            Ok(())
        };
        self.writer.run(write).await?;
        self.bell.ring(); // the next one in its lane may be due
        Ok(())
    }

    async fn deliveries(
        &self,
        project: &ProjectId,
        webhook: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let (project, webhook) = (project.clone(), webhook.to_owned());
        let read = move |db: &mut Db| {
            const PAGE: &str = select_deliveries!(
                "WHERE d.webhook = ?1 AND e.project = ?2 AND d.seq < ?3 ORDER BY d.seq DESC LIMIT ?4"
            );
            let before = before.map_or(i64::MAX, integer);
            let mut query = db.reader().prepare_cached(PAGE)?;
            let rows = query.query_map(params![webhook, project.as_str(), before, limit], delivery)?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.readers.run(read).await
    }

    async fn replay(&self, project: &ProjectId, webhook: &str, which: Replay, by: &By) -> Result<u64, StoreError> {
        let (project, id, by) = (project.clone(), webhook.to_owned(), by.clone());
        let write = move |db: &mut Db| {
            db.write(|t| {
                let again = replay(t, &project, &id, &which, &by)?;
                if again > 0 {
                    trail::write(t, &project, &webhook_replayed(&id, again), &by)?;
                }
                Ok(again)
            })
        };
        let again = self.writer.run(write).await?;
        self.bell.ring();
        Ok(again)
    }

    async fn event_stored(&self) {
        self.bell.wait().await;
    }
}

fn lease_due(
    transaction: &Transaction<'_>,
    now: Timestamp,
    lease: Timestamp,
    limit: u32,
    each: u32,
) -> Result<Vec<DueDelivery>, Failure> {
    // The first pending delivery of each lane, of each webhook at most as many as it has room for.
    const DUE: &str = "SELECT seq FROM (
            SELECT d.seq, d.next_at, row_number() OVER (PARTITION BY d.webhook ORDER BY d.seq) AS place,
                (SELECT count(*) FROM deliveries l INDEXED BY deliveries_in_lane
                    WHERE l.webhook = d.webhook AND l.state = 'pending' AND l.leased_until > ?1) AS running
            FROM deliveries d JOIN webhooks w ON w.id = d.webhook
            WHERE d.state = 'pending' AND d.next_at <= ?1 AND d.leased_until <= ?1 AND w.enabled = 1
                AND NOT EXISTS (SELECT 1 FROM deliveries f INDEXED BY deliveries_in_lane WHERE f.webhook = d.webhook
                    AND f.lane = d.lane AND f.state = 'pending' AND f.seq < d.seq)
        ) WHERE place + running <= ?3 ORDER BY next_at, seq LIMIT ?2";
    const LEASE: &str = "UPDATE deliveries SET leased_until = ?2 WHERE seq = ?1";
    const ONE: &str = select_deliveries!("WHERE d.seq = ?1");
    let mut query = transaction.prepare_cached(DUE)?;
    let found = query.query_map(params![integer(now.0), limit, each], |row| row.get::<_, i64>(0))?;
    let mut due = Vec::new();
    for seq in found.collect::<Result<Vec<_>, _>>()? {
        transaction.prepare_cached(LEASE)?.execute(params![seq, integer(lease.0)])?;
        let delivery = transaction.prepare_cached(ONE)?.query_row([seq], delivery)?;
        const WEBHOOK: &str = "SELECT * FROM webhooks WHERE id = ?1";
        let webhook = transaction.prepare_cached(WEBHOOK)?.query_row([&delivery.webhook], webhook)?;
        due.push(DueDelivery::new(delivery, webhook, lease));
    }
    Ok(due)
}

/// Returns whether what names an erased user went with it.
fn settle(
    transaction: &Transaction<'_>,
    due: &DueDelivery,
    attempt: &Attempt,
    next: Option<Timestamp>,
    by: &By,
) -> Result<bool, Failure> {
    const SETTLE: &str = "UPDATE deliveries SET state = ?3, attempts = attempts + 1, next_at = coalesce(?4, next_at),
            leased_until = 0, last_at = ?5, last_millis = ?6, last_status = ?7, last_error = ?8, last_answer = ?9
        WHERE seq = ?1 AND leased_until = ?2 AND state = 'pending'";
    let state = match (attempt.is_success(), next) {
        (true, _) => DeliveryState::Delivered,
        (false, Some(_)) => DeliveryState::Pending,
        (false, None) => DeliveryState::Failed,
    };
    let settled = transaction.prepare_cached(SETTLE)?.execute(params![
        integer(due.delivery.seq),
        integer(due.lease.0),
        state.as_str(),
        next.map(|at| integer(at.0)),
        integer(attempt.at.0),
        integer(attempt.millis),
        attempt.status,
        attempt.error,
        attempt.answer,
    ])?;
    if settled == 0 {
        return Ok(false);
    }
    note_health(transaction, due, attempt.is_success(), by)?;
    let told = state != DeliveryState::Pending && due.delivery.kind == EventKind::UserDeleted.as_str();
    if told { forget_erased(transaction, &due.delivery.event) } else { Ok(false) }
}

/// Remembers since when a webhook fails, and disables it after days.
fn note_health(transaction: &Transaction<'_>, due: &DueDelivery, success: bool, by: &By) -> Result<(), Failure> {
    const WELL: &str = "UPDATE webhooks SET failing_since = NULL WHERE id = ?1 AND failing_since IS NOT NULL";
    const FAILS: &str = "UPDATE webhooks SET failing_since = coalesce(failing_since, ?2) WHERE id = ?1
        RETURNING failing_since, enabled";
    const DISABLE: &str = "UPDATE webhooks SET enabled = 0, disabled_reason = ?2 WHERE id = ?1";
    let id = &due.webhook.id;
    if success {
        transaction.prepare_cached(WELL)?.execute([id])?;
        return Ok(());
    }
    let read = |row: &Row<'_>| Ok((counter(row, 0)?, row.get::<_, bool>(1)?));
    let found = transaction.prepare_cached(FAILS)?.query_row(params![id, integer(by.at.0)], read).optional()?;
    if let Some((since, true)) = found
        && by.at.0.saturating_sub(since) >= DISABLE_AFTER_MS
    {
        let reason = "every attempt failed for 5 days";
        transaction.prepare_cached(DISABLE)?.execute(params![id, reason])?;
        trail::write(transaction, &due.webhook.project, &webhook_disabled(&due.webhook, reason), by)?;
    }
    Ok(())
}

/// Once every webhook was told that a user was erased, or could not be told, nothing names them any more.
fn forget_erased(transaction: &Transaction<'_>, event: &str) -> Result<bool, Failure> {
    const FORGET: &str = "UPDATE events SET user = NULL, body = '' WHERE id = ?1
        AND NOT EXISTS (SELECT 1 FROM deliveries WHERE event = events.seq AND state = 'pending')";
    // Nor does the number of their lane.
    const LANE: &str =
        "UPDATE deliveries SET lane = seq WHERE event = (SELECT seq FROM events WHERE id = ?1 AND body = '')";
    let forgotten = transaction.prepare_cached(FORGET)?.execute([event])? > 0;
    transaction.prepare_cached(LANE)?.execute([event])?;
    Ok(forgotten)
}

fn replay(
    transaction: &Transaction<'_>,
    project: &ProjectId,
    webhook: &str,
    which: &Replay,
    by: &By,
) -> Result<u64, Failure> {
    const AGAIN: &str = "UPDATE deliveries SET state = 'pending', attempts = 0, next_at = ?3
        WHERE webhook = ?1 AND leased_until <= ?3 AND seq = coalesce(?4, seq) AND event IN
            (SELECT seq FROM events WHERE project = ?2 AND at >= ?5 AND body <> '')";
    let (one, since) = match which {
        Replay::One(seq) => (Some(integer(*seq)), 0),
        Replay::Since(at) => (None, integer(at.0)),
    };
    let key = params![webhook, project.as_str(), integer(by.at.0), one, since];
    Ok(u64::try_from(transaction.prepare_cached(AGAIN)?.execute(key)?)?)
}

fn one(db: &Connection, project: &ProjectId, id: &str) -> Result<Option<Webhook>, Failure> {
    const ONE: &str = "SELECT * FROM webhooks WHERE id = ?1 AND project = ?2";
    Ok(db.prepare_cached(ONE)?.query_row(params![id, project.as_str()], webhook).optional()?)
}

/// Writes what can change of a webhook.
fn put(transaction: &Transaction<'_>, webhook: &Webhook) -> Result<(), Failure> {
    const PUT: &str = "UPDATE webhooks SET url = ?2, events = ?3, description = ?4, enabled = ?5, disabled_reason = ?6,
            failing_since = ?7, secret = ?8, master_key = ?9, old_secret = ?10, old_master_key = ?11,
            old_secret_until = ?12 WHERE id = ?1";
    let events: Vec<&str> = webhook.events.iter().map(|kind| kind.as_str()).collect();
    let old = webhook.previous.as_ref();
    transaction.prepare_cached(PUT)?.execute(params![
        webhook.id,
        webhook.url,
        rows::to_json(&events),
        webhook.description,
        webhook.enabled,
        webhook.disabled_reason,
        webhook.failing_since.map(|at| integer(at.0)),
        webhook.secret.bytes,
        webhook.secret.master_key.0,
        old.map(|(secret, _)| &secret.bytes),
        old.map(|(secret, _)| secret.master_key.0),
        old.map(|(_, until)| integer(until.0)),
    ])?;
    Ok(())
}

macro_rules! select_deliveries {
    ($which:literal) => {
        concat!(
            "SELECT d.*, e.id AS event_id, e.kind, e.at, e.body FROM deliveries d JOIN events e ON e.seq = d.event ",
            $which
        )
    };
}
use select_deliveries;

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let (webhook, event) = (row.get("webhook")?, row.get("event_id")?);
    let created_at = rows::time(row, "at")?;
    let mut delivery =
        Delivery::new(counter(row, "seq")?, webhook, event, row.get("kind")?, row.get("body")?, created_at);
    delivery.state = rows::parsed(row, "state", DeliveryState::from_name)?;
    delivery.attempts = row.get("attempts")?;
    delivery.next_at = rows::time(row, "next_at")?;
    if let Some(at) = rows::time_or_none(row, "last_at")? {
        let mut last = Attempt::new(at);
        last.millis = counter(row, "last_millis")?;
        last.status = row.get("last_status")?;
        last.error = row.get("last_error")?;
        last.answer = row.get("last_answer")?;
        delivery.last = Some(last);
    }
    Ok(delivery)
}

use async_trait::async_trait;
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::{
    Connection, ConnectionState, Grant, IdempotencyRecord, KeySignal, SecretHash, Slot, StoredGrant, UserSummary,
};
use relay_core::ports::{KeyStore, RedeemError, StoreError};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::rows::{self, integer, select_connection};
use super::worker::{Db, Failure};
use super::{Sqlite, grants, usage};

const IN_SLOT: &str = select_connection!("WHERE project = ?1 AND user = ?2 AND provider = ?3");
const OF_USER: &str = select_connection!("WHERE project = ?1 AND user = ?2");

#[async_trait]
impl KeyStore for Sqlite {
    async fn connection(&self, slot: &Slot) -> Result<Option<Connection>, StoreError> {
        let slot = slot.clone();
        self.readers.run(move |db| connection(db.reader(), &slot)).await
    }

    async fn connections(&self, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, StoreError> {
        let (project, user) = (project.clone(), user.clone());
        self.readers.run(move |db| connections(db, &project, &user)).await
    }

    async fn users(
        &self,
        project: &ProjectId,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError> {
        let project = project.clone();
        self.readers.run(move |db| users(db, &project, after.as_ref(), limit)).await
    }

    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError> {
        let (project, user) = (project.clone(), user.clone());
        self.readers.run(move |db| one_user(db, &project, &user)).await
    }

    async fn observe(
        &self,
        slot: &Slot,
        version: u64,
        signal: KeySignal,
        checked: bool,
        now: Timestamp,
    ) -> Result<Option<ConnectionState>, StoreError> {
        // Most signals say what is known already: those need no writer.
        let Some(known) = self.connection(slot).await?.filter(|known| known.slot.version == version) else {
            return Ok(None);
        };
        let is_refusal = matches!(signal, KeySignal::Invalid | KeySignal::Revoked);
        if !is_refusal && signal.apply(known.state, known.refusals, checked) == (known.state, known.refusals) {
            return Ok(Some(known.state));
        }
        let slot = slot.clone();
        let refused_at = is_refusal.then_some(now);
        let write = move |db: &mut Db| db.write(|t| observe(t, &slot, version, signal, checked, refused_at));
        self.writer.run(write).await
    }

    async fn delete_connection(&self, slot: &Slot) -> Result<bool, StoreError> {
        const DELETE: &str = "DELETE FROM connections WHERE project = ?1 AND user = ?2 AND provider = ?3";
        let Slot { project, user, provider } = slot.clone();
        let write = move |db: &mut Db| {
            let key = params![project.as_str(), user.as_str(), provider.name()];
            let was_there = db.write(|t| Ok(t.prepare_cached(DELETE)?.execute(key)? > 0))?;
            if was_there {
                db.shred();
            }
            Ok(was_there)
        };
        self.writer.run(write).await
    }

    async fn delete_user(&self, project: &ProjectId, user: &EndUser) -> Result<bool, StoreError> {
        // All else hangs on this row: `ON DELETE CASCADE`.
        const DELETE: &str = "DELETE FROM users WHERE project = ?1 AND user = ?2";
        let (project, user, queue) = (project.clone(), user.clone(), self.usage.clone());
        let write = move |db: &mut Db| {
            usage::flush(db, &queue)?; // or it would count for the user's next life
            let key = params![project.as_str(), user.as_str()];
            let was_there = db.write(|t| Ok(t.prepare_cached(DELETE)?.execute(key)? > 0))?;
            if was_there {
                db.shred();
            }
            Ok(was_there)
        };
        self.writer.run(write).await
    }

    async fn put_grant(
        &self,
        hash: &SecretHash,
        grant: Grant,
        idempotency: Option<IdempotencyRecord>,
    ) -> Result<Option<(IdempotencyRecord, Grant)>, StoreError> {
        let hash = *hash;
        self.writer.run(move |db| db.write(|t| grants::put(t, &hash, &grant, idempotency.as_ref()))).await
    }

    async fn grant(&self, hash: &SecretHash) -> Result<Option<StoredGrant>, StoreError> {
        let hash = *hash;
        self.readers.run(move |db| grants::get(db.reader(), &hash)).await
    }

    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError> {
        let hash = *hash;
        self.writer.run(move |db| db.write(|t| grants::count_refusal(t, &hash))).await
    }

    async fn redeem(&self, hash: &SecretHash, connection: Connection, now: Timestamp) -> Result<(), RedeemError> {
        let hash = *hash;
        let write = move |db: &mut Db| {
            let outcome = db.write(|t| grants::redeem(t, &hash, &connection, now))?;
            if matches!(outcome, Ok(grants::Redeemed::Replaced)) {
                db.shred();
            }
            Ok(outcome.map(drop))
        };
        Ok(self.writer.run(write).await??)
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.put_meta("ready", vec![1]).await
    }
}

/// The connection in a slot.
pub(super) fn connection(db: &rusqlite::Connection, slot: &Slot) -> Result<Option<Connection>, Failure> {
    let key = params![slot.project.as_str(), slot.user.as_str(), slot.provider.name()];
    Ok(db.prepare_cached(IN_SLOT)?.query_row(key, rows::connection).optional()?.flatten())
}

fn connections(db: &Db, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, Failure> {
    let mut query = db.reader().prepare_cached(OF_USER)?;
    let found = query.query_map(params![project.as_str(), user.as_str()], rows::connection)?;
    let mut connections: Vec<Connection> = found.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    connections.sort_by_key(|connection| connection.slot.slot.provider.rank());
    Ok(connections)
}

macro_rules! select_users {
    ($which:literal) => {
        concat!(
            "SELECT user, created_at, (SELECT group_concat(provider) FROM connections
                WHERE connections.project = users.project AND connections.user = users.user) AS providers
             FROM users ",
            $which
        )
    };
}

fn users(db: &Db, project: &ProjectId, after: Option<&EndUser>, limit: u32) -> Result<Vec<UserSummary>, Failure> {
    const PAGE: &str = select_users!("WHERE project = ?1 AND user > ?2 ORDER BY user LIMIT ?3");
    let after = after.map(EndUser::as_str).unwrap_or_default(); // no label is empty
    let mut query = db.reader().prepare_cached(PAGE)?;
    let page = query.query_map(params![project.as_str(), after, limit], summary)?;
    Ok(page.collect::<Result<_, _>>()?)
}

fn one_user(db: &Db, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, Failure> {
    const ONE: &str = select_users!("WHERE project = ?1 AND user = ?2");
    let mut query = db.reader().prepare_cached(ONE)?;
    Ok(query.query_row(params![project.as_str(), user.as_str()], summary).optional()?)
}

fn summary(row: &Row<'_>) -> rusqlite::Result<UserSummary> {
    let names: Option<String> = row.get("providers")?;
    let providers = names.as_deref().unwrap_or_default().split(',').filter_map(Provider::from_name).collect();
    Ok(UserSummary::new(rows::user(row)?, rows::time(row, "created_at")?, providers))
}

fn observe(
    transaction: &Transaction<'_>,
    slot: &Slot,
    version: u64,
    signal: KeySignal,
    checked: bool,
    refused_at: Option<Timestamp>,
) -> Result<Option<ConnectionState>, Failure> {
    const SET: &str = "UPDATE connections
        SET state = ?4, refusals = ?5, last_refused_at = coalesce(?6, last_refused_at)
        WHERE project = ?1 AND user = ?2 AND provider = ?3";
    let Some(known) = connection(transaction, slot)?.filter(|known| known.slot.version == version) else {
        return Ok(None);
    };
    let (state, refusals) = signal.apply(known.state, known.refusals, checked);
    transaction.prepare_cached(SET)?.execute(params![
        slot.project.as_str(),
        slot.user.as_str(),
        slot.provider.name(),
        state.as_str(),
        refusals,
        refused_at.map(|at| integer(at.0)),
    ])?;
    Ok(Some(state))
}

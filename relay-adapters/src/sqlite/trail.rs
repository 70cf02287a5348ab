//! Writes the trail of a change in its transaction, and reads the audit log.

use async_trait::async_trait;
use relay_core::domain::ids::{EndUser, ProjectId};
use relay_core::domain::trail::{AuditChain, AuditHead, AuditPart, AuditQuery, AuditRow, By, Entry, Trail, seal_entry};
use relay_core::ports::{AuditLog, StoreError};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params, params_from_iter};

use super::events::{self, random};
use super::failure::Failure;
use super::rows::{self, counter, integer};
use super::store::Sqlite;
use super::worker::Db;

/// Writes the trail of a change of this project.
pub(super) fn write(transaction: &Transaction<'_>, project: &ProjectId, trail: &Trail, by: &By) -> Result<(), Failure> {
    let chain = AuditChain::Project(project.clone());
    trail.entries.iter().try_for_each(|entry| append(transaction, &chain, entry, by))?;
    for event in &trail.events {
        if events::put(transaction, project, event, by)? {
            events::note_stored();
        }
    }
    Ok(())
}

/// Writes the entries of a change in a chain.
pub(super) fn append(transaction: &Transaction<'_>, chain: &AuditChain, entry: &Entry, by: &By) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO audit (project, seq, at, action, user, subject, text, details, salt, hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    const MOVE: &str = "INSERT INTO audit_heads (project, seq, hash) VALUES (?1, ?2, ?3)
        ON CONFLICT DO UPDATE SET seq = ?2, hash = ?3";
    let subject = entry.user.as_ref().map(|user| subject(transaction, chain, user)).transpose()?;
    let row = seal_entry(chain, head(transaction, chain)?, entry, by, subject, random(transaction)?);
    let project = chain.as_str();
    transaction.prepare_cached(PUT)?.execute(params![
        project,
        integer(row.seq),
        integer(row.at.0),
        row.action,
        row.user.as_ref().map(EndUser::as_str),
        row.subject,
        row.text,
        row.details,
        row.salt,
        row.hash,
    ])?;
    transaction.prepare_cached(MOVE)?.execute(params![project, integer(row.seq), row.hash])?;
    Ok(())
}

/// Removes from the audit log what names a user. The entry of their erasure must be written first, so that it gets their
/// pseudonym.
pub(super) fn erase(transaction: &Transaction<'_>, project: &ProjectId, user: &EndUser) -> Result<usize, Failure> {
    const ERASE: &str = "UPDATE audit SET user = NULL, details = NULL, salt = NULL WHERE project = ?1 AND user = ?2";
    Ok(transaction.prepare_cached(ERASE)?.execute(params![project.as_str(), user.as_str()])?)
}

/// Whether the audit log names a user.
pub(super) fn names(db: &Connection, project: &ProjectId, user: &EndUser) -> Result<bool, Failure> {
    const FIND: &str = "SELECT EXISTS (SELECT 1 FROM audit WHERE project = ?1 AND user = ?2)";
    Ok(db.prepare_cached(FIND)?.query_row(params![project.as_str(), user.as_str()], |row| row.get(0))?)
}

/// The pseudonym of a user: that of their last entry, or a new one.
fn subject(transaction: &Transaction<'_>, chain: &AuditChain, user: &EndUser) -> Result<String, Failure> {
    const LAST: &str = "SELECT subject FROM audit WHERE project = ?1 AND user = ?2 ORDER BY seq DESC LIMIT 1";
    let key = params![chain.as_str(), user.as_str()];
    let known: Option<Option<String>> =
        transaction.prepare_cached(LAST)?.query_row(key, |row| row.get(0)).optional()?;
    match known.flatten() {
        Some(subject) => Ok(subject),
        None => Ok(format!("sub_{:032x}", u128::from_be_bytes(random(transaction)?))),
    }
}

fn head(db: &Connection, chain: &AuditChain) -> Result<AuditHead, Failure> {
    const HEAD: &str = "SELECT seq, hash FROM audit_heads WHERE project = ?1";
    let read = |row: &Row<'_>| Ok(AuditHead { seq: counter(row, "seq")?, hash: row.get("hash")? });
    Ok(db.prepare_cached(HEAD)?.query_row([chain.as_str()], read).optional()?.unwrap_or_default())
}

#[async_trait]
impl AuditLog for Sqlite {
    async fn audit(&self, chain: &AuditChain, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let (chain, query) = (chain.clone(), query.clone());
        self.readers.run(move |db| page(db, &chain, &query)).await
    }

    async fn audit_part(&self, chain: &AuditChain, part: AuditPart) -> Result<Vec<AuditRow>, StoreError> {
        const PART: &str = "SELECT * FROM audit WHERE project = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3";
        let chain = chain.clone();
        let read = move |db: &mut Db| {
            let mut query = db.reader().prepare_cached(PART)?;
            let rows = query.query_map(params![chain.as_str(), integer(part.after), part.limit], audit_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        self.readers.run(read).await
    }

    async fn audit_head(&self, chain: &AuditChain) -> Result<AuditHead, StoreError> {
        let chain = chain.clone();
        self.readers.run(move |db| head(db.reader(), &chain)).await
    }

    async fn append_audit(&self, chain: &AuditChain, entry: Entry, by: &By) -> Result<(), StoreError> {
        let (chain, by) = (chain.clone(), by.clone());
        self.writer.run(move |db| db.write(|t| append(t, &chain, &entry, &by))).await
    }
}

/// Each filter is a condition of its own, so that SQLite can use the index for it.
fn page(db: &Db, chain: &AuditChain, query: &AuditQuery) -> Result<Vec<AuditRow>, Failure> {
    let mut sql = "SELECT * FROM audit WHERE project = ?".to_owned();
    let mut values = vec![Value::from(chain.as_str().to_owned())];
    let mut filter = |condition: &str, value: Option<Value>| {
        if let Some(value) = value {
            sql.push_str(condition);
            values.push(value);
        }
    };
    filter(" AND seq < ?", query.before.map(|before| integer(before).into()));
    filter(" AND action = ?", query.action.clone().map(Value::from));
    filter(" AND user = ?", query.user.as_ref().map(|user| user.as_str().to_owned().into()));
    filter(" AND at >= ?", query.since.map(|at| integer(at.0).into()));
    filter(" AND at < ?", query.until.map(|at| integer(at.0).into()));
    filter(" ORDER BY seq DESC LIMIT ?", Some(i64::from(query.limit).into()));
    let mut query = db.reader().prepare_cached(&sql)?;
    let rows = query.query_map(params_from_iter(values), audit_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn audit_row(row: &Row<'_>) -> rusqlite::Result<AuditRow> {
    let user: Option<String> = row.get("user")?;
    Ok(AuditRow::new(
        counter(row, "seq")?,
        rows::time(row, "at")?,
        row.get("action")?,
        // What cannot be a label was not written by this program, and does not agree with the details.
        user.and_then(|user| EndUser::parse(&user).ok()),
        row.get("subject")?,
        row.get("text")?,
        row.get("details")?,
        row.get("salt")?,
        row.get("hash")?,
    ))
}

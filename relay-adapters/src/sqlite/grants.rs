//! Registration grants, and the one transaction that spends a token and stores a key.

use relay_core::Provider;
use relay_core::domain::ids::Timestamp;
use relay_core::domain::trail::{By, connection_stored};
use relay_core::domain::{
    Allowed, CLOCK_SKEW_SECONDS, Connection, ConnectionState, EndUserName, Grant, IdempotencyRecord,
    KEEP_GRANTS_SECONDS, REGISTRATION_TRIES, RedeemRefusal, Region, SealedKey, SecretHash, Spent, StoredGrant,
};
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::connections;
use super::failure::Failure;
use super::rows::{self, integer};
use super::trail;

/// How many old rows go with each new grant: a few more than are added, so that a backlog shrinks without making one
/// call wait for all of it.
const FORGOTTEN_WITH_EACH: u32 = 16;

/// The result of a successful redemption.
#[derive(Clone, Copy, Debug)]
pub(super) enum Redeemed {
    /// The slot was empty.
    First,
    /// A key was replaced, and its bytes must be deleted.
    Replaced,
}

/// Stores a grant and its idempotency record, or returns the earlier ones.
pub(super) fn put(
    transaction: &Transaction<'_>,
    hash: &SecretHash,
    grant: &Grant,
    idempotency: Option<&IdempotencyRecord>,
) -> Result<Option<(IdempotencyRecord, Grant)>, Failure> {
    const PUT_USER: &str = "INSERT INTO users (project, user, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    // No `ON CONFLICT`: a grant is never overwritten, since that would make a spent token valid again.
    const PUT: &str = "INSERT INTO grants
        (hash, project, user, user_name, provider, allowed_origins, may_replace, created_at, expires_at, tries_left)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
    forget(transaction, grant.created_at, FORGOTTEN_WITH_EACH)?;
    if let Some(record) = idempotency
        && let Some(earlier) = earlier(transaction, grant, record)?
    {
        return Ok(Some(earlier));
    }
    let (project, user, created_at) = (grant.project.as_str(), grant.user.as_str(), integer(grant.created_at.0));
    transaction.prepare_cached(PUT_USER)?.execute(params![project, user, created_at])?;
    let only = match grant.allowed {
        Allowed::Any => None,
        Allowed::Only(provider) => Some(provider.name()),
    };
    transaction.prepare_cached(PUT)?.execute(params![
        hash.0,
        project,
        user,
        grant.user_name.as_ref().map(EndUserName::as_str),
        only,
        rows::to_json(&grant.allowed_origins),
        grant.replace,
        created_at,
        integer(grant.expires_at.0),
        REGISTRATION_TRIES,
    ])?;
    if let Some(record) = idempotency {
        put_record(transaction, hash, grant, record)?;
    }
    Ok(None)
}

/// Returns a token's grant.
pub(super) fn get(db: &rusqlite::Connection, hash: &SecretHash) -> Result<Option<StoredGrant>, Failure> {
    let mut query = db.prepare_cached("SELECT * FROM grants WHERE hash = ?1")?;
    Ok(query.query_row([hash.0], stored_grant).optional()?)
}

/// Moves an unspent, unexpired grant to another token. Returns whether there was one.
pub(super) fn exchange(
    transaction: &Transaction<'_>,
    from: &SecretHash,
    to: &SecretHash,
    now: Timestamp,
) -> Result<bool, Failure> {
    // A copy, since an idempotency record refers to the row. No `ON CONFLICT`: a grant is never overwritten.
    const COPY: &str = "INSERT INTO grants
        (hash, project, user, user_name, provider, allowed_origins, may_replace, created_at, expires_at, tries_left)
        SELECT ?2, project, user, user_name, provider, allowed_origins, may_replace, created_at, expires_at, tries_left
        FROM grants WHERE hash = ?1 AND spent_at IS NULL AND expires_at > ?3 AND created_at <= ?4";
    const MOVE_RECORD: &str = "UPDATE idempotency SET grant_hash = ?2 WHERE grant_hash = ?1";
    const DELETE: &str = "DELETE FROM grants WHERE hash = ?1";
    if transaction.prepare_cached(COPY)?.execute(params![from.0, to.0, integer(now.0), latest_issue(now)])? == 0 {
        return Ok(false);
    }
    transaction.prepare_cached(MOVE_RECORD)?.execute(params![from.0, to.0])?;
    transaction.prepare_cached(DELETE)?.execute([from.0])?;
    Ok(true)
}

/// Takes one of a token's tries, and returns how many are left.
pub(super) fn count_refusal(transaction: &Transaction<'_>, hash: &SecretHash) -> Result<u32, Failure> {
    const COUNT: &str = "UPDATE grants SET tries_left = tries_left - 1 WHERE hash = ?1 AND tries_left > 0
        RETURNING tries_left";
    let left = transaction.prepare_cached(COUNT)?.query_row([hash.0], |row| row.get(0)).optional()?;
    Ok(left.unwrap_or(0))
}

/// Spends the token and stores the key, or does neither.
pub(super) fn redeem(
    transaction: &Transaction<'_>,
    hash: &SecretHash,
    connection: &Connection,
    now: Timestamp,
    by: &By,
) -> Result<Result<Redeemed, RedeemRefusal>, Failure> {
    let grant = get(transaction, hash)?;
    let current = connections::in_slot(transaction, &connection.slot.slot)?;
    let version = current.as_ref().map(|current| current.slot.version);
    if let Err(refusal) =
        grant.as_ref().ok_or(RedeemRefusal::Unknown).and_then(|grant| grant.redeemable(version, connection, now))
    {
        return Ok(Err(refusal));
    }
    spend(transaction, hash, &Spent::new(connection, now))?;
    mark_connected(transaction, connection)?;
    store(transaction, connection)?;
    trail::write(transaction, &connection.slot.slot.project, &connection_stored(current.as_ref(), connection), by)?;
    Ok(Ok(if current.is_some() { Redeemed::Replaced } else { Redeemed::First }))
}

/// Tokens that were issued later than this are not valid now: see `Grant::is_expired`.
fn latest_issue(now: Timestamp) -> i64 {
    integer(now.plus_seconds(CLOCK_SKEW_SECONDS).0)
}

/// Checks and changes the token in one statement, independently of earlier checks.
fn spend(transaction: &Transaction<'_>, hash: &SecretHash, spent: &Spent) -> Result<(), Failure> {
    const SPEND: &str = "UPDATE grants
        SET spent_at = ?2, spent_provider = ?3, spent_fingerprint = ?4, spent_last4 = ?5, spent_state = ?6
        WHERE hash = ?1 AND spent_at IS NULL AND expires_at > ?2 AND created_at <= ?7 AND tries_left > 0";
    let changed = transaction.prepare_cached(SPEND)?.execute(params![
        hash.0,
        integer(spent.at.0),
        spent.provider.name(),
        spent.fingerprint,
        spent.last4,
        spent.state.as_str(),
        latest_issue(spent.at),
    ])?;
    if changed == 1 { Ok(()) } else { Err("the token was spent within its own transaction".into()) }
}

/// From now on the user stays until they are erased.
fn mark_connected(transaction: &Transaction<'_>, connection: &Connection) -> Result<(), Failure> {
    const MARK: &str = "UPDATE users SET ever_connected = 1 WHERE project = ?1 AND user = ?2 AND ever_connected = 0";
    let slot = &connection.slot.slot;
    transaction.prepare_cached(MARK)?.execute(params![slot.project.as_str(), slot.user.as_str()])?;
    Ok(())
}

/// Stores a connection in its slot.
fn store(transaction: &Transaction<'_>, connection: &Connection) -> Result<(), Failure> {
    const CLEAR: &str = "DELETE FROM connections WHERE project = ?1 AND user = ?2 AND provider = ?3";
    const PUT: &str = "INSERT INTO connections
        (project, user, provider, record, version, sealed, master_key, last4, fingerprint, workspace_id, state,
         refusals, connected_at, last_used_at, last_refused_at, organization_id, project_id, region)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)";
    let slot = &connection.slot.slot;
    let (project, user, provider) = (slot.project.as_str(), slot.user.as_str(), slot.provider.name());
    transaction.prepare_cached(CLEAR)?.execute(params![project, user, provider])?;
    transaction.prepare_cached(PUT)?.execute(params![
        project,
        user,
        provider,
        connection.slot.record.0,
        integer(connection.slot.version),
        keep(transaction, &connection.sealed)?,
        connection.sealed.master_key.0,
        connection.last4,
        connection.fingerprint,
        connection.ids.workspace,
        connection.state.as_str(),
        connection.refusals,
        integer(connection.connected_at.0),
        connection.last_used_at.map(|at| integer(at.0)),
        connection.last_refused_at.map(|at| integer(at.0)),
        connection.ids.organization,
        connection.ids.project,
        connection.region.map(Region::name),
    ])?;
    Ok(())
}

/// Stores sealed bytes in a free row of the same length, or in a new row. Returns the row's id.
fn keep(transaction: &Transaction<'_>, sealed: &SealedKey) -> Result<i64, Failure> {
    const REUSE: &str = "UPDATE sealed_keys SET used = 1, bytes = ?1
        WHERE id = (SELECT id FROM sealed_keys WHERE used = 0 AND length(bytes) = ?2 LIMIT 1) RETURNING id";
    const ADD: &str = "INSERT INTO sealed_keys (used, bytes) VALUES (1, ?1)";
    let mut reuse = transaction.prepare_cached(REUSE)?;
    let length = i64::try_from(sealed.bytes.len())?;
    if let Some(id) = reuse.query_row(params![sealed.bytes, length], |row| row.get(0)).optional()? {
        return Ok(id);
    }
    transaction.prepare_cached(ADD)?.execute([&sealed.bytes])?;
    Ok(transaction.last_insert_rowid())
}

/// Deletes at most `limit` expired idempotency records, and at most `limit` expired grants without such a record. A
/// trigger deletes a user who never connected a key with their last grant. Returns the larger number of deleted rows.
pub(super) fn forget(transaction: &Transaction<'_>, now: Timestamp, limit: u32) -> Result<usize, Failure> {
    const RECORDS: &str = "DELETE FROM idempotency WHERE (project, key) IN
        (SELECT project, key FROM idempotency WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";
    const GRANTS: &str = "DELETE FROM grants WHERE hash IN
        (SELECT hash FROM grants WHERE expires_at <= ?1
            AND NOT EXISTS (SELECT 1 FROM idempotency WHERE grant_hash = grants.hash)
         ORDER BY expires_at LIMIT ?2)";
    let records = transaction.prepare_cached(RECORDS)?.execute(params![integer(now.0), limit])?;
    let forgotten = now.0.saturating_sub(KEEP_GRANTS_SECONDS * 1000);
    let grants = transaction.prepare_cached(GRANTS)?.execute(params![integer(forgotten), limit])?;
    Ok(records.max(grants))
}

/// Takes all tries from at most `limit` tokens that have expired. Returns how many.
pub(super) fn close_expired(transaction: &Transaction<'_>, now: Timestamp, limit: u32) -> Result<usize, Failure> {
    const CLOSE: &str = "UPDATE grants SET tries_left = 0 WHERE hash IN
        (SELECT hash FROM grants WHERE spent_at IS NULL AND tries_left > 0 AND expires_at <= ?1
         ORDER BY expires_at LIMIT ?2)";
    Ok(transaction.prepare_cached(CLOSE)?.execute(params![integer(now.0), limit])?)
}

/// The unexpired record with this idempotency key, and its grant. An expired record is deleted, and one
/// whose token is not valid yet.
fn earlier(
    transaction: &Transaction<'_>,
    grant: &Grant,
    record: &IdempotencyRecord,
) -> Result<Option<(IdempotencyRecord, Grant)>, Failure> {
    const DELETE_EXPIRED: &str = "DELETE FROM idempotency WHERE project = ?1 AND key = ?2
        AND (expires_at <= ?3 OR EXISTS (SELECT 1 FROM grants WHERE hash = grant_hash AND created_at > ?4))";
    const FIND: &str = "SELECT key, request, salt, expires_at, grant_hash FROM idempotency
        WHERE project = ?1 AND key = ?2";
    let project = grant.project.as_str();
    transaction.prepare_cached(DELETE_EXPIRED)?.execute(params![
        project,
        record.key,
        integer(grant.created_at.0),
        latest_issue(grant.created_at),
    ])?;
    let found = transaction.prepare_cached(FIND)?.query_row(params![project, record.key], |row| {
        let record = IdempotencyRecord {
            key: row.get("key")?,
            request: row.get("request")?,
            salt: row.get("salt")?,
            expires_at: rows::time(row, "expires_at")?,
        };
        Ok((record, SecretHash(row.get("grant_hash")?)))
    });
    let Some((record, hash)) = found.optional()? else { return Ok(None) };
    Ok(get(transaction, &hash)?.map(|stored| (record, stored.grant)))
}

fn put_record(
    transaction: &Transaction<'_>,
    hash: &SecretHash,
    grant: &Grant,
    record: &IdempotencyRecord,
) -> Result<(), Failure> {
    const PUT: &str = "INSERT INTO idempotency (project, key, request, salt, expires_at, grant_hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    transaction.prepare_cached(PUT)?.execute(params![
        grant.project.as_str(),
        record.key,
        record.request,
        record.salt,
        integer(record.expires_at.0),
        hash.0,
    ])?;
    Ok(())
}

fn stored_grant(row: &Row<'_>) -> rusqlite::Result<StoredGrant> {
    let only: Option<String> = row.get("provider")?;
    let allowed = match only {
        None => Allowed::Any,
        Some(_) => Allowed::Only(rows::parsed(row, "provider", Provider::from_name)?),
    };
    let (created_at, expires_at) = (rows::time(row, "created_at")?, rows::time(row, "expires_at")?);
    let mut grant = Grant::new(rows::project(row, "project")?, rows::user(row)?, created_at, expires_at);
    let name: Option<String> = row.get("user_name")?;
    grant.user_name = name.and_then(|name| EndUserName::parse(&name).ok().flatten());
    grant.allowed = allowed;
    grant.allowed_origins = rows::json(row, "allowed_origins")?;
    grant.replace = row.get("may_replace")?;
    let mut stored = StoredGrant::new(grant);
    stored.tries_left = row.get("tries_left")?;
    stored.spent = match rows::time_or_none(row, "spent_at")? {
        None => None,
        Some(at) => Some(Spent {
            at,
            provider: rows::parsed(row, "spent_provider", Provider::from_name)?,
            fingerprint: row.get("spent_fingerprint")?,
            last4: row.get("spent_last4")?,
            state: rows::parsed(row, "spent_state", ConnectionState::from_name)?,
        }),
    };
    Ok(stored)
}

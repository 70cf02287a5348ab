//! Reads connections, and updates their states.

use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::{By, connection_deleted, connection_observed, region_changed};
use relay_core::domain::{Connection, ConnectionState, KeySignal, Region, Slot};
use rusqlite::{OptionalExtension, Transaction, params};

use super::failure::Failure;
use super::rows::{self, integer, select_connection};
use super::trail;
use super::worker::Db;

const IN_SLOT: &str = select_connection!("WHERE project = ?1 AND user = ?2 AND provider = ?3");
const OF_USER: &str = select_connection!("WHERE project = ?1 AND user = ?2");

/// The connection in a slot.
pub(super) fn in_slot(db: &rusqlite::Connection, slot: &Slot) -> Result<Option<Connection>, Failure> {
    let key = params![slot.project.as_str(), slot.user.as_str(), slot.provider.name()];
    Ok(db.prepare_cached(IN_SLOT)?.query_row(key, rows::connection).optional()?.flatten())
}

pub(super) fn of_user(db: &Db, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, Failure> {
    let mut query = db.reader().prepare_cached(OF_USER)?;
    let found = query.query_map(params![project.as_str(), user.as_str()], rows::connection)?;
    let mut connections: Vec<Connection> = found.filter_map(Result::transpose).collect::<Result<_, _>>()?;
    connections.sort_by_key(|connection| connection.slot.slot.provider.rank());
    Ok(connections)
}

/// What an answer revealed about a key.
#[derive(Clone, Copy)]
pub(super) struct Seen {
    pub(super) version: u64,
    pub(super) signal: KeySignal,
    pub(super) checked: bool,
    /// When, if the key was refused.
    pub(super) refused_at: Option<Timestamp>,
}

pub(super) fn observe(
    transaction: &Transaction<'_>,
    slot: &Slot,
    seen: Seen,
    by: &By,
) -> Result<Option<ConnectionState>, Failure> {
    const SET: &str = "UPDATE connections
        SET state = ?4, refusals = ?5, last_refused_at = coalesce(?6, last_refused_at)
        WHERE project = ?1 AND user = ?2 AND provider = ?3";
    let Some(known) = in_slot(transaction, slot)?.filter(|known| known.slot.version == seen.version) else {
        return Ok(None);
    };
    let (state, refusals) = seen.signal.apply(known.state, known.refusals, seen.checked);
    transaction.prepare_cached(SET)?.execute(params![
        slot.project.as_str(),
        slot.user.as_str(),
        slot.provider.name(),
        state.as_str(),
        refusals,
        seen.refused_at.map(|at| integer(at.0)),
    ])?;
    trail::write(transaction, &slot.project, &connection_observed(&known, state), by)?;
    Ok(Some(state))
}

pub(super) fn set_region(
    transaction: &Transaction<'_>,
    slot: &Slot,
    version: u64,
    region: Option<Region>,
    by: &By,
) -> Result<bool, Failure> {
    const SET: &str = "UPDATE connections SET region = ?5
        WHERE project = ?1 AND user = ?2 AND provider = ?3 AND version = ?4";
    let Some(known) = in_slot(transaction, slot)?.filter(|known| known.slot.version == version) else {
        return Ok(false);
    };
    transaction.prepare_cached(SET)?.execute(params![
        slot.project.as_str(),
        slot.user.as_str(),
        slot.provider.name(),
        integer(version),
        region.map(Region::name),
    ])?;
    trail::write(transaction, &slot.project, &region_changed(&known, region), by)?;
    Ok(true)
}

/// Deletes the connection in a slot. Returns whether there was one.
pub(super) fn delete(transaction: &Transaction<'_>, slot: &Slot, by: &By) -> Result<bool, Failure> {
    const DELETE: &str = "DELETE FROM connections WHERE project = ?1 AND user = ?2 AND provider = ?3";
    let Some(known) = in_slot(transaction, slot)? else { return Ok(false) };
    let key = params![slot.project.as_str(), slot.user.as_str(), slot.provider.name()];
    transaction.prepare_cached(DELETE)?.execute(key)?;
    trail::write(transaction, &slot.project, &connection_deleted(&known), by)?;
    Ok(true)
}

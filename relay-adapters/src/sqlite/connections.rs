//! Reads connections, and updates their states.

use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::{Connection, ConnectionState, KeySignal, Region, Slot};
use rusqlite::{OptionalExtension, Transaction, params};

use super::failure::Failure;
use super::rows::{self, integer, select_connection};
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

pub(super) fn observe(
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
    let Some(known) = in_slot(transaction, slot)?.filter(|known| known.slot.version == version) else {
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

pub(super) fn set_region(
    transaction: &Transaction<'_>,
    slot: &Slot,
    version: u64,
    region: Option<Region>,
) -> Result<bool, Failure> {
    const SET: &str = "UPDATE connections SET region = ?5
        WHERE project = ?1 AND user = ?2 AND provider = ?3 AND version = ?4";
    let changed = transaction.prepare_cached(SET)?.execute(params![
        slot.project.as_str(),
        slot.user.as_str(),
        slot.provider.name(),
        integer(version),
        region.map(Region::name),
    ])?;
    Ok(changed > 0)
}

//! Converts values to columns and back.

use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use relay_core::domain::{Connection, ConnectionState, MasterKeyId, SealedKey, SealedSlot, Slot};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Error, Result, Row, RowIndex};
use serde::de::DeserializeOwned;

/// SQLite's integers are signed; a larger value saturates.
pub(super) fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Reads a counter from a column.
pub(super) fn counter(row: &Row<'_>, column: impl RowIndex) -> Result<u64> {
    Ok(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0))
}

/// Reads a time from a column.
pub(super) fn time(row: &Row<'_>, column: &str) -> Result<Timestamp> {
    counter(row, column).map(Timestamp)
}

/// Reads a time from a column that may be empty.
pub(super) fn time_or_none(row: &Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    Ok(millis.map(|millis| Timestamp(u64::try_from(millis).unwrap_or(0))))
}

/// Parses a column of text. The error does not contain the text.
pub(super) fn parsed<T>(row: &Row<'_>, column: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T> {
    let text = row.get_ref(column)?.as_str().map_err(|error| damaged(column, error))?;
    parse(text).ok_or_else(|| damaged(column, FromSqlError::InvalidType))
}

/// Reads a column of JSON.
pub(super) fn json<T: DeserializeOwned>(row: &Row<'_>, column: &str) -> Result<T> {
    parsed(row, column, |text| serde_json::from_str(text).ok())
}

/// Writes JSON for a column.
pub(super) fn to_json(texts: &[impl AsRef<str>]) -> String {
    serde_json::Value::from_iter(texts.iter().map(AsRef::as_ref)).to_string()
}

/// The error for a value that this program never writes.
fn damaged(column: &str, cause: FromSqlError) -> Error {
    Error::FromSqlConversionFailure(0, Type::Text, format!("the column `{column}` is damaged: {cause}").into())
}

pub(super) fn project(row: &Row<'_>, column: &str) -> Result<ProjectId> {
    parsed(row, column, |text| ProjectId::parse(text).ok())
}

pub(super) fn user(row: &Row<'_>) -> Result<EndUser> {
    parsed(row, "user", |text| EndUser::parse(text).ok())
}

/// The provider of a row, or `None` if this program does not know it.
pub(super) fn provider(row: &Row<'_>) -> Result<Option<Provider>> {
    parsed(row, "provider", |name| Some(Provider::from_name(name)))
}

/// The columns that [`connection`] reads.
macro_rules! select_connection {
    ($which:literal) => {
        concat!(
            "SELECT project, user, provider, record, version, master_key, bytes, last4, fingerprint, workspace_id, state, refusals,
                connected_at, last_used_at, last_refused_at, organization_id, project_id, region
             FROM connections JOIN sealed_keys ON sealed_keys.id = connections.sealed ",
            $which
        )
    };
}
pub(super) use select_connection;

/// A connection, or `None` if this program does not know its provider.
pub(super) fn connection(row: &Row<'_>) -> Result<Option<Connection>> {
    let Some(provider) = provider(row)? else { return Ok(None) };
    let slot = Slot { project: project(row, "project")?, user: user(row)?, provider };
    let slot = SealedSlot { slot, record: RecordId(row.get("record")?), version: counter(row, "version")? };
    let sealed = SealedKey::new(MasterKeyId(row.get("master_key")?), row.get("bytes")?);
    let state = parsed(row, "state", ConnectionState::from_name)?;
    let (last4, fingerprint): (String, _) = (row.get("last4")?, row.get("fingerprint")?);
    let mut connection = Connection::new(slot, sealed, last4, fingerprint, state, time(row, "connected_at")?);
    connection.ids.workspace = row.get("workspace_id")?;
    connection.ids.organization = row.get("organization_id")?;
    connection.ids.project = row.get("project_id")?;
    // A region that this program does not know counts as none: the provider names it again.
    connection.region = row.get::<_, Option<String>>("region")?.and_then(|name| provider.region(&name));
    connection.refusals = row.get("refusals")?;
    connection.last_used_at = time_or_none(row, "last_used_at")?;
    connection.last_refused_at = time_or_none(row, "last_refused_at")?;
    Ok(Some(connection))
}

//! How the state looks as JSON: names and numbers as they are, bytes in hex. Nothing in it is a secret in the clear.
#![expect(clippy::indexing_slicing, reason = "a member that a JSON value does not have is null")]

use data_encoding::HEXLOWER;
use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, RecordId, Timestamp};
use relay_core::domain::{
    Allowed, Connection, ConnectionState, EndUserName, Grant, IdempotencyRecord, Region, SealedKey, SealedSlot,
    SecretHash, Slot, Spent, StoredGrant,
};
use serde_json::{Value, json};

use crate::store::{State, place};

/// The file's bytes.
pub(crate) fn write(state: &State) -> Vec<u8> {
    let users = state
        .users
        .iter()
        .map(|((project, user), at)| json!({ "project": project.as_str(), "user": user.as_str(), "created_at": at.0 }));
    let grants = state.grants.iter().map(|(hash, stored)| grant_row(hash, stored));
    let idempotency = state.idempotency.iter().map(|((project, key), (record, hash))| {
        json!({
            "project": project.as_str(),
            "key": key,
            "request": hex(&record.request),
            "salt": hex(&record.salt),
            "expires_at": record.expires_at.0,
            "grant": hex(&hash.0),
        })
    });
    let file = json!({
        "format": 1,
        "users": users.collect::<Value>(),
        "connections": state.connections.values().map(connection_row).collect::<Value>(),
        "grants": grants.collect::<Value>(),
        "idempotency": idempotency.collect::<Value>(),
    });
    file.to_string().into_bytes()
}

/// The state in these bytes; `None` if they are not what [`write()`] makes.
pub(crate) fn read(bytes: &[u8]) -> Option<State> {
    let file: Value = serde_json::from_slice(bytes).ok()?;
    let rows = |name: &str| file.get(name).and_then(Value::as_array).filter(|_| file["format"] == 1);
    let mut state = State::default();
    for row in rows("users")? {
        state.users.insert((project(row)?, user(row)?), time(row, "created_at")?);
    }
    for row in rows("connections")? {
        let connection = connection(row)?;
        state.connections.insert(place(&connection.slot.slot), connection);
    }
    for row in rows("grants")? {
        state.grants.insert(SecretHash(array(row, "hash")?), stored_grant(row)?);
    }
    for row in rows("idempotency")? {
        let key = text(row, "key")?;
        let (request, salt) = (array(row, "request")?, array(row, "salt")?);
        let record = IdempotencyRecord { key: key.clone(), request, salt, expires_at: time(row, "expires_at")? };
        state.idempotency.insert((project(row)?, key), (record, SecretHash(array(row, "grant")?)));
    }
    Some(state)
}

fn connection_row(connection: &Connection) -> Value {
    let SealedSlot { slot, record, version } = &connection.slot;
    json!({
        "project": slot.project.as_str(),
        "user": slot.user.as_str(),
        "provider": slot.provider.name(),
        "record": hex(&record.0),
        "version": version,
        "master_key": connection.sealed.master_key.to_string(),
        "sealed": hex(&connection.sealed.bytes),
        "last4": connection.last4,
        "fingerprint": hex(&connection.fingerprint),
        "workspace_id": connection.ids.workspace,
        "organization_id": connection.ids.organization,
        "project_id": connection.ids.project,
        "region": connection.region.map(Region::name),
        "state": connection.state.as_str(),
        "refusals": connection.refusals,
        "connected_at": connection.connected_at.0,
        "last_used_at": connection.last_used_at.map(|at| at.0),
        "last_refused_at": connection.last_refused_at.map(|at| at.0),
    })
}

fn connection(row: &Value) -> Option<Connection> {
    let slot = Slot { project: project(row)?, user: user(row)?, provider: provider(row, "provider")? };
    let (last4, fingerprint) = (text(row, "last4")?, array(row, "fingerprint")?);
    let state = ConnectionState::from_name(&text(row, "state")?)?;
    let slot = SealedSlot { slot, record: RecordId(array(row, "record")?), version: number(row, "version")? };
    let sealed = SealedKey::new(text(row, "master_key")?.parse().ok()?, bytes(row, "sealed")?);
    let mut connection = Connection::new(slot, sealed, last4, fingerprint, state, time(row, "connected_at")?);
    connection.ids.workspace = text(row, "workspace_id");
    connection.ids.organization = text(row, "organization_id");
    connection.ids.project = text(row, "project_id");
    connection.region = text(row, "region").and_then(|name| provider(row, "provider")?.region(&name));
    connection.refusals = number(row, "refusals")?.try_into().ok()?;
    connection.last_used_at = time(row, "last_used_at");
    connection.last_refused_at = time(row, "last_refused_at");
    Some(connection)
}

fn grant_row(hash: &SecretHash, stored: &StoredGrant) -> Value {
    let StoredGrant { grant, tries_left, spent, .. } = stored;
    let provider = match grant.allowed {
        Allowed::Any => None,
        Allowed::Only(provider) => Some(provider.name()),
    };
    let spent = spent.as_ref().map(|spent| {
        json!({
            "at": spent.at.0,
            "provider": spent.provider.name(),
            "fingerprint": hex(&spent.fingerprint),
            "last4": spent.last4,
            "state": spent.state.as_str(),
        })
    });
    json!({
        "hash": hex(&hash.0),
        "project": grant.project.as_str(),
        "user": grant.user.as_str(),
        "user_name": grant.user_name.as_ref().map(EndUserName::as_str),
        "provider": provider,
        "allowed_origins": grant.allowed_origins,
        "replace": grant.replace,
        "created_at": grant.created_at.0,
        "expires_at": grant.expires_at.0,
        "tries_left": tries_left,
        "spent": spent,
    })
}

fn stored_grant(row: &Value) -> Option<StoredGrant> {
    let allowed = match &row["provider"] {
        Value::Null => Allowed::Any,
        _ => Allowed::Only(provider(row, "provider")?),
    };
    let origins = row["allowed_origins"].as_array()?.iter().map(|origin| origin.as_str().map(str::to_owned));
    let spent = match &row["spent"] {
        Value::Null => None,
        spent => Some(Spent {
            at: time(spent, "at")?,
            provider: provider(spent, "provider")?,
            fingerprint: array(spent, "fingerprint")?,
            last4: text(spent, "last4")?,
            state: ConnectionState::from_name(&text(spent, "state")?)?,
        }),
    };
    let mut grant = Grant::new(project(row)?, user(row)?, time(row, "created_at")?, time(row, "expires_at")?);
    grant.user_name = text(row, "user_name").and_then(|name| EndUserName::parse(&name).ok().flatten());
    grant.allowed = allowed;
    grant.allowed_origins = origins.collect::<Option<_>>()?;
    grant.replace = row["replace"].as_bool()?;
    let mut stored = StoredGrant::new(grant);
    stored.tries_left = number(row, "tries_left")?.try_into().ok()?;
    stored.spent = spent;
    Some(stored)
}

fn text(row: &Value, name: &str) -> Option<String> {
    Some(row.get(name)?.as_str()?.to_owned())
}

fn number(row: &Value, name: &str) -> Option<u64> {
    row.get(name)?.as_u64()
}

fn time(row: &Value, name: &str) -> Option<Timestamp> {
    number(row, name).map(Timestamp)
}

fn project(row: &Value) -> Option<ProjectId> {
    ProjectId::parse(&text(row, "project")?).ok()
}

fn user(row: &Value) -> Option<EndUser> {
    EndUser::parse(&text(row, "user")?).ok()
}

fn provider(row: &Value, name: &str) -> Option<Provider> {
    Provider::from_name(&text(row, name)?)
}

fn hex(bytes: &[u8]) -> String {
    HEXLOWER.encode(bytes)
}

fn bytes(row: &Value, name: &str) -> Option<Vec<u8>> {
    HEXLOWER.decode(text(row, name)?.as_bytes()).ok()
}

fn array<const N: usize>(row: &Value, name: &str) -> Option<[u8; N]> {
    bytes(row, name)?.try_into().ok()
}

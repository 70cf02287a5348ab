//! `/v1/keys` and the routes below it: a project's Relay keys.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use relay_core::RelayError;
use relay_core::domain::trail::Actor;
use relay_core::domain::{KeyedProject, RelayKeyRecord, Scope};
use relay_core::relay::relay_keys::NewRelayKey;
use relay_core::translation::json::Object;
use serde_json::{Value, json as value};

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::body;
use crate::http::request::extract;
use crate::http::request::members::known_members_only;
use crate::http::response::json::json;

/// The project's Relay keys, oldest first, also revoked and expired ones.
pub(crate) async fn list(request: HttpRequest) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let keys = context.state().relay.relay_keys(&access.project.id).await?;
    let shown: Vec<Value> = keys.iter().map(shown).collect();
    Ok(json(200, &value!({ "keys": shown })))
}

/// Creates a Relay key. The answer has it, once.
pub(crate) async fn create(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let new = parse(&read(&request, payload, &context, &access).await?)?;
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    let issued = relay.create_relay_key(&access.project.id, new).await?;
    Ok(json(201, &with_key(shown(&issued.record), issued.key.expose())))
}

/// Revokes a Relay key.
pub(crate) async fn revoke(request: HttpRequest) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    if relay.revoke_relay_key(&access.project.id, &id(&request)?).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    Err(RelayError::relay_key_not_found().into())
}

/// Makes a new key in place of another one, which expires after an overlap.
pub(crate) async fn roll(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let bytes = match body::is_absent(request.headers()) {
        true => b"{}".to_vec(),
        false => read(&request, payload, &context, &access).await?,
    };
    let object = Object::parse(&bytes)?;
    known_members_only(&object, &["overlapSeconds"])?;
    // A negative number is out of range, which the core refuses.
    let overlap = object.integer("overlapSeconds")?.map(|seconds| u64::try_from(seconds).unwrap_or(u64::MAX));
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    let issued = relay.roll_relay_key(&access.project.id, &id(&request)?, overlap).await?;
    Ok(json(201, &with_key(shown(&issued.record), issued.key.expose())))
}

async fn allowed(request: &HttpRequest) -> Result<(RequestContext, KeyedProject), RelayError> {
    let context = RequestContext::of(request)?;
    let access = extract::access(request, &context, Scope::Admin).await?;
    Ok((context, access))
}

async fn read(
    request: &HttpRequest,
    payload: Payload,
    context: &RequestContext,
    access: &KeyedProject,
) -> Result<Vec<u8>, RelayError> {
    let state = context.state();
    let reserved = state.budget.reserve(&access.project.id, None);
    Ok(body::json(request, payload, state.limits.token_body, context, reserved).await?.bytes.to_vec())
}

fn parse(body: &[u8]) -> Result<NewRelayKey, RelayError> {
    let object = Object::parse(body)?;
    known_members_only(&object, &["name", "scopes", "expiresInSeconds"])?;
    let name = object.text("name")?.ok_or_else(|| RelayError::invalid_value("name", "`name` is missing"))?;
    let names: Vec<String> = object.read("scopes", "an array of strings")?.unwrap_or_default();
    let scopes = names.iter().map(|name| scope(name)).collect::<Result<Vec<_>, _>>()?;
    let new = NewRelayKey::new(name).scopes(scopes);
    let Some(seconds) = object.integer("expiresInSeconds")? else { return Ok(new) };
    match u64::try_from(seconds) {
        Ok(seconds) if seconds > 0 => Ok(new.seconds(seconds)),
        _ => Err(RelayError::invalid_value("expiresInSeconds", "`expiresInSeconds` must be 1 or more")),
    }
}

fn scope(name: &str) -> Result<Scope, RelayError> {
    Scope::from_name(name).ok_or_else(|| {
        let known: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        RelayError::invalid_value("scopes", format!("a scope must be one of: {}", known.join(", ")))
    })
}

/// The id in `/v1/keys/{id}/…`.
fn id(request: &HttpRequest) -> Result<String, RelayError> {
    extract::path_segment(request, 2).ok_or_else(|| RelayError::invalid_value("id", "`id` is not valid UTF-8"))
}

fn shown(key: &RelayKeyRecord) -> Value {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    value!({
        "id": key.id,
        "name": key.name,
        "last4": key.last4,
        "scopes": scopes,
        "createdAt": key.created_at.to_string(),
        "expiresAt": key.expires_at.map(|at| at.to_string()),
        "revokedAt": key.revoked_at.map(|at| at.to_string()),
        "lastUsedAt": key.last_used_at.map(|at| at.to_string()),
    })
}

fn with_key(mut shown: Value, key: &str) -> Value {
    if let Some(members) = shown.as_object_mut() {
        members.insert("key".into(), key.into());
    }
    shown
}

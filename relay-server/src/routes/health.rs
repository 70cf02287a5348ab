//! `GET /api/health`, `/api/health/live`, `/api/health/ready`, `/openapi.json`

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use actix_web::{HttpRequest, HttpResponse};
use relay_core::RelayError;
use serde::Serialize;

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::response::json::json;
use crate::observe::readiness::Unready;

/// The API's OpenAPI description.
pub(crate) const OPENAPI: &str = include_str!("../../assets/openapi.json");

#[derive(Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    #[serde(rename = "uptimeSeconds")]
    uptime_seconds: u64,
}

#[derive(Serialize)]
struct Status {
    status: &'static str,
}

/// The server's version and uptime. Does not touch the store.
pub(crate) async fn health(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let uptime_seconds = context.state().began.elapsed().as_secs();
    Ok(json(200, &Health { status: "ok", version: env!("CARGO_PKG_VERSION"), uptime_seconds }))
}

/// Liveness: a server that answers does not need a restart.
pub(crate) async fn live(request: HttpRequest) -> ApiResult {
    RequestContext::of(&request)?;
    Ok(json(200, &Status { status: "ok" }))
}

/// Readiness: the store can be written to, the master key is the right one, there is memory for bodies, and the server is
/// not shutting down.
pub(crate) async fn ready(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let state = context.state();
    state.drain.refuse_new_calls()?;
    if state.budget.is_spent() {
        return Err(RelayError::overloaded().into());
    }
    match state.readiness.check(&state.relay).await {
        None => Ok(json(200, &Status { status: "ok" })),
        Some(Unready::Store) => Err(RelayError::storage_read_only().into()),
        Some(Unready::MasterKey) => Err(RelayError::master_key_unusable().into()),
    }
}

/// The OpenAPI description of this API.
pub(crate) async fn openapi(request: HttpRequest) -> ApiResult {
    RequestContext::of(&request)?;
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "application/json"))
        .insert_header((CACHE_CONTROL, "max-age=300"))
        .body(OPENAPI))
}

//! `GET /v1/models`, `GET /v1/models/{id}`

use actix_web::HttpRequest;
use relay_core::RelayError;

use crate::http::request::extract;
use crate::routes::{Answer, json, refuse_if_draining};

/// The models of all providers that the user has connected.
pub(crate) async fn list(request: HttpRequest) -> Answer {
    let trace = extract::trace(&request)?;
    refuse_if_draining(&trace)?;
    let caller = extract::caller(&request, &trace).await?;
    Ok(json(200, &trace.state().relay.models(&caller).await?))
}

/// One model.
pub(crate) async fn show(request: HttpRequest) -> Answer {
    let trace = extract::trace(&request)?;
    refuse_if_draining(&trace)?;
    let caller = extract::caller(&request, &trace).await?;
    let id = extract::path_rest(&request, "/v1/models/").ok_or_else(|| RelayError::model_not_found("?"))?;
    Ok(json(200, &trace.state().relay.model(&caller, &id).await?))
}

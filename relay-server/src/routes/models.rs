//! `GET /v1/models`, `GET /v1/models/{id}`

use actix_web::HttpRequest;
use relay_core::RelayError;
use relay_core::domain::trail::Actor;

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::extract;
use crate::http::response::json::json;

/// The models of all providers that the user has connected.
pub(crate) async fn list(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    context.state().drain.refuse_new_calls()?;
    let caller = extract::caller(&request, &context).await?;
    Ok(json(200, &context.relay_by(Actor::Program).models(&caller).await?))
}

/// One model.
pub(crate) async fn show(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    context.state().drain.refuse_new_calls()?;
    let caller = extract::caller(&request, &context).await?;
    let id = extract::path_rest(&request, "/v1/models/").ok_or_else(|| {
        RelayError::invalid_value("model", "the model in the path is not valid percent-encoded UTF-8")
    })?;
    Ok(json(200, &context.relay_by(Actor::Program).model(&caller, &id).await?))
}

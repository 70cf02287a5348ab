//! What chat and embeddings requests have in common.

use actix_web::HttpRequest;
use actix_web::web::Payload;
use relay_core::{Caller, RelayError};

use crate::http::context::RequestContext;
use crate::http::request::body::{self, Body};
use crate::http::request::extract;

/// What chat and embeddings have in common: who calls, and the body.
pub(crate) async fn inference_call(
    request: &HttpRequest,
    payload: Payload,
) -> Result<(RequestContext, Caller, Body), RelayError> {
    let context = RequestContext::of(request)?;
    context.state().drain.refuse_new_calls()?;
    let caller = extract::caller(request, &context).await?;
    let state = context.state();
    let reserved = state.budget.reserve(&caller.project.id, None);
    let body = body::json(request, payload, state.limits.inference_body, &context, reserved).await?;
    Ok((context, caller, body))
}

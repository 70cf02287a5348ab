//! `POST /v1/chat/completions`

use actix_web::HttpRequest;
use actix_web::web::Payload;

use crate::http::error::ApiResult;
use crate::http::request::inference::inference_call;
use crate::http::response::reply;

/// Chat Completions, whole or as an event stream.
pub(crate) async fn completions(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, caller, body) = inference_call(&request, payload).await?;
    let prepared = context.state().relay.prepare_chat(&caller, body.bytes).await?;
    reply::send(&context, prepared, body.reserved).await
}

//! `POST /v1/embeddings`

use actix_web::HttpRequest;
use actix_web::web::Payload;

use crate::http::error::ApiResult;
use crate::http::request::inference::inference_call;
use crate::http::response::reply;

/// Embeddings of OpenAI's and Google's models.
pub(crate) async fn create(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, caller, body) = inference_call(&request, payload).await?;
    let prepared = context.state().relay.prepare_embeddings(&caller, body.bytes).await?;
    reply::send(&context, prepared, body.reserved).await
}

//! `POST /v1/embeddings`

use actix_web::HttpRequest;
use actix_web::web::Payload;

use crate::http::response::reply::answer;
use crate::routes::{Answer, inference_call};

/// Embeddings of OpenAI's and Google's models.
pub(crate) async fn create(request: HttpRequest, payload: Payload) -> Answer {
    let (trace, caller, body) = inference_call(&request, payload).await?;
    let prepared = trace.state().relay.prepare_embeddings(&caller, body.bytes).await?;
    answer(&trace, prepared, body.hold).await
}

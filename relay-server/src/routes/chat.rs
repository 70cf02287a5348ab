//! `POST /v1/chat/completions`

use actix_web::HttpRequest;
use actix_web::web::Payload;

use crate::http::response::reply::answer;
use crate::routes::{Answer, inference_call};

/// Chat Completions, whole or as an event stream.
pub(crate) async fn completions(request: HttpRequest, payload: Payload) -> Answer {
    let (trace, caller, body) = inference_call(&request, payload).await?;
    let prepared = trace.state().relay.prepare_chat(&caller, body.bytes).await?;
    answer(&trace, prepared, body.hold).await
}

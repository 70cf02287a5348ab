//! JSON responses.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CONTENT_TYPE;
use relay_core::RelayError;
use serde::Serialize;

use crate::http::error;

/// A JSON response.
pub(crate) fn json(status: u16, body: &impl Serialize) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    match serde_json::to_vec(body) {
        Ok(body) => HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/json")).body(body),
        Err(_) => error::response(&RelayError::internal()),
    }
}

//! `/__mock/…`: tests control the simulated providers. These routes exist only on a server that has them.

use actix_web::http::Method;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, ORIGIN, TRANSFER_ENCODING};
use actix_web::web::{self, Payload};
use actix_web::{HttpRequest, HttpResponse};
use bytes::Bytes;
use relay_core::RelayError;
use relay_core::domain::ids::ProjectId;
use relay_mock::{Mock, control};

use crate::http::context::RequestContext;
use crate::http::cors::Cors;
use crate::http::error::ApiResult;
use crate::http::request::body;
use crate::http::route::Route;

/// The routes.
pub(super) static TABLE: &[Route] = &[
    Route {
        path: "/__mock/scripts",
        methods: &[(Method::GET, || web::to(scripts)), (Method::POST, || web::to(add_scripts))],
        allow: "GET, POST",
        cors: Cors::None,
    },
    Route { path: "/__mock/calls", methods: &[(Method::GET, || web::to(calls))], allow: "GET", cors: Cors::None },
    Route { path: "/__mock/reset", methods: &[(Method::POST, || web::to(reset))], allow: "POST", cors: Cors::None },
    Route {
        path: "/__mock/settings",
        methods: &[(Method::GET, || web::to(settings)), (Method::PUT, || web::to(change_settings))],
        allow: "GET, PUT",
        cors: Cors::None,
    },
];

/// The bodies of these routes belong to no project, so they have a share of memory of their own.
const SHARE: &str = "prj_0000000000000000000000";

async fn scripts(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    Ok(answer(control::scripts(mock(&context)?)))
}

async fn add_scripts(request: HttpRequest, payload: Payload) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let json = read(&request, payload, &context).await?;
    Ok(answer(control::add_scripts(mock(&context)?, &json)?))
}

async fn calls(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    Ok(answer(control::calls(mock(&context)?, request.query_string())?))
}

async fn reset(request: HttpRequest, payload: Payload) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let json = read(&request, payload, &context).await?;
    Ok(answer(control::reset(mock(&context)?, &json)?))
}

async fn settings(request: HttpRequest) -> ApiResult {
    let context = RequestContext::of(&request)?;
    Ok(answer(control::settings(mock(&context)?)))
}

async fn change_settings(request: HttpRequest, payload: Payload) -> ApiResult {
    let context = RequestContext::of(&request)?;
    let json = read(&request, payload, &context).await?;
    Ok(answer(control::change_settings(mock(&context)?, &json)?))
}

fn mock(context: &RequestContext) -> Result<&Mock, RelayError> {
    context.state().simulator.mock().ok_or_else(RelayError::internal)
}

/// The body of a request that no web page sent.
async fn read(request: &HttpRequest, payload: Payload, context: &RequestContext) -> Result<Bytes, RelayError> {
    let text = |name: &HeaderName| request.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    let has_body =
        text(&TRANSFER_ENCODING).is_some() || text(&CONTENT_LENGTH).is_some_and(|length| length.trim() != "0");
    control::refuse_pages(text(&ORIGIN), text(&CONTENT_TYPE), has_body)?;
    if !has_body {
        return Ok(Bytes::new());
    }
    let share = ProjectId::parse(SHARE).map_err(|_| RelayError::internal())?;
    let reserved = context.state().budget.reserve(&share, None);
    Ok(body::json(request, payload, control::MAX_BODY, context, reserved).await?.bytes)
}

fn answer(json: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, "application/json")).body(json)
}

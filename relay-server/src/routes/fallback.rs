//! Requests without a handler: unknown paths, unsupported methods, and CORS preflights.

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use relay_core::RelayError;

use crate::http::context::shown_method;
use crate::http::cors;
use crate::http::error::ApiResult;
use crate::http::route::Route;

/// `OPTIONS`, and methods that the route does not support.
pub(super) fn other_method(request: &HttpRequest, route: &Route) -> ApiResult {
    if cors::is_preflight(request.method(), request.headers()) {
        return Ok(cors::preflight(route.cors, route.allow)?);
    }
    if request.method() == Method::OPTIONS {
        let mut response = HttpResponse::NoContent().finish();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(route.allow));
        return Ok(response);
    }
    Err(RelayError::method_not_allowed(shown_method(request.method()), route.allow).into())
}

/// 404 for a path without a route. `OPTIONS *` asks about the server as a whole (RFC 9110, 9.3.7).
pub(super) fn unknown(request: &HttpRequest, table: &[Route]) -> ApiResult {
    if request.method() == Method::OPTIONS && request.path() == "*" {
        return Ok(HttpResponse::NoContent().finish());
    }
    let path: String = request.path().chars().take(100).filter(|c| !c.is_control()).collect();
    let message = match advice(request.path(), table) {
        Some(advice) => format!("the path `{path}` does not exist: {advice}"),
        None => format!("the path `{path}` does not exist; /docs and /openapi.json describe the API"),
    };
    Err(RelayError::unknown_endpoint(message).into())
}

/// What a client that asked for this path most probably needs to change.
fn advice(path: &str, table: &[Route]) -> Option<String> {
    let rest = path.trim_matches('/');
    if rest == "v1/responses" || rest.starts_with("v1/responses/") {
        let way = "this Relay has no Responses API; use Chat Completions (`chat.completions.create`), which every provider answers";
        return Some(way.to_owned());
    }
    let of_v1 = |rest: &str| table.iter().any(|route| route.path.trim_start_matches("/v1/") == rest);
    if let Some(twice) = rest.strip_prefix("v1/").filter(|rest| rest.starts_with("v1/")) {
        return Some(format!("the client's base URL must end with one `/v1`; the path is `/{twice}`"));
    }
    if path.starts_with("//") {
        return Some(format!("the client's base URL must not end with `/`; the path is `/{rest}`"));
    }
    of_v1(rest).then(|| format!("the client's base URL must end with `/v1`; the path is `/v1/{rest}`"))
}

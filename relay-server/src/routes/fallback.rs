//! Requests without a handler: unknown paths, unsupported methods, and CORS preflights.

use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use relay_core::RelayError;

use crate::http::context::shown_method;
use crate::http::cors;
use crate::http::error::ApiResult;
use crate::http::route::Route;
use crate::routes::hints;

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
    let hint = hints::hint(&path, table);
    let hint = hint.as_deref().unwrap_or("/docs and /openapi.json describe the API");
    Err(RelayError::unknown_endpoint(format!("the path `{path}` does not exist: {hint}")).into())
}

//! The routes: one table of paths, methods and handlers.
//!
//! Handlers are thin: extract, call the core, wrap. They extract one after the other on purpose: nobody's body is read
//! before their key is known.

mod chat;
mod embeddings;
mod health;
mod models;
mod registration;
mod registration_tokens;
mod usage;
mod users;
mod widget;

use actix_web::dev::HttpServiceFactory;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Route};
use relay_core::translation::json::Object;
use relay_core::{Caller, Class, RelayError};
use serde::Serialize;

use crate::http::context::Trace;
use crate::http::cors::{self, Cors};
use crate::http::error::ApiError;
use crate::http::middleware::internal;
use crate::http::request::body::{self, Body};
use crate::http::request::extract;
use crate::state::drain::draining;

/// What a handler gives back.
pub(crate) type Answer = Result<HttpResponse, ApiError>;

/// Makes the actix route of a handler.
type Handler = fn() -> Route;

/// A path and all that is done there.
pub(crate) struct Endpoint {
    /// As actix matches it, without the slash at the end that is allowed.
    pub(crate) path: &'static str,
    /// Methods with their handlers.
    pub(crate) methods: &'static [(Method, Handler)],
    /// The methods' names, for `allow`.
    pub(crate) allow: &'static str,
    /// What pages of other origins are told.
    pub(crate) cors: Cors,
}

/// All routes of the API, the busiest first.
pub(crate) static TABLE: &[Endpoint] = &[
    Endpoint {
        path: "/v1/chat/completions",
        methods: &[(Method::POST, || web::to(chat::completions))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/embeddings",
        methods: &[(Method::POST, || web::to(embeddings::create))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/api/health",
        methods: &[(Method::GET, || web::to(health::health)), (Method::HEAD, || web::to(health::health))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Endpoint {
        path: "/api/health/live",
        methods: &[(Method::GET, || web::to(health::live)), (Method::HEAD, || web::to(health::live))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Endpoint {
        path: "/api/health/ready",
        methods: &[(Method::GET, || web::to(health::ready)), (Method::HEAD, || web::to(health::ready))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Endpoint {
        path: "/v1/registration-tokens",
        methods: &[(Method::POST, || web::to(registration_tokens::issue))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/registration",
        methods: &[(Method::GET, || web::to(registration::show)), (Method::POST, || web::to(registration::register))],
        allow: "GET, POST",
        cors: Cors::Echoed,
    },
    Endpoint {
        path: "/v1/registration/connections/{provider}",
        methods: &[(Method::DELETE, || web::to(registration::disconnect))],
        allow: "DELETE",
        cors: Cors::Echoed,
    },
    Endpoint {
        path: "/widget.js",
        methods: &[(Method::GET, || web::to(widget::newest)), (Method::HEAD, || web::to(widget::newest))],
        allow: "GET, HEAD",
        cors: Cors::Public,
    },
    Endpoint {
        path: "/widget/{version}/{file}",
        methods: &[(Method::GET, || web::to(widget::pinned)), (Method::HEAD, || web::to(widget::pinned))],
        allow: "GET, HEAD",
        cors: Cors::Public,
    },
    Endpoint {
        path: "/api/widget",
        methods: &[(Method::GET, || web::to(widget::about)), (Method::HEAD, || web::to(widget::about))],
        allow: "GET, HEAD",
        cors: Cors::Public,
    },
    Endpoint {
        path: "/frame",
        methods: &[(Method::GET, || web::to(widget::frame)), (Method::HEAD, || web::to(widget::frame))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Endpoint {
        path: "/connect",
        methods: &[(Method::GET, || web::to(widget::connect)), (Method::HEAD, || web::to(widget::connect))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Endpoint {
        path: "/v1/models",
        methods: &[(Method::GET, || web::to(models::list))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/models/{id:.+}",
        methods: &[(Method::GET, || web::to(models::show))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/users",
        methods: &[(Method::GET, || web::to(users::list))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/users/{label}",
        methods: &[(Method::GET, || web::to(users::show)), (Method::DELETE, || web::to(users::erase))],
        allow: "GET, DELETE",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/users/{label}/connections",
        methods: &[(Method::GET, || web::to(users::connections))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/users/{label}/connections/{provider}",
        methods: &[(Method::DELETE, || web::to(users::disconnect))],
        allow: "DELETE",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/users/{label}/connections/{provider}/verify",
        methods: &[(Method::POST, || web::to(users::verify))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/v1/usage",
        methods: &[(Method::GET, || web::to(usage::report))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Endpoint {
        path: "/openapi.json",
        methods: &[(Method::GET, || web::to(health::openapi)), (Method::HEAD, || web::to(health::openapi))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
];

/// Mounts the routes, each with and without a slash at its end.
pub(crate) fn configure(config: &mut ServiceConfig) {
    for endpoint in TABLE {
        config.service(resource(endpoint, endpoint.path.to_owned()));
        if !endpoint.path.ends_with(".+}") {
            config.service(resource(endpoint, format!("{}/", endpoint.path)));
        }
    }
}

fn resource(endpoint: &'static Endpoint, path: String) -> impl HttpServiceFactory + use<> {
    let resource = web::resource(path).app_data(endpoint);
    let resource = endpoint
        .methods
        .iter()
        .fold(resource, |resource, (method, handler)| resource.route(handler().method(method.clone())));
    resource.default_service(web::to(move |request: HttpRequest| async move { other_method(&request, endpoint) }))
}

/// `OPTIONS`, and methods that are not there.
fn other_method(request: &HttpRequest, endpoint: &Endpoint) -> Answer {
    if cors::is_preflight(request.method(), request.headers()) {
        return Ok(cors::preflight(endpoint.cors, endpoint.allow)?);
    }
    if request.method() == Method::OPTIONS {
        let mut response = HttpResponse::NoContent().finish();
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(endpoint.allow));
        return Ok(response);
    }
    let message = format!("{} is not possible here; use {}", shown_method(request.method()), endpoint.allow);
    Err(RelayError::new(Class::MethodNotAllowed, "method_not_allowed", message)
        .with_header("allow", endpoint.allow)
        .into())
}

/// A method's name, cut: it may be anything.
fn shown_method(method: &Method) -> &str {
    method.as_str().get(..20).unwrap_or(method.as_str())
}

/// Where there is no route.
pub(crate) async fn unknown(request: HttpRequest) -> Answer {
    let path: String = request.path().chars().take(100).filter(|c| !c.is_control()).collect();
    let message = format!("there is no `{path}` here; the API is described in /openapi.json");
    Err(RelayError::new(Class::NotFound, "unknown_endpoint", message).into())
}

/// What chat and embeddings have in common: who calls, and the body.
async fn inference_call(request: &HttpRequest, payload: Payload) -> Result<(Trace, Caller, Body), RelayError> {
    let trace = extract::trace(request)?;
    refuse_if_draining(&trace)?;
    let caller = extract::caller(request, &trace).await?;
    let state = trace.state();
    let body = body::json(request, payload, state.limits.inference_body, &state.limits, &state.budget).await?;
    Ok((trace, caller, body))
}

/// A server that shuts down takes no new calls.
fn refuse_if_draining(trace: &Trace) -> Result<(), RelayError> {
    if trace.state().drain.is_draining() { Err(draining()) } else { Ok(()) }
}

/// An answer in JSON.
fn json(status: u16, body: &impl Serialize) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    match serde_json::to_vec(body) {
        Ok(body) => HttpResponse::build(status).insert_header((CONTENT_TYPE, "application/json")).body(body),
        Err(_) => crate::http::error::response(&internal()),
    }
}

/// Refuses what would be ignored, and what is there twice.
fn known_members_only(object: &Object<'_>, known: &[&str]) -> Result<(), RelayError> {
    for (place, (name, _)) in object.members().enumerate() {
        // A name that is none may be a key that was pasted into the wrong place.
        let plain = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let shown = if plain { name } else { "?" };
        if !known.contains(&name) {
            let message = format!("`{shown}` is not known here; there are: {}", known.join(", "));
            return Err(
                RelayError::new(Class::InvalidRequest, "unknown_parameter", message).with_param(shown.to_owned())
            );
        }
        if object.members().take(place).any(|(earlier, _)| earlier == name) {
            return Err(RelayError::invalid_value(shown.to_owned(), format!("`{shown}` is there twice")));
        }
    }
    Ok(())
}

//! The routes: one table of paths, methods and handlers.
//!
//! Handlers are thin: they extract, call the core and wrap the result. They extract one thing after another on purpose,
//! so that no body is read before the caller's key is checked.

mod audit;
mod chat;
mod connection;
mod document;
mod embeddings;
mod fallback;
mod health;
mod hints;
mod home;
mod keys;
mod models;
mod reference;
mod registration;
mod registration_tokens;
#[cfg(feature = "mock")]
mod simulator;
mod usage;
mod users;
mod webhooks;
mod widget;

use actix_web::HttpRequest;
use actix_web::dev::HttpServiceFactory;
use actix_web::http::Method;
use actix_web::web::{self, ServiceConfig};

use crate::http::cors::Cors;
use crate::http::error::ApiResult;
use crate::http::route::Route;

/// All routes of the API, the busiest first.
pub(crate) static TABLE: &[Route] = &[
    Route {
        path: "/v1/chat/completions",
        methods: &[(Method::POST, || web::to(chat::completions))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/embeddings",
        methods: &[(Method::POST, || web::to(embeddings::create))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/api/health",
        methods: &[(Method::GET, || web::to(health::health)), (Method::HEAD, || web::to(health::health))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/api/health/live",
        methods: &[(Method::GET, || web::to(health::live)), (Method::HEAD, || web::to(health::live))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/api/health/ready",
        methods: &[(Method::GET, || web::to(health::ready)), (Method::HEAD, || web::to(health::ready))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/v1/registration-tokens",
        methods: &[(Method::POST, || web::to(registration_tokens::issue))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/registration",
        methods: &[(Method::GET, || web::to(registration::show)), (Method::POST, || web::to(registration::register))],
        allow: "GET, POST",
        cors: Cors::WithToken,
    },
    Route {
        path: "/v1/registration/exchange",
        methods: &[(Method::POST, || web::to(registration::exchange))],
        allow: "POST",
        // Relay's hosted page alone needs it.
        cors: Cors::None,
    },
    Route {
        path: "/v1/registration/connections/{provider}",
        methods: &[(Method::DELETE, || web::to(registration::disconnect))],
        allow: "DELETE",
        cors: Cors::WithToken,
    },
    Route {
        path: "/widget.js",
        methods: &[(Method::GET, || web::to(widget::newest)), (Method::HEAD, || web::to(widget::newest))],
        allow: "GET, HEAD",
        cors: Cors::Public,
    },
    Route {
        path: "/widget/{version}/{file}",
        methods: &[(Method::GET, || web::to(widget::pinned)), (Method::HEAD, || web::to(widget::pinned))],
        allow: "GET, HEAD",
        cors: Cors::Public,
    },
    Route {
        path: "/api/widget",
        methods: &[(Method::GET, || web::to(widget::about)), (Method::HEAD, || web::to(widget::about))],
        allow: "GET, HEAD",
        cors: Cors::Public,
    },
    Route {
        path: "/frame",
        methods: &[(Method::GET, || web::to(widget::frame)), (Method::HEAD, || web::to(widget::frame))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/connect",
        methods: &[(Method::GET, || web::to(widget::connect)), (Method::HEAD, || web::to(widget::connect))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/logo",
        methods: &[(Method::GET, || web::to(widget::logo)), (Method::HEAD, || web::to(widget::logo))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/favicon.svg",
        methods: &[(Method::GET, || web::to(widget::favicon)), (Method::HEAD, || web::to(widget::favicon))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/v1/models",
        methods: &[(Method::GET, || web::to(models::list))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/models/{id:.+}",
        methods: &[(Method::GET, || web::to(models::show))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Route { path: "/v1/users", methods: &[(Method::GET, || web::to(users::list))], allow: "GET", cors: Cors::Refused },
    Route {
        path: "/v1/users/{label}",
        methods: &[(Method::GET, || web::to(users::show)), (Method::DELETE, || web::to(users::erase))],
        allow: "GET, DELETE",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/users/{label}/connections",
        methods: &[(Method::GET, || web::to(users::connections))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/users/{label}/connections/{provider}",
        methods: &[(Method::DELETE, || web::to(users::disconnect))],
        allow: "DELETE",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/users/{label}/connections/{provider}/verify",
        methods: &[(Method::POST, || web::to(users::verify))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/usage",
        methods: &[(Method::GET, || web::to(usage::report))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Route { path: "/v1/audit", methods: &[(Method::GET, || web::to(audit::list))], allow: "GET", cors: Cors::Refused },
    Route {
        path: "/v1/keys",
        methods: &[(Method::GET, || web::to(keys::list)), (Method::POST, || web::to(keys::create))],
        allow: "GET, POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/keys/{id}",
        methods: &[(Method::DELETE, || web::to(keys::revoke))],
        allow: "DELETE",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/keys/{id}/roll",
        methods: &[(Method::POST, || web::to(keys::roll))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/webhooks",
        methods: &[(Method::GET, || web::to(webhooks::list)), (Method::POST, || web::to(webhooks::create))],
        allow: "GET, POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/webhooks/{id}",
        methods: &[
            (Method::GET, || web::to(webhooks::show)),
            (Method::PATCH, || web::to(webhooks::update)),
            (Method::DELETE, || web::to(webhooks::delete)),
        ],
        allow: "GET, PATCH, DELETE",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/webhooks/{id}/deliveries",
        methods: &[(Method::GET, || web::to(webhooks::deliveries))],
        allow: "GET",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/webhooks/{id}/replay",
        methods: &[(Method::POST, || web::to(webhooks::replay))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/webhooks/{id}/roll-secret",
        methods: &[(Method::POST, || web::to(webhooks::roll_secret))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/v1/webhooks/{id}/test",
        methods: &[(Method::POST, || web::to(webhooks::test))],
        allow: "POST",
        cors: Cors::Refused,
    },
    Route {
        path: "/",
        methods: &[(Method::GET, || web::to(home::home)), (Method::HEAD, || web::to(home::home))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/docs",
        methods: &[(Method::GET, || web::to(home::docs)), (Method::HEAD, || web::to(home::docs))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
    Route {
        path: "/openapi.json",
        methods: &[(Method::GET, || web::to(health::openapi)), (Method::HEAD, || web::to(health::openapi))],
        allow: "GET, HEAD",
        cors: Cors::None,
    },
];

/// The routes that only a server with simulated providers has.
#[cfg(feature = "mock")]
static SIMULATED: &[Route] = simulator::TABLE;
#[cfg(not(feature = "mock"))]
static SIMULATED: &[Route] = &[];

/// Mounts the routes, each with and without a trailing slash. `simulated`: this server has simulated providers.
pub(crate) fn configure(config: &mut ServiceConfig, simulated: bool) {
    let more = if simulated { SIMULATED } else { &[] };
    for route in TABLE.iter().chain(more) {
        config.service(resource(route, route.path.to_owned()));
        if !route.path.ends_with(".+}") && route.path != "/" {
            config.service(resource(route, format!("{}/", route.path)));
        }
    }
}

fn resource(route: &'static Route, path: String) -> impl HttpServiceFactory + use<> {
    let resource = web::resource(path).app_data(route);
    let resource = route
        .methods
        .iter()
        .fold(resource, |resource, (method, handler)| resource.route(handler().method(method.clone())));
    resource
        .default_service(web::to(move |request: HttpRequest| async move { fallback::other_method(&request, route) }))
}

/// A request without a route.
pub(crate) async fn unknown(request: HttpRequest) -> ApiResult {
    fallback::unknown(&request, TABLE)
}

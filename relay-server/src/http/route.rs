//! A route: a path, its methods, and its CORS policy.

use actix_web::HttpRequest;
use actix_web::http::Method;

use crate::http::cors::Cors;

/// Makes the actix route of a handler.
pub(crate) type Handler = fn() -> actix_web::Route;

/// A path with its methods.
pub(crate) struct Route {
    /// The pattern that actix matches, without the optional trailing slash. It is also the route's name in logs and
    /// metrics.
    pub(crate) path: &'static str,
    /// The methods with their handlers.
    pub(crate) methods: &'static [(Method, Handler)],
    /// The methods' names, for the `allow` header.
    pub(crate) allow: &'static str,
    /// What pages of other origins may do with the route.
    pub(crate) cors: Cors,
}

impl Route {
    /// The route that a request took; `None` if no path matched.
    pub(crate) fn of(request: &HttpRequest) -> Option<&'static Self> {
        request.app_data::<&'static Self>().copied()
    }
}

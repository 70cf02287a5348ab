//! CORS: which pages may call which routes.
//!
//! A page may use the registration routes, with a registration token. It may not use a route that takes a Relay key,
//! because such a key must never be in a page.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CROSS_ORIGIN_RESOURCE_POLICY,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};
use relay_core::RelayError;
use relay_core::domain::origin::Origins;

/// What pages of other origins may do with a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cors {
    /// Refused: the route takes a Relay key.
    Refused,
    /// Allowed without cookies: the registration token limits what the page can do, and its project which pages may read
    /// the response.
    WithToken,
    /// Allowed for every page: the widget's scripts are public, and `integrity` needs a readable response.
    Public,
    /// No CORS headers: other pages have no use for the response.
    None,
}

/// Which pages may read the response to a request with a registration token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Readers {
    /// Every page: the token allows all, or no project is known. A preflight has no token, so it allows every page to
    /// send the request, whose own response then decides.
    #[default]
    All,
    /// The page that sent the request, whose origin is on the token's list.
    Origin,
    /// No page.
    Nobody,
}

impl Readers {
    /// The pages that may read the response to a request with these headers and a token for these origins.
    pub(crate) fn of(origins: &Origins, headers: &HeaderMap) -> Self {
        let origin = headers.get(ORIGIN).and_then(|origin| origin.to_str().ok());
        match origins {
            Origins::Any => Self::All,
            listed if origin.is_some_and(|origin| listed.permits(origin)) => Self::Origin,
            Origins::Only(_) => Self::Nobody,
        }
    }
}

/// Whether this is a browser's preflight request.
pub(crate) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS && headers.contains_key(ORIGIN) && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

/// The response to a preflight.
///
/// # Errors
/// `cors_not_allowed`, unless pages may use the route.
pub(crate) fn preflight(cors: Cors, methods: &'static str) -> Result<HttpResponse, RelayError> {
    if !matches!(cors, Cors::WithToken | Cors::Public) {
        return Err(RelayError::cors_not_allowed());
    }
    let mut response = HttpResponse::NoContent().finish();
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600"));
    Ok(response)
}

/// Adds the headers that let pages read a response, as far as the route and `readers` allow.
pub(crate) fn let_read(cors: Cors, readers: Readers, origin: Option<&HeaderValue>, headers: &mut HeaderMap) {
    match cors {
        Cors::WithToken => {
            headers.append(VARY, HeaderValue::from_static("origin"));
            match (readers, origin) {
                (Readers::All, Some(_)) => allow(HeaderValue::from_static("*"), headers),
                (Readers::Origin, Some(origin)) => allow(origin.clone(), headers),
                (Readers::Nobody, _) | (_, None) => {}
            }
        }
        Cors::Public => {
            allow(HeaderValue::from_static("*"), headers);
            headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
        }
        Cors::Refused | Cors::None => {}
    }
}

fn allow(origin: HeaderValue, headers: &mut HeaderMap) {
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let names = "x-request-id, x-relay-request-id, retry-after";
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(names));
}

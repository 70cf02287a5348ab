//! Wraps every request: its id, the limits of its head, the headers of its response, and panics.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use actix_web::body::BoxBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HeaderMap, HeaderName, HeaderValue, ORIGIN, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use actix_web::web::Data;
use actix_web::{Error, HttpMessage};
use relay_core::RelayError;
use relay_core::domain::ids::RequestId;
use relay_core::error::chain;

use crate::config::options::RequestLimits;
use crate::http::context::RequestContext;
use crate::http::cors;
use crate::http::error::{self, ApiError};
use crate::http::route::Route;
use crate::state::State;

/// Serves one request. It is the only layer around the routes.
pub(crate) fn around<S>(
    state: Data<State>,
    request: ServiceRequest,
    routes: &S,
) -> impl Future<Output = Result<ServiceResponse<BoxBody>, Error>> + use<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    let context = RequestContext::begin(state, &request);
    let origin = request.headers().get(ORIGIN).cloned();
    let refused = refuse_head(&request, &context.state().limits);
    request.extensions_mut().insert(context.clone());
    // Routing happens in `call`, the handler in the future.
    let served = match refused {
        None => Ok(routes.call(request)),
        Some(error) => Err(request.into_response(error::response(&error))),
    };
    async move {
        let mut response = match served {
            Ok(future) => match poll_caught(context.id(), future).await {
                Some(response) => response?,
                None => return Err(panicked(&context)),
            },
            Err(response) => response,
        };
        finish(&context, origin.as_ref(), &mut response);
        Ok(response)
    }
}

/// Polls with the request's id set for the log; `None` after a panic.
async fn poll_caught<F: Future>(id: RequestId, future: F) -> Option<F::Output> {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let _current = crate::observe::logging::enter(id);
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Some(output)),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// Limits the size of the request's head; actix's own limit is 128 KiB.
fn refuse_head(request: &ServiceRequest, limits: &RequestLimits) -> Option<RelayError> {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    if target > limits.url {
        return Some(RelayError::url_too_long(limits.url));
    }
    let size: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    (size > limits.headers).then(|| RelayError::request_headers_too_large(limits.headers))
}

fn finish(context: &RequestContext, origin: Option<&HeaderValue>, response: &mut ServiceResponse<BoxBody>) {
    let route = Route::of(response.request());
    if let Some(route) = route {
        context.set_route(route);
    }
    context.set_status(response.status());
    if let Some(error) = response.response().error() {
        note(context, error);
    }
    let body_is_sent_later = context.is_streamed();
    if !body_is_sent_later {
        context.set_complete();
    }
    let headers = response.headers_mut();
    context.put(headers);
    put_security(headers);
    if let Some(route) = route {
        cors::let_read(route.cors, context.readers(), origin, headers);
    }
}

/// Logs an error once, with the cause, which the client does not see.
fn note(context: &RequestContext, error: &Error) {
    let Some(error) = error.as_error::<ApiError>() else { return };
    let error = error.inner();
    context.set_code(error.code());
    context.state().metrics.failure(error);
    if let Some(cause) = std::error::Error::source(error).map(chain) {
        let _current = crate::observe::logging::enter(context.id());
        tracing::warn!(code = error.code(), cause, "a request failed");
    }
}

/// Security headers of every API response. A route that serves pages sets its own.
fn put_security(headers: &mut HeaderMap) {
    let values: [(HeaderName, &'static str); 4] = [
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        (CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in values {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
}

/// The response after a panic. Other requests are not affected.
fn panicked(context: &RequestContext) -> Error {
    let error = RelayError::internal();
    let mut response = error::response(&error);
    context.put(response.headers_mut());
    put_security(response.headers_mut());
    context.set_status(response.status());
    context.set_code(error.code());
    context.set_complete();
    context.state().metrics.panicked();
    InternalError::from_response("panic", response).into()
}

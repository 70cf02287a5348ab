//! Wraps every request: its id, the headers of its response, and panics.

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
use actix_web::http::{ConnectionType, Method, Uri};
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpResponse};
use bytes::BytesMut;
use relay_core::RelayError;
use relay_core::domain::ids::RequestId;

use crate::http::context::RequestContext;
use crate::http::cors;
use crate::http::error::{self, ApiError, cause_of};
use crate::http::route::Route;
use crate::state::State;

/// Serves one request. It is the only layer around the routes.
pub(crate) fn around<S>(
    state: Data<State>,
    mut request: ServiceRequest,
    routes: &S,
) -> impl Future<Output = Result<ServiceResponse<BoxBody>, Error>> + use<S>
where
    S: Service<ServiceRequest, Response = ServiceResponse<BoxBody>, Error = Error>,
{
    let context = RequestContext::begin(state, &request);
    let origin = request.headers().get(ORIGIN).cloned();
    leave_prefix(context.state(), &mut request);
    let with_key = carries_provider_key(&request);
    own_header_values(request.headers_mut());
    request.extensions_mut().insert(context.clone());
    // Routing happens in `call`, the handler in the future.
    let served = routes.call(request);
    async move {
        let mut response = match poll_caught(context.id(), served).await {
            Some(response) => response?,
            None => return Err(panicked(&context)),
        };
        finish(&context, origin.as_ref(), &mut response);
        if with_key {
            // Its buffer is freed with it, and so wiped.
            response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
        }
        Ok(response)
    }
}

/// Removes the path of `server.public_url` from the request's, so that routes need not know it.
fn leave_prefix(state: &State, request: &mut ServiceRequest) {
    let uri = request.uri();
    let Some(rest) = state.public.without_prefix(uri.path()) else { return };
    let mut target = if rest.is_empty() { "/".to_owned() } else { rest.to_owned() };
    if let Some(query) = uri.query() {
        target.push('?');
        target.push_str(query);
    }
    if let Ok(uri) = target.parse::<Uri>() {
        request.match_info_mut().get_mut().update(&uri);
        request.head_mut().uri = uri;
    }
}

/// Whether the body of a request has a provider key: then no copy of it may stay in the connection's buffer.
fn carries_provider_key(request: &ServiceRequest) -> bool {
    request.method() == Method::POST && request.path().trim_end_matches('/') == "/v1/registration"
}

/// Copies the headers' values out of the connection's buffer, which they share with all bodies that it receives. actix keeps a
/// request's headers until it needs their place for another request, and they would keep the whole buffer, with provider keys
/// and prompts.
fn own_header_values(headers: &mut HeaderMap) {
    let mut copies = BytesMut::with_capacity(headers.iter().map(|(_, value)| value.len()).sum());
    headers.retain(|_, value| {
        copies.extend_from_slice(value.as_bytes());
        let copied = HeaderValue::from_maybe_shared(copies.split().freeze()).map(|copy| *value = copy);
        copied.is_ok()
    });
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
    context.set_failed(error);
    context.state().metrics.failure(error);
    if let Some((cause, cause_word)) = cause_of(error) {
        let _current = crate::observe::logging::enter(context.id());
        tracing::warn!(code = error.code(), cause_word, cause, "a request failed");
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

/// Finishes the response to a request that no route saw.
pub(crate) fn refused(context: &RequestContext, error: &RelayError, response: &mut HttpResponse) {
    context.put(response.headers_mut());
    put_security(response.headers_mut());
    context.set_status(response.status());
    context.set_failed(error);
    context.set_complete();
}

/// The response after a panic. Other requests are not affected.
fn panicked(context: &RequestContext) -> Error {
    let error = RelayError::internal();
    let mut response = error::response(&error);
    refused(context, &error, &mut response);
    context.state().metrics.panicked();
    InternalError::from_response("panic", response).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_keep_their_values_and_not_the_connections_buffer() {
        let shared = BytesMut::from(&b"one\x80two"[..]).freeze();
        let mut headers = HeaderMap::new();
        for (name, part) in [("a", 0..3), ("a", 4..7), ("b", 3..4), ("c", 0..0)] {
            let value = HeaderValue::from_maybe_shared(shared.slice(part)).unwrap();
            headers.append(HeaderName::from_static(name), value);
        }
        own_header_values(&mut headers);
        let values = |name: &str| headers.get_all(name).map(HeaderValue::as_bytes).collect::<Vec<_>>();
        assert_eq!(
            (values("a"), values("b"), values("c")),
            (vec![&b"one"[..], b"two"], vec![&b"\x80"[..]], vec![&b""[..]])
        );
        assert!(shared.try_into_mut().is_ok(), "a header still shares the buffer");
    }
}

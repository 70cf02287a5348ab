//! Sends a prepared call and builds the HTTP response, whole or streamed.

use std::mem;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use relay_core::{Prepared, RelayError, Reply, ReplyBody};
use tokio::time::sleep;

use crate::http::context::RequestContext;
use crate::http::error::{ApiResult, put};
use crate::http::headers;
use crate::http::response::stream::{EventBody, PendingReply, Source};
use crate::state::budget::Reservation;

/// What happens first after a call was sent.
enum First {
    Reply(Result<Reply, RelayError>),
    /// No event within the ping interval: the stream starts with a comment.
    Tick,
    Cut,
}

/// Sends a call and responds with its reply. `reserved` is held until the request's body is no longer needed.
///
/// # Errors
/// The call's error, if it fails before the status line was sent.
pub(crate) async fn send(context: &RequestContext, mut prepared: Prepared, reserved: Reservation) -> ApiResult {
    let known = mem::take(&mut prepared.headers);
    context.set_provider_of(&known);
    let drain = &context.state().drain;
    let stream = prepared.stream;
    let ping = context.state().limits.ping;
    let mut pending: PendingReply = Box::pin(prepared.send());
    let cut = drain.cut_signal();
    let first = if drain.is_cut() {
        First::Cut
    } else {
        tokio::select! {
            biased;
            reply = &mut pending => First::Reply(reply),
            () = sleep(ping), if stream => First::Tick,
            () = cut => First::Cut,
        }
    };
    match first {
        First::Reply(Ok(Reply { headers, body: ReplyBody::Whole(body) })) => Ok(whole(body, [&known, &headers])),
        First::Reply(Ok(Reply { headers, body: ReplyBody::Stream(events) })) => {
            let body = EventBody::new(Source::Events(events), context.clone());
            Ok(streamed(context, body, [&known, &headers]))
        }
        First::Tick => {
            let body = EventBody::new(Source::Pending(pending, reserved), context.clone()).after_a_ping();
            Ok(streamed(context, body, [&known, &[]]))
        }
        First::Reply(Err(error)) => Err(with_headers(error, known).into()),
        First::Cut => Err(with_headers(RelayError::draining(), known).into()),
    }
}

/// Adds the headers that name the key to an error, too.
fn with_headers(error: RelayError, headers: Vec<(&'static str, String)>) -> RelayError {
    headers.into_iter().fold(error, |error, (name, value)| error.with_header(name, value))
}

fn whole(body: Bytes, headers: [&[(&'static str, String)]; 2]) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.into_iter().for_each(|named| put(response.headers_mut(), named));
    response
}

fn streamed(context: &RequestContext, body: EventBody, named: [&[(&'static str, String)]; 2]) -> HttpResponse {
    context.set_streamed();
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(headers::ACCEL_BUFFERING.clone(), HeaderValue::from_static("no"));
    named.into_iter().for_each(|named| put(headers, named));
    response
}

//! Sends a prepared call and builds the HTTP response, whole or streamed.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use relay_core::{Disclosure, Prepared, RelayError, Reply, ReplyBody};
use tokio::time::sleep;

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::response::stream::{EventBody, PendingReply, Source};
use crate::http::{disclosure, headers};
use crate::state::budget::Reservation;

/// The first event after a call was sent.
enum First {
    Reply(Box<Result<Reply, RelayError>>),
    /// No event within the ping interval: the stream starts with a comment.
    Tick,
    Cut,
}

/// Sends a call and responds with its reply. `reserved` is held until the request's body has been sent.
///
/// # Errors
/// The call's error, if it fails before the status line was sent.
pub(crate) async fn send(context: &RequestContext, prepared: Prepared, reserved: Reservation) -> ApiResult {
    let known = prepared.disclosure.clone();
    context.note_disclosure(&known);
    context.set_call(prepared.ending());
    let drain = &context.state().drain;
    let stream = prepared.stream;
    let prepared = hold_until_sent(prepared, reserved);
    let ping = context.state().limits.ping;
    let mut pending: PendingReply = Box::pin(prepared.send());
    let cut = drain.cut_signal();
    let first = if drain.is_cut() {
        First::Cut
    } else {
        tokio::select! {
            biased;
            reply = &mut pending => First::Reply(Box::new(reply)),
            () = sleep(ping), if stream => First::Tick,
            () = cut => First::Cut,
        }
    };
    match first {
        First::Reply(reply) => match (*reply)? {
            Reply { disclosure, body: ReplyBody::Whole(body), .. } => {
                context.note_disclosure(&disclosure);
                Ok(whole(body, &disclosure))
            }
            Reply { disclosure, body: ReplyBody::Stream(events), .. } => {
                context.note_disclosure(&disclosure);
                let body = EventBody::new(Source::Events(events), context.clone());
                Ok(streamed(context, body, &disclosure))
            }
        },
        First::Tick => {
            let body = EventBody::new(Source::Pending(pending), context.clone()).after_a_ping();
            Ok(streamed(context, body, &known))
        }
        First::Cut => {
            let error = RelayError::draining().with_disclosure(known);
            context.abandon_call(&error);
            Err(error.into())
        }
    }
}

/// The reservation follows what the translation made of the body, and goes when those bytes do.
fn hold_until_sent(prepared: Prepared, mut reserved: Reservation) -> Prepared {
    reserved.follow(prepared.body_len());
    let reserved = Arc::new(reserved);
    prepared.with_bodies(|body| reserved.attached_to(body))
}

fn whole(body: Bytes, known: &Disclosure) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    disclosure::put(response.headers_mut(), known);
    response
}

fn streamed(context: &RequestContext, body: EventBody, known: &Disclosure) -> HttpResponse {
    context.set_streamed();
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(headers::ACCEL_BUFFERING.clone(), HeaderValue::from_static("no"));
    disclosure::put(headers, known);
    response
}

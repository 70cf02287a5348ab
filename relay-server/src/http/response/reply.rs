//! From a prepared call to the HTTP answer, whole or streamed.

use std::mem;
use std::pin::Pin;

use actix_web::HttpResponse;
use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use bytes::Bytes;
use relay_core::{Prepared, RelayError, Reply, ReplyBody};
use tokio::time::sleep;

use crate::http::context::Trace;
use crate::http::error::put;
use crate::http::headers;
use crate::http::request::body::Hold;
use crate::http::response::stream::{EventBody, Source};
use crate::routes::Answer;
use crate::state::drain::draining;

/// The reply that a provider has not begun yet.
pub(crate) type Sending = Pin<Box<dyn Future<Output = Result<Reply, RelayError>>>>;

/// What a call can be told at first.
enum First {
    Reply(Result<Reply, RelayError>),
    /// No event so far, and the client has waited long enough for a sign of life.
    Tick,
    Cut,
}

/// Sends a call and answers it. `hold` is kept until the request's body is no longer needed.
///
/// # Errors
/// What the call fails with before a byte was sent to the client.
pub(crate) async fn answer(trace: &Trace, mut prepared: Prepared, hold: Hold) -> Answer {
    let known = mem::take(&mut prepared.headers);
    trace.set_provider_of(&known);
    let drain = &trace.state().drain;
    let stream = prepared.stream;
    let ping = trace.state().limits.ping;
    let mut sending: Sending = Box::pin(prepared.send());
    let cut = drain.cut_signal();
    let first = if drain.is_cut() {
        First::Cut
    } else {
        tokio::select! {
            biased;
            reply = &mut sending => First::Reply(reply),
            () = sleep(ping), if stream => First::Tick,
            () = cut => First::Cut,
        }
    };
    match first {
        First::Reply(Ok(Reply { headers, body: ReplyBody::Whole(body) })) => Ok(whole(body, [&known, &headers])),
        First::Reply(Ok(Reply { headers, body: ReplyBody::Stream(events) })) => {
            let body = EventBody::new(Source::Events(events), trace.clone());
            Ok(streamed(trace, body, [&known, &headers]))
        }
        First::Tick => {
            let body = EventBody::new(Source::Sending(sending, hold), trace.clone()).after_a_ping();
            Ok(streamed(trace, body, [&known, &[]]))
        }
        First::Reply(Err(error)) => Err(with_headers(error, known).into()),
        First::Cut => Err(with_headers(draining(), known).into()),
    }
}

/// Whose key was used is told with a failure, too.
fn with_headers(error: RelayError, headers: Vec<(&'static str, String)>) -> RelayError {
    headers.into_iter().fold(error, |error, (name, value)| error.with_header(name, value))
}

fn whole(body: Bytes, headers: [&[(&'static str, String)]; 2]) -> HttpResponse {
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.into_iter().for_each(|named| put(response.headers_mut(), named));
    response
}

fn streamed(trace: &Trace, body: EventBody, named: [&[(&'static str, String)]; 2]) -> HttpResponse {
    trace.set_streamed();
    let mut response = HttpResponse::with_body(StatusCode::OK, BoxBody::new(body));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    headers.insert(headers::ACCEL_BUFFERING.clone(), HeaderValue::from_static("no"));
    named.into_iter().for_each(|named| put(headers, named));
    response
}

//! Reads request bodies: JSON of limited size, in limited time, within the caller's share of the memory for all bodies.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, TRANSFER_ENCODING};
use actix_web::web::Payload;
use bytes::Bytes;
use futures::Stream;
use futures::channel::oneshot;
use relay_core::RelayError;
use tokio::time::{Instant, Sleep, sleep};

use crate::config::options::RequestLimits;
use crate::http::context::RequestContext;
use crate::http::request::arriving::Arriving;
use crate::state::budget::Reservation;

/// How often the rate of a slow body is checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// A body and its reservation. Keep the reservation while the bytes are in use.
#[derive(Debug)]
pub(crate) struct Body {
    pub(crate) bytes: Bytes,
    pub(crate) reserved: Reservation,
}

/// Reads a body of at most `limit` bytes that is declared as JSON. Whether it is JSON is checked by its parser.
///
/// `reserved` is the empty reservation of the caller, whose credential must have been checked before.
///
/// # Errors
/// `unsupported_media_type`, `request_too_large`, `request_timeout`, `overloaded`, `rate_limit_exceeded`,
/// `incomplete_body`.
pub(crate) async fn json(
    request: &HttpRequest,
    mut payload: Payload,
    limit: usize,
    context: &RequestContext,
    mut reserved: Reservation,
) -> Result<Body, RelayError> {
    must_be_json(request.headers())?;
    let announced = announced_length(request.headers());
    if announced.is_some_and(|length| length > limit) {
        return Err(RelayError::request_too_large(limit));
    }
    let mut hold = |bytes: usize| {
        reserved.grow_to(bytes).map_err(|exceeded| {
            context.state().metrics.body_refused(exceeded.name());
            exceeded.error()
        })
    };
    let mut clock = BodyClock::new(&context.state().limits);
    let Some(first) = clock.next(&mut payload, 0).await? else { return Ok(Body { bytes: Bytes::new(), reserved }) };
    hold(first.len())?;
    let mut next = clock.next(&mut payload, first.len()).await?;
    if next.is_none() && first.len() <= limit {
        return Ok(Body { bytes: first, reserved });
    }
    let mut body = Arriving::default();
    body.push(&first, announced, &mut hold)?;
    drop(first);
    while let Some(piece) = next {
        if body.len() + piece.len() > limit {
            return Err(RelayError::request_too_large(limit));
        }
        body.push(&piece, announced, &mut hold)?;
        drop(piece);
        next = clock.next(&mut payload, body.len()).await?;
    }
    if body.len() > limit {
        return Err(RelayError::request_too_large(limit));
    }
    let bytes = joined(context, &reserved, body).await?;
    Ok(Body { bytes, reserved })
}

/// Puts a body together, if it is long on another thread.
async fn joined(context: &RequestContext, reserved: &Reservation, body: Arriving) -> Result<Bytes, RelayError> {
    if !body.is_long() {
        return Ok(body.join());
    }
    let (done, whole) = oneshot::channel();
    let (compute, length) = (&context.state().relay.ports().compute, body.len());
    compute.run(reserved.project(), length, Box::new(move || drop(done.send(body.join())))).await;
    let whole = whole.await.map_err(|_| RelayError::internal())?;
    Ok(context.state().budget.dropped_aside(whole))
}

/// The timeouts of a body. No timer is created for a body that has already arrived.
struct BodyClock<'a> {
    limits: &'a RequestLimits,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<'a> BodyClock<'a> {
    fn new(limits: &'a RequestLimits) -> Self {
        Self { limits, waiting: None }
    }

    async fn next(&mut self, payload: &mut Payload, received: usize) -> Result<Option<Bytes>, RelayError> {
        poll_fn(|cx| match Pin::new(&mut *payload).poll_next(cx) {
            Poll::Ready(piece) => Poll::Ready(piece.transpose().map_err(RelayError::incomplete_body)),
            Poll::Pending => self.poll_late(cx, received).map(|()| Err(RelayError::request_timeout())),
        })
        .await
    }

    /// Resolves when the body is too slow.
    fn poll_late(&mut self, cx: &mut Context<'_>, received: usize) -> Poll<()> {
        let RequestLimits { body_time, body_grace, body_rate, .. } = *self.limits;
        let (began, timer) =
            self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(body_grace.min(body_time)))));
        while timer.as_mut().poll(cx).is_ready() {
            let waited = began.elapsed();
            let due = body_rate.saturating_mul(waited.as_secs());
            if waited >= body_time || (waited >= body_grace && (received as u64) < due.max(1)) {
                return Poll::Ready(());
            }
            let next = (Instant::now() + CHECK_EVERY).min(*began + body_time);
            timer.as_mut().reset(next);
        }
        Poll::Pending
    }
}

/// Whether a request has no body at all: then it needs no type either (RFC 9112, section 6.3).
pub(crate) fn is_absent(headers: &HeaderMap) -> bool {
    !headers.contains_key(TRANSFER_ENCODING) && announced_length(headers).unwrap_or(0) == 0
}

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn must_be_json(headers: &HeaderMap) -> Result<(), RelayError> {
    let mut kinds = headers.get_all(CONTENT_TYPE);
    let kind = kinds.next().and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    // A second one might be the one that a proxy has looked at.
    if !essence.eq_ignore_ascii_case("application/json") || kinds.next().is_some() {
        return Err(RelayError::unsupported_media_type("send the body as `content-type: application/json`"));
    }
    if headers.get_all(CONTENT_ENCODING).any(|value| value != "identity") {
        return Err(RelayError::unsupported_media_type("send the body without a content-encoding"));
    }
    Ok(())
}

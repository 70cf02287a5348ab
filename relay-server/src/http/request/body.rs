//! Reads request bodies: JSON of limited size, in limited time, within the caller's share of the memory for all bodies.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use actix_web::web::Payload;
use bytes::Bytes;
use futures::Stream;
use relay_core::RelayError;
use tokio::time::{Instant, Sleep, sleep};

use crate::config::options::RequestLimits;
use crate::http::context::RequestContext;
use crate::state::budget::{Reservation, SMALL};

/// How often the rate of a slow body is checked.
const CHECK_EVERY: Duration = Duration::from_secs(1);
/// The most bytes that are allocated because of `content-length` alone: with more, a body of which little comes would be
/// counted as a large one.
const TRUSTED_LENGTH: usize = SMALL;

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
    let mut body = Vec::new();
    make_room(&mut body, first.len(), announced, &mut hold)?;
    body.extend_from_slice(&first);
    drop(first);
    while let Some(piece) = next {
        if body.len() + piece.len() > limit {
            return Err(RelayError::request_too_large(limit));
        }
        make_room(&mut body, piece.len(), announced, &mut hold)?;
        body.extend_from_slice(&piece);
        drop(piece);
        next = clock.next(&mut payload, body.len()).await?;
    }
    if body.len() > limit {
        Err(RelayError::request_too_large(limit))
    } else {
        Ok(Body { bytes: body.into(), reserved })
    }
}

/// Makes room for more bytes and has it held. The room doubles, but not beyond the announced length.
fn make_room(
    body: &mut Vec<u8>,
    more: usize,
    announced: Option<usize>,
    hold: &mut impl FnMut(usize) -> Result<(), RelayError>,
) -> Result<(), RelayError> {
    let needed = body.len() + more;
    if needed <= body.capacity() {
        return Ok(());
    }
    let doubled = body.capacity().saturating_mul(2).max(announced.unwrap_or(0).min(TRUSTED_LENGTH));
    let room = announced.map_or(doubled, |announced| doubled.min(announced)).max(needed);
    hold(room)?;
    body.reserve_exact(room - body.len());
    Ok(())
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

fn announced_length(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn must_be_json(headers: &HeaderMap) -> Result<(), RelayError> {
    let kind = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(RelayError::unsupported_media_type("send the body as `content-type: application/json`"));
    }
    if headers.get_all(CONTENT_ENCODING).any(|value| value != "identity") {
        return Err(RelayError::unsupported_media_type("send the body without a content-encoding"));
    }
    Ok(())
}

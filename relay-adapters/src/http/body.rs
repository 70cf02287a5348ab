//! A body with timeouts that cost nothing while bytes arrive.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::time::{Instant, Sleep};

use relay_core::ports::{ByteStream, TransportError};

use super::error::{timed_out, transport_error};
use super::lanes::Place;

/// The pieces of a body, until one fails. At most `gap` passes between two pieces, and none arrives after `end`.
pub(super) fn guarded(
    pieces: impl Stream<Item = reqwest::Result<Bytes>> + Send + Unpin + 'static,
    place: Place,
    timer: Pin<Box<Sleep>>,
    end: Instant,
    gap: Duration,
) -> ByteStream {
    Box::pin(Guarded { open: Some((pieces, place)), timer, armed: false, latest: Instant::now(), end, gap })
}

struct Guarded<S> {
    /// Dropped at the end of the body, which frees the connection and its place in the lane at once.
    open: Option<(S, Place)>,
    timer: Pin<Box<Sleep>>,
    /// Whether the timer was set for this body. Until then it is set for the head.
    armed: bool,
    /// When the latest piece arrived.
    latest: Instant,
    end: Instant,
    gap: Duration,
}

impl<S: Stream<Item = reqwest::Result<Bytes>> + Unpin> Stream for Guarded<S> {
    type Item = Result<Bytes, TransportError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some((pieces, _)) = &mut this.open else { return Poll::Ready(None) };
        let next = match Pin::new(pieces).poll_next(context) {
            Poll::Ready(Some(Ok(piece))) => {
                this.latest = Instant::now();
                if this.latest < this.end { Some(Ok(piece)) } else { Some(Err(too_long())) }
            }
            Poll::Ready(Some(Err(error))) => Some(Err(transport_error(error))),
            Poll::Ready(None) => None,
            Poll::Pending => match this.poll_limits(context) {
                Poll::Ready(error) => Some(Err(error)),
                Poll::Pending => return Poll::Pending,
            },
        };
        if !matches!(next, Some(Ok(_))) {
            this.open = None;
        }
        Poll::Ready(next)
    }
}

impl<S> Guarded<S> {
    /// Waits for the earlier of the two timeouts.
    ///
    /// The timer is not reset for each piece. It runs until the limit at the time it was set, and is set again only if
    /// the limit has moved by then: once for each gap, not for each piece.
    fn poll_limits(&mut self, context: &mut Context<'_>) -> Poll<TransportError> {
        loop {
            let limit = self.end.min(self.latest + self.gap);
            if !self.armed || (self.timer.is_elapsed() && Instant::now() < limit) {
                self.armed = true;
                self.timer.as_mut().reset(limit);
            }
            std::task::ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            if now >= self.end {
                return Poll::Ready(too_long());
            }
            if now >= limit {
                return Poll::Ready(timed_out("the body stopped arriving"));
            }
        }
    }
}

fn too_long() -> TransportError {
    timed_out("the answer took too long")
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, StreamExt as _};
    use tokio::time::sleep_until;

    use relay_core::ports::TransportErrorKind;

    use super::*;

    /// A body whose pieces arrive after these numbers of seconds, followed by silence.
    fn body(pauses: &'static [u64], gap: u64, total: u64) -> ByteStream {
        let start = Instant::now();
        let pieces = futures::stream::iter(pauses).then(|pause| async {
            tokio::time::sleep(Duration::from_secs(*pause)).await;
            Ok(Bytes::from_static(b"x"))
        });
        let pieces = pieces.chain(futures::stream::pending());
        // The rest of the timeout for the head, as in an exchange.
        let timer = Box::pin(sleep_until(start + Duration::from_secs(1)));
        let end = start + Duration::from_secs(total);
        guarded(Box::pin(pieces), Place::nowhere(), timer, end, Duration::from_secs(gap))
    }

    /// The number of pieces that arrive, and the total seconds after which the body fails.
    async fn check(pauses: &'static [u64], gap: u64, total: u64, want: (usize, u64)) {
        let start = Instant::now();
        let mut body = body(pauses, gap, total);
        let mut pieces = 0;
        let error = loop {
            match body.next().await.expect("an endless body ends with an error") {
                Ok(_) => pieces += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, TransportErrorKind::Timeout);
        assert_eq!((pieces, start.elapsed().as_secs()), want, "{pauses:?}");
        assert!(body.next().await.is_none(), "a body ends after its error");
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_starts_at_the_latest_piece() {
        check(&[], 10, 1000, (0, 10)).await;
        check(&[9], 10, 1000, (1, 19)).await;
        check(&[9, 9, 9, 9, 1, 1, 1, 0, 0], 10, 1000, (9, 49)).await;
        check(&[9, 11, 1], 10, 1000, (1, 19)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_total_timeout_ends_a_body_whose_pieces_still_arrive() {
        check(&[], 10, 5, (0, 5)).await;
        check(&[2, 2, 2, 2], 10, 7, (3, 7)).await;
        check(&[4, 4, 4], 10, 14, (3, 14)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_total_timeout_ends_a_body_that_never_pauses() {
        let pieces = futures::stream::repeat_with(|| Ok(Bytes::from_static(b"x")));
        let end = Instant::now() + Duration::from_secs(10);
        let timer = Box::pin(sleep_until(end));
        let mut body = guarded(pieces, Place::nowhere(), timer, end, Duration::from_secs(100));
        for _ in 0..3 {
            assert!(body.next().await.unwrap().is_ok());
            tokio::time::advance(Duration::from_secs(4)).await;
        }
        assert_eq!(body.next().await.unwrap().unwrap_err().kind, TransportErrorKind::Timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_gets_the_pieces_that_arrived_meanwhile() {
        let mut body = body(&[1, 1], 10, 1000);
        assert!(body.next().await.unwrap().is_ok());
        assert!(body.next().now_or_never().is_none());
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(body.next().await.unwrap().is_ok());
    }
}

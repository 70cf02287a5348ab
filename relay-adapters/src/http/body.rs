//! A body with time limits that cost nothing while bytes come.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use tokio::time::{Instant, Sleep};

use relay_core::ports::{ByteStream, TransportError};

use super::error::{timed_out, transport_error};
use super::lanes::Place;

/// The pieces of a body, until one fails: at most `gap` between two, and none after `end`.
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
    /// Dropped at the end of the body, which frees the connection and the place in its lane at once.
    open: Option<(S, Place)>,
    timer: Pin<Box<Sleep>>,
    /// Whether the timer runs for this body; before, it ran for the head.
    armed: bool,
    /// When the latest piece came.
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
    /// Waits for the limit that comes first.
    ///
    /// The timer is not set anew for each piece. It runs to where the limit was when it was set, and is set again only if
    /// the limit has moved by then: once a gap, not once a piece.
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
                return Poll::Ready(timed_out("the body stopped coming"));
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

    /// A body whose pieces come after so many seconds each, and which then says no more.
    fn body(pauses: &'static [u64], gap: u64, total: u64) -> ByteStream {
        let start = Instant::now();
        let pieces = futures::stream::iter(pauses).then(|pause| async {
            tokio::time::sleep(Duration::from_secs(*pause)).await;
            Ok(Bytes::from_static(b"x"))
        });
        let pieces = pieces.chain(futures::stream::pending());
        // What is left of the wait for the head, as in an exchange.
        let timer = Box::pin(sleep_until(start + Duration::from_secs(1)));
        let end = start + Duration::from_secs(total);
        guarded(Box::pin(pieces), Place::nowhere(), timer, end, Duration::from_secs(gap))
    }

    /// How many pieces come, and after how many seconds in all the body fails.
    async fn check(pauses: &'static [u64], gap: u64, total: u64, want: (usize, u64)) {
        let start = Instant::now();
        let mut body = body(pauses, gap, total);
        let mut pieces = 0;
        let error = loop {
            match body.next().await.expect("a body without an end ends with an error") {
                Ok(_) => pieces += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(error.kind, TransportErrorKind::Timeout);
        assert_eq!((pieces, start.elapsed().as_secs()), want, "{pauses:?}");
        assert!(body.next().await.is_none(), "a body ends with its error");
    }

    #[tokio::test(start_paused = true)]
    async fn a_gap_is_counted_from_the_latest_piece() {
        check(&[], 10, 1000, (0, 10)).await;
        check(&[9], 10, 1000, (1, 19)).await;
        check(&[9, 9, 9, 9, 1, 1, 1, 0, 0], 10, 1000, (9, 49)).await;
        check(&[9, 11, 1], 10, 1000, (1, 19)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_ends_with_its_total_time_even_while_pieces_come() {
        check(&[], 10, 5, (0, 5)).await;
        check(&[2, 2, 2, 2], 10, 7, (3, 7)).await;
        check(&[4, 4, 4], 10, 14, (3, 14)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_pauses_ends_with_its_total_time() {
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
    async fn a_reader_that_comes_back_late_gets_what_has_come_meanwhile() {
        let mut body = body(&[1, 1], 10, 1000);
        assert!(body.next().await.unwrap().is_ok());
        assert!(body.next().now_or_never().is_none());
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert!(body.next().await.unwrap().is_ok());
    }
}

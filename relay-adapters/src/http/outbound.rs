//! A request's body, which is given up as soon as it has been sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};

/// A larger body is not kept for a second attempt once it is being sent: its memory is worth more than the attempt.
const KEPT: usize = 64 << 10;

/// The body of one call.
pub(super) enum Outbound {
    /// Kept until the provider answers, so that it can be sent again.
    Kept(Bytes),
    /// Given up when it is sent.
    Once(Once),
}

impl Outbound {
    pub(super) fn new(body: Bytes) -> Self {
        if body.len() > KEPT { Self::Once(Once(Arc::new(Mutex::new(Some(body))))) } else { Self::Kept(body) }
    }

    /// The body of one attempt.
    pub(super) fn attempt(&self) -> reqwest::Body {
        match self {
            Self::Kept(body) => body.clone().into(),
            Self::Once(once) => reqwest::Body::wrap(once.clone()),
        }
    }

    /// Whether another attempt can be made.
    pub(super) fn is_there(&self) -> bool {
        match self {
            Self::Kept(_) => true,
            Self::Once(once) => once.len().is_some(),
        }
    }
}

/// Bytes that are there until a connection takes them.
#[derive(Clone)]
pub(super) struct Once(Arc<Mutex<Option<Bytes>>>);

impl Once {
    fn take(&self) -> Option<Bytes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn len(&self) -> Option<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(Bytes::len)
    }
}

impl Body for Once {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.len().is_none()
    }

    /// The exact length, so that the request has a `content-length`.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.len().unwrap_or_default() as u64)
    }
}

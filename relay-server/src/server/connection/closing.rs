//! The end of a connection whose client may still be sending.
//!
//! Closing a socket that has unread bytes resets the connection, and the reset can take the answer away from a client
//! that has not read it. So the server closes its own side, reads on for a moment, and only then closes (RFC 9112, 9.6).

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead as _, AsyncWrite as _, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

use super::link::{Link, MOST_AT_ONCE};

/// How long all of this may take.
const MOST_TIME: Duration = Duration::from_secs(1);
/// What may be read meanwhile, in bytes: twice the largest body.
const MOST_READ: usize = 64 << 20;

/// A connection that is being closed.
pub(super) struct Closing {
    /// What is left to be written.
    bytes: Vec<u8>,
    written: usize,
    shut: bool,
    read: usize,
}

impl Closing {
    /// Closes a connection after `bytes`.
    pub(super) fn new(bytes: Vec<u8>, timer: Pin<&mut Sleep>) -> Self {
        timer.reset(Instant::now() + MOST_TIME);
        Self { bytes, written: 0, shut: false, read: 0 }
    }

    /// Ready when the connection can be dropped.
    pub(super) fn poll(&mut self, link: &Link, timer: Pin<&mut Sleep>, cx: &mut Context<'_>) -> Poll<()> {
        if timer.poll(cx).is_ready() || link.is_evicted() {
            return Poll::Ready(());
        }
        link.with_stream(|stream| self.poll_stream(stream, cx)).map(drop)
    }

    fn poll_stream(&mut self, mut stream: Pin<&mut TcpStream>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        while let Some(left) = self.bytes.get(self.written..).filter(|left| !left.is_empty()) {
            self.written += std::task::ready!(stream.as_mut().poll_write(cx, left))?;
        }
        if !self.shut {
            std::task::ready!(stream.as_mut().poll_shutdown(cx))?;
            self.shut = true;
        }
        let until = self.read + MOST_AT_ONCE;
        while self.read < MOST_READ {
            if self.read >= until {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let mut bytes = [0; 8192];
            let mut bytes = ReadBuf::new(&mut bytes);
            std::task::ready!(stream.as_mut().poll_read(cx, &mut bytes))?;
            if bytes.filled().is_empty() {
                break;
            }
            self.read += bytes.filled().len();
        }
        Poll::Ready(Ok(()))
    }
}

//! One connection, as everybody who works on it sees it: the transport that actix reads and writes, the task that
//! watches its time, and the service that answers its requests.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use actix_web::http::Method;
use futures::FutureExt as _;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::framing::{Framer, Refusal, empty_lines, known_method};

/// Bytes that are taken from the socket while an answer is being written: of requests that a client sent ahead.
/// The rest waits in the kernel, and then at the client.
const MOST_AHEAD: usize = 4 << 10;
/// How often a connection is looked at whose client sent more than [`MOST_AHEAD`]: the end of such a connection does
/// not wake its task.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Bytes that a connection reads before the other connections of its worker have their turn: some 30 microseconds. The
/// runtime itself would let it read some megabytes.
pub(super) const MOST_AT_ONCE: usize = 64 << 10;

/// When a body is looked at again whose handler had no use for more of it at its deadline.
const SLOW_HANDLER: Duration = Duration::from_secs(1);

/// The times of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// For a request's head, from its first byte, and for the first byte of the first request.
    pub(crate) head: Duration,
    /// Without a request.
    pub(crate) idle: Duration,
    /// For a body, counted from when its client first kept the server waiting.
    pub(crate) body: Duration,
    /// Without a byte taken by a client that owes the reading of an answer.
    pub(crate) write_stall: Duration,
}

/// How a connection ends, other than by its dispatcher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The request is refused with an answer.
    Refused(Refusal, Option<Method>),
    /// The answer is written. The client may still send, and must be able to read it.
    Answered,
    /// Nothing is owed to the client.
    Silent,
}

/// A handle of a connection.
#[derive(Clone)]
pub(crate) struct Link(Rc<RefCell<Inner>>);

/// A connection that may have ended.
pub(super) struct WeakLink(Weak<RefCell<Inner>>);

impl WeakLink {
    pub(super) fn exists(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Ends the connection if it waits for a request, or is about to end anyway. Whether it does.
    pub(super) fn evict(&self) -> bool {
        let Some(link) = self.0.upgrade() else { return false };
        let mut this = link.borrow_mut();
        let waits = this.answer == Answer::Unasked && !this.framer.is_complete();
        if this.evicted || !(waits || this.ending) {
            return false;
        }
        this.evicted = true;
        this.finish(End::Silent);
        if let Some(waker) = &this.waker {
            waker.wake_by_ref();
        }
        true
    }
}

struct Inner {
    stream: TcpStream,
    times: Times,
    framer: Framer,
    /// Bytes that were read and not yet passed on.
    ahead: Vec<u8>,
    /// How many of them may be passed on.
    cleared: usize,
    /// Whether this connection serves health checks only.
    health_only: bool,
    /// What became of the current request.
    answer: Answer,
    /// The connection ends after the current answer.
    closes: bool,
    /// Something of the current answer was written.
    begun: bool,
    /// The client waits for `100 Continue`.
    owes_continue: bool,
    end: Option<End>,
    due: Option<(Instant, Due)>,
    /// Until when the body must be complete, once its client has kept the server waiting.
    body_until: Option<Instant>,
    /// Whether the last attempt to read found nothing.
    starves: bool,
    /// How many bytes may still be read in this turn of the connection's task.
    turn: usize,
    /// Wakes the connection's task when another connection takes its place.
    waker: Option<Waker>,
    evicted: bool,
    /// Its end was decided.
    ending: bool,
}

/// What a connection waits for until a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    /// A request, of which nothing has arrived.
    Request,
    /// The rest of a head.
    Head,
    /// The rest of a body.
    Body,
    /// A client that reads its answer.
    Reader,
    /// Nothing: only looks whether the client has left. See [`LOOK_EVERY`].
    Look,
}

/// What became of the current request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// No service has seen it.
    Unasked,
    /// It is being worked on.
    Pending,
    /// Its body is complete; the last bytes may still have to be written.
    Complete,
}

impl Link {
    pub(crate) fn new(stream: TcpStream, framer: Framer, times: Times, health_only: bool) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            stream,
            framer,
            ahead: Vec::new(),
            cleared: 0,
            health_only,
            answer: Answer::Unasked,
            closes: false,
            begun: false,
            owes_continue: false,
            end: None,
            due: Some((Instant::now() + times.head, Due::Request)),
            body_until: None,
            starves: false,
            turn: MOST_AT_ONCE,
            waker: None,
            evicted: false,
            ending: false,
            times,
        })))
    }

    /// A service works on the current request.
    pub(super) fn asked(&self) {
        self.0.borrow_mut().answer = Answer::Pending;
    }

    /// Whether the client waits for `100 Continue`.
    pub(super) fn owes_continue(&self) -> bool {
        self.0.borrow().owes_continue
    }

    /// The body is wanted: tells a waiting client to send it.
    pub(super) fn want_body(&self) {
        let mut this = self.0.borrow_mut();
        if std::mem::take(&mut this.owes_continue) {
            // Nothing else is waiting to be written, so the kernel takes these few bytes.
            const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
            if !matches!(this.stream.try_write(CONTINUE), Ok(written) if written == CONTINUE.len()) {
                this.finish(End::Silent);
            }
        }
    }

    /// Whether the connection must end with the current answer, which is about to be written.
    pub(super) fn must_close(&self) -> bool {
        let mut this = self.0.borrow_mut();
        this.closes = !this.is_taken() || this.health_only;
        this.closes
    }

    /// The current answer is complete; its last bytes may still have to be written.
    pub(super) fn answered(&self) {
        self.0.borrow_mut().answer = Answer::Complete;
    }

    /// Takes how the connection ends, if it must.
    pub(super) fn take_end(&self) -> Option<End> {
        let this = &mut *self.0.borrow_mut();
        let end = this.end.take()?;
        this.ending = true;
        match end {
            End::Refused(..) if this.begun => Some(End::Answered),
            end => Some(end),
        }
    }

    /// How the connection ends after its dispatcher has ended.
    pub(super) fn last_end(&self) -> End {
        let end = self.take_end();
        let this = self.0.borrow();
        match end {
            Some(end) => end,
            // Something that the client sent was not read: a reset must not take the answer away from it.
            None if this.framer.head().is_some() && (!this.is_taken() || !this.ahead.is_empty()) => End::Answered,
            None => End::Silent,
        }
    }

    /// When the connection must be looked at.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.0.borrow().due.map(|(at, _)| at)
    }

    /// Does what is due at a deadline.
    pub(super) fn expire(&self, now: Instant) {
        self.0.borrow_mut().expire(now);
    }

    /// The connection's task has its turn.
    pub(super) fn begin_turn(&self) {
        self.0.borrow_mut().turn = MOST_AT_ONCE;
    }

    /// Remembers the task, so that [`Self::evict`] can wake it.
    pub(super) fn register(&self, cx: &Context<'_>) {
        self.0.borrow_mut().waker = Some(cx.waker().clone());
    }

    /// Whether another connection has taken its place.
    pub(super) fn is_evicted(&self) -> bool {
        self.0.borrow().evicted
    }

    pub(super) fn downgrade(&self) -> WeakLink {
        WeakLink(Rc::downgrade(&self.0))
    }

    /// The socket itself.
    pub(super) fn with_stream<T>(&self, use_it: impl FnOnce(Pin<&mut TcpStream>) -> T) -> T {
        use_it(Pin::new(&mut self.0.borrow_mut().stream))
    }
}

impl Inner {
    /// Whether the current request was passed on as a whole.
    fn is_taken(&self) -> bool {
        self.framer.is_complete() && self.cleared == 0
    }

    fn finish(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    fn refuse(&mut self, refusal: Refusal, bytes: &[u8]) {
        let method = if self.framer.head().is_none() { known_method(bytes) } else { None };
        self.finish(End::Refused(refusal, method));
    }

    fn expire(&mut self, now: Instant) {
        let Some((_, due)) = self.due.take_if(|(at, _)| *at <= now) else { return };
        let end = match due {
            Due::Request | Due::Reader => End::Silent,
            Due::Head => End::Refused(Refusal::HeadTimeout, known_method(&self.ahead)),
            Due::Body if self.starves => End::Refused(Refusal::BodyTimeout, None),
            // The handler is slow, not the client.
            Due::Body => {
                self.due = Some((now + SLOW_HANDLER, Due::Body));
                return;
            }
            Due::Look if self.is_left() => End::Silent,
            Due::Look => {
                self.due = Some((now + LOOK_EVERY, Due::Look));
                return;
            }
        };
        self.finish(end);
    }

    /// Whether the client has closed the connection behind bytes that nobody has read.
    fn is_left(&self) -> bool {
        let ready = self.stream.ready(Interest::READABLE).now_or_never();
        matches!(ready, Some(Ok(ready)) if ready.is_read_closed())
    }
}

/// Reading.
impl Inner {
    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            if self.cleared > 0 {
                self.pass_on(buf);
                return Poll::Ready(Ok(()));
            }
            if self.end.is_some() {
                return self.nothing_more();
            }
            if self.framer.is_complete() {
                return self.poll_ahead(cx);
            }
            if self.clear() {
                continue;
            }
            if self.turn == 0 {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let before = buf.filled().len();
            match Pin::new(&mut self.stream).poll_read(cx, buf) {
                Poll::Ready(Ok(())) => {
                    self.starves = false;
                    self.turn = self.turn.saturating_sub(buf.filled().len() - before);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    self.wait();
                    return Poll::Pending;
                }
            }
            if buf.filled().len() == before || self.take_new(buf, before) {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// What a reader gets after the end was decided: of a broken body, an end that comes too early, so that a handler
    /// that reads it can answer.
    fn nothing_more(&self) -> Poll<io::Result<()>> {
        match self.end {
            Some(End::Refused(Refusal::BrokenBody(_), _)) => Poll::Ready(Ok(())),
            _ => Poll::Pending,
        }
    }

    /// Frames what was read before; whether that made bytes ready to be passed on.
    fn clear(&mut self) -> bool {
        if self.framer.head().is_none() {
            let empty = empty_lines(&self.ahead);
            self.ahead.drain(..empty);
        }
        if self.ahead.is_empty() {
            self.ahead = Vec::new();
            return false;
        }
        match self.framer.advance(&mut self.ahead) {
            Ok(taken) => {
                if taken > 0 && self.note_progress() {
                    self.cleared = taken;
                }
            }
            Err(refusal) => {
                let bytes = std::mem::take(&mut self.ahead);
                self.refuse(refusal, &bytes);
            }
        }
        self.cleared > 0 || self.end.is_some()
    }

    fn pass_on(&mut self, buf: &mut ReadBuf<'_>) {
        let length = self.cleared.min(buf.remaining());
        buf.put_slice(self.ahead.get(..length).unwrap_or_default());
        self.cleared -= length;
        if length == self.ahead.len() {
            self.ahead = Vec::new();
        } else {
            self.ahead.drain(..length);
        }
    }

    /// Frames new bytes where they were read to; whether some may stay there. The others are set aside.
    fn take_new(&mut self, buf: &mut ReadBuf<'_>, before: usize) -> bool {
        let new = buf.filled_mut().get_mut(before..).unwrap_or_default();
        let is_apart = self.ahead.is_empty() && (self.framer.head().is_some() || empty_lines(new) == 0);
        let mut taken = 0;
        if is_apart {
            match self.framer.advance(new) {
                Ok(found) => taken = found,
                Err(refusal) => self.refuse(refusal, new),
            }
        }
        self.ahead.extend_from_slice(new.get(taken..).unwrap_or_default());
        if taken > 0 && !self.note_progress() {
            taken = 0;
        }
        buf.set_filled(before + taken);
        taken > 0
    }

    /// Notes that a part of the request is about to be passed on; whether it may be.
    fn note_progress(&mut self) -> bool {
        let is_complete = self.framer.is_complete();
        if is_complete {
            self.body_until = None;
        }
        if is_complete || matches!(self.due, Some((_, Due::Request | Due::Head))) {
            self.due = None;
        }
        let Some(head) = self.framer.head() else { return true };
        // Whoever sends the body at once does not wait.
        self.owes_continue = head.expects_continue && !is_complete && self.answer == Answer::Unasked;
        if self.health_only && !head.is_health_check {
            self.finish(End::Refused(Refusal::TooManyConnections, None));
            return false;
        }
        true
    }

    /// Sets the deadline of what has not arrived.
    fn wait(&mut self) {
        self.starves = true;
        if self.framer.head().is_some() {
            if self.body_until.is_none() {
                let until = Instant::now() + self.times.body;
                self.body_until = Some(until);
                self.due = Some((until, Due::Body));
            }
        } else if !self.ahead.is_empty()
            && let Some((at, due @ Due::Request)) = &mut self.due
        {
            // The first head has its time from the beginning of the connection.
            *at = (*at).min(Instant::now() + self.times.head);
            *due = Due::Head;
        }
    }

    /// Waits for the end of an answer: takes a little of what the client sends meanwhile, and notices if it leaves.
    fn poll_ahead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.ahead.len() < MOST_AHEAD {
            if self.stream.poll_read_ready(cx)?.is_pending() {
                return Poll::Pending;
            }
            let mut bytes = [0; 1024];
            match self.stream.try_read(&mut bytes) {
                Ok(0) => return Poll::Ready(Ok(())),
                Ok(length) => self.ahead.extend_from_slice(bytes.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        self.due.get_or_insert((Instant::now() + LOOK_EVERY, Due::Look));
        Poll::Pending
    }
}

/// Writing.
impl Inner {
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.answer == Answer::Unasked {
            // An answer that no service gave: actix refuses a head that the framer let through.
            self.finish(End::Refused(Refusal::Malformed("the request could not be read"), None));
            return Poll::Ready(Ok(bytes.len()));
        }
        self.begun = true;
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        match written {
            Poll::Pending if !matches!(self.due, Some((_, Due::Reader))) => {
                self.due = Some((Instant::now() + self.times.write_stall, Due::Reader));
            }
            Poll::Ready(Ok(_)) if matches!(self.due, Some((_, Due::Reader))) => self.due = None,
            _ => {}
        }
        written
    }

    /// Everything is written: begins with the next request if the answer is complete.
    fn flushed(&mut self, cx: &Context<'_>) {
        if self.answer != Answer::Complete {
            return;
        }
        if self.closes {
            self.finish(End::Answered);
            return;
        }
        self.answer = Answer::Unasked;
        self.begun = false;
        self.framer.next();
        self.due = Some((Instant::now() + self.times.idle, Due::Request));
        if !self.ahead.is_empty() {
            cx.waker().wake_by_ref();
        }
    }
}

/// The transport that actix reads and writes. It gets one request at a time: the next one when the answer to the former
/// is written. Otherwise a client that sends requests and reads nothing would fill the memory with answers.
pub(crate) struct Transport(pub(crate) Link);

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.0.0.borrow_mut().poll_read(cx, buf)
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.0.0.borrow_mut().poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A TCP stream has nothing to flush.
        self.0.0.borrow_mut().flushed(cx);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // The connection's task does it: it may have something to say first.
        Poll::Ready(Ok(()))
    }
}

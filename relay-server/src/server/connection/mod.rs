//! Connections: what stands between a socket and actix.
//!
//! actix reads requests without an end while it writes nothing, waits without an end for the rest of a body that nobody
//! reads, and answers what it can't parse without a body and an id. So its transport is ours: [`link`] hands it one
//! well-formed request at a time and [`Connection`] limits the time of everything that a client can make it wait for.

mod answers;
mod closing;
pub(crate) mod framing;
mod link;
mod refusal;

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_service::{Service, ServiceFactory};
use actix_web::web::Data;
use futures::future::{Either, LocalBoxFuture, Ready, ready};
use pin_project_lite::pin_project;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

pub(crate) use answers::AnswersFactory;
pub(crate) use link::{Link, Times, Transport};

use self::closing::Closing;
use self::framing::HeadLimits;
use self::link::{End, WeakLink};
use crate::observe::metrics::OpenConnection;
use crate::state::State;
use crate::state::admission::{Admission, Admitted, Permit};

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) state: Data<State>,
    pub(crate) limits: HeadLimits,
    pub(crate) times: Times,
    pub(crate) admission: Arc<Admission>,
    /// Connections of each worker beyond the maximum, which serve health checks only.
    pub(crate) reserve: usize,
}

/// Makes the service of one worker. `F` makes actix's service for one connection.
pub(crate) struct ConnectionsFactory<F> {
    pub(crate) http: F,
    pub(crate) shared: Shared,
}

impl<F> ServiceFactory<TcpStream> for ConnectionsFactory<F>
where
    F: ServiceFactory<(Transport, Option<SocketAddr>), Config = (), Response = (), InitError = ()>,
    F::Future: 'static,
{
    type Response = ();
    type Error = ();
    type Config = ();
    type Service = Connections<F::Service>;
    type InitError = ();
    type Future = LocalBoxFuture<'static, Result<Self::Service, ()>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let (http, shared) = (self.http.new_service(()), self.shared.clone());
        Box::pin(async move {
            let worker = Rc::new(Worker { shared, beyond: RefCell::default() });
            Ok(Connections { http: http.await?, worker })
        })
    }
}

/// One worker.
struct Worker {
    shared: Shared,
    /// The connections beyond the maximum, the oldest first.
    beyond: RefCell<VecDeque<WeakLink>>,
}

impl Worker {
    /// Makes room for one more connection beyond the maximum; whether there is some. The oldest one that is not being
    /// answered goes: a health check sends its request at once.
    fn has_room_beyond(&self) -> bool {
        let mut beyond = self.beyond.borrow_mut();
        beyond.retain(WeakLink::exists);
        if beyond.len() < self.shared.reserve {
            return true;
        }
        let Some(oldest) = beyond.iter().position(WeakLink::evict) else { return false };
        beyond.remove(oldest);
        true
    }
}

/// Serves the connections of one worker.
pub(crate) struct Connections<S> {
    http: S,
    worker: Rc<Worker>,
}

impl<S> Service<TcpStream> for Connections<S>
where
    S: Service<(Transport, Option<SocketAddr>), Response = ()>,
{
    type Response = ();
    type Error = ();
    type Future = Either<Ready<Result<(), ()>>, Connection<S::Future>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), ()>> {
        self.http.poll_ready(cx).map_err(|_| ())
    }

    fn call(&self, stream: TcpStream) -> Self::Future {
        let shared = &self.worker.shared;
        let peer = stream.peer_addr().ok();
        let address = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.ip());
        let permit = match shared.admission.admit(address) {
            Admitted::Room(permit) => Some(permit),
            refused => {
                let limit = if matches!(refused, Admitted::Full) { "maximum" } else { "address" };
                shared.state.metrics.connection_refused(limit);
                if !self.worker.has_room_beyond() {
                    return Either::Left(ready(Ok(())));
                }
                None
            }
        };
        set_options(&stream, shared.times);
        let link = Link::new(stream, shared.limits, shared.times, permit.is_none());
        if permit.is_none() {
            self.worker.beyond.borrow_mut().push_back(link.downgrade());
        }
        Either::Right(Connection {
            dispatcher: Some(self.http.call((Transport(link.clone()), peer))),
            timer: sleep_until(link.deadline().unwrap_or_else(Instant::now)),
            closing: None,
            worker: Rc::clone(&self.worker),
            counted: shared.state.metrics.connection(),
            link,
            permit,
        })
    }
}

/// The unsent bytes of an answer that the kernel holds for a client: enough for a fast one, and little enough that a
/// slow one is noticed.
#[cfg(target_os = "linux")]
const UNSENT: u32 = 128 << 10;

fn set_options(stream: &TcpStream, times: Times) {
    // All of these are best effort: each has another limit behind it.
    // Without this, small events wait for the acknowledgement of earlier ones (Nagle): a stream takes twice as long.
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    {
        let socket = socket2::SockRef::from(stream);
        // Ends the connection, and so the call, if the client has acknowledged nothing for this long.
        let _ = socket.set_tcp_user_timeout(Some(times.write_stall));
        let _ = socket.set_tcp_notsent_lowat(UNSENT);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = times;
}

pin_project! {
    /// One connection: actix's dispatcher, and the time that its client has.
    pub(crate) struct Connection<F> {
        #[pin]
        dispatcher: Option<F>,
        // Fires at the earliest deadline that is known, or before it: it is not reset for each request.
        #[pin]
        timer: Sleep,
        closing: Option<Closing>,
        link: Link,
        worker: Rc<Worker>,
        permit: Option<Permit>,
        counted: OpenConnection,
    }
}

impl<F: Future> Future for Connection<F> {
    type Output = Result<(), ()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if this.permit.is_none() {
            this.link.register(cx);
        }
        loop {
            if let Some(closing) = this.closing {
                return closing.poll(this.link, this.timer, cx).map(Ok);
            }
            let end = match this.dispatcher.as_mut().as_pin_mut().map(|dispatcher| dispatcher.poll(cx)) {
                Some(Poll::Pending) => this.link.take_end(),
                _ => Some(this.link.last_end()),
            };
            if let Some(end) = end {
                this.dispatcher.set(None);
                let bytes = match end {
                    End::Silent => return Poll::Ready(Ok(())),
                    End::Answered => Vec::new(),
                    End::Refused(refusal, method) => refusal::answer(&this.worker.shared, refusal, method),
                };
                *this.closing = Some(Closing::new(bytes, this.timer.as_mut()));
                continue;
            }
            if let Some(deadline) = this.link.deadline().filter(|deadline| *deadline < this.timer.deadline()) {
                this.timer.as_mut().reset(deadline);
            }
            if this.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            let now = Instant::now();
            this.link.expire(now);
            let next = this.link.deadline().unwrap_or_else(|| now + this.worker.shared.times.idle);
            this.timer.as_mut().reset(next);
        }
    }
}

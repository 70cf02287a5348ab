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
mod shared;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_service::{Service, ServiceFactory};
use futures::future::{Either, LocalBoxFuture, Ready, ready};
use pin_project_lite::pin_project;
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};

pub(crate) use answers::AnswersFactory;
pub(crate) use link::{Link, Times, Transport};
pub(crate) use shared::Shared;

use self::closing::Closing;
use self::framing::Framer;
use self::link::{End, WeakLink};
use crate::observe::metrics::OpenConnection;
use crate::state::admission::{Admitted, Permit};

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
            let worker =
                Rc::new(Worker { shared, open: RefCell::default(), beyond: RefCell::default(), next: Cell::new(0) });
            Ok(Connections { http: http.await?, worker })
        })
    }
}

/// One worker.
struct Worker {
    shared: Shared,
    /// Its connections, the oldest first.
    open: RefCell<BTreeMap<u64, WeakLink>>,
    /// The connections beyond the maximum, the oldest first.
    beyond: RefCell<VecDeque<WeakLink>>,
    next: Cell<u64>,
}

/// How many connections are looked at to find an idle one.
const LOOKED_AT: usize = 256;

impl Worker {
    /// How a new connection is served: with a permit, or without one for health checks only; `None`: not at all.
    fn admit(&self, address: IpAddr) -> Option<Option<Permit>> {
        let Shared { admission, state, .. } = &self.shared;
        let limit = match admission.admit(address, state.trusted_proxies.contains(address)) {
            Admitted::Room(permit) => return Some(Some(permit)),
            // An idle connection goes: who sends a request has a better claim. As long as there are idle ones, nobody
            // can fill the server with them.
            Admitted::Full if self.evict_idle() => {
                state.metrics.connection_refused("idle");
                return Some(Some(admission.replace(address)));
            }
            Admitted::Full => "maximum",
            Admitted::TooManyOfOne => "address",
        };
        state.metrics.connection_refused(limit);
        self.has_room_beyond().then_some(None)
    }

    /// Ends the oldest connection that waits for a request.
    fn evict_idle(&self) -> bool {
        let mut open = self.open.borrow_mut();
        let idle = open.iter().take(LOOKED_AT).find(|(_, link)| link.evict()).map(|(id, _)| *id);
        idle.is_some_and(|id| open.remove(&id).is_some())
    }

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

    /// Remembers a connection for as long as the result exists.
    fn remember(self: &Rc<Self>, link: &Link, is_beyond: bool) -> Remembered {
        let id = self.next.get();
        self.next.set(id + 1);
        if is_beyond {
            self.beyond.borrow_mut().push_back(link.downgrade());
        } else {
            self.open.borrow_mut().insert(id, link.downgrade());
        }
        Remembered { worker: Rc::clone(self), id, _counted: self.shared.state.metrics.connection() }
    }
}

/// A connection that its worker knows.
struct Remembered {
    worker: Rc<Worker>,
    id: u64,
    _counted: OpenConnection,
}

impl Drop for Remembered {
    fn drop(&mut self) {
        self.worker.open.borrow_mut().remove(&self.id);
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
        let Some(permit) = self.worker.admit(address) else { return Either::Left(ready(Ok(()))) };
        set_options(&stream, shared.times);
        let framer = Framer::new(shared.limits, Arc::clone(&shared.path));
        let link = Link::new(stream, framer, shared.times, permit.is_none());
        Either::Right(Connection {
            dispatcher: Some(self.http.call((Transport(link.clone()), peer))),
            timer: sleep_until(link.deadline().unwrap_or_else(Instant::now)),
            closing: None,
            remembered: self.worker.remember(&link, permit.is_none()),
            registered: false,
            link,
            address,
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
        address: IpAddr,
        remembered: Remembered,
        // Whether the link can wake this task.
        registered: bool,
        permit: Option<Permit>,
    }
}

impl<F: Future> Future for Connection<F> {
    type Output = Result<(), ()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if !std::mem::replace(this.registered, true) {
            this.link.register(cx);
        }
        this.link.begin_turn();
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
                    End::Refused(refusal, method) => {
                        refusal::answer(&this.remembered.worker.shared, refusal, method, *this.address)
                    }
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
            let next = this.link.deadline().unwrap_or_else(|| now + this.remembered.worker.shared.times.idle);
            this.timer.as_mut().reset(next);
        }
    }
}

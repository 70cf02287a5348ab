//! The listening socket, and the workers behind it.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::{HttpService, KeepAlive};
use actix_server::Server;
use actix_service::{ServiceFactory, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, ServiceRequest, ServiceResponse};
use actix_web::web::{self, Data};
use actix_web::{App, Error};
use std::num::NonZeroUsize;

use super::connection::framing::HeadLimits;
use super::connection::{AnswersFactory, ConnectionsFactory, Shared, Times, Transport};
use super::open_files::{self, Room};
use crate::config::options::Options;
use crate::http::middleware;
use crate::routes;
use crate::state::State;
use crate::state::admission::Admission;

/// The backlog of the listening socket: connections that wait to be accepted.
const BACKLOG: i32 = 2048;
/// Timeout for a request's line and headers.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How much longer than its own timeout for a body a handler may take to answer that the body is late.
const AFTER_BODY: Duration = Duration::from_secs(5);
/// How much longer than the drain actix may take before it drops the remaining connections.
const AFTER_DRAIN: Duration = Duration::from_secs(10);

/// Binds the socket.
pub(super) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(
        socket2::Domain::for_address(address),
        socket2::Type::STREAM,
        Some(socket2::Protocol::TCP),
    )?;
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

/// Starts the workers.
pub(super) fn start(state: &Data<State>, listener: TcpListener, options: &Options) -> io::Result<Server> {
    let addr = listener.local_addr()?;
    let workers = match options.workers {
        0 => std::thread::available_parallelism().map_or(2, NonZeroUsize::get),
        workers => workers,
    };
    let room = open_files::room(workers);
    let most = most(options, room);
    let shared = shared(state, options, most, room.reserve);
    let builder = Server::build()
        .workers(workers)
        .max_concurrent_connections(room.of_a_worker(most, workers))
        .disable_signals()
        .shutdown_timeout((options.drain + AFTER_DRAIN).as_secs());
    let stopping = builder.graceful_shutdown_signal();
    let server = builder.listen("relay", listener, move || {
        let stopping = stopping.clone();
        let state = shared.state.clone();
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            // The connection has timeouts of its own for these three.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(Duration::ZERO)
            // Without this, the server does not detect a client that disconnects while nothing is being written, and
            // the call runs (and is paid for) to the end.
            .h1_allow_half_closed(false)
            .local_addr(addr)
            .on_connect_ext(|transport: &Transport, data| {
                data.insert(transport.0.clone());
            })
            // Only for `url_for` and `ConnectionInfo`, which nothing uses.
            .h1(AnswersFactory(map_config(app(state), |()| AppConfig::default())));
        ConnectionsFactory { http, shared: shared.clone() }
    })?;
    Ok(server.run())
}

/// Connections of all workers.
fn most(options: &Options, room: Room) -> usize {
    let most = options.max_connections.min(room.connections);
    if most < options.max_connections {
        tracing::info!(
            max_connections = options.max_connections as u64,
            open_files = room.files as u64,
            connections = most as u64,
            "the limit on open files allows fewer connections; raise it (LimitNOFILE, ulimit -n) for more"
        );
    }
    most
}

fn shared(state: &Data<State>, options: &Options, most: usize, reserve: usize) -> Shared {
    let limits = &state.limits;
    let of_one = match options.max_connections_per_address {
        0 => most.div_ceil(2),
        of_one => of_one,
    };
    Shared {
        state: state.clone(),
        limits: HeadLimits { url: limits.url, head: limits.headers },
        path: state.public.path().into(),
        times: Times {
            head: HEAD_TIME,
            idle: options.keep_alive,
            body: limits.body_time + AFTER_BODY,
            write_stall: limits.write_stall,
        },
        admission: Admission::new(most, of_one),
        reserve,
    }
}

/// The application: the routes, and the middleware around them.
fn app(
    state: Data<State>,
) -> impl ServiceFactory<
    actix_http::Request,
    Config = AppConfig,
    Response = ServiceResponse<BoxBody>,
    Error = Error,
    InitError = (),
    Future: 'static,
    Service: 'static,
> {
    use actix_service::IntoServiceFactory as _;
    let simulated = state.simulator.is_on();
    App::new()
        .app_data(state.clone())
        .configure(|config| routes::configure(config, simulated))
        .default_service(web::to(routes::unknown))
        .wrap_fn(move |request: ServiceRequest, routes| middleware::around(state.clone(), request, routes))
        .into_factory()
}

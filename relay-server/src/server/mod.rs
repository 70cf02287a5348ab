//! Listens, serves requests, and shuts down gracefully.

mod connection;
mod listen;
mod open_files;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::web::{self, Data};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use relay_core::Relay;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;

use crate::config::MetricsToken;
use crate::config::options::Options;
use crate::state::State;
use crate::state::drain::Drain;
use crate::state::public_address::PublicAddress;

/// A running server. Dropping this handle does not stop it; the end of its runtime does.
#[derive(Debug)]
pub struct Running {
    /// The address that it listens on.
    pub addr: SocketAddr,
    /// The address for Prometheus metrics, if there is one.
    pub metrics_addr: Option<SocketAddr>,
    stopper: Stopper,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// A handle that stops the server.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Waits until the server has ended.
    ///
    /// # Errors
    /// The error that the server ended with.
    pub async fn join(self) -> io::Result<()> {
        self.task.await.unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// Stops a server.
#[derive(Clone)]
pub struct Stopper(Arc<Stop>);

struct Stop {
    drain: Drain,
    server: ServerHandle,
    metrics: Option<ServerHandle>,
    grace: Duration,
    delay: Duration,
    begun: AtomicBool,
    /// Ends the waiting of the shutdown.
    hurry: Notify,
}

impl fmt::Debug for Stopper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stopper")
    }
}

impl Stopper {
    /// Starts the shutdown: the server reports not ready, then accepts no new connections, then ends the calls still
    /// running. Returns at once; [`Running::join`] waits for the end. Only the first call has an effect, and returns true.
    pub fn stop(&self) -> bool {
        if self.0.begun.swap(true, Ordering::SeqCst) {
            return false;
        }
        self.0.drain.begin();
        let stop = Arc::clone(&self.0);
        tokio::spawn(async move {
            tokio::select! {
                () = sleep(stop.delay) => {}
                () = stop.hurry.notified() => {}
            }
            let ended = stop.server.stop(true);
            let mut ended = std::pin::pin!(ended);
            tokio::select! {
                () = &mut ended => {}
                () = sleep(stop.grace) => {
                    stop.drain.cut();
                    ended.await;
                }
            }
            if let Some(metrics) = &stop.metrics {
                metrics.stop(false).await;
            }
        });
        true
    }

    /// Ends the calls that are still running, with an error, after [`Self::stop`].
    pub fn hurry(&self) {
        self.0.drain.cut();
        self.0.hurry.notify_one();
    }
}

/// Starts the server. Must be called within a Tokio (or actix) runtime, which must outlive it.
///
/// # Errors
/// If it cannot listen on an address.
pub fn serve(relay: Relay, options: Options) -> io::Result<Running> {
    let listener = listen::bind(options.listen)?;
    let addr = listener.local_addr()?;
    let public = PublicAddress::new(options.public_url.as_deref(), addr);
    if !public.is_known() {
        tracing::warn!(
            listen = addr.to_string(),
            "links can't be made: set `server.public_url` to the address under which browsers reach this server; until \
             then, requests for registration tokens fail"
        );
    }
    let state = Data::from(State::new(relay, public, &options)?);
    let metrics = options.metrics_listen.map(|address| serve_metrics(&state, address, &options)).transpose()?;
    let (metrics_addr, metrics_server) = metrics.unzip();

    let server = listen::start(&state, listener, &options)?;
    let stopper = Stopper(Arc::new(Stop {
        drain: state.drain.clone(),
        server: server.handle(),
        metrics: metrics_server,
        grace: options.drain,
        delay: options.drain_delay,
        begun: AtomicBool::new(false),
        hurry: Notify::new(),
    }));
    Ok(Running { addr, metrics_addr, stopper, task: tokio::spawn(server) })
}

/// Serves Prometheus text on an address of its own.
fn serve_metrics(
    state: &Data<State>,
    address: SocketAddr,
    options: &Options,
) -> io::Result<(SocketAddr, ServerHandle)> {
    let (state, token) = (state.clone(), options.metrics_token.clone());
    let server = HttpServer::new(move || {
        let (state, token) = (state.clone(), token.clone());
        let answer = move |request: HttpRequest| {
            let response = metrics_response(&state, token.as_ref(), &request);
            async move { response }
        };
        App::new().route("/metrics", web::get().to(answer))
    })
    .workers(1)
    .disable_signals()
    .bind(address)?;
    let addr = server.addrs().first().copied().unwrap_or(address);
    let server = server.run();
    let handle = server.handle();
    tokio::spawn(server);
    Ok((addr, handle))
}

/// The metrics, for a scraper that sends the token if there is one.
fn metrics_response(state: &State, token: Option<&MetricsToken>, request: &HttpRequest) -> HttpResponse {
    let sent = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.split_once(' '));
    let knows = |token: &MetricsToken| {
        sent.is_some_and(|(scheme, text)| scheme.eq_ignore_ascii_case("bearer") && token.is(text.trim()))
    };
    if !token.is_none_or(knows) {
        return HttpResponse::Unauthorized().insert_header((WWW_AUTHENTICATE, "Bearer")).finish();
    }
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8"))
        .body(state.metrics_text())
}

//! The app of the demo: a second server that plays a developer's app. It has the Relay key, issues registration tokens to
//! its own page, and calls AI for the visitor. The widget on its page is on another origin, as it is in real life.

mod backend;
mod pages;
mod routes;
mod visitors;

use std::io;
use std::net::{Ipv6Addr, TcpListener};

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{App as ActixApp, HttpServer};
use tokio::task::JoinHandle;

pub use backend::App;

use crate::failure::{Exit, Failure};

/// The app under way.
#[derive(Debug)]
pub struct Running {
    /// Where its page is.
    pub url: String,
    server: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Ends it, and what it is doing.
    ///
    /// # Errors
    /// What it ended with.
    pub async fn stop(self) -> io::Result<()> {
        self.server.stop(false).await;
        // It lets go of the store, which may then be closed.
        self.task.await.map_err(io::Error::other)?
    }
}

/// Begins to serve.
///
/// # Errors
/// When it can't listen.
pub fn start(app: App, listener: TcpListener) -> Result<Running, Failure> {
    let (url, address) = (format!("{}/", app.origin), listener.local_addr()?);
    let app = Data::new(app);
    let mut server = HttpServer::new(move || ActixApp::new().app_data(app.clone()).configure(routes::configure))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot listen on {address}: {error}")))?;
    // Browsers may take `localhost` for either.
    if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, address.port())) {
        server = server.listen(listener)?;
    }
    let server = server.run();
    Ok(Running { url, server: server.handle(), task: tokio::spawn(server) })
}

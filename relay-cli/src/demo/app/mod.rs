//! The demo's sample app: a second server in the role of a developer's app. It has the Relay key, issues registration
//! tokens to its own page, and calls AI for the visitor. The widget on its page comes from another origin, as in
//! production.

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

/// The running app.
#[derive(Debug)]
pub struct Running {
    /// The URL of its page.
    pub url: String,
    server: ServerHandle,
    task: JoinHandle<io::Result<()>>,
}

impl Running {
    /// Stops the app and its running calls.
    ///
    /// # Errors
    /// The error that the app ended with.
    pub async fn stop(self) -> io::Result<()> {
        self.server.stop(false).await;
        // The app then no longer uses the store, which can be closed.
        self.task.await.map_err(io::Error::other)?
    }
}

/// Starts the app.
///
/// # Errors
/// If it cannot listen.
pub fn start(app: App, listener: TcpListener) -> Result<Running, Failure> {
    let (url, address) = (format!("{}/", app.origin), listener.local_addr()?);
    let app = Data::new(app);
    let mut server = HttpServer::new(move || ActixApp::new().app_data(app.clone()).configure(routes::configure))
        .workers(1)
        .disable_signals()
        .shutdown_timeout(1)
        .listen(listener)
        .map_err(|error| Failure::new(Exit::Unavailable, format_args!("cannot listen on {address}: {error}")))?;
    // Browsers may resolve `localhost` to IPv4 or IPv6.
    if let Ok(listener) = TcpListener::bind((Ipv6Addr::LOCALHOST, address.port())) {
        server = server.listen(listener)?;
    }
    let server = server.run();
    Ok(Running { url, server: server.handle(), task: tokio::spawn(server) })
}

//! The app of the demo: a second server that plays a developer's app. It has the Relay key, issues registration tokens to
//! its own page, and calls AI for the visitor. The widget on its page is on another origin, as it is in real life.

mod pages;
mod routes;
mod visitors;

use std::io;
use std::net::{Ipv6Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::dev::ServerHandle;
use actix_web::web::Data;
use actix_web::{App as ActixApp, HttpServer};
use relay_adapters::ring::RingIssuer;
use relay_core::domain::ids::ProjectId;
use relay_core::ports::Projects as _;
use relay_server::wiring::{Store, Wired};
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

use crate::client::Server;
use crate::commands::init::SetUp;
use crate::failure::{Exit, Failure};
use crate::local;

/// What the app knows.
pub struct App {
    /// Its Relay.
    relay: Server,
    /// Its Relay key, which never reaches a page.
    key: Zeroizing<String>,
    /// Its own origin, as visitors see it.
    origin: String,
    project: ProjectId,
    /// Relay's store and its tokens: for what no API makes, such as a token that has expired.
    store: Store,
    issuer: RingIssuer,
    visitors: AtomicU64,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({})", self.origin)
    }
}

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

impl App {
    /// An app beside this Relay, at the first free port behind it.
    ///
    /// # Errors
    /// When it has no Relay key, or the store fails.
    pub async fn beside(relay: SocketAddr, made: &SetUp, wired: &Wired) -> Result<(Self, TcpListener), Failure> {
        let listener = super::listener(relay.port().saturating_add(1))?;
        let origin = format!("http://localhost:{}", listener.local_addr()?.port());
        let key = made.relay_key.as_ref().ok_or_else(|| Failure::failed("the demo got no Relay key"))?.expose();
        let app = Self {
            relay: Server::at(&format!("http://{relay}"))?,
            key: Zeroizing::new(key.to_owned()),
            project: made.project.id.clone(),
            store: wired.store.clone(),
            issuer: RingIssuer::new(&local::master_keys(&made.config)?).map_err(Failure::failed)?,
            visitors: AtomicU64::new(0),
            origin,
        };
        app.let_the_hosted_page_return(made).await?;
        Ok((app, listener))
    }

    /// Puts this app's own page on the project's list of places to return to.
    async fn let_the_hosted_page_return(&self, made: &SetUp) -> Result<(), Failure> {
        let mut project = made.project.clone();
        project.policy.return_urls = vec![format!("{}/back", self.origin)];
        let changed = match &self.store {
            Store::Sqlite(store) => store.update_project(project).await,
            Store::Memory(store) => store.update_project(project).await,
        };
        changed.map(drop).map_err(Failure::failed)
    }

    /// Begins to serve.
    ///
    /// # Errors
    /// When it can't listen.
    pub fn start(self, listener: TcpListener) -> Result<Running, Failure> {
        let (url, address) = (format!("{}/", self.origin), listener.local_addr()?);
        let app = Data::new(self);
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

    /// A visitor who was not here before.
    fn new_visitor(&self) -> u64 {
        self.visitors.fetch_add(1, Ordering::Relaxed) + 1
    }
}

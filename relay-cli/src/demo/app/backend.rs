//! The backend of the demo app: its Relay, its Relay key, and its visitors.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relay_adapters::ring::RingIssuer;
use relay_core::domain::ids::ProjectId;
use relay_core::domain::trail::{Actor, By};
use relay_core::ports::Store;
use relay_server::wiring::Wired;
use zeroize::Zeroizing;

use crate::client::Server;
use crate::commands::init::SetUp;
use crate::demo::port;
use crate::failure::Failure;
use crate::local;

/// The state of the app's backend.
pub struct App {
    /// The Relay server that it calls.
    pub(super) relay: Server,
    /// Its Relay key, which never reaches a page.
    pub(super) key: Zeroizing<String>,
    /// Its own origin, as visitors see it.
    pub(super) origin: String,
    pub(super) project: ProjectId,
    /// Relay's store and token issuer, for records that no API call can create, such as an expired token.
    pub(super) store: Arc<dyn Store>,
    pub(super) issuer: RingIssuer,
    visitors: AtomicU64,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "App({})", self.origin)
    }
}

impl App {
    /// An app for this Relay, on the next free port.
    ///
    /// # Errors
    /// If there is no Relay key, or the store fails.
    pub async fn beside(relay: SocketAddr, made: &SetUp, wired: &Wired) -> Result<(Self, TcpListener), Failure> {
        let listener = port::listener(relay.port().saturating_add(1))?;
        let origin = format!("http://localhost:{}", listener.local_addr()?.port());
        let key = made.relay_key.as_ref().ok_or_else(|| Failure::failed("the demo got no Relay key"))?.expose();
        let app = Self {
            relay: Server::at(&format!("http://{relay}"))?,
            key: Zeroizing::new(key.to_owned()),
            project: made.project.id.clone(),
            store: Arc::clone(&wired.store),
            issuer: RingIssuer::new(&local::master_keys(&made.config)?).map_err(Failure::failed)?,
            visitors: AtomicU64::new(0),
            origin,
        };
        app.let_the_hosted_page_return(made).await?;
        Ok((app, listener))
    }

    /// Adds the app's own page to the project's return URLs.
    async fn let_the_hosted_page_return(&self, made: &SetUp) -> Result<(), Failure> {
        let mut project = made.project.clone();
        project.policy.return_urls = vec![format!("{}/back", self.origin)];
        let changed = self.store.update_project(project, &By::new(Actor::Program)).await;
        changed.map(drop).map_err(Failure::failed)
    }

    /// A new visitor.
    pub(super) fn new_visitor(&self) -> u64 {
        self.visitors.fetch_add(1, Ordering::Relaxed) + 1
    }
}

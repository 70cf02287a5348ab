//! `TestRelay`: the real server on port 0, over the adapters that a test chooses.

use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use relay_adapters::cache::{CacheLimits, CachedStore};
use relay_adapters::memory::Memory;
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::{Policy, Project, Scope};
use relay_core::ports::{Clock, ProviderClient, Store};
use relay_core::relay::projects::ProjectChange;
use relay_core::relay::quotas::{QuotaLimits, Quotas};
use relay_core::relay::relay_keys::NewRelayKey;
use relay_core::{Ports, Provider, Relay};
use relay_mock::Mock;
use relay_server::{Options, Running, serve};

use crate::api::Api;
use crate::logs;
use crate::scan::Scanner;

/// A relay under test. When it is dropped, the log must hold none of the secrets that went through it.
pub struct TestRelay {
    /// The use cases, for what no endpoint offers.
    pub relay: Relay,
    /// The providers, if they are simulated.
    pub mock: Mock,
    api: Api,
    running: Running,
    log_began: usize,
}

/// Talks to it as the first project.
impl Deref for TestRelay {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

/// More than any test reaches, however fast its machine is. Quotas have tests of their own, in `relay-server`.
const NO_QUOTA: QuotaLimits =
    QuotaLimits { tokens_a_minute: 10_000_000, key_checks_a_minute: 10_000_000, pending_users: 10_000_000 };

/// What the relay is made of.
#[derive(Default)]
pub struct Builder {
    mock: Mock,
    clients: Vec<Arc<dyn ProviderClient>>,
    sqlite: Option<Sqlite>,
    master_key: Option<MasterKey>,
    cache: CacheLimits,
    options: Options,
}

impl Builder {
    /// Providers of one's own in place of the mock's.
    #[must_use]
    pub fn clients(mut self, clients: Vec<Arc<dyn ProviderClient>>) -> Self {
        self.clients = clients;
        self
    }

    /// A mock with settings of its own.
    #[must_use]
    pub fn mock(mut self, mock: Mock) -> Self {
        self.mock = mock;
        self
    }

    /// SQLite in this folder in place of memory.
    #[must_use]
    pub fn sqlite(mut self, folder: &Path) -> Self {
        self.sqlite = Some(Sqlite::open(folder.join("relay.db"), SqliteOptions::default()).unwrap());
        self
    }

    /// A master key of one's own, to open the same folder again later.
    #[must_use]
    pub fn master_key(mut self, key: MasterKey) -> Self {
        self.master_key = Some(key);
        self
    }

    /// A store that is asked at each call, as if every cached record had expired.
    #[must_use]
    pub fn uncached(mut self) -> Self {
        self.cache.max_age_ms = 0;
        self
    }

    /// The server's own settings.
    #[must_use]
    pub fn options(mut self, change: impl FnOnce(&mut Options)) -> Self {
        change(&mut self.options);
        self
    }

    /// Starts the server, with one project and one Relay key.
    pub async fn start(self) -> TestRelay {
        logs::keep();
        let log_began = logs::len();
        relay_adapters::http::install_crypto();
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let store: Arc<dyn Store> = match self.sqlite {
            Some(sqlite) => Arc::new(sqlite),
            None => Arc::new(Memory::default()),
        };
        let master_key = self.master_key.unwrap_or_else(|| MasterKey::generate().unwrap());
        let master_key_text = master_key.expose_base64();
        let keys = MasterKeys::new(vec![master_key]).unwrap();
        let mock = self.mock;
        let own = || Provider::ALL.iter().map(|provider| mock.client(*provider)).collect();
        let cipher = Arc::new(RingCipher::new(&keys).unwrap());
        let tokens = Arc::new(RingIssuer::new(&keys).unwrap());
        let providers = if self.clients.is_empty() { own() } else { self.clients };
        let mut ports = Ports::with_store(store, cipher, tokens, clock, providers);
        ports.quotas = Arc::new(Quotas::new(NO_QUOTA));
        let relay = Relay::new(CachedStore::in_front_of(ports, self.cache));
        let running = serve(relay.clone(), self.options).unwrap();
        let api = Api::new(format!("http://{}", running.addr), String::new());
        api.secret(&master_key_text);
        let mut test = TestRelay { relay, mock, api, running, log_began };
        test.api.key = test.new_project().await;
        test
    }
}

impl std::fmt::Debug for TestRelay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TestRelay({})", self.url)
    }
}

impl std::fmt::Debug for Builder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Builder")
    }
}

impl TestRelay {
    /// A relay in memory, with simulated providers.
    pub async fn start() -> Self {
        Builder::default().start().await
    }

    /// Anything else.
    pub fn with() -> Builder {
        Builder::default()
    }

    /// Makes a project; returns its Relay key.
    pub async fn new_project(&self) -> String {
        self.make_project(|_| (), &Scope::ALL).await
    }

    /// Makes a project with settings of its own; returns its Relay key.
    pub async fn new_project_with(&self, change: impl FnOnce(&mut Project)) -> String {
        self.make_project(change, &Scope::ALL).await
    }

    /// Makes a project whose Relay key may do no more than this.
    pub async fn new_project_scoped(&self, scopes: &[Scope]) -> String {
        self.make_project(|_| (), scopes).await
    }

    async fn make_project(&self, change: impl FnOnce(&mut Project), scopes: &[Scope]) -> String {
        let project = self.relay.create_project("Test app", Policy::default()).await.unwrap();
        let mut changed = project.clone();
        change(&mut changed);
        let policy = ProjectChange::default().policy(changed.policy);
        self.relay.update_project(&project.id, policy).await.unwrap();
        let new = NewRelayKey::new("test").scopes(scopes.iter().copied());
        let text = self.relay.create_relay_key(&project.id, new).await.unwrap().key.expose().to_owned();
        self.secret(&text);
        text
    }

    /// The server.
    pub fn running(&self) -> &Running {
        &self.running
    }
}

impl Drop for TestRelay {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let secrets = self.secrets();
        let found = Scanner::new(secrets.iter()).first_in(&logs::since(self.log_began));
        assert!(found.is_none(), "the log holds a secret: {found:?}");
    }
}

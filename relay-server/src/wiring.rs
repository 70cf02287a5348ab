//! The composition root: the only file that names concrete adapters.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use relay_adapters::cache::{CacheLimits, CachedStore};
use relay_adapters::http::{
    BaseUrl, Egress, HttpProvider, HttpSetupError, HttpTransport, HttpWebhooks, PlainHttp, Timeouts, install_crypto,
};
use relay_adapters::memory::Memory;
use relay_adapters::ring::known_keys::{self, KnownKeysError};
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::sqlite::{Sqlite, SqliteOptions, failure_may_pass};
use relay_adapters::system_clock::SystemClock;
use relay_core::ports::{ProviderClient, Store};
use relay_core::relay::quotas::Quotas;
use relay_core::{Ports, Provider, Relay};

use crate::config::{Config, ConfigErrors, Simulator, StoragePath, check_store};
pub use crate::observe::telemetry::TelemetryError;

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting is invalid.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// The master key is missing or is the wrong one.
    #[error("{0}")]
    MasterKey(String),
    /// The store could not be opened, and somebody must change something.
    #[error("{0}")]
    Store(String),
    /// The store could not be opened or written to now. It may be possible later.
    #[error("{0}")]
    StoreUnavailable(String),
    /// The clients of the providers could not be set up.
    #[error("{0}")]
    Upstream(String),
    /// Traces and metrics can't be sent.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
    /// Simulated providers are configured, and this build has none.
    #[error(
        "simulated providers were asked for (`--mock`, the setting `mock` or RELAY_MOCK), but this program was built \
         without them: build it with the cargo feature `mock`, or turn the setting off"
    )]
    NoSimulator,
    /// The server could not listen on the address.
    #[error("could not listen on {listen}: {cause}{}", advice(.cause))]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// The operating system's error.
        cause: io::Error,
    },
}

impl StartError {
    /// The process's exit code, as in `sysexits.h`: 78 if the operator must change something, 69 if the address is not
    /// available, 75 if the fault may pass by itself.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Listen { cause, .. } if cause.kind() == io::ErrorKind::PermissionDenied => 78,
            Self::Listen { .. } => 69,
            Self::StoreUnavailable(_) => 75,
            _ => 78,
        }
    }
}

/// What to do about an address that can't be listened on.
fn advice(cause: &io::Error) -> &'static str {
    match cause.kind() {
        io::ErrorKind::AddrInUse => "; is another server running there?",
        io::ErrorKind::AddrNotAvailable => "; this machine has no such address now",
        io::ErrorKind::PermissionDenied => "; ports below 1024 need root or CAP_NET_BIND_SERVICE, so use another one",
        _ => "",
    }
}

impl From<KnownKeysError> for StartError {
    fn from(error: KnownKeysError) -> Self {
        match error {
            KnownKeysError::Store(error) if failure_may_pass(&error) => Self::StoreUnavailable(error.to_string()),
            KnownKeysError::Store(error) => Self::Store(error.to_string()),
            error => Self::MasterKey(error.to_string()),
        }
    }
}

/// A `Relay` with its adapters.
pub struct Wired {
    /// The use cases.
    pub relay: Relay,
    /// The store, for administration.
    pub store: Arc<dyn Store>,
    /// The cipher, for the rotation of master keys.
    pub cipher: Arc<RingCipher>,
    /// The simulated providers, if there are any.
    pub simulator: Simulator,
}

/// How often the number of wraps is stored.
const SAVE_WRAPS_EVERY: Duration = Duration::from_secs(60);
/// How often what nobody needs any more is removed.
const CLEAN_UP_EVERY: Duration = Duration::from_secs(60);
/// How often events are looked for that another process stored, or that are due again.
const LOOK_FOR_EVENTS_EVERY: Duration = Duration::from_secs(1);
/// The pause between two batches of that.
const BETWEEN_BATCHES: Duration = Duration::from_millis(20);

/// Builds a `Relay` with its adapters.
///
/// Blocks while the store opens.
///
/// # Errors
/// What the operator must change. Nothing is written to a store that belongs to a different master key.
pub fn wire(config: &Config) -> Result<Wired, StartError> {
    // The telemetry's client needs it too, also with simulated providers.
    install_crypto();
    let (providers, simulator) = providers(config)?;
    check_master_keys(config)?;
    let store = open_store(&config.storage.path)?;
    let (cipher, tokens) = on_a_stack_of_its_own(|| ciphers(config, store.as_ref()))?;
    if cipher.near_limit() {
        tracing::warn!(kid = %cipher.active_kid(), "the master key has wrapped many data keys; put a new one on the first line of the key file");
    }
    let clock = Arc::new(SystemClock);
    let mut ports = Ports::with_store(Arc::clone(&store), Arc::<RingCipher>::clone(&cipher), tokens, clock, providers);
    ports.quotas = Arc::new(Quotas::new(config.quota));
    ports.webhook_targets = config.webhooks;
    ports.webhooks = Some(Arc::new(HttpWebhooks::new(config.webhooks).map_err(no_webhooks)?));
    let relay = Relay::new(CachedStore::in_front_of(ports, CacheLimits::default()));
    Ok(Wired { relay, store, cipher, simulator })
}

/// What needs the master keys. Of these only the cipher keeps them, expanded for AES.
fn ciphers(config: &Config, store: &dyn Store) -> Result<(Arc<RingCipher>, Arc<RingIssuer>), StartError> {
    let keys = master_keys(config)?;
    let cipher = RingCipher::new(&keys).map_err(no_cipher)?;
    let cipher = Arc::new(blocking(known_keys::adopt(store, cipher))?);
    Ok((cipher, Arc::new(RingIssuer::new(&keys).map_err(no_cipher)?)))
}

/// Checks that there are master keys and that they can be parsed.
///
/// # Errors
/// What the operator must change.
pub fn check_master_keys(config: &Config) -> Result<(), StartError> {
    on_a_stack_of_its_own(|| master_keys(config).map(drop))
}

impl Wired {
    /// Stores the number of wraps of the master key at regular intervals.
    pub fn save_wraps_regularly(&self) -> impl Future<Output = ()> + Send + 'static {
        let (store, cipher) = (Arc::clone(&self.store), Arc::clone(&self.cipher));
        async move {
            loop {
                tokio::time::sleep(SAVE_WRAPS_EVERY).await;
                if let Err(error) = known_keys::save_wraps_in_advance(store.as_ref(), &cipher).await {
                    tracing::warn!(cause = %error, "the count of the master key's wraps could not be stored");
                }
            }
        }
    }

    /// Removes what nobody needs any more at regular intervals: see [`Relay::clean_up`].
    pub fn clean_up_regularly(&self) -> impl Future<Output = ()> + Send + 'static {
        let relay = self.relay.clone();
        async move {
            loop {
                tokio::time::sleep(CLEAN_UP_EVERY).await;
                loop {
                    match relay.clean_up().await {
                        Ok(false) => break,
                        // Other writers come between two batches.
                        Ok(true) => tokio::time::sleep(BETWEEN_BATCHES).await,
                        Err(error) => {
                            tracing::warn!(cause = %error, "old rows could not be removed; Relay will try again");
                            break;
                        }
                    }
                }
            }
        }
    }

    /// Delivers events to webhooks: at once when a change has stored one, and every second what another process stored or
    /// what is due again. See [`Relay::deliver`].
    pub fn deliver_webhooks(&self) -> impl Future<Output = ()> + Send + 'static {
        let relay = self.relay.clone();
        async move {
            loop {
                match relay.deliver().await {
                    Ok(0) => {
                        let stored = relay.ports().outbox.event_stored();
                        let _ = tokio::time::timeout(LOOK_FOR_EVENTS_EVERY, stored).await;
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::warn!(cause = %error, "events could not be delivered; Relay will try again");
                        tokio::time::sleep(LOOK_FOR_EVENTS_EVERY).await;
                    }
                }
            }
        }
    }

    /// Writes everything that is waiting to be written.
    pub fn close(self) {
        let Self { relay, store, cipher, simulator } = self;
        if let Err(error) = blocking(known_keys::save_wraps(store.as_ref(), &cipher)) {
            tracing::warn!(cause = %error, "the count of the master key's wraps could not be stored");
        }
        // The store writes its usage when its last owner is dropped.
        drop((relay, cipher, store, simulator));
    }
}

fn open_store(path: &StoragePath) -> Result<Arc<dyn Store>, StartError> {
    match path {
        StoragePath::Memory => Ok(Arc::new(Memory::default())),
        StoragePath::File(path) => {
            if let Some(warning) = check_store(path).map_err(StartError::Store)? {
                tracing::warn!("{warning}");
            }
            match Sqlite::open(path, SqliteOptions::default()) {
                Ok(store) => Ok(Arc::new(store)),
                Err(error) => {
                    let message = format!("the store {} could not be opened: {error}", path.display());
                    let may_pass = error.may_pass();
                    Err(if may_pass { StartError::StoreUnavailable(message) } else { StartError::Store(message) })
                }
            }
        }
    }
}

fn master_keys(config: &Config) -> Result<MasterKeys, StartError> {
    let wrong = |origin: &str, error: &dyn std::fmt::Display| {
        StartError::MasterKey(format!("the master key ({origin}) is invalid: {error}"))
    };
    if let Some(text) = &config.master_key.text {
        let origin = config.master_key.origin.as_deref().unwrap_or("configuration");
        return MasterKeys::parse(text.expose()).map_err(|error| wrong(origin, &error));
    }
    if config.storage.path == StoragePath::Memory {
        // The store does not outlive the process, so the key need not either.
        let key = MasterKey::generate().map_err(|error| wrong("generated for this run", &error))?;
        return MasterKeys::new(vec![key]).map_err(|error| wrong("generated for this run", &error));
    }
    Err(StartError::MasterKey(format!(
        "there is no master key; generate one with `relay master-key generate`, and name its file in `master_key.file` or put \
         it into {}",
        config.master_key.env
    )))
}

fn no_webhooks(error: HttpSetupError) -> StartError {
    let cause = relay_core::error::chain(&error);
    StartError::Upstream(format!("{cause}; install the system's root certificates (ca-certificates)"))
}

fn no_cipher(error: relay_core::ports::CipherError) -> StartError {
    StartError::MasterKey(format!("the cipher could not be set up: {error}"))
}

/// The clients of all providers.
type Clients = Vec<Arc<dyn ProviderClient>>;

fn providers(config: &Config) -> Result<(Clients, Simulator), StartError> {
    if config.mock {
        return simulated();
    }
    let clients = http_providers(config, Timeouts::default())?;
    let clients = clients.into_iter().map(|client| Arc::new(client) as Arc<dyn ProviderClient>).collect();
    Ok((clients, Simulator::default()))
}

/// The clients of all providers over HTTP, as the configuration says: at which addresses, through which proxy, and which
/// certificates they trust.
///
/// # Errors
/// What the operator must change.
pub fn http_providers(config: &Config, timeouts: Timeouts) -> Result<Vec<HttpProvider>, StartError> {
    let upstream = &config.upstream;
    let http = HttpTransport::leaving(egress(config)?, timeouts).map_err(|error| {
        let cause = relay_core::error::chain(&error);
        StartError::Upstream(format!("{cause}; install the system's root certificates (ca-certificates)"))
    })?;
    let plain = if upstream.allow_http_loopback { PlainHttp::OnLoopback } else { PlainHttp::Refused };
    let client = |provider: &Provider| {
        let client = HttpProvider::new(*provider, &http);
        let Some(origin) = upstream.base_url(*provider) else { return Ok(client) };
        let base = BaseUrl::parse(origin, plain)
            .map_err(|error| StartError::Upstream(format!("`upstream.{provider}`: {error}")))?;
        Ok(client.with_base_url(base))
    };
    Provider::ALL.iter().map(client).collect()
}

/// How connections to the providers leave this machine.
fn egress(config: &Config) -> Result<Egress, StartError> {
    let wrong = |setting: &str| {
        let setting = setting.to_owned();
        move |error| StartError::Upstream(format!("`upstream.{setting}`: {}", relay_core::error::chain(&error)))
    };
    let (upstream, mut egress) = (&config.upstream, Egress::default());
    if let Some(pem) = &upstream.authorities {
        egress = egress.with_authorities(pem).map_err(wrong("ca_file"))?;
    }
    let Some(url) = &upstream.proxy.url else { return Ok(egress) };
    egress = egress.with_proxy(url).map_err(wrong("proxy"))?.without_proxy_for(&upstream.proxy.no_proxy);
    Ok(match &upstream.proxy.credentials {
        Some(credentials) => {
            let (user, password) = credentials.expose();
            egress.with_proxy_credentials(user, password)
        }
        None => egress,
    })
}

/// One simulator for all providers.
#[cfg(feature = "mock")]
fn simulated() -> Result<(Clients, Simulator), StartError> {
    // Calls are logged without their keys, for `/__mock/calls`; a record of the requests would keep the keys.
    let mock = relay_mock::Mock::new().recording(false).observing(true);
    Ok((Provider::ALL.iter().map(|provider| mock.client(*provider)).collect(), mock.into()))
}

#[cfg(not(feature = "mock"))]
fn simulated() -> Result<(Clients, Simulator), StartError> {
    Err(StartError::NoSimulator)
}

/// Runs a future to completion, inside or outside a runtime.
fn blocking<T: Send>(future: impl Future<Output = T> + Send) -> T {
    joined(|| futures::executor::block_on(future))
}

/// Runs `work` on a thread and waits for it.
fn joined<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| match scope.spawn(work).join() {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

/// The distance that keeps what `work` leaves on its stack away from the page in which its thread ends.
const GAP: usize = 16 << 10;

/// Runs `work` on a thread whose stack is given back to the kernel when it ends, with all copies of keys that moves left on
/// it. (The C library keeps the stack of a thread that has ended for the next one, without its pages.)
fn on_a_stack_of_its_own<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    #[inline(never)]
    fn deeper<T>(work: impl FnOnce() -> T) -> T {
        let mut gap = [0_u8; GAP];
        std::hint::black_box(&mut gap);
        let done = work();
        std::hint::black_box(&mut gap);
        done
    }
    joined(|| deeper(work))
}

impl std::fmt::Debug for Wired {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wired")
    }
}

#[cfg(all(test, not(feature = "mock")))]
mod tests {
    use super::*;

    #[test]
    fn no_simulator_in_a_build_without_it() {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("relay.db");
        let variables = [("RELAY_MOCK", "true"), ("RELAY_STORAGE_PATH", store.to_str().unwrap())];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let config = Config::read(None, &variables).unwrap();
        let error = wire(&config).unwrap_err();
        assert!(error.to_string().contains("built without them"), "{error}");
        assert_eq!(error.exit_code(), 78);
        assert!(!store.exists(), "nothing may be stored");
    }
}

//! The composition root: the only file that names concrete adapters.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use relay_adapters::cache::{CacheLimits, CachedStore};
use relay_adapters::http::{BaseUrl, HttpProvider, HttpTransport, PlainHttp, Timeouts};
use relay_adapters::memory::Memory;
use relay_adapters::ring::{MasterKey, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::MasterKeyId;
use relay_core::ports::{Meta, ProviderClient, Store, StoreError};
use relay_core::{Ports, Provider, Relay};

use crate::config::{Config, ConfigErrors, StoragePath};

/// Why the server can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings are wrong.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// There is no master key, or it is the wrong one.
    #[error("{0}")]
    MasterKey(String),
    /// The store can't be opened.
    #[error("{0}")]
    Store(String),
    /// The way to the providers can't be set up.
    #[error("{0}")]
    Upstream(String),
    /// Simulated providers were asked for, and this build has none.
    #[error(
        "simulated providers were asked for (`--mock`, the setting `mock` or RELAY_MOCK), but this program was built \
         without them: build it with the cargo feature `mock`, or turn the setting off"
    )]
    NoSimulator,
    /// The address can't be listened on.
    #[error("can't listen on {listen}: {cause}; is another server running there?")]
    Listen {
        /// Where.
        listen: SocketAddr,
        /// Why not.
        cause: io::Error,
    },
}

impl StartError {
    /// The process's exit code, as in `sysexits.h`: 78 for what the operator must change, 69 for what is not there.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Listen { .. } => 69,
            _ => 78,
        }
    }
}

impl From<StoreError> for StartError {
    fn from(error: StoreError) -> Self {
        Self::Store(error.to_string())
    }
}

/// A relay, put together.
pub struct Wired {
    /// The use cases.
    pub relay: Relay,
    /// The store, for administration.
    pub store: Arc<dyn Store>,
    /// The cipher, for the rotation of master keys.
    pub cipher: Arc<RingCipher>,
}

/// How much of the master key's budget is set aside at once, so that a crash never gives any of it back.
const WRAPS_SET_ASIDE: u64 = 1 << 16;
/// How often the count is stored.
const COUNT_EVERY: Duration = Duration::from_secs(60);
/// Where the store keeps the ids of the master keys that it has seen: 8 bytes each.
const KNOWN_KIDS: &str = "master_key.kids";

/// Puts a relay together.
///
/// Blocks while the store opens.
///
/// # Errors
/// What the operator must change. Nothing was stored in a store that another master key belongs to.
pub fn wire(config: &Config) -> Result<Wired, StartError> {
    let providers = providers(config)?;
    let keys = master_keys(config)?;
    let store = open_store(&config.storage.path)?;
    let cipher = RingCipher::new(&keys).map_err(no_cipher)?;
    let cipher = Arc::new(blocking(check_master_keys(store.as_ref(), cipher))?);
    let clock = Arc::new(SystemClock);
    let tokens = Arc::new(RingIssuer::new(&keys).map_err(no_cipher)?);
    let ports = Ports::with_store(Arc::clone(&store), Arc::<RingCipher>::clone(&cipher), tokens, clock, providers);
    let relay = Relay::new(CachedStore::in_front_of(ports, CacheLimits::default()));
    Ok(Wired { relay, store, cipher })
}

impl Wired {
    /// Stores, again and again, how much of the master key's budget is used.
    pub fn keep_count(&self) -> impl Future<Output = ()> + Send + 'static {
        let (store, cipher) = (Arc::clone(&self.store), Arc::clone(&self.cipher));
        async move {
            loop {
                tokio::time::sleep(COUNT_EVERY).await;
                if let Err(error) = put_wraps(store.as_ref(), &cipher, WRAPS_SET_ASIDE).await {
                    tracing::warn!(cause = %error, "the master key's count could not be stored");
                }
            }
        }
    }

    /// Writes what waits to be written.
    pub fn close(self) {
        let Self { relay, store, cipher } = self;
        if let Err(error) = blocking(put_wraps(store.as_ref(), &cipher, 0)) {
            tracing::warn!(cause = %error, "the master key's count could not be stored");
        }
        // The store writes its usage when the last of these lets go of it.
        drop((relay, cipher, store));
    }
}

fn open_store(path: &StoragePath) -> Result<Arc<dyn Store>, StartError> {
    match path {
        StoragePath::Memory => Ok(Arc::new(Memory::default())),
        StoragePath::File(path) => match Sqlite::open(path, SqliteOptions::default()) {
            Ok(store) => Ok(Arc::new(store)),
            Err(error) => Err(StartError::Store(format!("the store {} can't be opened: {error}", path.display()))),
        },
    }
}

fn master_keys(config: &Config) -> Result<MasterKeys, StartError> {
    let wrong = |origin: &str, error: &dyn std::fmt::Display| {
        StartError::MasterKey(format!("the master key ({origin}) can't be used: {error}"))
    };
    if let Some(text) = &config.master_key.text {
        let origin = config.master_key.origin.as_deref().unwrap_or("configuration");
        return MasterKeys::parse(text.expose()).map_err(|error| wrong(origin, &error));
    }
    if config.storage.path == StoragePath::Memory {
        // Nothing outlives the process, so its key need not either.
        let key = MasterKey::generate().map_err(|error| wrong("made for this run", &error))?;
        return MasterKeys::new(vec![key]).map_err(|error| wrong("made for this run", &error));
    }
    Err(StartError::MasterKey(format!(
        "there is no master key: make one with `relay master-key generate`, and name its file in `master_key.file` or put \
         it into {}",
        config.master_key.env
    )))
}

/// Refuses to go on with a master key that does not belong to this store, and remembers the ones that do.
async fn check_master_keys(store: &dyn Meta, cipher: RingCipher) -> Result<RingCipher, StartError> {
    refuse_missing(store, &cipher).await?;
    let known = store.meta(KNOWN_KIDS).await?.unwrap_or_default();
    let mut known: Vec<MasterKeyId> =
        known.chunks_exact(8).filter_map(|bytes| bytes.try_into().ok().map(MasterKeyId)).collect();
    let configured: Vec<MasterKeyId> = cipher.kids().collect();
    if !known.is_empty() && !configured.iter().any(|kid| known.contains(kid)) {
        return Err(StartError::MasterKey(format!(
            "this is the wrong master key: the store belongs to {}, and the configured one is {}",
            listed(&known),
            listed(&configured)
        )));
    }
    for kid in &configured {
        if let Some(canary) = store.meta(&canary_of(*kid)).await? {
            cipher.check_canary(*kid, &canary).map_err(|error| {
                StartError::MasterKey(format!("the master key {kid} does not open this store's canary: {error}"))
            })?;
        }
    }
    for (kid, canary) in cipher.seal_canaries().map_err(no_cipher)? {
        if !known.contains(&kid) {
            store.put_meta(&canary_of(kid), canary).await?;
            known.push(kid);
        }
    }
    store.put_meta(KNOWN_KIDS, known.iter().flat_map(|kid| kid.0).collect()).await?;
    let wraps = store.meta(&wraps_of(cipher.active_kid())).await?;
    let wraps = wraps.and_then(|bytes| bytes.try_into().ok().map(u64::from_be_bytes)).unwrap_or(0);
    let cipher = cipher.with_wraps(wraps);
    put_wraps(store, &cipher, WRAPS_SET_ASIDE).await?;
    if cipher.near_limit() {
        tracing::warn!(kid = %cipher.active_kid(), "the master key has sealed much; add a new one and promote it");
    }
    Ok(cipher)
}

/// Stored keys whose master key is not configured would fail one by one; better none does.
async fn refuse_missing(store: &dyn Meta, cipher: &RingCipher) -> Result<(), StartError> {
    let is_known = |id: &MasterKeyId| cipher.kids().any(|known| known == *id);
    if store.master_keys_in_use().await?.iter().all(is_known) {
        return Ok(());
    }
    // Counting reads every connection, which only a server that does not start can afford.
    let counts = store.count_by_master_key().await?;
    let missing = counts.iter().filter(|(id, _)| !is_known(id)).map(|(id, count)| format!("{count} under {id}"));
    Err(StartError::MasterKey(format!(
        "stored provider keys can't be opened: {}; configured is {}; add the missing master keys",
        missing.collect::<Vec<_>>().join(", "),
        listed(&cipher.kids().collect::<Vec<_>>())
    )))
}

async fn put_wraps(store: &dyn Meta, cipher: &RingCipher, ahead: u64) -> Result<(), StoreError> {
    let count = cipher.wraps().saturating_add(ahead);
    store.put_meta(&wraps_of(cipher.active_kid()), count.to_be_bytes().to_vec()).await
}

fn canary_of(kid: MasterKeyId) -> String {
    format!("master_key.canary.{kid}")
}

fn wraps_of(kid: MasterKeyId) -> String {
    format!("master_key.wraps.{kid}")
}

fn listed(kids: &[MasterKeyId]) -> String {
    kids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn no_cipher(error: relay_core::ports::CipherError) -> StartError {
    StartError::MasterKey(format!("the cipher can't be set up: {error}"))
}

fn providers(config: &Config) -> Result<Vec<Arc<dyn ProviderClient>>, StartError> {
    if config.mock {
        return simulated();
    }
    let upstream = &config.upstream;
    let http = HttpTransport::new(Timeouts::default()).map_err(|error| {
        StartError::Upstream(format!("{error}: install the system's root certificates (ca-certificates)"))
    })?;
    let plain = if upstream.allow_http_loopback { PlainHttp::OnLoopback } else { PlainHttp::Refused };
    let client = |provider: &Provider| -> Result<Arc<dyn ProviderClient>, StartError> {
        let client = HttpProvider::new(*provider, &http);
        let Some(origin) = upstream.base_url(*provider) else { return Ok(Arc::new(client)) };
        let base = BaseUrl::parse(origin, plain)
            .map_err(|error| StartError::Upstream(format!("`upstream.{provider}`: {error}")))?;
        Ok(Arc::new(client.with_base_url(base)))
    };
    Provider::ALL.iter().map(client).collect()
}

/// One simulator that plays every provider.
#[cfg(feature = "mock")]
fn simulated() -> Result<Vec<Arc<dyn ProviderClient>>, StartError> {
    let mock = relay_mock::Mock::new().recording(false);
    Ok(Provider::ALL.iter().map(|provider| mock.client(*provider)).collect())
}

#[cfg(not(feature = "mock"))]
fn simulated() -> Result<Vec<Arc<dyn ProviderClient>>, StartError> {
    Err(StartError::NoSimulator)
}

/// Runs a future to its end, whatever runtime the caller is in.
fn blocking<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| {
        let run = || futures::executor::block_on(future);
        match scope.spawn(run).join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
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
        assert!(!store.exists(), "nothing was stored");
    }
}

//! The local store that the configuration names. It is safe to use while a server runs on the same file: with SQLite's
//! write-ahead log readers do not block writers, and one writer waits for another.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use relay_adapters::ring::{MasterKeys, RingCipher, RingIssuer};
use relay_adapters::sqlite::{Sqlite, SqliteOpenError, SqliteOptions};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::ids::Timestamp;
use relay_core::domain::trail::{Actor, By};
use relay_core::{Ports, Relay};
use relay_server::config::{Config, StoragePath, check_store};

use crate::failure::{Exit, Failure};

/// The use cases on the local store. It has no providers, because no command on the store calls one.
#[derive(Debug)]
pub struct Local {
    /// The use cases.
    pub relay: Relay,
}

impl Local {
    /// Opens the store that this configuration file names.
    ///
    /// # Errors
    /// If the configuration, the master key or the store is invalid.
    pub fn open(config: &Path) -> Result<Self, Failure> {
        Self::of(&load(config)?)
    }

    /// Opens the store that this configuration names.
    ///
    /// # Errors
    /// If the master key or the store is invalid.
    pub fn of(config: &Config) -> Result<Self, Failure> {
        let keys = master_keys(config)?;
        let path = store_path(config)?;
        check_store(path).map_err(Failure::config)?;
        let store = Arc::new(Sqlite::open(path, SqliteOptions::default()).map_err(not_opened)?);
        let cipher = Arc::new(RingCipher::new(&keys).map_err(Failure::failed)?);
        let issuer = Arc::new(RingIssuer::new(&keys).map_err(Failure::failed)?);
        let mut ports = Ports::with_store(store, cipher, issuer, Arc::new(SystemClock), Vec::new());
        ports.webhook_targets = config.webhooks;
        Ok(Self { relay: Relay::new(ports).by(By::new(Actor::CommandLine)) })
    }

    /// The current time.
    pub fn now(&self) -> Timestamp {
        self.relay.ports().clock.now()
    }
}

fn not_opened(error: SqliteOpenError) -> Failure {
    Failure::new(if error.may_pass() { Exit::Temporary } else { Exit::Config }, error)
}

/// Reads a configuration file.
///
/// # Errors
/// Every invalid setting; a missing file.
pub fn load(config: &Path) -> Result<Config, Failure> {
    if !config.exists() {
        return Err(Failure::config(format_args!("the configuration {} does not exist", config.display()))
            .hint("create one with `relay init`, or name another with --config or RELAY_CONFIG"));
    }
    Config::load(Some(config)).map_err(Failure::config)
}

/// The master keys that the configuration names.
///
/// # Errors
/// When the configuration names no master key, or an invalid one.
pub fn master_keys(config: &Config) -> Result<MasterKeys, Failure> {
    let text = config.master_key.text.as_ref().ok_or_else(|| {
        Failure::config("there is no master key")
            .hint("generate one with `relay master-key generate --out FILE`, and set `master_key.file`")
    })?;
    MasterKeys::parse(text.expose()).map_err(|error| {
        Failure::config(format_args!(
            "the master key ({}): {error}",
            config.master_key.origin.as_deref().unwrap_or("?")
        ))
    })
}

/// The store's file.
///
/// # Errors
/// If the store is in memory, where no other program can read it.
pub fn store_path(config: &Config) -> Result<&PathBuf, Failure> {
    match &config.storage.path {
        StoragePath::File(path) => Ok(path),
        StoragePath::Memory => {
            Err(Failure::config("the store is in the server's memory, where no other program can read it"))
        }
    }
}

//! The local store, as the configuration names it. Safe beside a running server on the same file: SQLite's write-ahead log
//! keeps readers and writers apart, and a writer waits for its turn.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use relay_adapters::ring::{MasterKeys, RingCipher, RingIssuer};
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_adapters::system_clock::SystemClock;
use relay_core::domain::ids::Timestamp;
use relay_core::{Ports, Relay};
use relay_server::config::{Config, StoragePath};

use crate::failure::Failure;

/// The use cases on the local store. It has no providers: nothing here calls one.
#[derive(Debug)]
pub struct Local {
    /// The use cases.
    pub relay: Relay,
}

impl Local {
    /// Opens what this configuration file names.
    ///
    /// # Errors
    /// When the configuration, the master key or the store is not right.
    pub fn open(config: &Path) -> Result<Self, Failure> {
        Self::of(&load(config)?)
    }

    /// Opens what this configuration names.
    ///
    /// # Errors
    /// When the master key or the store is not right.
    pub fn of(config: &Config) -> Result<Self, Failure> {
        let keys = master_keys(config)?;
        let store = Arc::new(Sqlite::open(store_path(config)?, SqliteOptions::default()).map_err(Failure::config)?);
        let cipher = Arc::new(RingCipher::new(&keys).map_err(Failure::failed)?);
        let issuer = Arc::new(RingIssuer::new(&keys).map_err(Failure::failed)?);
        let ports = Ports::with_store(store, cipher, issuer, Arc::new(SystemClock), Vec::new());
        Ok(Self { relay: Relay::new(ports) })
    }

    /// Now.
    pub fn now(&self) -> Timestamp {
        self.relay.ports().clock.now()
    }
}

/// Reads a configuration file.
///
/// # Errors
/// Every invalid setting; a missing file.
pub fn load(config: &Path) -> Result<Config, Failure> {
    if !config.exists() {
        return Err(Failure::config(format_args!("there is no configuration {}", config.display()))
            .hint("`relay init` makes one; --config or RELAY_CONFIG names another"));
    }
    Config::load(Some(config)).map_err(Failure::config)
}

/// The master keys that the configuration names.
///
/// # Errors
/// When there is none, or it is invalid.
pub fn master_keys(config: &Config) -> Result<MasterKeys, Failure> {
    let text = config.master_key.text.as_ref().ok_or_else(|| {
        Failure::config("there is no master key")
            .hint("set `master_key.file`; `relay master-key generate --out FILE` makes a key")
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
/// When the store is in memory, where no second program can look.
pub fn store_path(config: &Config) -> Result<&PathBuf, Failure> {
    match &config.storage.path {
        StoragePath::File(path) => Ok(path),
        StoragePath::Memory => {
            Err(Failure::config("the store is in the server's memory: no other program can look into it"))
        }
    }
}

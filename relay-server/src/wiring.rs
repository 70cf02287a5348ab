//! The composition root: the only file that names concrete adapters.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use relay_adapters::memory::Memory;
use relay_adapters::ring::{Kid, MasterKeys, RingCipher, RingIssuer};
use relay_adapters::sqlite::{Sqlite, SqliteOptions};
use relay_adapters::system_clock::SystemClock;
use relay_core::ports::{KeyStore, Projects, ProviderClient, StoreError, UsageReport, UsageSink};
use relay_core::{Ports, Relay};

use crate::config::{Config, ConfigErrors, StoragePath};
use crate::health::Canary;

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
    pub store: Store,
    /// The cipher, for the rotation of master keys.
    pub cipher: Arc<RingCipher>,
    /// Tells whether the master key still opens its canary.
    pub canary: Canary,
}

/// The store that was picked.
#[derive(Clone)]
pub enum Store {
    /// In a file.
    Sqlite(Arc<Sqlite>),
    /// In memory.
    Memory(Arc<Memory>),
}

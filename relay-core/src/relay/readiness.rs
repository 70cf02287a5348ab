//! The use case of a readiness probe: whether this Relay can serve calls now.

use crate::ports::{CipherError, StoreError};
use crate::relay::handle::Relay;

/// Why a [`Relay`] cannot serve calls.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotReady {
    /// The store cannot be written to.
    #[error("the key store cannot be written to")]
    Store(#[source] StoreError),
    /// The cipher no longer opens what it sealed.
    #[error("the master key no longer opens what it sealed")]
    MasterKey(#[source] CipherError),
}

impl Relay {
    /// Writes to the store, and lets the cipher open its probe. Calls no provider.
    ///
    /// # Errors
    /// The first reason why this Relay is not ready.
    pub async fn readiness(&self) -> Result<(), NotReady> {
        self.ports.meta.ready().await.map_err(NotReady::Store)?;
        self.ports.cipher.check().map_err(NotReady::MasterKey)
    }
}

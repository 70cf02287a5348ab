//! The use case of a readiness probe: whether this Relay can do its work now.

use crate::ports::{CipherError, StoreError};
use crate::relay::handle::Relay;

/// Why a [`Relay`] can't do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NotReady {
    /// The store can't be written to.
    #[error("the key store can't be written to")]
    Store(#[source] StoreError),
    /// The cipher does not open what it sealed.
    #[error("the master key does not open what was sealed under it")]
    MasterKey(#[source] CipherError),
}

impl Relay {
    /// Writes to the store, and has the cipher open its probe. Asks no provider.
    ///
    /// # Errors
    /// The first reason why this Relay is not ready.
    pub async fn readiness(&self) -> Result<(), NotReady> {
        self.ports.meta.ready().await.map_err(NotReady::Store)?;
        self.ports.cipher.check().map_err(NotReady::MasterKey)
    }
}

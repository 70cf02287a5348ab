//! The port for what a store knows beside its data.

use async_trait::async_trait;

use crate::domain::MasterKeyId;
use crate::ports::store_error::StoreError;

/// Small values beside the data, and what start-up and readiness ask of a store.
///
/// Obligations (suites `relay_core::conformance::meta` and `relay_core::conformance::store`): a value that was stored is there
/// after a crash; [`Self::master_keys_in_use`] takes a time that does not grow with the number of stored keys.
///
/// ```
/// use relay_core::domain::MasterKeyId;
/// use relay_core::ports::{Meta, StoreError};
///
/// /// Whether a master key can be retired.
/// async fn is_unused(store: &dyn Meta, id: MasterKeyId) -> Result<bool, StoreError> {
///     Ok(!store.master_keys_in_use().await?.contains(&id))
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Meta: Send + Sync {
    /// Returns the value under `key`: canaries and counters of master keys, for example.
    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores a value under `key`, replacing what was there.
    async fn put_meta(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError>;

    /// Returns the ids of the master keys that stored keys are sealed under, in the order of their bytes.
    async fn master_keys_in_use(&self) -> Result<Vec<MasterKeyId>, StoreError>;

    /// Counts the stored keys under each master key, in the order of the ids. May read every connection: for diagnosis.
    async fn count_by_master_key(&self) -> Result<Vec<(MasterKeyId, u64)>, StoreError>;

    /// Checks that the store can be written to, by doing so.
    async fn ready(&self) -> Result<(), StoreError>;
}

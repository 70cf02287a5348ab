//! The port for small values and the state of a store.

use async_trait::async_trait;

use crate::domain::MasterKeyId;
use crate::ports::store_error::StoreError;

/// Stores small values beside the data, and answers questions of start-up and readiness.
///
/// Obligations (suites `relay_core::conformance::meta` and `relay_core::conformance::store`): a stored value survives a
/// crash; the time of [`Self::master_keys_in_use`] does not grow with the number of stored keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Meta: Send + Sync {
    /// Returns the value under `key`: canaries and counters of master keys, for example.
    async fn meta(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Stores a value under `key`, and replaces any earlier value.
    async fn put_meta(&self, key: &str, value: Vec<u8>) -> Result<(), StoreError>;

    /// Returns the ids of the master keys that stored keys are sealed under, in the order of their bytes.
    async fn master_keys_in_use(&self) -> Result<Vec<MasterKeyId>, StoreError>;

    /// Counts the stored keys under each master key, in the order of the ids. May read every connection: for diagnosis.
    async fn count_by_master_key(&self) -> Result<Vec<(MasterKeyId, u64)>, StoreError>;

    /// Checks that the store can be written to, by writing to it.
    async fn ready(&self) -> Result<(), StoreError>;
}

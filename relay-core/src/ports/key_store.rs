//! The port that stores sealed keys and registration grants.

use async_trait::async_trait;

use crate::domain::ids::{EndUser, ProjectId, Timestamp};
use crate::domain::trail::By;
use crate::domain::{
    Connection, ConnectionState, Grant, IdempotencyRecord, KeySignal, RedeemRefusal, Region, SecretHash, Slot,
    StoredGrant,
};
use crate::ports::store_error::StoreError;

/// Why a token could not be spent. Nothing has changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RedeemError {
    /// The grant does not allow it.
    #[error(transparent)]
    Refused(#[from] RedeemRefusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Stores sealed keys and registration grants. It never sees a key or a token in the clear.
///
/// Obligations (suite `relay_core::conformance::key_store`):
/// - Acknowledged writes survive a crash.
/// - Projects are separate: equal user labels in two projects are two users.
/// - It shares its state with [`Users`](crate::ports::Users): a user exists from the first grant or key on.
/// - A key is stored **if and only if** its token is spent, whatever crashes; of many parallel [`Self::redeem`]s of one
///   token exactly one succeeds.
/// - Deleting a connection leaves no copy of its bytes in the store.
/// - A method with a [`By`] writes the [trail](crate::domain::trail) of its change in the transaction of the change.
///
/// ```
/// use relay_core::domain::Slot;
/// use relay_core::ports::{KeyStore, StoreError};
///
/// async fn is_connected(store: &dyn KeyStore, slot: &Slot) -> Result<bool, StoreError> {
///     Ok(store.connection(slot).await?.is_some())
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait KeyStore: Send + Sync {
    /// Returns the connection in `slot`, or `None` for an empty slot.
    async fn connection(&self, slot: &Slot) -> Result<Option<Connection>, StoreError>;

    /// Returns all connections of a user, in the order of [`crate::Provider::ALL`].
    async fn connections(&self, project: &ProjectId, user: &EndUser) -> Result<Vec<Connection>, StoreError>;

    /// Applies what a provider reported about the key (see [`KeySignal::apply`]), if the slot still has this `version`.
    ///
    /// Sets `last_refused_at` for `Invalid` and `Revoked`. Returns the new state, or `None` if the version is gone.
    async fn observe(
        &self,
        slot: &Slot,
        version: u64,
        signal: KeySignal,
        checked: bool,
        now: Timestamp,
        by: &By,
    ) -> Result<Option<ConnectionState>, StoreError>;

    /// Sets the region that the key in `slot` works at, if the slot still has this `version`. Returns whether it has.
    async fn set_region(&self, slot: &Slot, version: u64, region: Option<Region>, by: &By) -> Result<bool, StoreError>;

    /// Deletes the connection in `slot`. Returns whether there was one.
    async fn delete_connection(&self, slot: &Slot, by: &By) -> Result<bool, StoreError>;

    /// Stores a grant under its token's hash, with [`crate::domain::REGISTRATION_TRIES`] tries, and its idempotency
    /// record if it has one.
    ///
    /// If the project already has an unexpired record with the same idempotency key, stores nothing and returns that
    /// record.
    async fn put_grant(
        &self,
        hash: &SecretHash,
        grant: Grant,
        idempotency: Option<IdempotencyRecord>,
    ) -> Result<Option<(IdempotencyRecord, Grant)>, StoreError>;

    /// Returns the grant of a token, even if it is spent or expired. Expired grants are deleted a day later at the
    /// earliest.
    async fn grant(&self, hash: &SecretHash) -> Result<Option<StoredGrant>, StoreError>;

    /// Moves an unspent, unexpired grant from its token to another one, with its tries and its idempotency record: `from`
    /// is an unknown token afterwards. Returns whether it was moved; nothing has changed if not.
    ///
    /// # Errors
    /// [`StoreError`], also if `to` has a grant already.
    async fn exchange_grant(&self, from: &SecretHash, to: &SecretHash, now: Timestamp) -> Result<bool, StoreError>;

    /// Takes one of a token's tries after a provider refused a key. Returns how many are left.
    async fn count_refusal(&self, hash: &SecretHash) -> Result<u32, StoreError>;

    /// Spends the token **and** stores the key, or does neither.
    ///
    /// `connection.slot.version` must be one above the stored version (1 for an empty slot). The bytes of a replaced
    /// connection are deleted.
    ///
    /// # Errors
    /// [`RedeemError`]; nothing has changed then.
    async fn redeem(
        &self,
        hash: &SecretHash,
        connection: Connection,
        now: Timestamp,
        by: &By,
    ) -> Result<(), RedeemError>;
}

//! The port that keeps a store from growing with what nobody needs.

use async_trait::async_trait;

use crate::domain::ids::{ProjectId, Timestamp};
use crate::ports::store_error::StoreError;

/// Counts users without a key, and removes what nobody needs any more. Implemented by the same store as
/// [`KeyStore`](crate::ports::KeyStore) and [`Users`](crate::ports::Users).
///
/// Obligations (suite `relay_core::conformance::store`): the time of [`Self::pending_users`] does not grow with the
/// number of users; [`Self::clean_up`] never removes a user who ever connected a key, or a grant that
/// [`KeyStore::grant`](crate::ports::KeyStore::grant) must still return.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Upkeep: Send + Sync {
    /// Returns how many users of a project never connected a key.
    async fn pending_users(&self, project: &ProjectId) -> Result<u64, StoreError>;

    /// Works off one batch, which must not hold up other calls noticeably:
    ///
    /// - takes all tries from tokens that have expired at `now`, so that none becomes valid again if the clock is set
    ///   back, even in another process;
    /// - deletes expired idempotency records, and grants that expired [a day](crate::domain::KEEP_GRANTS_SECONDS) ago
    ///   and have no such record, and with its last grant a user who never connected a key.
    ///
    /// Returns whether there may be more to do.
    async fn clean_up(&self, now: Timestamp) -> Result<bool, StoreError>;
}

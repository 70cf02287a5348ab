//! The port that lists and erases end users.

use async_trait::async_trait;

use crate::domain::ids::{EndUser, ProjectId};
use crate::domain::trail::By;
use crate::domain::{UserState, UserSummary};
use crate::ports::store_error::StoreError;

/// Lists and erases end users about whom [`KeyStore`](crate::ports::KeyStore) or [`UsageSink`](crate::ports::UsageSink)
/// stored anything. Implemented by the same store.
///
/// Obligations (suite `relay_core::conformance::key_store`): erasing a user deletes all their grants, connections and
/// usage, and leaves no copy of a sealed key in the store.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Users: Send + Sync {
    /// Lists the users in this state, sorted by the bytes of their labels: at most `limit`, beginning after `after`.
    ///
    /// A user exists from the first grant or key until [`Self::delete_user`]. A user who never connected a key also goes
    /// with their last grant, see [`Upkeep`](crate::ports::Upkeep).
    async fn users(
        &self,
        project: &ProjectId,
        state: UserState,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError>;

    /// Returns one user, or `None` for an unknown user.
    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError>;

    /// Erases a user: connections, grants, metered usage, and what names them in the audit log and in events. Returns
    /// whether the user was known.
    async fn delete_user(&self, project: &ProjectId, user: &EndUser, by: &By) -> Result<bool, StoreError>;
}

//! The port that lists and erases end users.

use async_trait::async_trait;

use crate::domain::UserSummary;
use crate::domain::ids::{EndUser, ProjectId};
use crate::ports::store_error::StoreError;

/// Lists and erases end users, by what [`KeyStore`](crate::ports::KeyStore) and
/// [`UsageSink`](crate::ports::UsageSink) stored about them. Implemented by the same store.
///
/// Obligations (suite `relay_core::conformance::key_store`): an erased user is gone with all grants, connections and usage, and
/// no copy of a sealed key is left in the store.
///
/// ```
/// use relay_core::domain::ids::ProjectId;
/// use relay_core::ports::{StoreError, Users};
///
/// /// The labels of the first hundred users.
/// async fn labels(store: &dyn Users, project: &ProjectId) -> Result<Vec<String>, StoreError> {
///     let users = store.users(project, None, 100).await?;
///     Ok(users.iter().map(|user| user.user.to_string()).collect())
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Users: Send + Sync {
    /// Lists users in the order of their labels' bytes: at most `limit`, those after `after`.
    ///
    /// A user is there from the first grant or key until [`Self::delete_user`].
    async fn users(
        &self,
        project: &ProjectId,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError>;

    /// Returns one user, or `None` if nothing is known of them.
    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError>;

    /// Erases a user: connections, grants, metered usage. Tells whether anything was known of them.
    async fn delete_user(&self, project: &ProjectId, user: &EndUser) -> Result<bool, StoreError>;
}

//! The port that keeps projects and their Relay keys.

use async_trait::async_trait;

use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::{KeyedProject, Project, RelayKeyRecord, SecretHash};
use crate::ports::store_error::StoreError;

/// Keeps projects and Relay keys.
///
/// Obligations (suite `relay_core::conformance::projects`): what was acknowledged is there after a crash; a revoked key is
/// seen as revoked, and a changed project as changed, by the next call; two keys of a project can live at once.
///
/// ```
/// use relay_core::domain::ids::{ProjectId, Timestamp};
/// use relay_core::ports::{Projects, StoreError};
///
/// /// Revokes every key of a project.
/// async fn revoke_all(store: &dyn Projects, project: &ProjectId, now: Timestamp) -> Result<(), StoreError> {
///     for key in store.relay_keys(project).await? {
///         store.revoke_relay_key(project, &key.id, now).await?;
///     }
///     Ok(())
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Projects: Send + Sync {
    /// Stores a new project.
    async fn create_project(&self, project: Project) -> Result<(), StoreError>;

    /// Changes a project: all of it but its id and when it was made. Tells whether there is one with this id.
    async fn update_project(&self, project: Project) -> Result<bool, StoreError>;

    /// Returns a project.
    async fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError>;

    /// Returns all projects, oldest first.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// Stores a new Relay key.
    async fn create_relay_key(&self, key: RelayKeyRecord) -> Result<(), StoreError>;

    /// Finds the key with this hash, revoked and expired ones too, and its project.
    async fn relay_key(&self, hash: &SecretHash) -> Result<Option<KeyedProject>, StoreError>;

    /// Returns a project's keys, oldest first.
    async fn relay_keys(&self, project: &ProjectId) -> Result<Vec<RelayKeyRecord>, StoreError>;

    /// Revokes the key with this public id; tells whether a live one was found.
    async fn revoke_relay_key(&self, project: &ProjectId, id: &str, now: Timestamp) -> Result<bool, StoreError>;
}

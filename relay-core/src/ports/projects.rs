//! The port that stores projects and their Relay keys.

use async_trait::async_trait;

use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::trail::By;
use crate::domain::{KeyedProject, Project, RelayKeyRecord, SecretHash};
use crate::ports::store_error::StoreError;

/// Stores projects and Relay keys.
///
/// Obligations (suite `relay_core::conformance::projects`): acknowledged writes survive a crash; the next call sees a
/// revoked key as revoked, and a changed project as changed; a project can have several active keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Projects: Send + Sync {
    /// Stores a new project.
    async fn create_project(&self, project: Project, by: &By) -> Result<(), StoreError>;

    /// Changes a project, except its id and creation time. Returns whether a project with this id exists.
    async fn update_project(&self, project: Project, by: &By) -> Result<bool, StoreError>;

    /// Deletes a project with its Relay keys, and all users of it with everything about them, as
    /// [`Users::delete_user`](crate::ports::Users::delete_user) does. Its keys are refused from the beginning on, also if this
    /// is interrupted; it can be repeated then. Returns whether a project with this id existed.
    async fn delete_project(&self, id: &ProjectId, by: &By) -> Result<bool, StoreError>;

    /// Returns a project.
    async fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError>;

    /// Returns all projects, oldest first.
    async fn projects(&self) -> Result<Vec<Project>, StoreError>;

    /// Stores a new Relay key.
    async fn create_relay_key(&self, key: RelayKeyRecord, by: &By) -> Result<(), StoreError>;

    /// Finds the key with this hash, even if it is revoked or expired, and its project.
    async fn relay_key(&self, hash: &SecretHash) -> Result<Option<KeyedProject>, StoreError>;

    /// Returns a project's keys, oldest first.
    async fn relay_keys(&self, project: &ProjectId) -> Result<Vec<RelayKeyRecord>, StoreError>;

    /// Revokes the key with this public id. Returns whether an active key was found.
    async fn revoke_relay_key(
        &self,
        project: &ProjectId,
        id: &str,
        now: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError>;

    /// Stores `new`, and makes the key with the public id `id` expire at `expires_at`, unless it expires earlier. Returns
    /// whether an active key was found at the time of `by`; nothing has changed if not.
    async fn roll_relay_key(
        &self,
        id: &str,
        new: RelayKeyRecord,
        expires_at: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError>;
}

//! The use cases of a project's end users: list, show and erase them.

use crate::domain::ids::EndUser;
use crate::domain::{Connection, Project, UserState, UserSummary};
use crate::error::RelayError;
use crate::relay::handle::Relay;

/// The number of users on a page by default.
pub const DEFAULT_PAGE: u32 = 50;
/// The most users on a page.
pub const MAX_PAGE: u32 = 200;

/// A page of a project's users, in the order of their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserPage {
    /// The users.
    pub users: Vec<UserSummary>,
    /// The next page begins after this user. `None`: there are no more.
    pub next_after: Option<EndUser>,
}

impl Relay {
    /// A page of the project's users in this state: at most `limit` ([`DEFAULT_PAGE`] by default), beginning after `after` (the first
    /// user by default).
    ///
    /// # Errors
    /// `invalid_value` for a limit outside 1 to [`MAX_PAGE`]; `storage_unavailable`.
    pub async fn users(
        &self,
        project: &Project,
        state: UserState,
        after: Option<EndUser>,
        limit: Option<u32>,
    ) -> Result<UserPage, RelayError> {
        let limit = limit.unwrap_or(DEFAULT_PAGE);
        if !(1..=MAX_PAGE).contains(&limit) {
            return Err(RelayError::invalid_value("limit", format!("`limit` must be 1 to {MAX_PAGE}")));
        }
        // One row more than requested shows whether there are more.
        let mut users = self.ports.users.users(&project.id, state, after, limit + 1).await?;
        let has_more = users.len() > limit as usize;
        users.truncate(limit as usize);
        let next_after = users.last().filter(|_| has_more).map(|last| last.user.clone());
        Ok(UserPage { users, next_after })
    }

    /// One user and their connections.
    ///
    /// # Errors
    /// `user_not_found`.
    pub async fn user(&self, project: &Project, user: &EndUser) -> Result<(UserSummary, Vec<Connection>), RelayError> {
        let project = &project.id;
        let summary = self.ports.users.user(project, user).await?.ok_or_else(RelayError::user_not_found)?;
        Ok((summary, self.ports.key_store.connections(project, user).await?))
    }

    /// Erases a user and all rows about them. An unknown user is not an error.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn erase_user(&self, project: &Project, user: &EndUser) -> Result<bool, RelayError> {
        Ok(self.ports.users.delete_user(&project.id, user, &self.acting()).await?)
    }
}

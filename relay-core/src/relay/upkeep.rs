//! Counts what a project does against its quotas, and removes what nobody needs any more.

use crate::domain::ids::{EndUser, ProjectId};
use crate::domain::{Project, SecretHash};
use crate::error::RelayError;
use crate::ports::StoreError;
use crate::relay::handle::Relay;

impl Relay {
    /// Removes one batch of what nobody needs any more: idempotency records and tokens past their time, and users who
    /// never connected a key and have no token left. Returns whether there may be more. A server calls it regularly.
    ///
    /// # Errors
    /// The store failed; nothing has changed.
    pub async fn clean_up(&self) -> Result<bool, StoreError> {
        self.ports.upkeep.clean_up(self.token_time()).await
    }

    /// Counts a new registration token for this user.
    pub(super) async fn count_token(&self, project: &Project, user: &EndUser) -> Result<(), RelayError> {
        let quotas = &self.ports.quotas;
        quotas.take_token(&project.id, self.ports.clock.micros())?;
        let pending = self.ports.upkeep.pending_users(&project.id).await?;
        if pending < quotas.limits().pending_users || self.ports.users.user(&project.id, user).await?.is_some() {
            return Ok(());
        }
        Err(quotas.too_many_pending())
    }

    /// Counts a check of a key: for the token that it came with, if any, and for the project.
    pub(super) fn count_key_check(&self, project: &ProjectId, token: Option<&SecretHash>) -> Result<(), RelayError> {
        self.ports.quotas.take_check(project, token, self.ports.clock.micros())
    }
}

use async_trait::async_trait;
use relay_core::domain::ids::{ProjectId, Timestamp};
use relay_core::ports::{StoreError, Upkeep};

use super::state::Memory;

#[async_trait]
impl Upkeep for Memory {
    async fn pending_users(&self, project: &ProjectId) -> Result<u64, StoreError> {
        let state = self.state();
        let pending = state.users.iter().filter(|((owner, _), user)| owner == project && !user.ever_connected);
        Ok(u64::try_from(pending.count()).unwrap_or(u64::MAX))
    }

    /// All of it at once: a store in memory has no other process to wait for.
    async fn clean_up(&self, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let expired = |stored: &&mut relay_core::domain::StoredGrant| stored.grant.expires_at <= now;
        state.grants.values_mut().filter(expired).for_each(|stored| stored.tries_left = 0);
        state.forget(now);
        state.forget_events(now);
        Ok(false)
    }
}

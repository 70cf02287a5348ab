use async_trait::async_trait;
use relay_core::domain::ids::{EndUser, ProjectId};
use relay_core::domain::trail::{By, user_erased};
use relay_core::domain::{UserState, UserSummary};
use relay_core::ports::{StoreError, Users};

use super::state::{Memory, State, User};

#[async_trait]
impl Users for Memory {
    async fn users(
        &self,
        project: &ProjectId,
        wanted: UserState,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, StoreError> {
        let state = self.state();
        let of_project = state.users.iter().filter(|((owner, _), user)| owner == project && user.state() == wanted);
        let rest = of_project.filter(|((_, label), _)| after.as_ref().is_none_or(|after| label > after));
        Ok(rest.take(limit as usize).map(|((_, label), user)| user.summary(label)).collect())
    }

    async fn user(&self, project: &ProjectId, user: &EndUser) -> Result<Option<UserSummary>, StoreError> {
        Ok(self.state().user(project, user).map(|found| found.summary(user)))
    }

    async fn delete_user(&self, project: &ProjectId, user: &EndUser, by: &By) -> Result<bool, StoreError> {
        let mut state = self.state();
        state.grants.retain(|_, stored| !(stored.grant.project == *project && stored.grant.user == *user));
        let State { grants, idempotency, .. } = &mut *state;
        idempotency.retain(|_, (_, hash)| grants.contains_key(hash));
        state.usage.retain(|group, _| !(group.project == *project && group.user == *user));
        let known = state.users.remove(&(project.clone(), user.clone())).map(|known| known.summary(user));
        if known.is_some() || state.names(project, user) {
            let providers = known.as_ref().map(|known| known.providers.clone()).unwrap_or_default();
            state.erase_events(project, user);
            state.write_trail(project, &user_erased(user, &providers), by);
            state.erase_names(project, user);
        }
        Ok(known.is_some())
    }
}

impl User {
    fn state(&self) -> UserState {
        UserState::of(self.ever_connected)
    }

    fn summary(&self, label: &EndUser) -> UserSummary {
        let providers = self.connections.iter().map(|found| found.slot.slot.provider).collect();
        UserSummary::new(label.clone(), self.created_at, self.state(), providers)
    }
}

use async_trait::async_trait;
use relay_core::domain::ids::{ProjectId, Timestamp};
use relay_core::domain::{KeyedProject, Project, RelayKeyRecord, SecretHash};
use relay_core::ports::{Projects, StoreError};

use super::state::{Memory, State};

#[async_trait]
impl Projects for Memory {
    async fn create_project(&self, project: Project) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.project(&project.id).is_some() {
            return Err(StoreError::new("a project with this id already exists"));
        }
        state.projects.push(project);
        state.projects.sort_by_key(|project| project.created_at);
        Ok(())
    }

    async fn update_project(&self, project: Project) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(stored) = state.projects.iter_mut().find(|stored| stored.id == project.id) else { return Ok(false) };
        let created_at = stored.created_at;
        *stored = project;
        stored.created_at = created_at;
        Ok(true)
    }

    async fn delete_project(&self, id: &ProjectId) -> Result<bool, StoreError> {
        let mut state = self.state();
        let State { projects, relay_keys, users, grants, idempotency, usage, .. } = &mut *state;
        let before = projects.len();
        projects.retain(|project| project.id != *id);
        relay_keys.retain(|key| key.project != *id);
        users.retain(|(project, _), _| project != id);
        grants.retain(|_, stored| stored.grant.project != *id);
        idempotency.retain(|(project, _), _| project != id);
        usage.retain(|group, _| group.project != *id);
        Ok(projects.len() < before)
    }

    async fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError> {
        Ok(self.state().project(id).cloned())
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        Ok(self.state().projects.clone())
    }

    async fn create_relay_key(&self, key: RelayKeyRecord) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.project(&key.project).is_none() {
            return Err(StoreError::new("there is no project with this id"));
        }
        let same =
            |other: &RelayKeyRecord| other.hash == key.hash || (other.project == key.project && other.id == key.id);
        if state.relay_keys.iter().any(same) {
            return Err(StoreError::new("a Relay key with this hash or id already exists"));
        }
        state.relay_keys.push(key);
        state.relay_keys.sort_by_key(|key| key.created_at);
        Ok(())
    }

    async fn relay_key(&self, hash: &SecretHash) -> Result<Option<KeyedProject>, StoreError> {
        let state = self.state();
        let Some(key) = state.relay_keys.iter().find(|key| key.hash == *hash) else { return Ok(None) };
        let project = state.project(&key.project).cloned();
        Ok(project.map(|project| KeyedProject::new(key.clone(), project)))
    }

    async fn relay_keys(&self, project: &ProjectId) -> Result<Vec<RelayKeyRecord>, StoreError> {
        Ok(self.state().relay_keys.iter().filter(|key| key.project == *project).cloned().collect())
    }

    async fn revoke_relay_key(&self, project: &ProjectId, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let mut keys = state.relay_keys.iter_mut();
        let Some(key) = keys.find(|key| key.project == *project && key.id == id && key.is_live(now)) else {
            return Ok(false);
        };
        key.revoked_at = Some(now);
        Ok(true)
    }
}

impl State {
    fn project(&self, id: &ProjectId) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == *id)
    }
}

use async_trait::async_trait;
use relay_core::domain::ids::{ProjectId, Timestamp};
use relay_core::domain::trail::{
    AuditChain, By, project_created, project_deleted, project_deletion_began, project_updated, relay_key_created,
    relay_key_revoked, relay_key_rolled,
};
use relay_core::domain::{KeyedProject, Project, RelayKeyRecord, SecretHash};
use relay_core::ports::{Projects, StoreError};

use super::state::{Memory, State};

#[async_trait]
impl Projects for Memory {
    async fn create_project(&self, project: Project, by: &By) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.project(&project.id).is_some() {
            return Err(StoreError::new("a project with this id already exists"));
        }
        state.write_trail(&project.id, &project_created(&project), by);
        state.projects.push(project);
        state.projects.sort_by_key(|project| project.created_at);
        Ok(())
    }

    async fn update_project(&self, project: Project, by: &By) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(stored) = state.projects.iter_mut().find(|stored| stored.id == project.id) else { return Ok(false) };
        let trail = project_updated(stored, &project);
        let (id, created_at) = (project.id.clone(), stored.created_at);
        *stored = project;
        stored.created_at = created_at;
        state.write_trail(&id, &trail, by);
        Ok(true)
    }

    async fn delete_project(&self, id: &ProjectId, by: &By) -> Result<bool, StoreError> {
        let mut state = self.state();
        let deleted = state.project(id).cloned();
        let State { projects, relay_keys, users, grants, idempotency, usage, audit, .. } = &mut *state;
        projects.retain(|project| project.id != *id);
        relay_keys.retain(|key| key.project != *id);
        users.retain(|(project, _), _| project != id);
        grants.retain(|_, stored| stored.grant.project != *id);
        idempotency.retain(|(project, _), _| project != id);
        usage.retain(|group, _| group.project != *id);
        audit.remove(&AuditChain::Project(id.clone()));
        state.webhooks.retain(|webhook| webhook.project != *id);
        state.deliveries.retain(|stored| stored.project != *id);
        let Some(deleted) = deleted else { return Ok(false) };
        for trail in [project_deletion_began(&deleted), project_deleted(&deleted)] {
            trail.entries.iter().for_each(|entry| state.append(&AuditChain::Installation, entry, by));
        }
        Ok(true)
    }

    async fn project(&self, id: &ProjectId) -> Result<Option<Project>, StoreError> {
        Ok(self.state().project(id).cloned())
    }

    async fn projects(&self) -> Result<Vec<Project>, StoreError> {
        Ok(self.state().projects.clone())
    }

    async fn create_relay_key(&self, key: RelayKeyRecord, by: &By) -> Result<(), StoreError> {
        let mut state = self.state();
        let (project, trail) = (key.project.clone(), relay_key_created(&key));
        state.put_relay_key(key)?;
        state.write_trail(&project, &trail, by);
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

    async fn revoke_relay_key(
        &self,
        project: &ProjectId,
        id: &str,
        now: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(key) = state.live_key(project, id, now) else { return Ok(false) };
        let trail = relay_key_revoked(key, now);
        key.revoked_at = Some(now);
        state.write_trail(project, &trail, by);
        Ok(true)
    }

    async fn roll_relay_key(
        &self,
        id: &str,
        new: RelayKeyRecord,
        expires_at: Timestamp,
        by: &By,
    ) -> Result<bool, StoreError> {
        let mut state = self.state();
        let project = new.project.clone();
        let Some(old) = state.live_key(&project, id, by.at).map(|old| old.clone()) else { return Ok(false) };
        let expires_at = old.expires_at.map_or(expires_at, |earlier| earlier.min(expires_at));
        let trail = relay_key_rolled(&old, &new, expires_at);
        state.put_relay_key(new)?;
        if let Some(key) = state.live_key(&project, id, by.at) {
            key.expires_at = Some(expires_at);
        }
        state.write_trail(&project, &trail, by);
        Ok(true)
    }
}

impl State {
    fn put_relay_key(&mut self, key: RelayKeyRecord) -> Result<(), StoreError> {
        if self.project(&key.project).is_none() {
            return Err(StoreError::new("there is no project with this id"));
        }
        let same =
            |other: &RelayKeyRecord| other.hash == key.hash || (other.project == key.project && other.id == key.id);
        if self.relay_keys.iter().any(same) {
            return Err(StoreError::new("a Relay key with this hash or id already exists"));
        }
        self.relay_keys.push(key);
        self.relay_keys.sort_by_key(|key| key.created_at);
        Ok(())
    }

    /// A key that is neither revoked nor expired at `now`.
    fn live_key(&mut self, project: &ProjectId, id: &str, now: Timestamp) -> Option<&mut RelayKeyRecord> {
        let mut keys = self.relay_keys.iter_mut();
        keys.find(|key| key.project == *project && key.id == id && key.is_live(now))
    }

    fn project(&self, id: &ProjectId) -> Option<&Project> {
        self.projects.iter().find(|project| project.id == *id)
    }
}

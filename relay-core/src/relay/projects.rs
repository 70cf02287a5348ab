//! The use cases of a project: create it, change it, delete it, list all of them.

use crate::domain::ids::ProjectId;
use crate::domain::origin::{Origins, PublicSuffixes};
use crate::domain::return_url::ReturnUrl;
use crate::domain::{Policy, Project};
use crate::error::RelayError;
use crate::relay::handle::Relay;
use crate::relay::page::invalid_origins;

/// The longest name of a project or a Relay key, in characters.
pub const MAX_NAME: usize = 80;

/// The settings of a new project, or the changes to an existing one.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ProjectChange {
    /// The name: 1 to [`MAX_NAME`] characters on one line. `None` leaves it unchanged.
    pub name: Option<String>,
    /// The complete policy. `None` leaves it unchanged.
    pub policy: Option<Policy>,
}

impl ProjectChange {
    /// Sets the name.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Replaces the policy.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = Some(policy);
        self
    }
}

impl Relay {
    /// Stores a new project.
    ///
    /// # Errors
    /// `invalid_value` for an invalid name, origin or return URL; `storage_unavailable`.
    pub async fn create_project(&self, name: &str, policy: Policy) -> Result<Project, RelayError> {
        let id = self.ports.tokens.project_id().map_err(RelayError::no_randomness)?;
        let mut project = Project::new(id, checked_name(name)?, self.ports.clock.now());
        project.policy = checked_policy(policy, &Policy::default())?;
        self.ports.projects.create_project(project.clone(), &self.acting()).await?;
        Ok(project)
    }

    /// Returns the project with this id, and stores it first if it is missing. For programs that embed Relay with one
    /// project.
    ///
    /// # Errors
    /// Those of [`Self::create_project`].
    pub async fn ensure_project(&self, id: ProjectId, name: &str) -> Result<Project, RelayError> {
        if let Some(known) = self.ports.projects.project(&id).await? {
            return Ok(known);
        }
        let new = Project::new(id, checked_name(name)?, self.ports.clock.now());
        self.ports.projects.create_project(new.clone(), &self.acting()).await?;
        Ok(new)
    }

    /// Changes a project. Calls that begin afterwards see the change; on other nodes within a second.
    ///
    /// # Errors
    /// Those of [`Self::create_project`]; `project_not_found`.
    pub async fn update_project(&self, id: &ProjectId, change: ProjectChange) -> Result<Project, RelayError> {
        let mut project = self.project(id).await?;
        if let Some(name) = &change.name {
            project.name = checked_name(name)?;
        }
        if let Some(policy) = change.policy {
            project.policy = checked_policy(policy, &project.policy)?;
        }
        if self.ports.projects.update_project(project.clone(), &self.acting()).await? {
            Ok(project)
        } else {
            Err(RelayError::project_not_found())
        }
    }

    /// Deletes a project: its Relay keys, its users, their provider keys, tokens and usage. This can't be undone.
    ///
    /// # Errors
    /// `project_not_found`; `storage_unavailable`.
    pub async fn delete_project(&self, id: &ProjectId) -> Result<(), RelayError> {
        let found = self.ports.projects.delete_project(id, &self.acting()).await?;
        if found { Ok(()) } else { Err(RelayError::project_not_found()) }
    }

    /// The project with this id.
    ///
    /// # Errors
    /// `project_not_found`; `storage_unavailable`.
    pub async fn project(&self, id: &ProjectId) -> Result<Project, RelayError> {
        self.ports.projects.project(id).await?.ok_or_else(RelayError::project_not_found)
    }

    /// All projects, oldest first.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn projects(&self) -> Result<Vec<Project>, RelayError> {
        Ok(self.ports.projects.projects().await?)
    }
}

/// A valid name: trimmed, of 1 to [`MAX_NAME`] characters on one line.
pub(super) fn checked_name(name: &str) -> Result<String, RelayError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
        return Err(RelayError::invalid_value(
            "name",
            format!("`name` must have 1 to {MAX_NAME} characters, on one line"),
        ));
    }
    Ok(name.to_owned())
}

/// Checks a policy and returns it in its stored form: origins as browsers send them, valid return URLs. An unchanged
/// list is not checked again: an older version may have stored entries that this one refuses, and another change must
/// not fail for them.
fn checked_policy(mut policy: Policy, stored: &Policy) -> Result<Policy, RelayError> {
    let origins = |policy: &Policy| (policy.allowed_origins.clone(), policy.allow_public_suffix);
    if origins(&policy) != origins(stored) {
        let public_suffixes =
            if policy.allow_public_suffix { PublicSuffixes::Allowed } else { PublicSuffixes::Refused };
        let allowed = Origins::parse(&policy.allowed_origins, public_suffixes);
        policy.allowed_origins = allowed.map_err(|error| invalid_origins(&error))?.to_stored();
    }
    if policy.return_urls != stored.return_urls {
        for (place, url) in policy.return_urls.iter().enumerate() {
            ReturnUrl::parse(url)
                .map_err(|error| RelayError::invalid_value(format!("returnUrls[{place}]"), error.to_string()))?;
        }
    }
    Ok(policy)
}

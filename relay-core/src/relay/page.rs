//! Which web pages may do what with a registration token.
//!
//! A browser names the page that a call comes from, or that frames one of Relay's own. What is not a browser names none,
//! and needs none: whoever holds a token may use it there.

use crate::domain::{Grant, Project, SecretHash};
use crate::error::RelayError;
use crate::relay::Relay;

/// The web page that a call with a registration token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Its origin, as browsers send it.
    pub origin: &'a str,
    /// Whether Relay's own frame asks in the page's name. Else its scripts do, which can read the key.
    pub framed: bool,
}

/// Origins of pages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// All of them.
    Any,
    /// These, as browsers send them; none, if there are none.
    Only(Vec<String>),
}

impl Origins {
    /// Those that both the token and its project allow: a token's list can narrow the project's and not widen it.
    pub fn allowed(grant: &Grant, project: &Project) -> Self {
        let (own, all) = (&grant.allowed_origins, &project.policy.allowed_origins);
        match (own.is_empty(), all.is_empty()) {
            (true, true) => Self::Any,
            (true, false) => Self::Only(all.clone()),
            (false, true) => Self::Only(own.clone()),
            (false, false) => Self::Only(own.iter().filter(|origin| all.contains(origin)).cloned().collect()),
        }
    }

    /// Whether a page of this origin is one of them.
    pub fn permits(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Only(known) => known.iter().any(|known| known == origin),
        }
    }
}

impl Relay {
    /// Which pages may frame Relay's own for the registration token with this hash, whether it is still good or not. `None`:
    /// there is no such token.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn framing_origins(&self, token: &SecretHash) -> Result<Option<Origins>, RelayError> {
        let Some(stored) = self.ports.key_store.grant(token).await? else { return Ok(None) };
        let project = self.ports.projects.project(&stored.grant.project).await?;
        Ok(project.map(|project| Origins::allowed(&stored.grant, &project)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Allowed;
    use crate::domain::ids::{EndUser, ProjectId, Timestamp};

    fn allowed(own: &[&str], all: &[&str]) -> Origins {
        let list = |origins: &[&str]| origins.iter().map(|&origin| origin.to_owned()).collect();
        let mut project = Project::new(ProjectId::from_digits("0123456789012345678901").unwrap(), "p", Timestamp(0));
        project.policy.allowed_origins = list(all);
        let grant = Grant {
            project: project.id.clone(),
            user: EndUser::parse("ana").unwrap(),
            allowed: Allowed::Any,
            allowed_origins: list(own),
            replace: true,
            created_at: Timestamp(0),
            expires_at: Timestamp(1),
        };
        Origins::allowed(&grant, &project)
    }

    #[test]
    fn a_token_narrows_its_projects_origins_and_never_widens_them() {
        let (a, b, c) = ("https://a.example", "https://b.example", "https://c.example");
        let only = |list: &[&str]| Origins::Only(list.iter().map(|&origin| origin.to_owned()).collect());
        assert_eq!(allowed(&[], &[]), Origins::Any);
        assert_eq!(allowed(&[], &[a, b]), only(&[a, b]));
        assert_eq!(allowed(&[a], &[]), only(&[a]));
        assert_eq!(allowed(&[c, b, a], &[a, b]), only(&[b, a]));
        // Not "any", although there is nothing in it.
        assert_eq!(allowed(&[c], &[a, b]), only(&[]));
    }

    #[test]
    fn an_origin_is_permitted_letter_by_letter() {
        let known = allowed(&[], &["https://a.example"]);
        assert!(known.permits("https://a.example"));
        for other in
            ["https://A.example", "https://a.example/", "http://a.example", "https://a.example:443", "null", ""]
        {
            assert!(!known.permits(other), "{other}");
            assert!(Origins::Any.permits(other));
        }
        assert!(!allowed(&["https://c.example"], &["https://a.example"]).permits("https://a.example"));
    }
}

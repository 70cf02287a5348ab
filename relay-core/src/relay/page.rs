//! Which web pages may use a registration token, and how.
//!
//! A browser names the page that a call comes from, or that embeds one of Relay's own pages. A program other than a
//! browser names no page, and a token works there without one.

use crate::domain::origin::{InvalidOriginList, Origins, PublicSuffixes};
use crate::domain::{Grant, Logo, Project, SecretHash};
use crate::error::RelayError;
use crate::relay::handle::Relay;

/// The web page that a call with a registration token comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page<'a> {
    /// Its origin, as browsers send it.
    pub origin: &'a str,
    /// Whether Relay's own frame sent the call on behalf of the page. Otherwise a script of the page did, and it could
    /// read the key.
    pub framed: bool,
}

/// The pages that both a token and its project allow. A token's list can narrow the project's, and cannot widen it.
pub(crate) fn allowed_origins(grant: &Grant, project: &Project) -> Origins {
    // The public suffixes that a token may name were checked when it was issued.
    Origins::stored(&grant.allowed_origins, PublicSuffixes::Allowed).narrowed_by(&project.origins())
}

/// Names the invalid entry of `allowedOrigins`.
pub(crate) fn invalid_origins(error: &InvalidOriginList) -> RelayError {
    let param = match error {
        InvalidOriginList::Entry(place, _) => format!("allowedOrigins[{place}]"),
        InvalidOriginList::TooLong => "allowedOrigins".to_owned(),
    };
    RelayError::invalid_value(param, error.to_string())
}

impl Relay {
    /// The pages that may embed Relay's frame for the registration token with this hash, whether or not it is still
    /// valid. `None` for an unknown token.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn framing_origins(&self, token: &SecretHash) -> Result<Option<Origins>, RelayError> {
        let Some(stored) = self.ports.key_store.grant(token).await? else { return Ok(None) };
        let project = self.ports.projects.project(&stored.grant.project).await?;
        Ok(project.map(|project| allowed_origins(&stored.grant, &project)))
    }

    /// The logo of the project that the registration token with this hash is for. `None` for an unknown token, or without
    /// a logo.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn logo(&self, token: &SecretHash) -> Result<Option<Logo>, RelayError> {
        let Some(stored) = self.ports.key_store.grant(token).await? else { return Ok(None) };
        let project = self.ports.projects.project(&stored.grant.project).await?;
        Ok(project.and_then(|project| project.policy.logo))
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
            user_name: None,
            allowed: Allowed::Any,
            allowed_origins: list(own),
            replace: true,
            created_at: Timestamp(0),
            expires_at: Timestamp(1),
        };
        allowed_origins(&grant, &project)
    }

    #[test]
    fn a_token_narrows_its_projects_origins_and_never_widens_them() {
        let (a, b, c) = ("https://a.example", "https://b.example", "https://c.example");
        assert_eq!(allowed(&[], &[]), Origins::Any);
        assert_eq!(allowed(&[], &[a, b]).to_stored(), [a, b]);
        assert_eq!(allowed(&[a], &[]).to_stored(), [a]);
        assert_eq!(allowed(&[c, b, a], &[a, b]).to_stored(), [b, a]);
        // An empty intersection allows no page; it must not mean "any".
        assert_eq!(allowed(&[c], &[a, b]), Origins::Only(vec![]));
        assert_eq!(
            allowed(&["https://x.b.example", c], &[a, "https://*.b.example"]).to_stored(),
            ["https://x.b.example"]
        );
    }

    #[test]
    fn a_stored_entry_that_is_not_a_valid_origin_allows_no_page() {
        for invalid in ["https://a.example/path", "https://*.vercel.app", "*"] {
            assert_eq!(allowed(&[], &[invalid]), Origins::Only(vec![]), "{invalid}");
            assert_eq!(allowed(&["https://a.vercel.app"], &[invalid]), Origins::Only(vec![]), "{invalid}");
        }
    }
}

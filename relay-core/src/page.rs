//! Which web pages may do what with a registration token.
//!
//! A browser names the page that a call comes from, or that frames one of Relay's own. What is not a browser names none,
//! and needs none: whoever holds a token may use it there.

use crate::error::{Class, RelayError};
use crate::onboarding::{Found, for_provider};
use crate::ports::{Grant, Project, SecretHash, Slot};
use crate::provider::Provider;
use crate::relay::Relay;
use crate::secret::RegistrationToken;

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
        let (own, all) = (&grant.allowed_origins, &project.allowed_origins);
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

    /// Forgets a user's key, as the user asks with a registration token. The token stays usable. That there was no key is no
    /// error.
    ///
    /// # Errors
    /// As [`Self::registration`]; `invalid_value` if the token is for another provider; `replace_not_allowed`.
    pub async fn disconnect_with_token(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
        provider: Provider,
    ) -> Result<bool, RelayError> {
        let Found { stored, .. } = self.find_grant(token, page).await?;
        self.usable(&stored)?;
        let grant = stored.grant;
        for_provider(&grant, provider)?;
        // Whoever may not put another key in its place may not take it away either.
        if !grant.replace {
            return Err(RelayError::new(
                Class::Forbidden,
                "replace_not_allowed",
                "this registration token may not remove a key that is connected",
            )
            .with_provider(provider));
        }
        let slot = Slot { project: grant.project, user: grant.user, provider };
        Ok(self.ports.key_store.delete_connection(&slot).await?)
    }
}

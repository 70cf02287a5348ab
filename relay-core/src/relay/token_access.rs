//! Looks a registration token up: its form and checksum first, then its grant. A server does this before it reads the
//! rest of a request.

use crate::domain::ids::ProjectId;
use crate::domain::origin::Origins;
use crate::domain::secret::RegistrationToken;
use crate::domain::{Project, SecretHash, StoredGrant};
use crate::error::RelayError;
use crate::relay::handle::Relay;
use crate::relay::page::{Page, allowed_origins};

/// A known registration token, which may be spent or expired.
#[derive(Debug)]
pub struct TokenAccess {
    pub(super) hash: SecretHash,
    pub(super) stored: StoredGrant,
    pub(super) project: Project,
}

impl TokenAccess {
    /// The hash under which the token is stored.
    pub fn hash(&self) -> SecretHash {
        self.hash
    }

    /// The project that the token was issued for.
    pub fn project(&self) -> &ProjectId {
        &self.project.id
    }

    /// The pages that both the token and its project allow.
    pub fn origins(&self) -> Origins {
        allowed_origins(&self.stored.grant, &self.project)
    }

    /// Checks that the call comes from a page that may use the token. A call from no page may use every token.
    fn permits(&self, page: Option<Page<'_>>) -> Result<(), RelayError> {
        match page {
            Some(page) if !self.origins().permits(page.origin) => Err(RelayError::origin_not_allowed()),
            _ => Ok(()),
        }
    }

    /// Checks that the page may send a key: some projects accept keys only from Relay's own frame.
    pub(super) fn may_send_keys(&self, page: Option<Page<'_>>) -> Result<(), RelayError> {
        let refused = self.project.policy.frame_only && page.is_some_and(|page| !page.framed);
        if refused { Err(RelayError::frame_required()) } else { Ok(()) }
    }
}

impl Relay {
    /// Looks a registration token up.
    ///
    /// # Errors
    /// `invalid_registration_token` if it is malformed or unknown; `storage_unavailable`.
    pub async fn token_access(&self, token: &RegistrationToken) -> Result<TokenAccess, RelayError> {
        let unknown = || RelayError::not_a_registration_token(token.looks_like());
        let hash = self.ports.tokens.hash_registration_token(token).ok_or_else(unknown)?;
        let stored = self.ports.key_store.grant(&hash).await?.ok_or_else(unknown)?;
        let project = self.ports.projects.project(&stored.grant.project).await?.ok_or_else(unknown)?;
        Ok(TokenAccess { hash, stored, project })
    }

    /// Looks a token up that this page wants to use.
    pub(super) async fn token_access_from(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
    ) -> Result<TokenAccess, RelayError> {
        let access = self.token_access(token).await?;
        access.permits(page)?;
        Ok(access)
    }

    /// Checks that a registration from this page can succeed with this token, as far as that is known without the key.
    /// A server calls it before it reads the key.
    ///
    /// # Errors
    /// `origin_not_allowed`, `frame_required`, `registration_token_used`, `registration_token_expired`.
    pub fn may_register(&self, access: &TokenAccess, page: Option<Page<'_>>) -> Result<(), RelayError> {
        access.permits(page)?;
        access.may_send_keys(page)?;
        // A spent token still answers the request that spent it, until it expires.
        let may_replay = access.stored.spent.is_some() && !access.stored.grant.is_expired(self.token_time());
        if may_replay { Ok(()) } else { self.usable(&access.stored) }
    }

    /// Checks that a token is neither spent nor expired.
    pub(super) fn usable(&self, stored: &StoredGrant) -> Result<(), RelayError> {
        if stored.spent.is_some() {
            return Err(RelayError::registration_token_used());
        }
        if stored.grant.is_expired(self.token_time()) || stored.tries_left == 0 {
            return Err(RelayError::registration_token_expired());
        }
        Ok(())
    }
}

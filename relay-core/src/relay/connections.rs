//! The use cases of a stored key: ask the provider about it, and disconnect it.

use crate::domain::ids::EndUser;
use crate::domain::secret::RegistrationToken;
use crate::domain::{Connection, Project, Provider, Slot};
use crate::error::RelayError;
use crate::relay::call::Route;
use crate::relay::handle::Relay;
use crate::relay::key_check::Verdict;
use crate::relay::page::Page;
use crate::relay::registration::{Found, for_provider};

impl Relay {
    /// Asks the provider about a stored key now.
    ///
    /// # Errors
    /// `provider_key_missing` if there is none; `upstream_unreachable` if the provider can't say.
    pub async fn verify_connection(
        &self,
        project: &Project,
        user: &EndUser,
        provider: Provider,
    ) -> Result<Connection, RelayError> {
        let slot = Slot { project: project.id.clone(), user: user.clone(), provider };
        let connection =
            self.ports.key_store.connection(&slot).await?.ok_or_else(|| RelayError::provider_key_missing(provider))?;
        let Route { mut connection, key, .. } = self.open_unchecked(connection)?;
        let Verdict::Known(signal) = self.ask(provider, &key, connection.workspace_id.as_deref()).await? else {
            return Err(RelayError::provider_key_unchecked(provider));
        };
        let (version, now) = (connection.slot.version, self.ports.clock.now());
        let state = self.ports.key_store.observe(&slot, version, signal, true, now).await?;
        connection.state = state.ok_or_else(|| RelayError::provider_key_missing(provider))?;
        Ok(connection)
    }

    /// Forgets a user's key for a provider. That there was none is no error.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn disconnect(&self, project: &Project, user: &EndUser, provider: Provider) -> Result<bool, RelayError> {
        let slot = Slot { project: project.id.clone(), user: user.clone(), provider };
        Ok(self.ports.key_store.delete_connection(&slot).await?)
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
            return Err(RelayError::remove_not_allowed(provider));
        }
        let slot = Slot { project: grant.project, user: grant.user, provider };
        Ok(self.ports.key_store.delete_connection(&slot).await?)
    }
}

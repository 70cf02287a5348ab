//! The use cases of a stored key: check it with the provider, and disconnect it.

use crate::domain::ids::EndUser;
use crate::domain::secret::RegistrationToken;
use crate::domain::trail::Actor;
use crate::domain::{Connection, Project, Provider, Slot};
use crate::error::RelayError;
use crate::relay::call::Route;
use crate::relay::handle::Relay;
use crate::relay::key_check::{Checked, Sent, Verdict};
use crate::relay::page::Page;
use crate::relay::registration::for_provider;
use crate::relay::token_access::TokenAccess;

impl Relay {
    /// Checks a stored key with the provider now.
    ///
    /// # Errors
    /// `provider_key_missing` without a stored key; `upstream_unreachable` if the provider does not answer;
    /// `rate_limit_exceeded` if the project had too many keys checked.
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
        self.count_key_check(&project.id, None)?;
        let sent = Sent { provider, key: &key, ids: &connection.ids, region: connection.region };
        let Checked { verdict, region } = self.ask(sent).await?;
        let (version, by) = (connection.slot.version, self.acting());
        if region != connection.region {
            self.ports.key_store.set_region(&slot, version, region, &by).await?;
            connection.region = region;
        }
        let signal = match verdict {
            Verdict::Known(signal, _) => signal,
            Verdict::Unknown(why) => return Err(RelayError::provider_key_unchecked(provider, why)),
        };
        let state = self.ports.key_store.observe(&slot, version, signal, true, by.at, &by).await?;
        connection.state = state.ok_or_else(|| RelayError::provider_key_missing(provider))?;
        Ok(connection)
    }

    /// Deletes a user's key for a provider. A missing key is not an error.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn disconnect(&self, project: &Project, user: &EndUser, provider: Provider) -> Result<bool, RelayError> {
        let slot = Slot { project: project.id.clone(), user: user.clone(), provider };
        Ok(self.ports.key_store.delete_connection(&slot, &self.acting()).await?)
    }

    /// Deletes a user's key at the request of the user, who sends a registration token. The token stays usable. A
    /// missing key is not an error.
    ///
    /// # Errors
    /// Those of [`Self::registration`]; `invalid_value` if the token is for another provider; `replace_not_allowed`.
    pub async fn disconnect_with_token(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
        provider: Provider,
    ) -> Result<bool, RelayError> {
        let TokenAccess { hash, stored, .. } = self.token_access_from(token, page).await?;
        self.usable(&stored)?;
        let grant = stored.grant;
        for_provider(&grant, provider)?;
        // A token that may not replace a key may not remove it either.
        if !grant.replace {
            return Err(RelayError::remove_not_allowed(provider));
        }
        let slot = Slot { project: grant.project, user: grant.user, provider };
        let by = self.acting_as(Actor::RegistrationToken(hash));
        Ok(self.ports.key_store.delete_connection(&slot, &by).await?)
    }
}

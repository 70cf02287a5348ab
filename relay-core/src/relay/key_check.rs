//! Checks a key with its provider, at registration and on request. The checks are free of charge for the user.

use crate::domain::secret::ProviderKey;
use crate::domain::{ConnectionState, KeySignal, Provider, SecretHash, Slot};
use crate::error::{Class, RelayError};
use crate::ports::WireRequest;
use crate::relay::handle::Relay;
use crate::translation::dialect;

/// A provider's verdict on a key.
pub(crate) enum Verdict {
    Known(KeySignal),
    Unknown,
}

/// What happens to a registration token when the provider refuses the key.
#[derive(Clone, Copy)]
pub(crate) enum Refusals {
    /// It loses one of its tries, and the error has the number that is left.
    Counted,
    /// Nothing, because there is no token that a user could try again with.
    Ignored,
}

impl Relay {
    /// Checks a key that is not stored yet, for this slot.
    pub(crate) async fn check_before_storing(
        &self,
        slot: &Slot,
        (token, refusals): (&SecretHash, Refusals),
        key: &ProviderKey,
        workspace: Option<&str>,
    ) -> Result<ConnectionState, RelayError> {
        let provider = slot.provider;
        if matches!(refusals, Refusals::Counted) {
            self.count_key_check(&slot.project, Some(token))?;
        }
        match self.ask(provider, key, workspace).await? {
            Verdict::Known(KeySignal::Works) => Ok(ConnectionState::Active),
            Verdict::Known(KeySignal::NoCredit | KeySignal::SpendLimit) => Ok(ConnectionState::NoCredit),
            Verdict::Known(KeySignal::Restricted) => Ok(ConnectionState::Restricted),
            Verdict::Unknown => Ok(ConnectionState::Unverified),
            Verdict::Known(KeySignal::NeedsWorkspace) => {
                // It counts too, otherwise one token could try any number of keys and workspaces.
                let left = self.count_refusal(token, refusals).await?;
                Err(RelayError::workspace_required(provider, left))
            }
            Verdict::Known(_) => {
                let left = self.count_refusal(token, refusals).await?;
                Err(RelayError::key_refused_by_provider(provider, left))
            }
        }
    }

    /// Takes one of the token's tries, and returns how many are left.
    async fn count_refusal(&self, token: &SecretHash, refusals: Refusals) -> Result<Option<u32>, RelayError> {
        match refusals {
            Refusals::Counted => Ok(Some(self.ports.key_store.count_refusal(token).await?)),
            Refusals::Ignored => Ok(None),
        }
    }

    /// Checks whether a key is valid, and whether a key that can list models can also be used: Google has keys that may
    /// list models but not generate, and Anthropic refuses to count tokens for an account that has reached its limit.
    pub(crate) async fn ask(
        &self,
        provider: Provider,
        key: &ProviderKey,
        workspace: Option<&str>,
    ) -> Result<Verdict, RelayError> {
        let dialect = dialect(provider);
        let verdict = self.ask_once(provider, dialect.check_key(), key, workspace).await?;
        let (Verdict::Known(KeySignal::Works), Some(second)) = (&verdict, dialect.check_use()) else {
            return Ok(verdict);
        };
        // The key is valid. The second answer can only show a missing permission; other errors concern the model.
        Ok(match self.ask_once(provider, second, key, workspace).await? {
            Verdict::Known(limit @ (KeySignal::Restricted | KeySignal::NoCredit | KeySignal::SpendLimit)) => {
                Verdict::Known(limit)
            }
            _ => verdict,
        })
    }

    async fn ask_once(
        &self,
        provider: Provider,
        wire: WireRequest,
        key: &ProviderKey,
        workspace: Option<&str>,
    ) -> Result<Verdict, RelayError> {
        let wire = match (dialect(provider).workspace_header(), workspace) {
            (Some(name), Some(id)) => wire.with_header(name, id),
            _ => wire,
        };
        let Ok(response) = self.client(provider)?.send(wire, key).await else { return Ok(Verdict::Unknown) };
        if (200..300).contains(&response.status) {
            return Ok(Verdict::Known(KeySignal::Works));
        }
        let fault = self.fault(provider, response, key).await;
        Ok(match fault.signal {
            Some(signal) => Verdict::Known(signal),
            // A rate limit proves that the key is valid.
            None if fault.error.class() == Class::RateLimited => Verdict::Known(KeySignal::Works),
            None => Verdict::Unknown,
        })
    }
}

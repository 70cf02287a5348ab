//! Checks a key with its provider, at registration and on request. The checks are free of charge for the user.

use crate::domain::secret::ProviderKey;
use crate::domain::{AccountIds, ConnectionState, KeySignal, Provider, Region, SecretHash, Slot};
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::relay::handle::Relay;
use crate::relay::inference::collect;
use crate::translation::dialect;
use crate::translation::limits::MAX_ANSWER;

/// A provider's verdict on a key.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// What the provider says of the key, and `error.reason`.
    Known(KeySignal, Option<&'static str>),
    /// The provider could not be reached, or something on the way to it answered: why.
    Unknown(RelayError),
}

/// A verdict, and the region whose host gave it.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) verdict: Verdict,
    pub(crate) region: Option<Region>,
}

/// What a key is sent with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent<'a> {
    pub(crate) provider: Provider,
    pub(crate) key: &'a ProviderKey,
    pub(crate) ids: &'a AccountIds,
    pub(crate) region: Option<Region>,
}

/// A key that may be stored.
#[derive(Debug)]
pub(crate) struct Accepted {
    pub(crate) state: ConnectionState,
    /// The region whose host it works at.
    pub(crate) region: Option<Region>,
    /// Why the provider was not asked, for an unverified one.
    pub(crate) unchecked: Option<RelayError>,
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
        ids: &AccountIds,
    ) -> Result<Accepted, RelayError> {
        let provider = slot.provider;
        if matches!(refusals, Refusals::Counted) {
            self.count_key_check(&slot.project, Some(token))?;
        }
        let Checked { verdict, region } = self.ask(Sent { provider, key, ids, region: None }).await?;
        let (signal, reason) = match verdict {
            Verdict::Known(signal, reason) => (signal, reason),
            Verdict::Unknown(why) => {
                return Ok(Accepted { state: ConnectionState::Unverified, region, unchecked: Some(why) });
            }
        };
        let accepted = |state| Accepted { state, region, unchecked: None };
        match signal {
            KeySignal::Works | KeySignal::Accepted => return Ok(accepted(ConnectionState::Active)),
            KeySignal::NoCredit | KeySignal::SpendLimit => return Ok(accepted(ConnectionState::NoCredit)),
            KeySignal::Restricted => return Ok(accepted(ConnectionState::Restricted)),
            // Not the key's fault: it costs no try.
            KeySignal::IpNotAllowed => return Err(RelayError::ip_not_allowed(provider)),
            KeySignal::WrongRegion(named) => return Err(RelayError::wrong_region(provider, named)),
            _ => {}
        }
        // A missing id counts too, otherwise one token could try any number of keys and ids.
        let left = self.count_refusal(token, refusals).await?;
        Err(match signal {
            KeySignal::NeedsWorkspace => RelayError::workspace_required(provider, left),
            KeySignal::NeedsOrganization => RelayError::organization_required(provider, left),
            KeySignal::NeedsProject => RelayError::project_required(provider, left),
            _ => RelayError::key_refused_by_provider(provider, reason, left),
        })
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
    ///
    /// A key of another region is checked at its region's host.
    pub(crate) async fn ask(&self, sent: Sent<'_>) -> Result<Checked, RelayError> {
        let verdict = self.ask_here(sent).await?;
        match verdict {
            Verdict::Known(KeySignal::WrongRegion(named), _) if self.client(sent.provider)?.reaches_regions() => {
                self.ask_in_regions(sent, named, verdict).await
            }
            verdict => Ok(Checked { verdict, region: sent.region }),
        }
    }

    /// Asks at the host that the provider named, which must be one of the fixed list; if it named none, at each of them.
    async fn ask_in_regions(
        &self,
        sent: Sent<'_>,
        named: Option<Region>,
        refused: Verdict,
    ) -> Result<Checked, RelayError> {
        let others = sent.provider.regions().filter(|region| named.is_none_or(|named| named == *region));
        for region in others.filter(|region| sent.region != Some(*region)) {
            let verdict = self.ask_here(Sent { region: Some(region), ..sent }).await?;
            let is_elsewhere = match verdict {
                Verdict::Known(KeySignal::WrongRegion(_), _) => true,
                // A host that was only tried may be unreachable. One that was named is the right one.
                Verdict::Unknown(_) => named.is_none(),
                Verdict::Known(..) => false,
            };
            if !is_elsewhere {
                return Ok(Checked { verdict, region: Some(region) });
            }
        }
        Ok(Checked { verdict: refused, region: sent.region })
    }

    async fn ask_here(&self, sent: Sent<'_>) -> Result<Verdict, RelayError> {
        let dialect = dialect(sent.provider);
        let verdict = self.ask_once(sent, dialect.check_key(), |body| dialect.is_key_check(body)).await?;
        let (Verdict::Known(KeySignal::Works, _), Some(second)) = (&verdict, dialect.check_use()) else {
            return Ok(verdict);
        };
        // The key is valid. The second answer can only show a missing permission; other errors concern the model.
        Ok(match self.ask_once(sent, second, |_| true).await? {
            limit @ Verdict::Known(KeySignal::Restricted | KeySignal::NoCredit | KeySignal::SpendLimit, _) => limit,
            _ => verdict,
        })
    }

    /// One question. An answer with a good status is the provider's only if its body is: a network's login page has status
    /// 200, too.
    async fn ask_once(
        &self,
        Sent { provider, key, ids, region }: Sent<'_>,
        wire: WireRequest,
        is_own: impl Fn(&[u8]) -> bool,
    ) -> Result<Verdict, RelayError> {
        let wire = wire.addressed(provider, ids, region);
        let unknown = |error: RelayError| Ok(Verdict::Unknown(error.without(key).with_provider(provider)));
        let response = match self.client(provider)?.send(wire, key).await {
            Ok(response) => response,
            Err(error) => return unknown(error.into()),
        };
        let status = response.status;
        if (200..300).contains(&status) {
            return match collect(response, MAX_ANSWER).await {
                Ok(body) if is_own(&body) => Ok(Verdict::Known(KeySignal::Works, None)),
                Ok(_) => unknown(RelayError::not_the_provider(provider.label(), status)),
                Err(error) => unknown(error),
            };
        }
        let fault = self.fault(provider, response, key).await;
        match fault.signal {
            Some(signal) => Ok(Verdict::Known(signal, fault.error.reason())),
            None => unknown(fault.error),
        }
    }
}

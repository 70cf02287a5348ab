//! The use cases of an end user with a registration token: see what it allows, connect a key with it.
//!
//! Everything that can fail because of the user's input happens before the token is spent. Then one transaction spends
//! the token and stores the key.

use std::sync::Arc;

use crate::domain::ids::{EndUser, Timestamp};
use crate::domain::secret::{ProviderKey, RegistrationToken};
use crate::domain::trail::{Actor, By};
use crate::domain::{
    AccountIds, Allowed, Connection, ConnectionState, Grant, Project, Provider, RedeemRefusal, Region, SealedSlot,
    SecretHash, Slot, Spent,
};
use crate::error::RelayError;
use crate::ports::RedeemError;
use crate::relay::handle::Relay;
use crate::relay::key_check::{Accepted, Refusals};
use crate::relay::page::Page;
use crate::relay::registration_lock;
use crate::relay::registration_tokens::{TOKEN_SECONDS, TokenRequest};
use crate::relay::token_access::TokenAccess;

/// How many times a key is sealed again if the connection changes meanwhile.
const REDEEM_ATTEMPTS: usize = 5;
/// The longest id of a workspace, an organization or a project, in characters.
const MAX_ID: usize = 128;

/// What the widget needs to draw itself.
#[derive(Debug)]
pub struct Registration {
    /// The token's project.
    pub project: Project,
    /// What the token allows.
    pub grant: Grant,
    /// The providers that the user may choose from.
    pub providers: Vec<Provider>,
    /// The keys that are already connected.
    pub connections: Vec<Connection>,
    /// What can be done with the token.
    pub status: TokenStatus,
}

/// What can be done with a known registration token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenStatus {
    /// It can store a key.
    Open,
    /// It has stored this key; `None` if the key was disconnected or replaced since.
    Used(Option<Registered>),
    /// Its time is over, or it has no tries left.
    Expired,
}

/// A stored key, as its user may see it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Registered {
    /// The key's provider.
    pub provider: Provider,
    /// The key's last four characters.
    pub last4: String,
    /// The state of the key.
    pub state: ConnectionState,
    /// When it was stored.
    pub connected_at: Timestamp,
    /// Why the provider could not be asked about an unverified key, for the log. `None` for an answer that is repeated.
    pub unchecked: Option<Arc<RelayError>>,
}

impl Relay {
    /// What a token allows, and which keys are already connected.
    ///
    /// # Errors
    /// `invalid_registration_token`, `registration_token_used`, `registration_token_expired`, `origin_not_allowed`.
    pub async fn registration(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
    ) -> Result<Registration, RelayError> {
        let TokenAccess { stored, project, .. } = self.token_access_from(token, page).await?;
        self.usable(&stored)?;
        let grant = stored.grant;
        let connections = self.ports.key_store.connections(&grant.project, &grant.user).await?;
        let served = |provider: &Provider| self.client(*provider).is_ok() && grant.allowed.permits(*provider);
        let providers = Provider::ALL.iter().copied().filter(served).collect();
        Ok(Registration { project, providers, connections, grant, status: TokenStatus::Open })
    }

    /// The same, and for a token that was used or has expired what became of it: for a page that is loaded again, after a
    /// response was lost or the user came back. Such a token shows no other key, and can do nothing.
    ///
    /// # Errors
    /// `invalid_registration_token`, `origin_not_allowed`.
    pub async fn resume_registration(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
    ) -> Result<Registration, RelayError> {
        let TokenAccess { stored, project, .. } = self.token_access_from(token, page).await?;
        if self.usable(&stored).is_ok() {
            return self.registration(token, page).await;
        }
        let status = match &stored.spent {
            Some(spent) => TokenStatus::Used(self.still_stored(&stored.grant, spent).await?),
            None => TokenStatus::Expired,
        };
        Ok(Registration { project, grant: stored.grant, providers: vec![], connections: vec![], status })
    }

    /// The key that a token stored, in its present state, if it is still connected.
    async fn still_stored(&self, grant: &Grant, spent: &Spent) -> Result<Option<Registered>, RelayError> {
        let slot = Slot { project: grant.project.clone(), user: grant.user.clone(), provider: spent.provider };
        let found = self.ports.key_store.connection(&slot).await?;
        let same = found.filter(|found| found.fingerprint == spent.fingerprint && found.connected_at == spent.at);
        Ok(same.map(|found| Registered {
            provider: spent.provider,
            last4: found.last4,
            state: found.state,
            connected_at: found.connected_at,
            unchecked: None,
        }))
    }

    /// Moves what a token allows to another one, `successor`, which the caller has made. The token itself is unknown
    /// afterwards, and is not spent: no key is stored. The hosted page does this with the token in its link, which the
    /// browser's history keeps.
    ///
    /// If the response is lost, the successor shows whether it was done: it is known then.
    ///
    /// # Errors
    /// Those of [`Self::registration`]; `invalid_value` for a malformed successor; `rate_limit_exceeded` after too many of
    /// them for one user.
    pub async fn exchange_token(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
        successor: &RegistrationToken,
    ) -> Result<(), RelayError> {
        let hash_of = |token| self.ports.tokens.hash_registration_token(token);
        let from = hash_of(token).ok_or_else(RelayError::invalid_registration_token)?;
        let malformed = || RelayError::invalid_value("successor", "`successor` must be a registration token (`rrt-…`)");
        let to = hash_of(successor).filter(|to| *to != from).ok_or_else(malformed)?;
        let _locked = registration_lock::lock(from).await;
        let TokenAccess { stored, .. } = self.token_access_from(token, page).await?;
        self.usable(&stored)?;
        let (grant, now) = (&stored.grant, self.ports.clock.micros());
        self.ports.quotas.take_exchange(&grant.project, &grant.user, now)?;
        if self.ports.key_store.exchange_grant(&from, &to, self.token_time()).await? {
            return Ok(());
        }
        // It was redeemed or exchanged meanwhile, on another node.
        Err(RelayError::registration_token_used())
    }

    /// Checks a key with its provider, stores it and spends the token.
    ///
    /// Until the token expires, the same token with the same key returns the same answer again, so a lost response does
    /// no harm.
    ///
    /// # Errors
    /// Those of [`Self::registration`]; `frame_required`; `replace_not_allowed`. `provider_key_masked` and
    /// `subscription_token` for what is not an API key, `provider_ip_not_allowed` and `provider_key_wrong_region` for a
    /// good key that can't be used from here. `key_refused_by_provider`, `provider_key_needs_workspace`,
    /// `provider_key_needs_organization` and `provider_key_needs_project`, each of which takes one of the token's tries.
    pub async fn register(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
        provider: Provider,
        key: ProviderKey,
        ids: AccountIds,
    ) -> Result<Registered, RelayError> {
        self.redeem((token, Refusals::Counted), page, provider, key, ids).await
    }

    async fn redeem(
        &self,
        (token, refusals): (&RegistrationToken, Refusals),
        page: Option<Page<'_>>,
        provider: Provider,
        key: ProviderKey,
        ids: AccountIds,
    ) -> Result<Registered, RelayError> {
        // The grant cannot change until the lock is released, so tries are counted one at a time.
        let locked =
            self.ports.tokens.hash_registration_token(token).ok_or_else(RelayError::invalid_registration_token)?;
        let _locked = registration_lock::lock(locked).await;
        let access = self.token_access_from(token, page).await?;
        access.may_send_keys(page)?;
        let TokenAccess { hash, stored, .. } = access;
        let slot = Slot { project: stored.grant.project.clone(), user: stored.grant.user.clone(), provider };
        let fingerprint = self.ports.cipher.fingerprint(&slot, &key);
        if let Some(spent) = stored.spent.as_ref().filter(|_| self.token_time() < stored.grant.expires_at) {
            return replay(spent, provider, fingerprint);
        }
        self.usable(&stored)?;
        for_provider(&stored.grant, provider)?;
        check_ids(&ids)?;
        self.refuse_occupied(&slot, &stored.grant).await?;
        // The provider need not be asked about these.
        if let Some(other) = key.not_a_key() {
            return Err(RelayError::not_a_key(provider, other));
        }
        let by = match refusals {
            Refusals::Counted => self.acting_as(Actor::RegistrationToken(hash)),
            // The token is Relay's own: the caller connects the key.
            Refusals::Ignored => self.acting(),
        };
        let mut attempt = Attempt { hash, slot, fingerprint, ids, region: None, by };
        let token = (&attempt.hash, refusals);
        let Accepted { state, region, unchecked } =
            self.check_before_storing(&attempt.slot, token, &key, &attempt.ids).await?;
        attempt.region = region;
        let stored = self.store(attempt, &key, state).await?;
        Ok(Registered { unchecked: unchecked.map(Arc::new), ..stored })
    }

    /// Checks a key with its provider and stores it, replacing any existing key. For programs that embed Relay and need
    /// no registration token: one is created and spent internally, so the same rules apply.
    ///
    /// # Errors
    /// `project_not_found` if the project is not stored; what [`Self::register`] says of the key; `invalid_value` for a
    /// malformed id.
    pub async fn connect(
        &self,
        project: &Project,
        user: EndUser,
        provider: Provider,
        key: ProviderKey,
        ids: AccountIds,
    ) -> Result<Registered, RelayError> {
        self.ports.projects.project(&project.id).await?.ok_or_else(RelayError::project_not_found)?;
        let mut request = TokenRequest::new(user);
        (request.allowed, request.seconds) = (Allowed::Only(provider), *TOKEN_SECONDS.start());
        let issued = self.issue_uncounted(project, request, None).await?;
        self.redeem((&issued.token, Refusals::Ignored), None, provider, key, ids).await
    }

    async fn refuse_occupied(&self, slot: &Slot, grant: &Grant) -> Result<(), RelayError> {
        if !grant.replace && self.ports.key_store.connection(slot).await?.is_some() {
            return Err(RelayError::replace_not_allowed(slot.provider));
        }
        Ok(())
    }

    /// Seals the key, then stores it and spends the token in one transaction. Seals again if the connection changed
    /// meanwhile.
    async fn store(
        &self,
        attempt: Attempt,
        key: &ProviderKey,
        state: ConnectionState,
    ) -> Result<Registered, RelayError> {
        for _ in 0..REDEEM_ATTEMPTS {
            let version =
                self.ports.key_store.connection(&attempt.slot).await?.map_or(0, |known| known.slot.version) + 1;
            let connection = self.seal(&attempt, key, state, version)?;
            let (last4, now) = (connection.last4.clone(), connection.connected_at);
            match self.ports.key_store.redeem(&attempt.hash, connection, now, &attempt.by).await {
                Ok(()) => {
                    return Ok(Registered {
                        provider: attempt.slot.provider,
                        last4,
                        state,
                        connected_at: now,
                        unchecked: None,
                    });
                }
                Err(RedeemError::Refused(RedeemRefusal::Conflict)) => {}
                Err(RedeemError::Refused(RedeemRefusal::Used)) => return self.replay_stored(&attempt).await,
                Err(error) => return Err(redeem_error(error, attempt.slot.provider)),
            }
        }
        Err(RelayError::connection_keeps_changing())
    }

    fn seal(
        &self,
        attempt: &Attempt,
        key: &ProviderKey,
        state: ConnectionState,
        version: u64,
    ) -> Result<Connection, RelayError> {
        let record = self.ports.tokens.record_id().map_err(RelayError::no_randomness)?;
        let slot = SealedSlot { slot: attempt.slot.clone(), record, version };
        let sealed = self.ports.cipher.seal(&slot, key).map_err(RelayError::provider_key_unsealable)?;
        let (last4, now) = (key.last4(), self.token_time());
        let mut connection = Connection::new(slot, sealed, last4, attempt.fingerprint, state, now);
        connection.ids.clone_from(&attempt.ids);
        connection.region = attempt.region;
        Ok(connection)
    }

    /// Another request with the same token was faster. If it stored the same key, this request returns the same answer.
    async fn replay_stored(&self, attempt: &Attempt) -> Result<Registered, RelayError> {
        let stored =
            self.ports.key_store.grant(&attempt.hash).await?.ok_or_else(RelayError::invalid_registration_token)?;
        let spent = stored.spent.as_ref().ok_or_else(RelayError::registration_token_used)?;
        replay(spent, attempt.slot.provider, attempt.fingerprint)
    }
}

/// One attempt to store a key.
struct Attempt {
    hash: SecretHash,
    slot: Slot,
    fingerprint: [u8; 16],
    ids: AccountIds,
    region: Option<Region>,
    by: By,
}

fn replay(spent: &Spent, provider: Provider, fingerprint: [u8; 16]) -> Result<Registered, RelayError> {
    if spent.provider != provider || spent.fingerprint != fingerprint {
        return Err(RelayError::registration_token_used());
    }
    Ok(Registered { provider, last4: spent.last4.clone(), state: spent.state, connected_at: spent.at, unchecked: None })
}

pub(super) fn for_provider(grant: &Grant, provider: Provider) -> Result<(), RelayError> {
    if grant.allowed.permits(provider) {
        return Ok(());
    }
    let message = "this registration token is for another provider";
    Err(RelayError::invalid_value("provider", message).with_provider(provider))
}

/// # Errors
/// `invalid_value` for an id that a header can't carry.
fn check_ids(ids: &AccountIds) -> Result<(), RelayError> {
    let good = |id: &str| (1..=MAX_ID).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    let AccountIds { workspace, organization, project } = ids;
    for (name, id) in [("workspaceId", workspace), ("organizationId", organization), ("projectId", project)] {
        if id.as_deref().is_some_and(|id| !good(id)) {
            return Err(RelayError::invalid_value(name, format!("`{name}` must be visible ASCII text")));
        }
    }
    Ok(())
}

fn redeem_error(error: RedeemError, provider: Provider) -> RelayError {
    match error {
        RedeemError::Refused(RedeemRefusal::Unknown) => RelayError::invalid_registration_token(),
        RedeemError::Refused(RedeemRefusal::Used) | RedeemError::Refused(RedeemRefusal::Conflict) => {
            RelayError::registration_token_used()
        }
        RedeemError::Refused(RedeemRefusal::Expired) => RelayError::registration_token_expired(),
        RedeemError::Refused(RedeemRefusal::Occupied) => RelayError::replace_not_allowed(provider),
        RedeemError::Store(error) => error.into(),
    }
}

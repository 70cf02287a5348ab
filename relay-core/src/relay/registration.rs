//! The use cases around a key: issue a token, take the key, look after the connection, forget the user.
//!
//! Whatever can fail for the user's reasons comes before the token is spent; then the token and the key go in one step.

use crate::domain::ids::{EndUser, Timestamp};
use crate::domain::origin::{Origins, PublicSuffixes};
use crate::domain::secret::{ProviderKey, RegistrationToken};
use crate::domain::{
    Allowed, Connection, ConnectionState, Grant, IdempotencyRecord, Project, Provider, RedeemRefusal, SealedSlot,
    SecretHash, Slot, Spent, StoredGrant, UserSummary,
};
use crate::error::RelayError;
use crate::ports::{NoRandomness, RedeemError};
use crate::relay::key_check::{Refusals, Verdict};
use crate::relay::page::{Page, allowed_origins, invalid_origins};
use crate::relay::{Relay, Route, registration_lock};

/// How long a registration token lives if nothing is said, in seconds.
pub const DEFAULT_TOKEN_SECONDS: u64 = 600;
/// The shortest and the longest life of a registration token, in seconds.
pub const TOKEN_SECONDS: std::ops::RangeInclusive<u64> = 60..=3600;
/// How long an `Idempotency-Key` is remembered, in seconds.
const IDEMPOTENCY_SECONDS: u64 = 86_400;
/// How often a registration is sealed anew when the connection changes under it.
const REDEEM_ATTEMPTS: usize = 5;
/// The longest workspace id, in characters.
const MAX_WORKSPACE: usize = 128;

/// What a developer asks of a registration token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenRequest {
    /// Whose key it stores.
    pub user: EndUser,
    /// For which provider.
    pub allowed: Allowed,
    /// How long it lives; see [`TOKEN_SECONDS`].
    pub seconds: u64,
    /// Origins of pages that may use it, of the project's; empty: all of them. A wildcard over a public suffix must be on the
    /// project's list.
    pub allowed_origins: Vec<String>,
    /// Whether it may replace a key that is there.
    pub replace: bool,
}

impl TokenRequest {
    /// A token for this user and any provider, from any page of the project, that lives ten minutes and may replace a key.
    pub fn new(user: EndUser) -> Self {
        let (allowed, seconds, allowed_origins) = (Allowed::Any, DEFAULT_TOKEN_SECONDS, Vec::new());
        Self { user, allowed, seconds, allowed_origins, replace: true }
    }
}

/// An `Idempotency-Key` and what it belongs to.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The header's value.
    pub key: String,
    /// SHA-256 of the request body.
    pub request: [u8; 32],
}

/// A fresh registration token. Shown once.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: RegistrationToken,
    /// The hash under which it is stored: its name in the addresses of Relay's own pages.
    pub hash: SecretHash,
    /// What it allows.
    pub grant: Grant,
}

/// What the widget needs to draw itself.
#[derive(Debug)]
pub struct Registration {
    /// The project that the token is of.
    pub project: Project,
    /// What the token allows.
    pub grant: Grant,
    /// Which providers the user may pick.
    pub providers: Vec<Provider>,
    /// What is connected already.
    pub connections: Vec<Connection>,
}

/// A stored key, as its user may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// For which provider.
    pub provider: Provider,
    /// The key's last four characters.
    pub last4: String,
    /// What is known of the key.
    pub state: ConnectionState,
    /// When it was stored.
    pub connected_at: Timestamp,
}

impl Relay {
    /// Issues a registration token. With the same idempotency key and request the same token comes back.
    ///
    /// # Errors
    /// `invalid_value` for a life outside [`TOKEN_SECONDS`] and for an origin that is not one, `idempotency_key_reused` for
    /// another request.
    pub async fn issue_token(
        &self,
        project: &Project,
        request: TokenRequest,
        idempotency: Option<Idempotency>,
    ) -> Result<IssuedToken, RelayError> {
        if !TOKEN_SECONDS.contains(&request.seconds) {
            return Err(RelayError::invalid_value("expiresInSeconds", "`expiresInSeconds` must be 60 to 3600"));
        }
        let now = self.ports.clock.now();
        let expires_at = now.plus_seconds(request.seconds);
        let mut grant = Grant::new(project.id.clone(), request.user, now, expires_at);
        grant.allowed = request.allowed;
        grant.allowed_origins = token_origins(&request.allowed_origins, project)?.to_stored();
        grant.replace = request.replace;
        match idempotency {
            None => self.issue_new(grant).await,
            Some(idempotency) => self.issue_once(grant, idempotency).await,
        }
    }

    async fn issue_new(&self, grant: Grant) -> Result<IssuedToken, RelayError> {
        let token = self.ports.tokens.registration_token().map_err(RelayError::no_randomness)?;
        let hash = self.hash_token(&token)?;
        self.ports.key_store.put_grant(&hash, grant.clone(), None).await?;
        Ok(IssuedToken { token, hash, grant })
    }

    async fn issue_once(&self, grant: Grant, idempotency: Idempotency) -> Result<IssuedToken, RelayError> {
        let record = IdempotencyRecord {
            key: idempotency.key,
            request: idempotency.request,
            salt: self.ports.tokens.record_id().map_err(RelayError::no_randomness)?.0,
            expires_at: grant.created_at.plus_seconds(IDEMPOTENCY_SECONDS),
        };
        let token = self.ports.tokens.derive_registration_token(&grant.project, &record);
        let hash = self.hash_token(&token)?;
        let Some((earlier, first)) = self.ports.key_store.put_grant(&hash, grant.clone(), Some(record.clone())).await?
        else {
            return Ok(IssuedToken { token, hash, grant });
        };
        if earlier.request != record.request {
            return Err(RelayError::idempotency_key_reused());
        }
        let token = self.ports.tokens.derive_registration_token(&first.project, &earlier);
        Ok(IssuedToken { hash: self.hash_token(&token)?, token, grant: first })
    }

    /// What a token allows and what is connected already.
    ///
    /// # Errors
    /// `invalid_registration_token`, `registration_token_used`, `registration_token_expired`, `origin_not_allowed`.
    pub async fn registration(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
    ) -> Result<Registration, RelayError> {
        let Found { stored, project, .. } = self.find_grant(token, page).await?;
        self.usable(&stored)?;
        let grant = stored.grant;
        let connections = self.ports.key_store.connections(&grant.project, &grant.user).await?;
        let served = |provider: &Provider| self.client(*provider).is_ok() && grant.allowed.permits(*provider);
        let providers = Provider::ALL.iter().copied().filter(served).collect();
        Ok(Registration { project, providers, connections, grant })
    }

    /// Checks a key with its provider, stores it and spends the token.
    ///
    /// The same token with the same key again gives the same answer, for as long as the token lives: a lost response does
    /// no harm.
    ///
    /// # Errors
    /// As [`Self::registration`]; `frame_required`; `replace_not_allowed`; `key_refused_by_provider` and
    /// `provider_key_needs_workspace` cost one of the token's tries.
    pub async fn register(
        &self,
        token: &RegistrationToken,
        page: Option<Page<'_>>,
        provider: Provider,
        key: ProviderKey,
        workspace_id: Option<String>,
    ) -> Result<Registered, RelayError> {
        self.redeem((token, Refusals::Counted), page, provider, key, workspace_id).await
    }

    async fn redeem(
        &self,
        (token, refusals): (&RegistrationToken, Refusals),
        page: Option<Page<'_>>,
        provider: Provider,
        key: ProviderKey,
        workspace_id: Option<String>,
    ) -> Result<Registered, RelayError> {
        // What is read of the token holds until the lock is released: its tries are counted one by one.
        let locked =
            self.ports.tokens.hash_registration_token(token).ok_or_else(RelayError::invalid_registration_token)?;
        let _locked = registration_lock::lock(locked).await;
        let Found { hash, stored, project } = self.find_grant(token, page).await?;
        if project.policy.frame_only && page.is_some_and(|page| !page.framed) {
            return Err(RelayError::frame_required());
        }
        let slot = Slot { project: stored.grant.project.clone(), user: stored.grant.user.clone(), provider };
        let fingerprint = self.ports.cipher.fingerprint(&slot, &key);
        if let Some(spent) = stored.spent.as_ref().filter(|_| self.ports.clock.now() < stored.grant.expires_at) {
            return replay(spent, provider, fingerprint);
        }
        self.usable(&stored)?;
        for_provider(&stored.grant, provider)?;
        let workspace_id = workspace_id.map(parse_workspace).transpose()?;
        self.refuse_occupied(&slot, &stored.grant).await?;
        let attempt = Attempt { hash, slot, fingerprint, workspace_id };
        let workspace = attempt.workspace_id.as_deref();
        let state = self.check_before_storing((&attempt.hash, refusals), provider, &key, workspace).await?;
        self.store(attempt, &key, state).await
    }

    /// Checks a key with its provider and stores it, replacing what is there: for programs that embed Relay, where a token
    /// would have nowhere to go. It is made and spent at once, so the same rules hold.
    ///
    /// # Errors
    /// `project_not_found` if the project is not stored; `key_refused_by_provider`, `provider_key_needs_workspace`;
    /// `invalid_value` for a malformed workspace id.
    pub async fn connect(
        &self,
        project: &Project,
        user: EndUser,
        provider: Provider,
        key: ProviderKey,
        workspace_id: Option<String>,
    ) -> Result<Registered, RelayError> {
        self.ports.projects.project(&project.id).await?.ok_or_else(RelayError::project_not_found)?;
        let mut request = TokenRequest::new(user);
        (request.allowed, request.seconds) = (Allowed::Only(provider), *TOKEN_SECONDS.start());
        let issued = self.issue_token(project, request, None).await?;
        self.redeem((&issued.token, Refusals::Ignored), None, provider, key, workspace_id).await
    }

    async fn find_grant(&self, token: &RegistrationToken, page: Option<Page<'_>>) -> Result<Found, RelayError> {
        let unknown = RelayError::invalid_registration_token;
        let hash = self.ports.tokens.hash_registration_token(token).ok_or_else(unknown)?;
        let stored = self.ports.key_store.grant(&hash).await?.ok_or_else(unknown)?;
        let project = self.ports.projects.project(&stored.grant.project).await?.ok_or_else(unknown)?;
        // A call that comes from no page: there is nothing to protect it from.
        if page.is_some_and(|page| !allowed_origins(&stored.grant, &project).permits(page.origin)) {
            return Err(RelayError::origin_not_allowed());
        }
        Ok(Found { hash, stored, project })
    }

    fn usable(&self, stored: &StoredGrant) -> Result<(), RelayError> {
        if stored.spent.is_some() {
            return Err(RelayError::registration_token_used());
        }
        if stored.grant.expires_at <= self.ports.clock.now() || stored.tries_left == 0 {
            return Err(RelayError::registration_token_expired());
        }
        Ok(())
    }

    async fn refuse_occupied(&self, slot: &Slot, grant: &Grant) -> Result<(), RelayError> {
        if !grant.replace && self.ports.key_store.connection(slot).await?.is_some() {
            return Err(RelayError::replace_not_allowed(slot.provider));
        }
        Ok(())
    }

    /// Seals the key and stores it with the token, in one step. Seals anew if the connection changed meanwhile.
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
            match self.ports.key_store.redeem(&attempt.hash, connection, now).await {
                Ok(()) => {
                    return Ok(Registered { provider: attempt.slot.provider, last4, state, connected_at: now });
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
        let (last4, now) = (key.last4(), self.ports.clock.now());
        let mut connection = Connection::new(slot, sealed, last4, attempt.fingerprint, state, now);
        connection.workspace_id.clone_from(&attempt.workspace_id);
        Ok(connection)
    }

    /// Another request with the same token was faster. If it stored the same key, its answer is ours.
    async fn replay_stored(&self, attempt: &Attempt) -> Result<Registered, RelayError> {
        let stored =
            self.ports.key_store.grant(&attempt.hash).await?.ok_or_else(RelayError::invalid_registration_token)?;
        let spent = stored.spent.as_ref().ok_or_else(RelayError::registration_token_used)?;
        replay(spent, attempt.slot.provider, attempt.fingerprint)
    }

    /// A page of the project's users.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn users(
        &self,
        project: &Project,
        after: Option<EndUser>,
        limit: u32,
    ) -> Result<Vec<UserSummary>, RelayError> {
        Ok(self.ports.users.users(&project.id, after, limit).await?)
    }

    /// One user and their connections.
    ///
    /// # Errors
    /// `user_not_found`.
    pub async fn user(&self, project: &Project, user: &EndUser) -> Result<(UserSummary, Vec<Connection>), RelayError> {
        let project = &project.id;
        let summary = self.ports.users.user(project, user).await?.ok_or_else(RelayError::user_not_found)?;
        Ok((summary, self.ports.key_store.connections(project, user).await?))
    }

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

    /// Erases a user and all rows about them. That there was none is no error.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn erase_user(&self, project: &Project, user: &EndUser) -> Result<bool, RelayError> {
        Ok(self.ports.users.delete_user(&project.id, user).await?)
    }

    fn hash_token(&self, token: &RegistrationToken) -> Result<SecretHash, RelayError> {
        // A token that was just minted has the right form; an issuer that says otherwise is broken.
        self.ports.tokens.hash_registration_token(token).ok_or_else(|| RelayError::no_randomness(NoRandomness))
    }
}

/// A registration token's grant, which the page may use.
struct Found {
    hash: SecretHash,
    stored: StoredGrant,
    project: Project,
}

/// One attempt to store a key.
struct Attempt {
    hash: SecretHash,
    slot: Slot,
    fingerprint: [u8; 16],
    workspace_id: Option<String>,
}

/// The origins that a token asks for. A public suffix must be on the project's list: there, somebody decided it.
fn token_origins(asked: &[String], project: &Project) -> Result<Origins, RelayError> {
    let origins = Origins::parse(asked, PublicSuffixes::AllowedBy(&project.origins()));
    origins.map_err(|error| invalid_origins(&error))
}

fn replay(spent: &Spent, provider: Provider, fingerprint: [u8; 16]) -> Result<Registered, RelayError> {
    if spent.provider != provider || spent.fingerprint != fingerprint {
        return Err(RelayError::registration_token_used());
    }
    Ok(Registered { provider, last4: spent.last4.clone(), state: spent.state, connected_at: spent.at })
}

fn for_provider(grant: &Grant, provider: Provider) -> Result<(), RelayError> {
    if grant.allowed.permits(provider) {
        return Ok(());
    }
    let message = "this registration token is for another provider";
    Err(RelayError::invalid_value("provider", message).with_provider(provider))
}

fn parse_workspace(id: String) -> Result<String, RelayError> {
    let good = (1..=MAX_WORKSPACE).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    if good {
        Ok(id)
    } else {
        Err(RelayError::invalid_value("workspaceId", "`workspaceId` must be visible ASCII text"))
    }
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

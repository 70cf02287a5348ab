//! The use case of a developer's backend: issue a registration token for one end user.

use crate::domain::ids::EndUser;
use crate::domain::origin::{Origins, PublicSuffixes};
use crate::domain::secret::RegistrationToken;
use crate::domain::{Allowed, EndUserName, Grant, IdempotencyRecord, Project, SecretHash};
use crate::error::RelayError;
use crate::ports::NoRandomness;
use crate::relay::handle::Relay;
use crate::relay::page::invalid_origins;

/// The default lifetime of a registration token, in seconds.
pub const DEFAULT_TOKEN_SECONDS: u64 = 600;
/// The shortest and the longest lifetime of a registration token, in seconds.
pub const TOKEN_SECONDS: std::ops::RangeInclusive<u64> = 60..=3600;

/// How long an `Idempotency-Key` is remembered, in seconds.
const IDEMPOTENCY_SECONDS: u64 = 86_400;

/// The options of a new registration token.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TokenRequest {
    /// The end user whose key it stores.
    pub user: EndUser,
    /// The name under which that user knows their account: shown with the label, never compared.
    pub user_name: Option<EndUserName>,
    /// The providers whose keys it may store.
    pub allowed: Allowed,
    /// Its lifetime in seconds; see [`TOKEN_SECONDS`].
    pub seconds: u64,
    /// The origins of pages that may use it, among the project's; empty: all of the project's. A wildcard over a public
    /// suffix must be on the project's list.
    pub allowed_origins: Vec<String>,
    /// Whether it may replace an existing key.
    pub replace: bool,
}

impl TokenRequest {
    /// A token for this user and any provider, for all of the project's pages, valid for ten minutes, that may replace
    /// a key.
    pub fn new(user: EndUser) -> Self {
        let (allowed, seconds, allowed_origins) = (Allowed::Any, DEFAULT_TOKEN_SECONDS, Vec::new());
        Self { user, user_name: None, allowed, seconds, allowed_origins, replace: true }
    }
}

/// An `Idempotency-Key` and a hash of its request.
#[derive(Clone, Debug)]
pub struct Idempotency {
    /// The header's value.
    pub key: String,
    /// SHA-256 of the request body.
    pub request: [u8; 32],
}

/// A new registration token. Shown once.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: RegistrationToken,
    /// The hash under which it is stored, which also identifies it in the URLs of Relay's own pages.
    pub hash: SecretHash,
    /// What the token allows.
    pub grant: Grant,
}

impl Relay {
    /// Issues a registration token. The same idempotency key and request return the same token again.
    ///
    /// # Errors
    /// `invalid_value` for a lifetime outside [`TOKEN_SECONDS`] or an invalid origin; `idempotency_key_reused` for a
    /// different request; `rate_limit_exceeded` if the project has reached one of its
    /// [quotas](crate::relay::quotas::QuotaLimits).
    pub async fn issue_token(
        &self,
        project: &Project,
        request: TokenRequest,
        idempotency: Option<Idempotency>,
    ) -> Result<IssuedToken, RelayError> {
        self.count_token(project, &request.user).await?;
        self.issue_uncounted(project, request, idempotency).await
    }

    /// Issues a token without counting it against the project's quotas.
    pub(super) async fn issue_uncounted(
        &self,
        project: &Project,
        request: TokenRequest,
        idempotency: Option<Idempotency>,
    ) -> Result<IssuedToken, RelayError> {
        if !TOKEN_SECONDS.contains(&request.seconds) {
            return Err(RelayError::invalid_value("expiresInSeconds", "`expiresInSeconds` must be 60 to 3600"));
        }
        let now = self.token_time();
        let expires_at = now.plus_seconds(request.seconds);
        let mut grant = Grant::new(project.id.clone(), request.user, now, expires_at);
        grant.user_name = request.user_name;
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

    fn hash_token(&self, token: &RegistrationToken) -> Result<SecretHash, RelayError> {
        // A new token is well-formed; if the issuer cannot parse it, the issuer is broken.
        self.ports.tokens.hash_registration_token(token).ok_or_else(|| RelayError::no_randomness(NoRandomness))
    }
}

/// The origins that a token is requested for. A public suffix must be on the project's list, where someone allowed it
/// explicitly.
fn token_origins(asked: &[String], project: &Project) -> Result<Origins, RelayError> {
    let origins = Origins::parse(asked, PublicSuffixes::AllowedBy(&project.origins()));
    origins.map_err(|error| invalid_origins(&error))
}

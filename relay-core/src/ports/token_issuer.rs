//! The port that creates and hashes Relay keys and registration tokens.

use crate::domain::ids::{ProjectId, RecordId, RequestId, Timestamp};
use crate::domain::secret::{RegistrationToken, RelayKey};
use crate::domain::{IdempotencyRecord, SecretHash};

/// The operating system returned no random bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system returned no random bytes")]
pub struct NoRandomness;

/// Creates, checks and hashes tokens. Synchronous, without storage.
///
/// Obligations (suite `relay_core::conformance::token_issuer`):
/// - `rly-` / `rrt-` + 43 base-62 digits (256 random bits, unbiased) + 6 base-62 digits of the CRC-32 (IEEE) of all
///   before.
/// - `parse_*` accepts every created token, and refuses a wrong length, alphabet or checksum.
/// - The hash is SHA-256 of `relay.rly.v1` or `relay.rrt.v1` followed by the text.
///
/// ```
/// use relay_core::domain::SecretHash;
/// use relay_core::domain::secret::RelayKey;
/// use relay_core::ports::{NoRandomness, TokenIssuer};
///
/// /// A new Relay key, and what a store keeps of it.
/// fn mint(issuer: &dyn TokenIssuer) -> Result<(RelayKey, Option<SecretHash>), NoRandomness> {
///     let key = issuer.relay_key()?;
///     let hash = issuer.hash_relay_key(&key);
///     Ok((key, hash))
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait TokenIssuer: Send + Sync {
    /// A new Relay key.
    fn relay_key(&self) -> Result<RelayKey, NoRandomness>;

    /// A new registration token.
    fn registration_token(&self) -> Result<RegistrationToken, NoRandomness>;

    /// The registration token that belongs to this idempotency record. It is the same every time, and cannot be guessed
    /// without the master key.
    fn derive_registration_token(&self, project: &ProjectId, record: &IdempotencyRecord) -> RegistrationToken;

    /// Checks form and checksum of a Relay key, without a look-up; `None` if they are wrong.
    fn hash_relay_key(&self, key: &RelayKey) -> Option<SecretHash>;

    /// Checks form and checksum of a registration token, without a look-up; `None` if they are wrong.
    fn hash_registration_token(&self, token: &RegistrationToken) -> Option<SecretHash>;

    /// A new project id.
    fn project_id(&self) -> Result<ProjectId, NoRandomness>;

    /// A new record id.
    fn record_id(&self) -> Result<RecordId, NoRandomness>;

    /// A new request id. Must not fail: without random bytes, ids may repeat.
    fn request_id(&self, now: Timestamp) -> RequestId;
}

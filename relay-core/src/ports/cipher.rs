//! The port that seals provider keys.

use crate::domain::secret::ProviderKey;
use crate::domain::{SealedKey, SealedSlot, Slot, WebhookSecret};
pub use zeroize::Zeroizing;

/// Why a key could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// Changed, moved to another slot, or not sealed by this cipher.
    #[error("the sealed key does not open in this slot")]
    Tampered,
    /// The master key that it was sealed under is not configured.
    #[error("the master key of this record is not configured")]
    UnknownMasterKey,
    /// No random bytes, or the master key has reached its limit of seals.
    #[error("the key could not be sealed")]
    Unavailable,
}

/// Seals and opens provider keys. Fast and synchronous: called once for each request.
///
/// Obligations (suite `relay_core::conformance::cipher`):
/// - `open(slot, seal(slot, key))` returns the key; with any other slot, or a changed byte, it is an error.
/// - Sealing the same key twice gives different bytes; the sealed length reveals the key's length only in steps of 64
///   bytes.
/// - [`Self::check`] succeeds while sealed keys can be opened.
/// - [`Self::fingerprint`] is the same for the same provider and key, and reveals nothing about the key without the
///   master key.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Cipher: Send + Sync {
    /// Seals `key` for `slot`.
    ///
    /// # Errors
    /// [`CipherError::Unavailable`].
    fn seal(&self, slot: &SealedSlot, key: &ProviderKey) -> Result<SealedKey, CipherError>;

    /// Opens a key that was sealed for `slot`.
    ///
    /// # Errors
    /// [`CipherError::Tampered`] or [`CipherError::UnknownMasterKey`].
    fn open(&self, slot: &SealedSlot, sealed: &SealedKey) -> Result<ProviderKey, CipherError>;

    /// Checks that sealed keys can be opened, by opening a probe that each configured master key has sealed. Seals
    /// nothing, so it can be called often.
    ///
    /// # Errors
    /// [`CipherError::Tampered`] if a probe does not open.
    fn check(&self) -> Result<(), CipherError>;

    /// A keyed digest of a provider key, which recognises the same key again: 16 bytes of HMAC-SHA256.
    fn fingerprint(&self, slot: &Slot, key: &ProviderKey) -> [u8; 16];

    /// Seals the secret of a webhook, so that it opens for this webhook alone, and never as a provider key.
    ///
    /// # Errors
    /// [`CipherError::Unavailable`].
    fn seal_secret(&self, webhook: &str, secret: &[u8]) -> Result<SealedKey, CipherError>;

    /// Opens the secret of a webhook.
    ///
    /// # Errors
    /// [`CipherError::Tampered`] or [`CipherError::UnknownMasterKey`].
    fn open_secret(&self, webhook: &str, sealed: &SealedKey) -> Result<Zeroizing<Vec<u8>>, CipherError>;

    /// Signs an event as [Standard Webhooks](https://www.standardwebhooks.com) says: `v1,` and the base64 of HMAC-SHA256
    /// over `id.seconds.body`.
    fn sign_webhook(&self, secret: &WebhookSecret, id: &str, seconds: u64, body: &str) -> String;
}

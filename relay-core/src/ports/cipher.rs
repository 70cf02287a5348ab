//! The port that seals provider keys.

use crate::domain::secret::ProviderKey;
use crate::domain::{SealedKey, SealedSlot, Slot};

/// Why a key could not be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CipherError {
    /// Changed, moved to another slot, or not sealed by us.
    #[error("the sealed key does not open in this slot")]
    Tampered,
    /// The master key that it was sealed under is not in the ring.
    #[error("the master key of this record is not configured")]
    UnknownMasterKey,
    /// No randomness, or the master key's budget is used up.
    #[error("the key could not be sealed")]
    Unavailable,
}

/// Seals and opens provider keys. Fast and synchronous: called once a request.
///
/// Obligations (suite `relay_core::conformance::cipher`):
/// - `open(slot, seal(slot, key))` is the key; with any other slot, or a changed byte, it is an error.
/// - Sealing the same key twice gives different bytes; the length hides the key's length to 64 bytes.
/// - [`Self::check`] succeeds as long as seals open.
/// - [`Self::fingerprint`] is the same for the same provider and key, and says nothing of the key without the master key.
///
/// ```
/// use relay_core::domain::SealedSlot;
/// use relay_core::domain::secret::ProviderKey;
/// use relay_core::ports::{Cipher, CipherError};
///
/// /// Whether a sealed key opens again in its slot, and in no other.
/// fn is_bound_to_its_slot(
///     cipher: &dyn Cipher,
///     slot: &SealedSlot,
///     other: &SealedSlot,
///     key: &ProviderKey,
/// ) -> Result<bool, CipherError> {
///     let sealed = cipher.seal(slot, key)?;
///     let opened = cipher.open(slot, &sealed)?;
///     Ok(opened.expose() == key.expose() && cipher.open(other, &sealed) == Err(CipherError::Tampered))
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Cipher: Send + Sync {
    /// Seals `key` for `slot`.
    ///
    /// # Errors
    /// [`CipherError::Unavailable`].
    fn seal(&self, slot: &SealedSlot, key: &ProviderKey) -> Result<SealedKey, CipherError>;

    /// Opens what was sealed for `slot`.
    ///
    /// # Errors
    /// [`CipherError::Tampered`] or [`CipherError::UnknownMasterKey`].
    fn open(&self, slot: &SealedSlot, sealed: &SealedKey) -> Result<ProviderKey, CipherError>;

    /// Opens what each configured master key has sealed as a probe: whether sealed keys can be opened at all. Seals nothing, so
    /// it can be called often.
    ///
    /// # Errors
    /// [`CipherError::Tampered`] if a probe does not open.
    fn check(&self) -> Result<(), CipherError>;

    /// A keyed digest of a provider key, to recognise it again: 16 bytes of HMAC-SHA256.
    fn fingerprint(&self, slot: &Slot, key: &ProviderKey) -> [u8; 16];
}

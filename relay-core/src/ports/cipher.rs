//! The port that seals provider keys.

use crate::domain::ids::RecordId;
use crate::domain::secret::ProviderKey;
use crate::ports::Slot;

/// Where a sealed key belongs: everything that its seal is bound to.
///
/// A sealed key that was moved to another project, user, provider, record or version does not open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedSlot {
    /// Whose key it is, and for which provider.
    pub slot: Slot,
    /// The record's own random id, drawn anew for each sealing.
    pub record: RecordId,
    /// Counts up with each replacement, from 1.
    pub version: u64,
}

/// A sealed provider key. Only a [`Cipher`] can make sense of its bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct SealedKey(pub Vec<u8>);

impl std::fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealedKey({} bytes)", self.0.len())
    }
}

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
/// - [`Self::fingerprint`] is the same for the same provider and key, and says nothing of the key without the master key.
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

    /// A keyed digest of a provider key, to recognise it again: 16 bytes of HMAC-SHA256.
    fn fingerprint(&self, slot: &Slot, key: &ProviderKey) -> [u8; 16];
}

//! AES-256-GCM with a 96-bit nonce and a 128-bit tag, the only cipher in use.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use relay_core::ports::CipherError;

/// The length of a key in bytes.
pub(super) const KEY_LEN: usize = 32;
/// The length of a nonce in bytes.
pub(super) const NONCE_LEN: usize = 12;
/// The length of a tag in bytes.
pub(super) const TAG_LEN: usize = 16;

/// An AES-256-GCM key, expanded.
pub(super) struct AeadKey(LessSafeKey);

impl AeadKey {
    /// # Errors
    /// None in practice: ring refuses only a wrong length, and the type guarantees the right one.
    pub(super) fn new(key: &[u8; KEY_LEN]) -> Result<Self, CipherError> {
        UnboundKey::new(&AES_256_GCM, key).map(|key| Self(LessSafeKey::new(key))).map_err(|_| CipherError::Unavailable)
    }

    /// Encrypts `text` in place and returns the tag. The nonce must never have been used with this key.
    pub(super) fn seal(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG_LEN], CipherError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), text);
        tag.ok().and_then(|tag| tag.as_ref().try_into().ok()).ok_or(CipherError::Unavailable)
    }

    /// Decrypts the output of [`Self::seal`] and the tag after it in place, and returns the text without the tag.
    pub(super) fn open<'a>(
        &self,
        nonce: [u8; NONCE_LEN],
        aad: &[u8],
        sealed: &'a mut [u8],
    ) -> Result<&'a [u8], CipherError> {
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.0.open_in_place(nonce, Aad::from(aad), sealed).map(|text| &*text).map_err(|_| CipherError::Tampered)
    }
}

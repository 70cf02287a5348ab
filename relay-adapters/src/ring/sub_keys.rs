//! Keys for purposes other than sealing, derived from a master key.

use ring::error::Unspecified;
use ring::{hkdf, hmac};
use zeroize::Zeroizing;

use super::master_key::MasterKey;

/// The purpose of a derived key. No two purposes share a key.
#[derive(Clone, Copy)]
pub(super) enum Purpose {
    /// Recognising the same provider key again.
    Fingerprint,
    /// Deriving a registration token from an idempotency record.
    Idempotency,
}

impl Purpose {
    fn info(self) -> &'static [u8] {
        match self {
            Self::Fingerprint => b"relay/fingerprint/v1",
            Self::Idempotency => b"relay/idempotency/v1",
        }
    }
}

/// The HMAC-SHA256 key of a purpose: 32 bytes of HKDF-SHA256 over the master key, without salt.
pub(super) fn derive(master: &MasterKey, purpose: Purpose) -> Result<hmac::Key, Unspecified> {
    let mut key = Zeroizing::new([0; 32]);
    hkdf_sha256(&[], master.expose(), purpose.info(), key.as_mut_slice())?;
    Ok(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
}

/// RFC 5869 with SHA-256: extract and expand.
///
/// # Errors
/// If `out` is longer than 255 times 32 bytes.
pub(super) fn hkdf_sha256(salt: &[u8], secret: &[u8], info: &[u8], out: &mut [u8]) -> Result<(), Unspecified> {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let extracted = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret);
    extracted.expand(&[info], Length(out.len()))?.fill(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_purpose_and_each_master_key_has_its_own_key() {
        let tag = |master: &MasterKey, purpose| hmac::sign(&derive(master, purpose).unwrap(), b"x").as_ref().to_vec();
        let (one, two) = (MasterKey::generate().unwrap(), MasterKey::generate().unwrap());
        assert_eq!(tag(&one, Purpose::Fingerprint), tag(&one, Purpose::Fingerprint));
        assert_ne!(tag(&one, Purpose::Fingerprint), tag(&one, Purpose::Idempotency));
        assert_ne!(tag(&one, Purpose::Fingerprint), tag(&two, Purpose::Fingerprint));
    }
}

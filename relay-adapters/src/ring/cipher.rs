//! Envelope encryption: each provider key is encrypted under its own data key, and the data key under a master key.
//!
//! ```text
//! offset   0     1     2     10          22                    70      82
//!          ver   alg   kid   nonce_dek   wrapped data key+tag  nonce   padded key + tag
//! bytes    1     1     8     12          32 + 16               12      64 n + 16
//! ```
//!
//! Both layers are bound to the slot, as additional authenticated data (`Fields`, each after its length):
//!
//! - inner layer, the key under the data key: `relay.cred.v1`, project, record, user, provider, version;
//! - outer layer, the data key under the master key: `relay.dek.v1`, the same, and the master key's id.
//!
//! The master key's id is not in the inner layer, so [`RingCipher::rewrap`] can change it without opening the key. The
//! project is encoded as its text (`prj_` and 22 digits, 26 bytes), the user as the label's bytes, the provider as its
//! name, the version as a big-endian u64.
//!
//! Padding: the key's length (u16, big-endian), the key, and zeros up to the next multiple of 64.

use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::error::Unspecified;
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use relay_core::domain::secret::ProviderKey;
use relay_core::domain::{MasterKeyId, SealedKey, SealedSlot, Slot, WebhookSecret};
use relay_core::ports::{Cipher, CipherError};

use super::aead::{AeadKey, KEY_LEN, NONCE_LEN, TAG_LEN};
use super::fields::Fields;
use super::master_key::{MasterKey, MasterKeys};
use super::sub_keys::{self, Purpose};

const VERSION: u8 = 1;
/// The first byte of the sealed secret of a webhook. No sealed provider key begins so.
const SECRET_VERSION: u8 = 0x80;
/// AES-256-GCM in both layers, and the padding above.
const ALGORITHM: u8 = 1;
const WRAPPED_LEN: usize = KEY_LEN + TAG_LEN;
const PAD_TO: usize = 64;
const CANARY: &[u8; 16] = b"relay canary ok.";

/// The length of a record without the padded key, in bytes.
pub const RECORD_OVERHEAD: usize = 2 + 8 + NONCE_LEN + WRAPPED_LEN + NONCE_LEN + TAG_LEN;
/// The number of data keys that one master key may wrap: half of what random 96-bit nonces allow.
pub const WRAP_LIMIT: u64 = 1 << 31;
/// The number of wraps after which the server warns that the master key should be rotated.
pub const WRAP_WARNING: u64 = 1 << 28;

/// Seals and opens provider keys under a list of master keys.
pub struct RingCipher {
    active: Member,
    retired: Vec<Member>,
    fingerprints: hmac::Key,
    random: SystemRandom,
    wraps: AtomicU64,
    /// One canary for each master key, for [`Cipher::check`].
    probes: Vec<(MasterKeyId, Vec<u8>)>,
}

/// A master key, ready for use.
struct Member {
    kid: MasterKeyId,
    key: AeadKey,
}

impl Member {
    fn new(key: &MasterKey) -> Result<Self, CipherError> {
        Ok(Self { kid: key.kid(), key: AeadKey::new(key.expose())? })
    }
}

impl RingCipher {
    /// A cipher that seals under the first key and opens under all of them.
    ///
    /// # Errors
    /// [`CipherError::Unavailable`] without random bytes.
    pub fn new(keys: &MasterKeys) -> Result<Self, CipherError> {
        let mut keys_left = keys.iter();
        let active = Member::new(keys_left.next().ok_or(CipherError::Unavailable)?)?;
        // Allocated at once, so that growing does not leave copies of expanded keys behind.
        let mut retired = Vec::with_capacity(keys_left.len());
        for key in keys_left {
            retired.push(Member::new(key)?);
        }
        let mut cipher = Self {
            active,
            retired,
            fingerprints: keys
                .active()
                .and_then(|key| sub_keys::derive(key, Purpose::Fingerprint).ok())
                .ok_or(CipherError::Unavailable)?,
            random: SystemRandom::new(),
            wraps: AtomicU64::new(0),
            probes: Vec::new(),
        };
        cipher.probes = cipher.seal_canaries()?;
        Ok(cipher)
    }

    /// Continues to count from `wraps`, the number that was stored for [`Self::active_kid`].
    #[must_use]
    pub fn with_wraps(self, wraps: u64) -> Self {
        Self { wraps: wraps.into(), ..self }
    }

    /// The number of data keys that the active master key has wrapped. Store it with [`Self::active_kid`]; a number
    /// that is slightly too high does no harm.
    pub fn wraps(&self) -> u64 {
        self.wraps.load(Ordering::Relaxed)
    }

    /// Whether the active master key should be replaced soon: it has wrapped [`WRAP_WARNING`] keys.
    pub fn near_limit(&self) -> bool {
        self.wraps() >= WRAP_WARNING
    }

    /// The id of the master key that seals.
    pub fn active_kid(&self) -> MasterKeyId {
        self.active.kid
    }

    /// The ids of all master keys, the active one first.
    pub fn kids(&self) -> impl Iterator<Item = MasterKeyId> {
        self.members().map(|member| member.kid)
    }

    /// The same record under the active master key, or `None` if it already is. The sealed key itself is not opened.
    ///
    /// # Errors
    /// Those of [`Cipher::open`] and [`Cipher::seal`].
    pub fn rewrap(&self, slot: &SealedSlot, sealed: &SealedKey) -> Result<Option<SealedKey>, CipherError> {
        let record = Record::parse(&sealed.bytes).ok_or(CipherError::Tampered)?;
        if record.kid == self.active.kid {
            return Ok(None);
        }
        let data_key = self.unwrap_data_key(slot, &record)?;
        self.count_wrap()?;
        let (nonce_dek, wrapped) = self.wrap_data_key(slot, &data_key)?;
        Ok(Some(Record { kid: self.active.kid, nonce_dek, wrapped, ..record }.to_sealed()))
    }

    /// One canary for each master key: bytes to store, with which [`Self::check_canary`] can check later that the right
    /// key is configured. They reveal nothing about the key.
    ///
    /// # Errors
    /// [`CipherError::Unavailable`] without random bytes.
    pub fn seal_canaries(&self) -> Result<Vec<(MasterKeyId, Vec<u8>)>, CipherError> {
        self.members()
            .map(|member| {
                let nonce = self.draw()?;
                let mut text = *CANARY;
                let tag = member.key.seal(nonce, &canary_aad(member.kid), &mut text)?;
                Ok((member.kid, [&nonce[..], &text, &tag].concat()))
            })
            .collect()
    }

    /// Opens a canary that was stored for `kid`.
    ///
    /// # Errors
    /// [`CipherError::UnknownMasterKey`] if that key is not configured, [`CipherError::Tampered`] if it does not open.
    pub fn check_canary(&self, kid: MasterKeyId, canary: &[u8]) -> Result<(), CipherError> {
        let member = self.member(kid)?;
        let (nonce, sealed) = canary.split_first_chunk().ok_or(CipherError::Tampered)?;
        let mut sealed = sealed.to_vec();
        let text = member.key.open(*nonce, &canary_aad(kid), &mut sealed)?;
        if text == CANARY { Ok(()) } else { Err(CipherError::Tampered) }
    }

    fn members(&self) -> impl Iterator<Item = &Member> {
        std::iter::once(&self.active).chain(&self.retired)
    }

    fn member(&self, kid: MasterKeyId) -> Result<&Member, CipherError> {
        self.members().find(|member| member.kid == kid).ok_or(CipherError::UnknownMasterKey)
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), CipherError> {
        self.random.fill(bytes).map_err(|Unspecified| CipherError::Unavailable)
    }

    fn draw(&self) -> Result<[u8; NONCE_LEN], CipherError> {
        let mut nonce = [0; NONCE_LEN];
        self.fill(&mut nonce).map(|()| nonce)
    }

    /// Counts one wrap against the limit of the active master key.
    fn count_wrap(&self) -> Result<(), CipherError> {
        let take = |wraps| (wraps < WRAP_LIMIT).then_some(wraps + 1);
        let taken = self.wraps.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.map(|_| ()).map_err(|_| CipherError::Unavailable)
    }

    fn wrap_data_key(
        &self,
        slot: &SealedSlot,
        data_key: &[u8; KEY_LEN],
    ) -> Result<([u8; NONCE_LEN], [u8; WRAPPED_LEN]), CipherError> {
        let nonce = self.draw()?;
        let mut wrapped = [0; WRAPPED_LEN];
        let (text, tag) = wrapped.split_at_mut(KEY_LEN);
        text.copy_from_slice(data_key);
        tag.copy_from_slice(&self.active.key.seal(nonce, &outer_aad(slot, self.active.kid), text)?);
        Ok((nonce, wrapped))
    }

    fn unwrap_data_key(&self, slot: &SealedSlot, record: &Record<'_>) -> Result<Zeroizing<[u8; KEY_LEN]>, CipherError> {
        let member = self.member(record.kid)?;
        let mut wrapped = Zeroizing::new(record.wrapped);
        let text = member.key.open(record.nonce_dek, &outer_aad(slot, record.kid), wrapped.as_mut_slice())?;
        let mut data_key = Zeroizing::new([0; KEY_LEN]);
        data_key.iter_mut().zip(text).for_each(|(to, from)| *to = *from);
        Ok(data_key)
    }
}

impl Cipher for RingCipher {
    fn check(&self) -> Result<(), CipherError> {
        self.probes.iter().try_for_each(|(kid, probe)| self.check_canary(*kid, probe))
    }

    fn seal(&self, slot: &SealedSlot, key: &ProviderKey) -> Result<SealedKey, CipherError> {
        self.count_wrap()?;
        let mut data_key = Zeroizing::new([0; KEY_LEN]);
        self.fill(data_key.as_mut_slice())?;
        let nonce = self.draw()?;
        let mut body = pad(key)?;
        let tag = AeadKey::new(&data_key)?.seal(nonce, &inner_aad(slot), &mut body)?;
        body.extend_from_slice(&tag);
        let (nonce_dek, wrapped) = self.wrap_data_key(slot, &data_key)?;
        Ok(Record { kid: self.active.kid, nonce_dek, wrapped, nonce, body: &body }.to_sealed())
    }

    fn open(&self, slot: &SealedSlot, sealed: &SealedKey) -> Result<ProviderKey, CipherError> {
        let record = Record::parse(&sealed.bytes).ok_or(CipherError::Tampered)?;
        let data_key = self.unwrap_data_key(slot, &record)?;
        let mut body = Zeroizing::new(record.body.to_vec());
        unpad(AeadKey::new(&data_key)?.open(record.nonce, &inner_aad(slot), &mut body)?).ok_or(CipherError::Tampered)
    }

    /// The HMAC of provider, project and key.
    ///
    /// It includes the project, so that two tenants with the same key cannot be linked in a stolen database. It depends
    /// on the active master key: after a rotation a key has a different fingerprint, so a registration that is repeated
    /// across the rotation is not recognised.
    fn fingerprint(&self, slot: &Slot, key: &ProviderKey) -> [u8; 16] {
        let fields = Fields::new("relay.fingerprint.v1")
            .with(slot.provider.name().as_bytes())
            .with(slot.project.as_str().as_bytes());
        let mut context = hmac::Context::with_key(&self.fingerprints);
        context.update(fields.as_bytes());
        context.update(key.expose().as_bytes());
        context.sign().as_ref().first_chunk().copied().unwrap_or_default()
    }

    /// The secret directly under the master key: the id of the key, the nonce, the secret and its tag.
    fn seal_secret(&self, webhook: &str, secret: &[u8]) -> Result<SealedKey, CipherError> {
        self.count_wrap()?;
        let nonce = self.draw()?;
        let mut text = Zeroizing::new(secret.to_vec());
        let tag = self.active.key.seal(nonce, &secret_aad(webhook, self.active.kid), &mut text)?;
        let bytes = [&[SECRET_VERSION][..], &self.active.kid.0, &nonce, &text, &tag].concat();
        Ok(SealedKey::new(self.active.kid, bytes))
    }

    fn open_secret(&self, webhook: &str, sealed: &SealedKey) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        let parts = || {
            let ([SECRET_VERSION], rest) = sealed.bytes.split_first_chunk()? else { return None };
            let (kid, rest) = rest.split_first_chunk()?;
            let (nonce, rest) = rest.split_first_chunk()?;
            Some((MasterKeyId(*kid), *nonce, rest))
        };
        let (kid, nonce, rest) = parts().ok_or(CipherError::Tampered)?;
        let member = self.member(kid)?;
        let mut text = Zeroizing::new(rest.to_vec());
        Ok(Zeroizing::new(member.key.open(nonce, &secret_aad(webhook, kid), &mut text)?.to_vec()))
    }

    fn sign_webhook(&self, secret: &WebhookSecret, id: &str, seconds: u64, body: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &secret.key());
        let mut context = hmac::Context::with_key(&key);
        for part in [id, ".", &seconds.to_string(), ".", body] {
            context.update(part.as_bytes());
        }
        format!("v1,{}", STANDARD.encode(context.sign()))
    }
}

impl std::fmt::Debug for RingCipher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.kids()).finish()
    }
}

/// The parts of a record.
struct Record<'a> {
    kid: MasterKeyId,
    nonce_dek: [u8; NONCE_LEN],
    wrapped: [u8; WRAPPED_LEN],
    nonce: [u8; NONCE_LEN],
    body: &'a [u8],
}

impl<'a> Record<'a> {
    /// Splits a record into its parts; `None` for an unknown version, algorithm or length.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let ([VERSION, ALGORITHM], rest) = bytes.split_first_chunk()? else { return None };
        let (kid, rest) = rest.split_first_chunk()?;
        let (nonce_dek, rest) = rest.split_first_chunk()?;
        let (wrapped, rest) = rest.split_first_chunk()?;
        let (nonce, body) = rest.split_first_chunk()?;
        let padded = body.len().checked_sub(TAG_LEN)?;
        (padded > 0 && padded.is_multiple_of(PAD_TO)).then_some(Self {
            kid: MasterKeyId(*kid),
            nonce_dek: *nonce_dek,
            wrapped: *wrapped,
            nonce: *nonce,
            body,
        })
    }

    fn to_sealed(&self) -> SealedKey {
        let head = [VERSION, ALGORITHM];
        let bytes = [&head[..], &self.kid.0, &self.nonce_dek, &self.wrapped, &self.nonce, self.body].concat();
        SealedKey::new(self.kid, bytes)
    }
}

/// The key after its length, padded with zeros to a multiple of 64 bytes. The buffer has room for the tag.
fn pad(key: &ProviderKey) -> Result<Zeroizing<Vec<u8>>, CipherError> {
    let key = key.expose().as_bytes();
    let length = u16::try_from(key.len()).map_err(|_| CipherError::Unavailable)?;
    let padded = (2 + key.len()).next_multiple_of(PAD_TO);
    let mut text = Zeroizing::new(Vec::with_capacity(padded + TAG_LEN));
    text.extend_from_slice(&length.to_be_bytes());
    text.extend_from_slice(key);
    text.resize(padded, 0);
    Ok(text)
}

/// The inverse of [`pad`]; `None` for anything that [`pad`] cannot have written.
fn unpad(text: &[u8]) -> Option<ProviderKey> {
    let (length, rest) = text.split_first_chunk()?;
    let (key, zeros) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    if zeros.len() >= PAD_TO || zeros.iter().any(|byte| *byte != 0) {
        return None;
    }
    ProviderKey::parse(std::str::from_utf8(key).ok()?.to_owned()).ok()
}

fn inner_aad(slot: &SealedSlot) -> Vec<u8> {
    slot_fields("relay.cred.v1", slot).into_bytes()
}

fn outer_aad(slot: &SealedSlot, kid: MasterKeyId) -> Vec<u8> {
    slot_fields("relay.dek.v1", slot).with(&kid.0).into_bytes()
}

fn secret_aad(webhook: &str, kid: MasterKeyId) -> Vec<u8> {
    Fields::new("relay.webhook.v1").with(webhook.as_bytes()).with(&kid.0).into_bytes()
}

fn canary_aad(kid: MasterKeyId) -> Vec<u8> {
    Fields::new("relay.canary.v1").with(&kid.0).into_bytes()
}

fn slot_fields(purpose: &str, sealed: &SealedSlot) -> Fields {
    Fields::new(purpose)
        .with(sealed.slot.project.as_str().as_bytes())
        .with(&sealed.record.0)
        .with(sealed.slot.user.as_str().as_bytes())
        .with(sealed.slot.provider.name().as_bytes())
        .with(&sealed.version.to_be_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_output_of_padding_is_a_key() {
        let key = ProviderKey::parse("sk-test-0123456789".to_owned()).unwrap();
        let padded = pad(&key).unwrap();
        assert_eq!((padded.len(), &padded[..5]), (64, &b"\0\x12sk-"[..]));
        assert_eq!(unpad(&padded).unwrap().expose(), key.expose());
        let changed = |change: fn(&mut Vec<u8>)| {
            let mut text = padded.to_vec();
            change(&mut text);
            unpad(&text).is_none()
        };
        assert!(changed(|text| text[63] = 1), "a byte after the key");
        assert!(changed(|text| text.resize(128, 0)), "more zeros than needed");
        assert!(changed(|text| text[1] = 63), "a length beyond the text");
        assert!(changed(|text| text[1] = 17), "a length below the key's");
        assert!(changed(|text| text[1] = 19), "a length above the key's");
        assert!(changed(|text| text[5] = 0xFF), "a key that is not text");
        assert!(changed(|text| text.truncate(1)) && changed(Vec::clear), "no length");
    }
}

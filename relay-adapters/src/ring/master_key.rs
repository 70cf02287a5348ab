//! The master keys: parsing, generating and naming them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::{Zeroize, Zeroizing};

use relay_core::domain::MasterKeyId;
use relay_core::ports::NoRandomness;

/// The length of a master key in bytes.
const LEN: usize = 32;
/// The fewest distinct bytes of a random key: 32 random bytes have 30 distinct values on average, and fewer than 16
/// once in 10^20 keys.
const MIN_DIFFERENT_BYTES: usize = 16;

/// Why a text is not a master key. The error never contains the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMasterKey {
    /// Not base64.
    #[error("a master key must be base64 (44 characters); this is not base64")]
    NotBase64,
    /// Base64 of the wrong number of bytes.
    #[error("a master key must have 32 bytes (44 characters of base64); this has another length")]
    Length,
    /// Too few distinct bytes.
    #[error("this master key is not random; generate one with `relay master-key generate`")]
    NotRandom,
}

/// Why a list of master keys is invalid. The error never contains a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidMasterKeys {
    /// The list has no key.
    #[error("there is no master key; generate one with `relay master-key generate`")]
    Empty,
    /// One line is not a key.
    #[error("line {line}: {reason}")]
    Line {
        /// The line number, from 1, including comments and empty lines.
        line: usize,
        /// What is wrong with the line.
        reason: InvalidMasterKey,
    },
    /// The same key is listed twice.
    #[error("the master key {kid} is listed twice; remove one of the lines")]
    Duplicate {
        /// The key's id.
        kid: MasterKeyId,
    },
}

/// A master key: 32 random bytes that wrap the data keys of sealed records.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; LEN]>);

impl MasterKey {
    /// Generates a new key.
    ///
    /// # Errors
    /// If the operating system returns no random bytes.
    pub fn generate() -> Result<Self, NoRandomness> {
        let mut key = Zeroizing::new([0; LEN]);
        SystemRandom::new().fill(key.as_mut_slice()).map_err(|_| NoRandomness)?;
        Ok(Self(key))
    }

    /// Parses 44 characters of standard base64, and ignores white space around them.
    ///
    /// # Errors
    /// If the text is not base64, not 32 bytes, or clearly not random.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKey> {
        // One byte more than a key, to distinguish a longer key from a text that is not base64.
        let mut bytes = Zeroizing::new([0; LEN + 1]);
        let length = match STANDARD.decode_slice(text.trim(), bytes.as_mut_slice()) {
            Ok(length) => length,
            Err(base64::DecodeSliceError::OutputSliceTooSmall) => return Err(InvalidMasterKey::Length),
            Err(base64::DecodeSliceError::DecodeError(_)) => return Err(InvalidMasterKey::NotBase64),
        };
        if length != LEN {
            return Err(InvalidMasterKey::Length);
        }
        let mut key = Zeroizing::new([0; LEN]);
        key.iter_mut().zip(bytes.iter()).for_each(|(to, from)| *to = *from);
        if is_regular(&key) {
            return Err(InvalidMasterKey::NotRandom);
        }
        Ok(Self(key))
    }

    /// The key in base64, for a key file. Wiped when it is dropped.
    pub fn expose_base64(&self) -> Zeroizing<String> {
        // Allocated for the whole text at once, so that growing does not leave a copy behind.
        let mut text = Zeroizing::new(String::with_capacity(LEN.div_ceil(3) * 4));
        STANDARD.encode_string(self.expose(), &mut text);
        text
    }

    /// The key's public id.
    pub fn kid(&self) -> MasterKeyId {
        let mut named = Zeroizing::new(Vec::with_capacity(64));
        named.extend_from_slice(b"relay.kid");
        named.extend_from_slice(self.expose());
        let hash = digest(&SHA256, &named);
        MasterKeyId(hash.as_ref().first_chunk().copied().unwrap_or_default())
    }

    /// Returns the key's bytes.
    pub(super) fn expose(&self) -> &[u8; LEN] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MasterKey({}, ..)", self.kid())
    }
}

/// Whether the bytes have too few distinct values for a random key.
fn is_regular(key: &[u8; LEN]) -> bool {
    let mut sorted = *key;
    sorted.sort_unstable();
    let different = 1 + sorted.windows(2).filter(|pair| pair.first() != pair.last()).count();
    sorted.zeroize();
    different < MIN_DIFFERENT_BYTES
}

/// A list of master keys: the first one is active and seals, all of them open.
#[derive(Clone)]
pub struct MasterKeys(Vec<MasterKey>);

impl MasterKeys {
    /// A list of these keys, the active one first.
    ///
    /// # Errors
    /// [`InvalidMasterKeys::Empty`] or [`InvalidMasterKeys::Duplicate`].
    pub fn new(keys: Vec<MasterKey>) -> Result<Self, InvalidMasterKeys> {
        let mut kids: Vec<MasterKeyId> = keys.iter().map(MasterKey::kid).collect();
        if kids.is_empty() {
            return Err(InvalidMasterKeys::Empty);
        }
        kids.sort_unstable();
        match kids.windows(2).find(|pair| pair.first() == pair.last()) {
            Some([kid, ..]) => Err(InvalidMasterKeys::Duplicate { kid: *kid }),
            _ => Ok(Self(keys)),
        }
    }

    /// Parses a key file: one key in base64 on each line, the active one first. Empty lines and lines that begin with
    /// `#` are skipped.
    ///
    /// # Errors
    /// [`InvalidMasterKeys`], which has the number of the line, not its text.
    pub fn parse(text: &str) -> Result<Self, InvalidMasterKeys> {
        let lines = text.lines().enumerate().map(|(at, line)| (at + 1, line.trim()));
        let keys = lines
            .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
            .map(|(line, text)| MasterKey::parse(text).map_err(|reason| InvalidMasterKeys::Line { line, reason }))
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(keys)
    }

    /// All keys, the active one first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &MasterKey> {
        self.0.iter()
    }

    /// The key that seals. There always is one; see [`Self::new`].
    pub(super) fn active(&self) -> Option<&MasterKey> {
        self.0.first()
    }
}

impl fmt::Debug for MasterKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

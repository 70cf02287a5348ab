//! Creates and checks Relay keys, registration tokens and ids.

use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};

use ring::digest::{Context, SHA256};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

use relay_core::domain::ids::{ProjectId, RecordId, RequestId, Timestamp};
use relay_core::domain::secret::{RegistrationToken, RelayKey};
use relay_core::domain::{IdempotencyRecord, SecretHash};
use relay_core::ports::{CipherError, NoRandomness, TokenIssuer};

use super::base62::{CHECKSUM_LEN, checksum, digits};
use super::fields::Fields;
use super::master_key::MasterKeys;
use super::sub_keys::{self, Purpose};

/// Digits between a token's prefix and its checksum: 62^43 is just above 2^256.
const BODY_LEN: usize = 43;

/// The two kinds of token.
struct TokenKind {
    prefix: &'static str,
    /// Hashed before the text, so that the two kinds never have the same hash.
    domain: &'static str,
}

const RELAY_KEY: TokenKind = TokenKind { prefix: "rly-", domain: "relay.rly.v1" };
const REGISTRATION: TokenKind = TokenKind { prefix: "rrt-", domain: "relay.rrt.v1" };

/// Creates and hashes tokens.
pub struct RingIssuer {
    idempotency: hmac::Key,
    random: SystemRandom,
    /// The random start of request ids, which must differ but need not be secret.
    seed: [u64; 2],
    /// The number of request ids so far.
    counter: AtomicU64,
}

impl RingIssuer {
    /// An issuer that derives idempotent tokens from the active master key.
    ///
    /// After a rotation the same `Idempotency-Key` gives a different token, so a request that is repeated across the
    /// rotation gets a second one. Both expire within an hour at most.
    ///
    /// # Errors
    /// None in practice: ring could refuse the key's length, and does not.
    pub fn new(keys: &MasterKeys) -> Result<Self, CipherError> {
        let idempotency = keys.active().and_then(|key| sub_keys::derive(key, Purpose::Idempotency).ok());
        let (random, mut seed) = (SystemRandom::new(), [[0; 8]; 2]);
        for half in &mut seed {
            // Without random bytes, ids of two processes may be equal; but then no keys can be created either.
            let _ = random.fill(half);
        }
        Ok(Self {
            idempotency: idempotency.ok_or(CipherError::Unavailable)?,
            random,
            seed: seed.map(u64::from_le_bytes),
            counter: AtomicU64::new(0),
        })
    }

    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.random.fill(bytes).map_err(|_| NoRandomness)
    }

    fn token(&self, kind: &TokenKind) -> Result<String, NoRandomness> {
        Ok(kind.assemble(&digits(BODY_LEN, |bytes| self.fill(bytes))?))
    }
}

impl TokenIssuer for RingIssuer {
    fn relay_key(&self) -> Result<RelayKey, NoRandomness> {
        self.token(&RELAY_KEY).map(RelayKey::new)
    }

    fn registration_token(&self) -> Result<RegistrationToken, NoRandomness> {
        self.token(&REGISTRATION).map(RegistrationToken::new)
    }

    fn derive_registration_token(&self, project: &ProjectId, record: &IdempotencyRecord) -> RegistrationToken {
        let seed = Fields::new("relay.idempotency.v1")
            .with(project.as_str().as_bytes())
            .with(record.key.as_bytes())
            .with(&record.request)
            .with(&record.salt);
        let mut counter: u32 = 0;
        let Ok(body) = digits(BODY_LEN, |bytes| {
            bytes.chunks_mut(32).for_each(|block| {
                counter = counter.wrapping_add(1);
                let mut context = hmac::Context::with_key(&self.idempotency);
                context.update(seed.as_bytes());
                context.update(&counter.to_be_bytes());
                block.iter_mut().zip(context.sign().as_ref()).for_each(|(to, from)| *to = *from);
            });
            Ok::<_, Infallible>(())
        });
        RegistrationToken::new(REGISTRATION.assemble(&body))
    }

    fn hash_relay_key(&self, key: &RelayKey) -> Option<SecretHash> {
        RELAY_KEY.hash(key.expose())
    }

    fn hash_registration_token(&self, token: &RegistrationToken) -> Option<SecretHash> {
        REGISTRATION.hash(token.expose())
    }

    fn project_id(&self) -> Result<ProjectId, NoRandomness> {
        // A project id has 22 digits, so only missing random bytes can make this fail.
        ProjectId::from_digits(&digits(22, |bytes| self.fill(bytes))?).map_err(|_| NoRandomness)
    }

    fn record_id(&self) -> Result<RecordId, NoRandomness> {
        let mut id = [0; 16];
        self.fill(&mut id).map(|()| RecordId(id))
    }

    fn request_id(&self, now: Timestamp) -> RequestId {
        let count = self.counter.fetch_add(1, Ordering::Relaxed);
        let mut random = [0; 10];
        let halves = self.seed.map(|seed| mixed(seed.wrapping_add(count)).to_le_bytes());
        random.iter_mut().zip(halves.as_flattened()).for_each(|(to, from)| *to = *from);
        RequestId::new(now.0, random)
    }
}

/// The output function of splitmix64 (<https://prng.di.unimi.it/splitmix64.c>): one to one, so ids of a process differ.
fn mixed(count: u64) -> u64 {
    let mut z = count.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl std::fmt::Debug for RingIssuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RingIssuer")
    }
}

impl TokenKind {
    /// The prefix, the body, and the checksum of both.
    fn assemble(&self, body: &str) -> String {
        let mut text = String::with_capacity(self.prefix.len() + body.len() + CHECKSUM_LEN);
        text.push_str(self.prefix);
        text.push_str(body);
        let sum = checksum(text.as_bytes());
        text.extend(sum.map(char::from));
        text
    }

    /// The hash under which a well-formed token is stored; `None` for anything else.
    fn hash(&self, text: &str) -> Option<SecretHash> {
        let body = text.strip_prefix(self.prefix)?;
        let well_formed = body.len() == BODY_LEN + CHECKSUM_LEN && body.bytes().all(|b| b.is_ascii_alphanumeric());
        let (summed, sum) = text.as_bytes().split_last_chunk::<CHECKSUM_LEN>()?;
        if !well_formed || *sum != checksum(summed) {
            return None;
        }
        let mut context = Context::new(&SHA256);
        context.update(self.domain.as_bytes());
        context.update(text.as_bytes());
        context.finish().as_ref().try_into().ok().map(SecretHash)
    }
}

//! Sealing, tokens and keyed digests with the `ring` crate.
//!
//! | what | how |
//! | --- | --- |
//! | a provider key at rest | [`RingCipher`]: a random data key for each record, wrapped by a master key; AES-256-GCM twice |
//! | the master keys | [`MasterKeys`]: the first one seals, all of them open |
//! | Relay keys, registration tokens, ids | [`RingIssuer`] |
//! | keyed digests | HMAC-SHA256 under keys that HKDF-SHA256 derives from the active master key, one for each purpose |
//!
//! No function takes a nonce from its caller: each is generated where it is used, and used once.

mod aead;
mod base62;
mod cipher;
mod fields;
mod issuer;
pub mod known_keys;
mod master_key;
mod sub_keys;
#[cfg(test)]
mod wycheproof_tests;

pub use cipher::{RECORD_OVERHEAD, RingCipher, WRAP_LIMIT, WRAP_WARNING};
pub use issuer::RingIssuer;
pub use master_key::{InvalidMasterKey, InvalidMasterKeys, MasterKey, MasterKeys};

//! The master keys that a store knows, and the number of wraps of the active one. Both are in the store's metadata.
//!
//! A process must not start with a store and the master keys of another store, because then no master key would open
//! all stored keys. [`check`] detects this before anything is written, and [`adopt`] stores the ids of the keys that
//! belong to the store.

use relay_core::domain::MasterKeyId;
use relay_core::ports::{CipherError, Meta, StoreError};

use super::RingCipher;

/// The ids of the master keys that were used with a store: 8 bytes each.
const KNOWN_KEYS: &str = "master_key.kids";
/// The number of wraps that are counted in advance, so that a crash never makes the stored count too low.
const WRAPS_IN_ADVANCE: u64 = 1 << 16;

/// Why the configured master keys do not fit a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownKeysError {
    /// Stored provider keys are sealed under master keys that are not configured.
    #[error(
        "stored provider keys cannot be opened: {}; configured is {}; add the missing master keys",
        counted(.missing), listed(.configured)
    )]
    Missing {
        /// Each missing master key, and how many provider keys are sealed under it.
        missing: Vec<(MasterKeyId, u64)>,
        /// The configured master keys.
        configured: Vec<MasterKeyId>,
    },
    /// The store was used with master keys other than the configured ones.
    #[error(
        "this is the wrong master key: the store belongs to {}, and the configured one is {}",
        listed(.known), listed(.configured)
    )]
    Foreign {
        /// The master keys of the store.
        known: Vec<MasterKeyId>,
        /// The configured master keys.
        configured: Vec<MasterKeyId>,
    },
    /// A master key has the same id as one that the store knows, but is a different key.
    #[error("the master key {id} does not open this store's canary: {cause}")]
    Canary {
        /// The id.
        id: MasterKeyId,
        /// The cipher's error.
        cause: CipherError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cipher failed.
    #[error("the cipher could not be set up: {0}")]
    Cipher(#[from] CipherError),
}

/// Checks that every stored provider key can be opened, and that the store belongs to these master keys.
///
/// # Errors
/// The reason why the master keys do not fit.
pub async fn check(store: &dyn Meta, cipher: &RingCipher) -> Result<(), KnownKeysError> {
    check_stored_keys(store, cipher).await?;
    check_canaries(store, cipher).await.map(drop)
}

/// Checks the configured master keys, and stores their ids as the store's own. The returned cipher continues the stored
/// count of wraps.
///
/// # Errors
/// The reason why the master keys do not fit. Nothing is stored then.
pub async fn adopt(store: &dyn Meta, cipher: RingCipher) -> Result<RingCipher, KnownKeysError> {
    check_stored_keys(store, &cipher).await?;
    let mut known = check_canaries(store, &cipher).await?;
    for (id, canary) in cipher.seal_canaries()? {
        if !known.contains(&id) {
            store.put_meta(&canary_name(id), canary).await?;
            known.push(id);
        }
    }
    store.put_meta(KNOWN_KEYS, known.iter().flat_map(|id| id.0).collect()).await?;
    let wraps = store.meta(&wraps_name(cipher.active_kid())).await?;
    let wraps = wraps.and_then(|bytes| bytes.try_into().ok().map(u64::from_be_bytes)).unwrap_or(0);
    let cipher = cipher.with_wraps(wraps);
    save_wraps_in_advance(store, &cipher).await?;
    Ok(cipher)
}

/// Stores the number of wraps of the active master key, with a reserve. Call it regularly while the process runs.
///
/// # Errors
/// The store failed.
pub async fn save_wraps_in_advance(store: &dyn Meta, cipher: &RingCipher) -> Result<(), StoreError> {
    put_wraps(store, cipher, cipher.wraps().saturating_add(WRAPS_IN_ADVANCE)).await
}

/// Stores the exact number of wraps of the active master key. Call it when the process ends.
///
/// # Errors
/// The store failed.
pub async fn save_wraps(store: &dyn Meta, cipher: &RingCipher) -> Result<(), StoreError> {
    put_wraps(store, cipher, cipher.wraps()).await
}

/// Checks the canaries of the configured master keys. Returns the master keys that the store knows.
///
/// # Errors
/// [`KnownKeysError::Foreign`], [`KnownKeysError::Canary`], or an error of the store.
pub async fn check_canaries(store: &dyn Meta, cipher: &RingCipher) -> Result<Vec<MasterKeyId>, KnownKeysError> {
    let known = store.meta(KNOWN_KEYS).await?.unwrap_or_default();
    let known: Vec<MasterKeyId> =
        known.chunks_exact(8).filter_map(|bytes| bytes.try_into().ok().map(MasterKeyId)).collect();
    let configured: Vec<MasterKeyId> = cipher.kids().collect();
    if !known.is_empty() && !configured.iter().any(|id| known.contains(id)) {
        return Err(KnownKeysError::Foreign { known, configured });
    }
    for id in configured {
        if let Some(canary) = store.meta(&canary_name(id)).await? {
            cipher.check_canary(id, &canary).map_err(|cause| KnownKeysError::Canary { id, cause })?;
        }
    }
    Ok(known)
}

/// Refuses a store with provider keys whose master key is not configured, since calls with those keys would fail.
async fn check_stored_keys(store: &dyn Meta, cipher: &RingCipher) -> Result<(), KnownKeysError> {
    let is_configured = |id: &MasterKeyId| cipher.kids().any(|known| known == *id);
    if store.master_keys_in_use().await?.iter().all(is_configured) {
        return Ok(());
    }
    // Counting reads every connection. It only happens if the process does not start.
    let mut missing = store.count_by_master_key().await?;
    missing.retain(|(id, _)| !is_configured(id));
    Err(KnownKeysError::Missing { missing, configured: cipher.kids().collect() })
}

async fn put_wraps(store: &dyn Meta, cipher: &RingCipher, count: u64) -> Result<(), StoreError> {
    store.put_meta(&wraps_name(cipher.active_kid()), count.to_be_bytes().to_vec()).await
}

fn canary_name(id: MasterKeyId) -> String {
    format!("master_key.canary.{id}")
}

fn wraps_name(id: MasterKeyId) -> String {
    format!("master_key.wraps.{id}")
}

fn counted(missing: &[(MasterKeyId, u64)]) -> String {
    missing.iter().map(|(id, count)| format!("{count} under {id}")).collect::<Vec<_>>().join(", ")
}

fn listed(ids: &[MasterKeyId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

//! Which master keys a store knows, and how much the active one has sealed: kept in the store's metadata.
//!
//! A process must not start on a store with another store's master keys: what it sealed could not be opened beside what is
//! there. [`check`] says so before anything is written, and [`adopt`] remembers the keys that belong to the store.

use relay_core::domain::MasterKeyId;
use relay_core::ports::{CipherError, Meta, StoreError};

use super::RingCipher;

/// The ids of the master keys that were used with a store: 8 bytes each.
const KNOWN_KEYS: &str = "master_key.kids";
/// How many wraps are counted in advance, so that a crash never counts too few.
const WRAPS_IN_ADVANCE: u64 = 1 << 16;

/// Why the configured master keys can't be used with a store.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KnownKeysError {
    /// Stored provider keys are sealed under master keys that are not configured.
    #[error(
        "stored provider keys can't be opened: {}; configured is {}; add the missing master keys",
        counted(.missing), listed(.configured)
    )]
    Missing {
        /// Each missing master key, and how many provider keys are sealed under it.
        missing: Vec<(MasterKeyId, u64)>,
        /// The configured ones.
        configured: Vec<MasterKeyId>,
    },
    /// The store was used with other master keys than the configured ones.
    #[error(
        "this is the wrong master key: the store belongs to {}, and the configured one is {}",
        listed(.known), listed(.configured)
    )]
    Foreign {
        /// The master keys of the store.
        known: Vec<MasterKeyId>,
        /// The configured ones.
        configured: Vec<MasterKeyId>,
    },
    /// A master key has the id of one that the store knows, and is another.
    #[error("the master key {id} does not open this store's canary: {cause}")]
    Canary {
        /// Its id.
        id: MasterKeyId,
        /// Why not.
        cause: CipherError,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The cipher failed.
    #[error("the cipher can't be set up: {0}")]
    Cipher(#[from] CipherError),
}

/// Checks that every stored provider key can be opened, and that the store belongs to these master keys.
///
/// # Errors
/// What does not fit.
pub async fn check(store: &dyn Meta, cipher: &RingCipher) -> Result<(), KnownKeysError> {
    check_stored_keys(store, cipher).await?;
    check_canaries(store, cipher).await.map(drop)
}

/// Checks, and remembers the configured master keys as the store's own. The cipher that is returned counts on from what the
/// store has counted.
///
/// # Errors
/// What does not fit; then nothing was stored.
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

/// Stores how much the active master key has sealed, with a reserve. To be called again and again while the process runs.
///
/// # Errors
/// The store failed.
pub async fn save_wraps_in_advance(store: &dyn Meta, cipher: &RingCipher) -> Result<(), StoreError> {
    put_wraps(store, cipher, cipher.wraps().saturating_add(WRAPS_IN_ADVANCE)).await
}

/// Stores how much the active master key has sealed, exactly. To be called when the process ends.
///
/// # Errors
/// The store failed.
pub async fn save_wraps(store: &dyn Meta, cipher: &RingCipher) -> Result<(), StoreError> {
    put_wraps(store, cipher, cipher.wraps()).await
}

/// Checks the canaries of the configured master keys; returns the master keys that the store knows.
///
/// # Errors
/// [`KnownKeysError::Foreign`], [`KnownKeysError::Canary`], or a failure of the store.
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

/// Provider keys whose master key is not configured would fail one by one; better none does.
async fn check_stored_keys(store: &dyn Meta, cipher: &RingCipher) -> Result<(), KnownKeysError> {
    let is_configured = |id: &MasterKeyId| cipher.kids().any(|known| known == *id);
    if store.master_keys_in_use().await?.iter().all(is_configured) {
        return Ok(());
    }
    // Counting reads every connection, which only a process that does not start can afford.
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

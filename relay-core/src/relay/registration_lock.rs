//! A lock that lets one registration at a time use a token.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use futures::lock::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::domain::SecretHash;

/// The number of locks above which unused ones are removed.
const SWEEP: usize = 64;

/// The locks of this process, shared by all its [`Relay`](crate::Relay)s. Other processes that share the store have
/// their own.
static LOCKS: LazyLock<RegistrationLocks> = LazyLock::new(RegistrationLocks::default);

/// Waits for this token's lock. The guard releases it when dropped.
///
/// The lock makes it possible to count a token's tries: without it, many parallel registrations would all find tries
/// left before the first is refused.
pub(super) async fn lock(token: SecretHash) -> OwnedMutexGuard<()> {
    LOCKS.lock(token).await
}

/// A lock for each registration token.
#[derive(Default)]
struct RegistrationLocks(Mutex<HashMap<SecretHash, Weak<AsyncMutex<()>>>>);

impl RegistrationLocks {
    async fn lock(&self, token: SecretHash) -> OwnedMutexGuard<()> {
        let lock = self.lock_of(token);
        lock.lock_owned().await
    }

    fn lock_of(&self, token: SecretHash) -> Arc<AsyncMutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if locks.len() >= SWEEP {
            locks.retain(|_, lock| lock.strong_count() > 0);
        }
        let known = locks.get(&token).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let lock = Arc::default();
            locks.insert(token, Arc::downgrade(&lock));
            lock
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_lock_excludes_other_registrations_of_the_same_token_only() {
        let locks = RegistrationLocks::default();
        let (a, b) = (SecretHash([1; 32]), SecretHash([2; 32]));
        let first = locks.lock(a).now_or_never().unwrap();
        assert!(locks.lock(a).now_or_never().is_none());
        assert!(locks.lock(b).now_or_never().is_some());
        drop(first);
        assert!(locks.lock(a).now_or_never().is_some());
    }

    #[test]
    fn unused_locks_are_removed() {
        let locks = RegistrationLocks::default();
        for n in 0..=255 {
            assert!(locks.lock(SecretHash([n; 32])).now_or_never().is_some());
        }
        assert!(locks.0.lock().unwrap().len() <= SWEEP);
    }
}

//! One registration at a time for a token.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};

use futures::lock::{Mutex as AsyncMutex, OwnedMutexGuard};

use crate::domain::SecretHash;

/// Number of locks at which those that nobody holds are removed.
const SWEEP: usize = 64;

/// The locks of this process, whatever number of [`Relay`](crate::Relay)s it has. Processes that share a store count separately.
static LOCKS: LazyLock<RegistrationLocks> = LazyLock::new(RegistrationLocks::default);

/// Waits for this token's lock and holds it until the guard is dropped.
///
/// A token's tries can be counted under it: without it, each of many registrations at once would find tries left before the
/// first is refused.
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
    fn a_token_is_locked_by_one_registration_and_others_are_free() {
        let locks = RegistrationLocks::default();
        let (a, b) = (SecretHash([1; 32]), SecretHash([2; 32]));
        let first = locks.lock(a).now_or_never().unwrap();
        assert!(locks.lock(a).now_or_never().is_none());
        assert!(locks.lock(b).now_or_never().is_some());
        drop(first);
        assert!(locks.lock(a).now_or_never().is_some());
    }

    #[test]
    fn locks_that_nobody_holds_are_removed() {
        let locks = RegistrationLocks::default();
        for n in 0..=255 {
            assert!(locks.lock(SecretHash([n; 32])).now_or_never().is_some());
        }
        assert!(locks.0.lock().unwrap().len() <= SWEEP);
    }
}

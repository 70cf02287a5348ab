//! One at a time: what must not happen twice at once for the same token.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use futures::lock::{Mutex as Turn, OwnedMutexGuard};

use crate::ports::SecretHash;

/// So many tokens may be under way before those that no longer are get swept out.
const SWEEP: usize = 64;

/// Lets one registration with a token go at a time, so that its tries can be counted: of many at once each would find
/// tries left before the first is refused. It knows of its own process only: several on one store count one by one each.
#[derive(Default)]
pub(crate) struct Turns(Mutex<HashMap<SecretHash, Weak<Turn<()>>>>);

impl Turns {
    /// Waits for this token's turn, which lasts until the guard is dropped.
    pub(crate) async fn take(&self, token: SecretHash) -> OwnedMutexGuard<()> {
        let turn = self.turn(token);
        turn.lock_owned().await
    }

    fn turn(&self, token: SecretHash) -> Arc<Turn<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if turns.len() >= SWEEP {
            turns.retain(|_, turn| turn.strong_count() > 0);
        }
        let known = turns.get(&token).and_then(Weak::upgrade);
        known.unwrap_or_else(|| {
            let turn = Arc::default();
            turns.insert(token, Arc::downgrade(&turn));
            turn
        })
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn a_token_has_one_turn_at_a_time_and_others_need_not_wait() {
        let turns = Turns::default();
        let (a, b) = (SecretHash([1; 32]), SecretHash([2; 32]));
        let first = turns.take(a).now_or_never().unwrap();
        assert!(turns.take(a).now_or_never().is_none());
        assert!(turns.take(b).now_or_never().is_some());
        drop(first);
        assert!(turns.take(a).now_or_never().is_some());
    }

    #[test]
    fn turns_that_are_over_are_forgotten() {
        let turns = Turns::default();
        for n in 0..=255 {
            assert!(turns.take(SecretHash([n; 32])).now_or_never().is_some());
        }
        assert!(turns.0.lock().unwrap().len() <= SWEEP);
    }
}

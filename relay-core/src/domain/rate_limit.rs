//! A limit on how often something may happen, for each key of its own.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};

const MICROS_A_MINUTE: u64 = 60_000_000;

/// A maximum of events a minute for each key, of which a part may come at once. The generic cell rate algorithm
/// (GCRA): a key costs one number, and an idle key nothing.
///
/// Memory is bounded: if `keys` keys are tracked, events of further keys are not limited until idle keys are removed,
/// which happens once in the time in which a key becomes idle.
///
/// ```
/// use relay_core::domain::RateLimit;
///
/// let limit = RateLimit::new(60, 2, 1000); // one a second, two at once
/// assert_eq!(limit.take("a", 0), Ok(()));
/// assert_eq!(limit.take("a", 0), Ok(()));
/// assert_eq!(limit.take("a", 0), Err(1)); // seconds to wait
/// assert_eq!(limit.take("b", 0), Ok(()));
/// assert_eq!(limit.take("a", 1_000_000), Ok(()));
/// ```
#[derive(Debug)]
pub struct RateLimit<K> {
    /// Microseconds between two events at the highest lasting rate.
    interval: u64,
    /// How far ahead of the lasting rate a key may be, in microseconds.
    ahead: u64,
    keys: usize,
    state: Mutex<State<K>>,
}

#[derive(Debug)]
struct State<K> {
    /// When each key will have been idle long enough for a whole burst.
    due: HashMap<K, u64>,
    swept: u64,
    /// Entries that were looked at, for the test of growth.
    #[cfg(test)]
    steps: usize,
}

impl<K: Hash + Eq> RateLimit<K> {
    /// A limit of `a_minute` events a minute for each key, of which `at_once` may come at once (at least one). Tracks
    /// at most `keys` keys.
    pub fn new(a_minute: u32, at_once: u32, keys: usize) -> Self {
        let interval = MICROS_A_MINUTE / u64::from(a_minute.max(1));
        let state = State {
            due: HashMap::new(),
            swept: 0,
            #[cfg(test)]
            steps: 0,
        };
        Self { interval, ahead: interval.saturating_mul(at_once.max(1).into()), keys, state: Mutex::new(state) }
    }

    /// Counts an event of this key at `now`, in microseconds of a monotonic clock.
    ///
    /// # Errors
    /// The number of seconds after which the event would be allowed, rounded up. Such an event is not counted.
    pub fn take(&self, key: K, now: u64) -> Result<(), u64> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.due.len() >= self.keys && now.saturating_sub(state.swept) >= self.ahead {
            state.sweep(now);
        }
        let known = state.due.get(&key).copied();
        if known.is_none() && state.due.len() >= self.keys {
            return Ok(());
        }
        let due = known.unwrap_or(now).max(now).saturating_add(self.interval);
        let early = due.saturating_sub(now).saturating_sub(self.ahead);
        if early > 0 {
            return Err(early.div_ceil(1_000_000));
        }
        state.due.insert(key, due);
        Ok(())
    }

    /// The number of keys that are tracked.
    pub fn len(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).due.len()
    }

    /// Whether no key is tracked.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<K: Hash + Eq> State<K> {
    fn sweep(&mut self, now: u64) {
        #[cfg(test)]
        {
            self.steps += self.due.len();
        }
        self.due.retain(|_, due| *due > now);
        self.swept = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000;

    #[test]
    fn exactly_the_allowed_number_passes_and_the_wait_is_honest() {
        let limit = RateLimit::new(20, 20, 10);
        assert_eq!((0..25).filter(|_| limit.take("a", 5).is_ok()).count(), 20);
        let wait = limit.take("a", 5).unwrap_err();
        assert_eq!(wait, 3, "20 a minute is one in three seconds");
        assert!(limit.take("a", 5 + (wait - 1) * SECOND).is_err());
        assert_eq!(limit.take("a", 5 + wait * SECOND), Ok(()));
    }

    #[test]
    fn a_clock_that_stands_still_or_is_reset_does_no_harm() {
        let limit = RateLimit::new(60, 1, 10);
        assert_eq!(limit.take("a", 100 * SECOND), Ok(()));
        assert_eq!(limit.take("a", 0), Err(101));
        assert_eq!(limit.take("a", u64::MAX), Ok(()));
    }

    #[test]
    fn a_limit_above_the_clocks_precision_never_refuses() {
        let limit = RateLimit::new(u32::MAX, 1, 10);
        assert!((0..1000).all(|_| limit.take("a", 0).is_ok()));
    }

    /// The map was swept at each new key once it was full: n keys cost n times the map.
    #[test]
    fn work_and_memory_do_not_grow_with_the_number_of_keys() {
        let steps = |events: u32| {
            let limit = RateLimit::new(20, 20, 1000);
            for n in 0..events {
                // 1,000 keys a second, each once.
                let _ = limit.take(n, u64::from(n) * 1000);
                assert!(limit.len() <= 1000);
            }
            limit.state.lock().unwrap().steps
        };
        // 20 s and 40 s: within one window nothing is swept again.
        assert_eq!((steps(20_000), steps(40_000)), (0, 0));
        // Ten minutes.
        assert_eq!(steps(600_000), 9 * 1000);
    }

    #[test]
    fn idle_keys_make_room() {
        let limit = RateLimit::new(60, 1, 2);
        assert_eq!((limit.take("a", 0), limit.take("b", 0)), (Ok(()), Ok(())));
        assert_eq!((limit.take("c", 0), limit.take("c", 0)), (Ok(()), Ok(())), "not tracked");
        assert_eq!((limit.take("c", SECOND), limit.take("c", SECOND)), (Ok(()), Err(1)));
    }
}

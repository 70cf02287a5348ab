//! The time by which registration tokens and Relay keys expire. It never goes back, so nothing that has expired becomes
//! valid again.

use std::sync::{Mutex, PoisonError};

use crate::domain::ids::Timestamp;
use crate::ports::Clock;

/// The wall clock, and where that goes back, the monotonic clock from the latest time on.
///
/// After the wall clock was set back, this one stays ahead of it until the process ends or the wall clock catches up.
/// Tokens are issued by the same clock, so their lifetime is right meanwhile.
#[derive(Debug, Default)]
pub(super) struct TokenClock(Mutex<Latest>);

#[derive(Clone, Copy, Debug, Default)]
struct Latest {
    time: u64,
    micros: u64,
}

impl TokenClock {
    pub(super) fn now(&self, clock: &dyn Clock) -> Timestamp {
        let mut latest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (wall, micros) = (clock.now().0, clock.micros());
        let passed = micros.saturating_sub(latest.micros) / 1000;
        let earliest = latest.time.saturating_add(passed);
        *latest = if wall >= earliest {
            Latest { time: wall, micros }
        } else {
            // What is less than a millisecond counts next time.
            Latest { time: earliest, micros: latest.micros.saturating_add(passed * 1000) }
        };
        Timestamp(latest.time)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[derive(Default)]
    struct Jumping {
        wall: AtomicU64,
        micros: AtomicU64,
    }

    impl Clock for Jumping {
        fn now(&self) -> Timestamp {
            Timestamp(self.wall.load(Ordering::Relaxed))
        }
        fn micros(&self) -> u64 {
            self.micros.load(Ordering::Relaxed)
        }
    }

    #[test]
    fn it_follows_the_wall_clock_forward_and_the_monotonic_clock_after_a_jump_back() {
        let (clock, token) = (Jumping::default(), TokenClock::default());
        let after = |wall: u64, micros: u64| {
            clock.wall.store(wall, Ordering::Relaxed);
            clock.micros.fetch_add(micros, Ordering::Relaxed);
            token.now(&clock).0
        };
        assert_eq!(after(1000, 0), 1000);
        assert_eq!(after(2000, 1_000_000), 2000);
        assert_eq!(after(3_602_000, 0), 3_602_000, "an hour forward");
        assert_eq!(after(2000, 0), 3_602_000, "an hour back");
        assert_eq!(after(2500, 500_000), 3_602_500, "time passes");
        // Steps below a millisecond add up.
        for _ in 0..1500 {
            let _ = after(2500, 400);
        }
        assert_eq!(after(2500, 0), 3_603_100);
        assert_eq!(after(9_000_000, 0), 9_000_000, "the wall clock leads again");
    }
}

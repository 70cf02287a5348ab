//! The port that tells the time.

use crate::domain::ids::Timestamp;

/// Tells the wall-clock time.
///
/// ```
/// use relay_core::domain::ids::Timestamp;
/// use relay_core::ports::{Clock, FixedClock};
///
/// let clock = FixedClock::at(Timestamp(1_700_000_000_000)); // in milliseconds
/// clock.advance_seconds(60);
/// assert_eq!(clock.now(), Timestamp(1_700_000_060_000));
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// Microseconds since a fixed moment, on a monotonic clock: for durations.
    fn micros(&self) -> u64;
}

/// A clock that stands still, for tests.
#[derive(Debug, Default)]
pub struct FixedClock(std::sync::atomic::AtomicU64);

impl FixedClock {
    /// A clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(now.0.into())
    }

    /// Advances the clock by a number of seconds.
    pub fn advance_seconds(&self, seconds: u64) {
        self.0.fetch_add(seconds * 1000, std::sync::atomic::Ordering::SeqCst);
    }
}

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(std::sync::atomic::Ordering::SeqCst))
    }

    fn micros(&self) -> u64 {
        self.now().0 * 1000
    }
}

//! Counts refused credentials by address.
//!
//! Nobody can guess 256 random bits, so this only limits noise. It never blocks a valid credential, because many
//! callers may share the address of one proxy.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use relay_core::RelayError;

const WINDOW: Duration = Duration::from_secs(60);
/// How many addresses are tracked at once.
const MAX_ADDRESSES: usize = 10_000;

pub(crate) struct Throttle {
    most: u32,
    seen: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

impl Throttle {
    pub(crate) fn new(most: u32) -> Self {
        Self { most, seen: Mutex::default() }
    }

    /// Counts a refusal; returns the error to answer with instead if there were too many.
    pub(crate) fn refuse(&self, from: IpAddr) -> Option<RelayError> {
        let now = Instant::now();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_ADDRESSES {
            seen.retain(|_, (since, _)| now.duration_since(*since) < WINDOW);
        }
        if seen.len() >= MAX_ADDRESSES && !seen.contains_key(&from) {
            return None;
        }
        let (since, count) = seen.entry(from).or_insert((now, 0));
        if now.duration_since(*since) >= WINDOW {
            (*since, *count) = (now, 0);
        }
        *count = count.saturating_add(1);
        (*count > self.most).then(|| {
            let left = WINDOW.saturating_sub(now.duration_since(*since)).as_secs() + 1;
            RelayError::too_many_refusals(left)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_refusals_of_one_address_are_limited() {
        let throttle = Throttle::new(2);
        let (a, b) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        assert!(throttle.refuse(a).is_none() && throttle.refuse(a).is_none());
        assert_eq!(throttle.refuse(a).unwrap().code(), "too_many_refusals");
        assert!(throttle.refuse(b).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(1);
        for n in 0..=u32::try_from(MAX_ADDRESSES).unwrap() {
            assert!(throttle.refuse(IpAddr::from(n.to_be_bytes())).is_none());
        }
        assert_eq!(throttle.seen.lock().unwrap().len(), MAX_ADDRESSES);
    }
}

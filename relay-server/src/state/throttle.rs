//! Counts malformed credentials by address.
//!
//! Nobody can guess 256 random bits, so this only limits noise. It never blocks a well-formed credential, valid or not:
//! many callers may share the address of one proxy, and a widget must learn that its token is unknown or expired in
//! order to fetch another one.

use std::net::{IpAddr, Ipv6Addr};
use std::time::Instant;

use relay_core::RelayError;
use relay_core::domain::RateLimit;

/// How many addresses are tracked at once.
const MAX_ADDRESSES: usize = 10_000;

pub(crate) struct Throttle {
    seen: RateLimit<IpAddr>,
    began: Instant,
}

impl Throttle {
    /// `most` malformed credentials a minute and address are answered as such.
    pub(crate) fn new(most: u32) -> Self {
        Self { seen: RateLimit::new(most, most, MAX_ADDRESSES), began: Instant::now() }
    }

    /// Counts a malformed credential; returns the error to answer with instead if there were too many.
    pub(crate) fn refuse(&self, from: IpAddr) -> Option<RelayError> {
        let now = u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.seen.take(source(from), now).err().map(RelayError::too_many_refusals)
    }
}

/// What counts as one address: an IPv4 address, and of IPv6 the first 64 bits, which is what one customer gets.
fn source(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 => v4,
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
    fn a_network_of_64_bits_is_one_address() {
        let is_limited = |second: &str| {
            let throttle = Throttle::new(1);
            assert!(throttle.refuse("2001:db8:1:2::1".parse().unwrap()).is_none());
            throttle.refuse(second.parse().unwrap()).is_some()
        };
        assert!(is_limited("2001:db8:1:2:ffff::2"));
        assert!(!is_limited("2001:db8:1:3::1"));
        let throttle = Throttle::new(1);
        assert!(throttle.refuse("10.0.0.1".parse().unwrap()).is_none());
        assert!(throttle.refuse("::ffff:10.0.0.1".parse().unwrap()).is_some(), "the same address over IPv6");
        assert!(throttle.refuse("::ffff:10.0.0.2".parse().unwrap()).is_none());
    }

    #[test]
    fn memory_is_bounded() {
        let throttle = Throttle::new(1);
        for n in 0..=u32::try_from(MAX_ADDRESSES).unwrap() {
            assert!(throttle.refuse(IpAddr::from(n.to_be_bytes())).is_none());
        }
        assert_eq!(throttle.seen.len(), MAX_ADDRESSES);
    }
}

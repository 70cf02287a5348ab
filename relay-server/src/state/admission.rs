//! How many connections there may be: together, and from one address.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Counts connections.
#[derive(Debug)]
pub(crate) struct Admission {
    most: usize,
    most_of_one: usize,
    open: AtomicUsize,
    of_one: Mutex<HashMap<IpAddr, usize>>,
}

/// Whether there is room for a connection.
#[derive(Debug)]
pub(crate) enum Admitted {
    /// There is.
    Room(Permit),
    /// There are as many connections as there may be.
    Full,
    /// Its address has as many as one address may have.
    TooManyOfOne,
}

/// A connection that is counted while this exists.
#[derive(Debug)]
pub(crate) struct Permit {
    admission: Arc<Admission>,
    address: IpAddr,
}

impl Admission {
    pub(crate) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        Arc::new(Self { most, most_of_one, open: AtomicUsize::new(0), of_one: Mutex::default() })
    }

    /// Counts a connection from `address`, which is that of many clients if it is a trusted proxy's.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr, is_proxy: bool) -> Admitted {
        let address = network(address);
        let mut of_one = self.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        let count = of_one.get(&address).copied().unwrap_or_default();
        if count >= self.most_of_one && !is_proxy {
            return Admitted::TooManyOfOne;
        }
        // Only changed under the lock.
        if self.open.load(Ordering::Relaxed) >= self.most {
            return Admitted::Full;
        }
        Admitted::Room(self.count(&mut of_one, address))
    }

    /// Counts a connection from `address` that takes the place of another one, which is about to end.
    pub(crate) fn replace(self: &Arc<Self>, address: IpAddr) -> Permit {
        self.count(&mut self.of_one.lock().unwrap_or_else(PoisonError::into_inner), network(address))
    }

    fn count(self: &Arc<Self>, of_one: &mut HashMap<IpAddr, usize>, address: IpAddr) -> Permit {
        self.open.fetch_add(1, Ordering::Relaxed);
        *of_one.entry(address).or_default() += 1;
        Permit { admission: Arc::clone(self), address }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut of_one = self.admission.of_one.lock().unwrap_or_else(PoisonError::into_inner);
        self.admission.open.fetch_sub(1, Ordering::Relaxed);
        if let Entry::Occupied(mut count) = of_one.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// What counts as one address: of IPv6 the first 64 bits, since everybody has that many.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_counted_together_and_by_address() {
        let admission = Admission::new(3, 2);
        let admit = |address: &str| admission.admit(address.parse().unwrap(), false);
        let Admitted::Room(first) = admit("2001:db8::1") else { panic!("there is room") };
        let Admitted::Room(_second) = admit("2001:db8::ffff:2") else { panic!("there is room") };
        assert!(matches!(admit("2001:db8::3"), Admitted::TooManyOfOne), "the same network");
        let Admitted::Room(_third) = admit("10.0.0.1") else { panic!("there is room") };
        assert!(matches!(admit("10.0.0.2"), Admitted::Full));
        let replacing = admission.replace("10.0.0.3".parse().unwrap());
        assert!(matches!(admit("10.0.0.2"), Admitted::Full), "one more than there may be, for a moment");
        drop((first, replacing));
        assert_eq!(admission.open.load(Ordering::Relaxed), 2);
        let Admitted::Room(_fourth) = admit("::ffff:10.0.0.1") else { panic!("there is room again") };
        assert_eq!(admission.of_one.lock().unwrap().len(), 2);
    }

    #[test]
    fn a_proxy_may_have_all_of_them() {
        let admission = Admission::new(3, 1);
        let admit = || admission.admit(IpAddr::from([10, 0, 0, 1]), true);
        let held = [admit(), admit(), admit()];
        assert!(held.iter().all(|admitted| matches!(admitted, Admitted::Room(_))));
        assert!(matches!(admit(), Admitted::Full));
    }

    #[test]
    fn nothing_is_remembered_of_a_closed_connection() {
        let admission = Admission::new(10, 10);
        for n in 0..100_u8 {
            drop(admission.admit(IpAddr::from([10, 0, 0, n]), false));
        }
        assert_eq!((admission.open.load(Ordering::Relaxed), admission.of_one.lock().unwrap().len()), (0, 0));
    }
}

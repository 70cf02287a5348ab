//! Several connection pools instead of one, because of HTTP/2.
//!
//! reqwest opens only one HTTP/2 connection to a host, and servers allow about a hundred streams on it. When answers
//! stream for minutes, the next call would have to wait for another to end
//! (<https://github.com/hyperium/hyper/issues/3623>). So calls fill one lane (a client with its own connections) up to
//! a number that servers allow, then the next. It makes no difference to HTTP/1.1.
//!
//! Each runtime has its own lanes. A connection belongs to the runtime that opened it and closes with it. actix has a
//! runtime for each worker, and when the server stops, idle workers end while others still stream.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reqwest::Client;
use tokio::runtime::{Handle, Id};

/// The most concurrent calls in a lane, to all providers together. HTTP/2 recommends that servers allow at least 100
/// streams (RFC 9113, 6.5.2).
const CALLS: usize = 80;
/// The most lanes of a runtime, with room for 2,560 calls. Further calls share the lanes.
const LANES: usize = 32;

/// The lanes of a runtime. The first client exists from the start; the others are created when they are needed.
pub(super) struct Lanes {
    by_runtime: Mutex<HashMap<Option<Id>, Set>>,
    first: Client,
    /// Creates one more client.
    more: Box<dyn Fn() -> Option<Client> + Send + Sync>,
}

type Set = Arc<[Arc<Lane>]>;

#[derive(Default)]
struct Lane {
    client: OnceLock<Client>,
    calls: AtomicUsize,
}

impl Lanes {
    pub(super) fn new(first: Client, more: impl Fn() -> Option<Client> + Send + Sync + 'static) -> Self {
        Self { by_runtime: Mutex::default(), first, more: Box::new(more) }
    }

    /// A client for one call, with the call's place in its lane, which is freed when it is dropped.
    pub(super) fn enter(&self) -> (Client, Place) {
        let lanes = self.of_this_runtime();
        let free = lanes.iter().find(|lane| lane.calls.load(Ordering::Relaxed) < CALLS);
        let Some(lane) = free.or_else(|| lanes.iter().min_by_key(|lane| lane.calls.load(Ordering::Relaxed))) else {
            return (self.first.clone(), Place::take(&Arc::default()));
        };
        let place = Place::take(lane);
        let client = lane.client.get_or_init(|| (self.more)().unwrap_or_else(|| self.first.clone()));
        (client.clone(), place)
    }

    fn of_this_runtime(&self) -> Set {
        let here = Handle::try_current().ok().map(|runtime| runtime.id());
        let mut all = self.by_runtime.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = all.is_empty();
        let lanes = all.entry(here).or_insert_with(|| {
            let lanes: Set = (0..LANES).map(|_| Arc::default()).collect();
            lanes.iter().take(usize::from(is_first)).for_each(|lane| drop(lane.client.set(self.first.clone())));
            lanes
        });
        Arc::clone(lanes)
    }
}

/// A call's place in its lane.
pub(super) struct Place(Arc<Lane>);

impl Place {
    fn take(lane: &Arc<Lane>) -> Self {
        lane.calls.fetch_add(1, Ordering::Relaxed);
        Self(lane.clone())
    }

    /// A place outside all lanes.
    #[cfg(test)]
    pub(super) fn nowhere() -> Self {
        Self::take(&Arc::default())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes() -> Lanes {
        super::super::crypto::install_crypto();
        Lanes::new(Client::new(), || None)
    }

    fn counts(lanes: &Lanes) -> Vec<usize> {
        lanes.of_this_runtime().iter().map(|lane| lane.calls.load(Ordering::Relaxed)).collect()
    }

    #[test]
    fn calls_fill_one_lane_after_another_and_free_their_place() {
        let lanes = lanes();
        let mut places: Vec<Place> = (0..CALLS + 5).map(|_| lanes.enter().1).collect();
        assert_eq!(counts(&lanes)[..3], [CALLS, 5, 0]);
        places.drain(..10);
        assert_eq!(counts(&lanes)[..3], [CALLS - 10, 5, 0]);
        places.push(lanes.enter().1);
        assert_eq!(counts(&lanes)[..3], [CALLS - 9, 5, 0]);
        drop(places);
        assert_eq!(counts(&lanes), [0; LANES]);
    }

    #[test]
    fn when_all_lanes_are_full_calls_share_the_emptiest() {
        let lanes = lanes();
        let _places: Vec<Place> = (0..CALLS * LANES + LANES).map(|_| lanes.enter().1).collect();
        assert_eq!(counts(&lanes), [CALLS + 1; LANES]);
    }
}

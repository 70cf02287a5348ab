//! Several connection pools instead of one, because of HTTP/2.
//!
//! reqwest opens one HTTP/2 connection to a host and no more, and servers allow some hundred streams on it: with answers
//! that stream for minutes, the next call would wait for another to end
//! (<https://github.com/hyperium/hyper/issues/3623>). So calls fill one lane (a client with its own connections) up to a
//! number that servers allow, then the next. HTTP/1.1 pools gain and lose nothing by it.
//!
//! Each runtime has lanes of its own. A connection lives on the runtime that made it and dies with it; actix has a runtime
//! a worker, and when the server stops, workers without calls end while others still stream.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use reqwest::Client;
use tokio::runtime::{Handle, Id};

/// Calls at a time in a lane, of all providers together. The smallest limit that HTTP/2 recommends to servers is 100
/// streams (RFC 9113, 6.5.2).
const CALLS: usize = 80;
/// Lanes of a runtime: room for 2,560 calls. Beyond that they share.
const LANES: usize = 32;

/// The lanes. The first client is there from the start, the others are made when they are needed.
pub(super) struct Lanes {
    by_runtime: Mutex<HashMap<Option<Id>, Set>>,
    first: Client,
    /// Makes one more client.
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

    /// A client for one call, and the place that the call takes up until it is dropped.
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
    fn calls_fill_one_lane_after_the_other_and_leave_room_when_they_end() {
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
    fn beyond_all_lanes_calls_share_the_emptiest() {
        let lanes = lanes();
        let _places: Vec<Place> = (0..CALLS * LANES + LANES).map(|_| lanes.enter().1).collect();
        assert_eq!(counts(&lanes), [CALLS + 1; LANES]);
    }
}

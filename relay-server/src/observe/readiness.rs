//! Readiness: whether this server can serve calls.

use std::error::Error as _;
use std::time::{Duration, Instant};

use relay_core::Relay;
use relay_core::relay::readiness::NotReady;
use tokio::sync::Mutex;

/// How long a result is reused: the check is public, and writes to the store.
const FRESH: Duration = Duration::from_secs(1);

/// Why a server is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unready {
    Store,
    MasterKey,
}

/// Checks readiness, at most once a second.
#[derive(Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<(Instant, Option<Unready>)>>,
}

impl Readiness {
    /// Why the server is not ready; `None` if it is.
    pub(crate) async fn check(&self, relay: &Relay) -> Option<Unready> {
        let mut last = self.last.lock().await;
        if let Some((at, known)) = *last
            && at.elapsed() < FRESH
        {
            return known;
        }
        let found = relay.readiness().await.err().map(|reason| {
            tracing::warn!(cause = reason.source().map(tracing::field::display), "{reason}");
            if matches!(reason, NotReady::MasterKey(_)) { Unready::MasterKey } else { Unready::Store }
        });
        *last = Some((Instant::now(), found));
        found
    }
}

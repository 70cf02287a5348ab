//! Readiness: whether this server can serve calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relay_core::Relay;
use tokio::sync::Mutex;

/// How long a result is reused: the check is public, and writes to the store.
const FRESH: Duration = Duration::from_secs(1);

/// Checks that the master key still opens what was sealed under it.
pub type Canary = Arc<dyn Fn() -> bool + Send + Sync>;

/// Why a server is not ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    Store,
    MasterKey,
}

/// Checks readiness, at most once a second.
pub(crate) struct Readiness {
    canary: Option<Canary>,
    last: Mutex<Option<(Instant, Option<NotReady>)>>,
}

impl Readiness {
    pub(crate) fn new(canary: Option<Canary>) -> Self {
        Self { canary, last: Mutex::default() }
    }

    /// Why the server is not ready; `None` if it is.
    pub(crate) async fn check(&self, relay: &Relay) -> Option<NotReady> {
        let mut last = self.last.lock().await;
        if let Some((at, known)) = *last
            && at.elapsed() < FRESH
        {
            return known;
        }
        let found = self.look(relay).await;
        *last = Some((Instant::now(), found));
        found
    }

    async fn look(&self, relay: &Relay) -> Option<NotReady> {
        if let Err(error) = relay.ports().meta.ready().await {
            tracing::warn!(cause = %error, "the store can't be written to");
            return Some(NotReady::Store);
        }
        let opens = self.canary.as_ref().is_none_or(|canary| canary());
        (!opens).then_some(NotReady::MasterKey)
    }
}

//! Whether this server can do its work.

use std::sync::Arc;
use std::time::{Duration, Instant};

use relay_core::Relay;
use tokio::sync::Mutex;

/// How long an answer to "are you ready" holds: the question is public, and costs a write to the store.
const FRESH: Duration = Duration::from_secs(1);

/// Tells whether the master key still opens what was sealed under it.
pub type Canary = Arc<dyn Fn() -> bool + Send + Sync>;

/// What keeps a server from its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotReady {
    Store,
    MasterKey,
}

/// Answers "are you ready", at most once a second anew.
pub(crate) struct Readiness {
    canary: Option<Canary>,
    last: Mutex<Option<(Instant, Option<NotReady>)>>,
}

impl Readiness {
    pub(crate) fn new(canary: Option<Canary>) -> Self {
        Self { canary, last: Mutex::default() }
    }

    /// What is wrong, if anything is.
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

//! Graceful shutdown: first no new calls, then an end for those still running.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use relay_core::RelayError;
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;

const SERVING: u8 = 0;
const DRAINING: u8 = 1;
const CUT: u8 = 2;

/// The phase of the shutdown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Drain(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    phase: AtomicU8,
    cut: Arc<Notify>,
}

impl Drain {
    /// Starts the shutdown: the server is no longer ready, and accepts no new calls.
    pub(crate) fn begin(&self) {
        let _ = self.0.phase.compare_exchange(SERVING, DRAINING, Ordering::SeqCst, Ordering::SeqCst);
    }

    /// Ends the calls that are still running, with the error `draining`.
    pub(crate) fn cut(&self) {
        self.0.phase.store(CUT, Ordering::SeqCst);
        self.0.cut.notify_waiters();
    }

    /// Whether the server is shutting down.
    pub(crate) fn is_draining(&self) -> bool {
        self.0.phase.load(Ordering::Relaxed) != SERVING
    }

    /// Refuses a new call after the shutdown has started.
    ///
    /// # Errors
    /// `draining`.
    pub(crate) fn refuse_new_calls(&self) -> Result<(), RelayError> {
        if self.is_draining() { Err(RelayError::draining()) } else { Ok(()) }
    }

    /// Whether running calls must end now.
    pub(crate) fn is_cut(&self) -> bool {
        self.0.phase.load(Ordering::Relaxed) == CUT
    }

    /// Resolves when running calls must end. Check [`Self::is_cut`] after creating it: it only sees later cuts.
    pub(crate) fn cut_signal(&self) -> OwnedNotified {
        Arc::clone(&self.0.cut).notified_owned()
    }
}

//! A bell that one task waits for.

use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use futures::task::AtomicWaker;

/// Wakes the one task that waits for it, in this process. Stores ring it when a change has stored an event.
#[derive(Debug, Default)]
pub struct Bell {
    rung: AtomicBool,
    waiter: AtomicWaker,
}

impl Bell {
    /// Wakes the waiting task, or the next one that waits.
    pub fn ring(&self) {
        self.rung.store(true, Ordering::SeqCst);
        self.waiter.wake();
    }

    /// Waits until it was rung since the last wait.
    pub async fn wait(&self) {
        poll_fn(|context| {
            self.waiter.register(context.waker());
            if self.rung.swap(false, Ordering::SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}

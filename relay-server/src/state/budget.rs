//! The memory that all request bodies together may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_core::RelayError;

/// How much memory all bodies may hold at once.
#[derive(Clone, Debug)]
pub(crate) struct BodyBudget {
    held: Arc<AtomicUsize>,
    most: usize,
}

impl BodyBudget {
    pub(crate) fn new(most: usize) -> Self {
        Self { held: Arc::default(), most }
    }

    /// An empty reservation, to be grown as the body arrives.
    pub(crate) fn reserve(&self) -> Reservation {
        Reservation { budget: self.clone(), bytes: 0 }
    }

    pub(crate) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }
}

/// A part of the budget. Dropping it returns it.
#[derive(Debug)]
pub(crate) struct Reservation {
    budget: BodyBudget,
    bytes: usize,
}

impl Reservation {
    /// Adds to it.
    ///
    /// # Errors
    /// `overloaded` if the budget is exceeded.
    pub(crate) fn grow(&mut self, by: usize) -> Result<(), RelayError> {
        let held = self.budget.held.fetch_add(by, Ordering::Relaxed) + by;
        self.bytes += by;
        if held > self.budget.most {
            return Err(RelayError::overloaded());
        }
        Ok(())
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

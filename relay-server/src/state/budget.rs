//! The memory budget of all request bodies together.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use relay_core::RelayError;

/// The most memory that all bodies may use at once.
#[derive(Clone, Debug)]
pub(crate) struct BodyBudget {
    held: Arc<AtomicUsize>,
    most: usize,
}

impl BodyBudget {
    pub(crate) fn new(most: usize) -> Self {
        Self { held: Arc::default(), most }
    }

    /// An empty reservation, which grows as the body arrives.
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
    /// Adds bytes to the reservation.
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

//! A delivery in memory.

use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::{Delivery, DeliveryState};

/// A delivery, and what it waits for.
pub(super) struct Stored {
    pub(super) project: ProjectId,
    pub(super) user: Option<EndUser>,
    /// Whether it waits for nothing.
    pub(super) alone: bool,
    pub(super) leased_until: Timestamp,
    pub(super) delivery: Delivery,
}

impl Stored {
    pub(super) fn is_pending(&self) -> bool {
        self.delivery.state == DeliveryState::Pending
    }

    /// Whether `other` must be delivered before it.
    pub(super) fn waits_for(&self, other: &Self) -> bool {
        let same = self.delivery.webhook == other.delivery.webhook && self.user == other.user;
        same && !self.alone && !other.alone && other.is_pending() && other.delivery.seq < self.delivery.seq
    }
}

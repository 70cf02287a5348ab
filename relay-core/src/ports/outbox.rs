//! The port of webhooks: where events go, which ones are due, and what became of them.

use async_trait::async_trait;

use crate::domain::ids::{ProjectId, Timestamp};
use crate::domain::trail::{By, Event};
use crate::domain::{Attempt, Delivery, Webhook};
use crate::ports::store_error::StoreError;

/// A delivery that is due, leased to the caller.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DueDelivery {
    /// The delivery.
    pub delivery: Delivery,
    /// Where it goes.
    pub webhook: Webhook,
    /// The lease, which [`Outbox::settle`] needs. Nobody else gets the delivery until it ends.
    pub lease: Timestamp,
}

impl DueDelivery {
    /// A due delivery to a webhook, leased until `lease`.
    pub fn new(delivery: Delivery, webhook: Webhook, lease: Timestamp) -> Self {
        Self { delivery, webhook, lease }
    }
}

/// Which deliveries to order again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The one with this number.
    One(u64),
    /// Those of all events since a time.
    Since(Timestamp),
}

/// Stores webhooks, and delivers the events that every other port of the same store writes.
///
/// Obligations (suite `relay_core::conformance::outbox`): an event is written in the transaction of its change, with a
/// delivery for each webhook that wants it; deliveries to one webhook about one user are due one after another, in the
/// order of the events; a delivery that is not settled is due again when its lease ends; a secret is stored sealed.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait Outbox: Send + Sync {
    /// Returns a project's webhooks, oldest first.
    async fn webhooks(&self, project: &ProjectId) -> Result<Vec<Webhook>, StoreError>;

    /// Stores a new webhook.
    async fn create_webhook(&self, webhook: Webhook, by: &By) -> Result<(), StoreError>;

    /// Changes a webhook, except its id, project and creation time. Returns whether it exists.
    async fn update_webhook(&self, webhook: Webhook, by: &By) -> Result<bool, StoreError>;

    /// Deletes a webhook with its deliveries. Returns whether there was one.
    async fn delete_webhook(&self, project: &ProjectId, id: &str, by: &By) -> Result<bool, StoreError>;

    /// Stores an event for one webhook alone, whatever it wants. Returns the delivery's number, or `None` for an unknown
    /// webhook.
    async fn send_to(
        &self,
        project: &ProjectId,
        webhook: &str,
        event: Event,
        by: &By,
    ) -> Result<Option<u64>, StoreError>;

    /// Leases at most `limit` deliveries that are due at `now`, until `lease`: at most `each` for one webhook at a time.
    async fn due(
        &self,
        now: Timestamp,
        lease: Timestamp,
        limit: u32,
        each: u32,
    ) -> Result<Vec<DueDelivery>, StoreError>;

    /// Stores the result of an attempt, unless the lease has ended and somebody else has the delivery. `next`: when to try
    /// again after a failure; `None`: never. A webhook that has failed for
    /// [`DISABLE_AFTER_MS`](crate::domain::DISABLE_AFTER_MS) is disabled.
    async fn settle(
        &self,
        due: &DueDelivery,
        attempt: Attempt,
        next: Option<Timestamp>,
        by: &By,
    ) -> Result<(), StoreError>;

    /// Returns deliveries of a webhook, newest first: at most `limit`, with numbers below `before`.
    async fn deliveries(
        &self,
        project: &ProjectId,
        webhook: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Orders deliveries again, at once. Returns how many.
    async fn replay(&self, project: &ProjectId, webhook: &str, which: Replay, by: &By) -> Result<u64, StoreError>;

    /// Waits until a change has stored an event since the last call. Events of other processes on the same store do not
    /// wake it, so its caller also looks now and then.
    async fn event_stored(&self);
}

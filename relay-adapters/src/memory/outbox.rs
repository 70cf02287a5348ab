//! Webhooks, the events for them, and their deliveries.

use async_trait::async_trait;
use relay_core::domain::ids::{EndUser, ProjectId, Timestamp};
use relay_core::domain::trail::{
    By, Event, EventKind, webhook_created, webhook_deleted, webhook_disabled, webhook_replayed, webhook_updated,
};
use relay_core::domain::{Attempt, DISABLE_AFTER_MS, Delivery, DeliveryState, KEEP_EVENTS_MS, Webhook};
use relay_core::ports::{DueDelivery, Outbox, Replay, StoreError};

use super::delivery::Stored;
use super::state::{Memory, State};
use super::trail::random;

impl State {
    /// Stores an event with a delivery for each webhook that wants it. Returns whether there is one.
    pub(super) fn put_event(&mut self, project: &ProjectId, event: &Event, by: &By) -> bool {
        let wanting = self.webhooks.iter().filter(|webhook| webhook.project == *project && webhook.wants(event.kind));
        let wanting: Vec<String> = wanting.map(|webhook| webhook.id.clone()).collect();
        let id = format!("evt_{:032x}", u128::from_be_bytes(random()));
        for webhook in &wanting {
            self.deliver(project, webhook, (&id, event), false, by);
        }
        !wanting.is_empty()
    }

    fn deliver(
        &mut self,
        project: &ProjectId,
        webhook: &str,
        (id, event): (&str, &Event),
        alone: bool,
        by: &By,
    ) -> u64 {
        self.last_delivery += 1;
        let (seq, kind) = (self.last_delivery, event.kind.as_str().to_owned());
        let body = event.body(project, by.at);
        let delivery = Delivery::new(seq, webhook.to_owned(), id.to_owned(), kind, body, by.at);
        let (project, user, leased_until) = (project.clone(), event.user.clone(), Timestamp(0));
        self.deliveries.push(Stored { project, user, alone, leased_until, delivery });
        seq
    }

    /// Removes the events about a user.
    pub(super) fn erase_events(&mut self, project: &ProjectId, user: &EndUser) {
        self.deliveries.retain(|stored| !(stored.project == *project && stored.user.as_ref() == Some(user)));
    }

    /// Deletes the events whose time is over.
    pub(super) fn forget_events(&mut self, now: Timestamp) {
        self.deliveries.retain(|stored| stored.delivery.created_at.0 + KEEP_EVENTS_MS >= now.0);
    }

    fn webhook_mut(&mut self, project: &ProjectId, id: &str) -> Option<&mut Webhook> {
        self.webhooks.iter_mut().find(|webhook| webhook.project == *project && webhook.id == id)
    }

    /// Remembers since when a webhook fails, and disables it after days.
    fn note_health(&mut self, due: &DueDelivery, success: bool, by: &By) {
        let Some(webhook) = self.webhook_mut(&due.webhook.project, &due.webhook.id) else { return };
        if success {
            webhook.failing_since = None;
            return;
        }
        let since = *webhook.failing_since.get_or_insert(by.at);
        if webhook.enabled && by.at.0.saturating_sub(since.0) >= DISABLE_AFTER_MS {
            let reason = "every attempt failed for 5 days";
            webhook.enabled = false;
            webhook.disabled_reason = Some(reason.to_owned());
            self.write_trail(&due.webhook.project, &webhook_disabled(&due.webhook, reason), by);
        }
    }

    /// Once every webhook was told that a user was erased, or could not be told, nothing names them any more.
    fn forget_erased(&mut self, event: &str) {
        let is_event = |stored: &&mut Stored| stored.delivery.event == event;
        if self.deliveries.iter().any(|stored| stored.delivery.event == event && stored.is_pending()) {
            return;
        }
        for stored in self.deliveries.iter_mut().filter(is_event) {
            (stored.user, stored.delivery.body) = (None, String::new());
        }
    }
}

#[async_trait]
impl Outbox for Memory {
    async fn webhooks(&self, project: &ProjectId) -> Result<Vec<Webhook>, StoreError> {
        Ok(self.state().webhooks.iter().filter(|webhook| webhook.project == *project).cloned().collect())
    }

    async fn create_webhook(&self, webhook: Webhook, by: &By) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.webhooks.iter().any(|known| known.id == webhook.id) {
            return Err(StoreError::new("a webhook with this id already exists"));
        }
        state.write_trail(&webhook.project, &webhook_created(&webhook), by);
        state.webhooks.push(webhook);
        Ok(())
    }

    async fn update_webhook(&self, webhook: Webhook, by: &By) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(stored) = state.webhook_mut(&webhook.project, &webhook.id) else { return Ok(false) };
        let trail = webhook_updated(stored, &webhook);
        let (project, created_at) = (webhook.project.clone(), stored.created_at);
        *stored = webhook;
        stored.created_at = created_at;
        state.write_trail(&project, &trail, by);
        self.bell.ring();
        Ok(true)
    }

    async fn delete_webhook(&self, project: &ProjectId, id: &str, by: &By) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(webhook) = state.webhook_mut(project, id).map(|webhook| webhook.clone()) else { return Ok(false) };
        state.webhooks.retain(|known| known.id != id);
        state.deliveries.retain(|stored| stored.delivery.webhook != id);
        state.write_trail(project, &webhook_deleted(&webhook), by);
        Ok(true)
    }

    async fn send_to(
        &self,
        project: &ProjectId,
        webhook: &str,
        event: Event,
        by: &By,
    ) -> Result<Option<u64>, StoreError> {
        let mut state = self.state();
        if state.webhook_mut(project, webhook).is_none() {
            return Ok(None);
        }
        let id = format!("evt_{:032x}", u128::from_be_bytes(random()));
        let seq = state.deliver(project, webhook, (&id, &event), true, by);
        self.bell.ring();
        Ok(Some(seq))
    }

    async fn due(
        &self,
        now: Timestamp,
        lease: Timestamp,
        limit: u32,
        each: u32,
    ) -> Result<Vec<DueDelivery>, StoreError> {
        let mut state = self.state();
        let State { deliveries, webhooks, .. } = &mut *state;
        let mut due = Vec::new();
        for webhook in webhooks.iter().filter(|webhook| webhook.enabled) {
            let of_webhook = |stored: &&Stored| stored.delivery.webhook == webhook.id && stored.is_pending();
            let running = deliveries.iter().filter(of_webhook).filter(|stored| stored.leased_until > now).count();
            let ready = deliveries.iter().filter(of_webhook).filter(|stored| {
                let is_blocked = deliveries.iter().any(|other| stored.waits_for(other));
                stored.delivery.next_at <= now && stored.leased_until <= now && !is_blocked
            });
            let room = (each as usize).saturating_sub(running);
            due.extend(ready.take(room).map(|stored| (stored.delivery.seq, webhook.clone())));
        }
        due.truncate(limit as usize);
        let mut leased = Vec::new();
        for (seq, webhook) in due {
            if let Some(stored) = deliveries.iter_mut().find(|stored| stored.delivery.seq == seq) {
                stored.leased_until = lease;
                leased.push(DueDelivery::new(stored.delivery.clone(), webhook, lease));
            }
        }
        Ok(leased)
    }

    async fn settle(
        &self,
        due: &DueDelivery,
        attempt: Attempt,
        next: Option<Timestamp>,
        by: &By,
    ) -> Result<(), StoreError> {
        let mut state = self.state();
        let success = attempt.is_success();
        let found = state.deliveries.iter_mut().find(|stored| stored.delivery.seq == due.delivery.seq);
        let Some(stored) = found.filter(|stored| stored.leased_until == due.lease && stored.is_pending()) else {
            return Ok(());
        };
        stored.leased_until = Timestamp(0);
        stored.delivery.attempts += 1;
        stored.delivery.next_at = next.unwrap_or(stored.delivery.next_at);
        stored.delivery.last = Some(attempt);
        stored.delivery.state = match (success, next) {
            (true, _) => DeliveryState::Delivered,
            (false, Some(_)) => DeliveryState::Pending,
            (false, None) => DeliveryState::Failed,
        };
        let told = !stored.is_pending() && stored.delivery.kind == EventKind::UserDeleted.as_str();
        state.note_health(due, success, by);
        if told {
            state.forget_erased(&due.delivery.event);
        }
        self.bell.ring();
        Ok(())
    }

    async fn deliveries(
        &self,
        project: &ProjectId,
        webhook: &str,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        let state = self.state();
        let fits = |stored: &&Stored| {
            let Delivery { webhook: owner, seq, .. } = &stored.delivery;
            stored.project == *project && owner == webhook && before.is_none_or(|before| *seq < before)
        };
        let found = state.deliveries.iter().rev().filter(fits).take(limit as usize);
        Ok(found.map(|stored| stored.delivery.clone()).collect())
    }

    async fn replay(&self, project: &ProjectId, webhook: &str, which: Replay, by: &By) -> Result<u64, StoreError> {
        let mut state = self.state();
        let fits = |stored: &&mut Stored| {
            let delivery = &stored.delivery;
            let is_asked = match which {
                Replay::One(seq) => delivery.seq == seq,
                Replay::Since(at) => delivery.created_at >= at,
            };
            let is_its = stored.project == *project && delivery.webhook == webhook;
            is_its && is_asked && stored.leased_until <= by.at && !delivery.body.is_empty()
        };
        let mut again = 0;
        for stored in state.deliveries.iter_mut().filter(fits) {
            (stored.delivery.state, stored.delivery.attempts, stored.delivery.next_at) =
                (DeliveryState::Pending, 0, by.at);
            again += 1;
        }
        if again > 0 {
            state.write_trail(project, &webhook_replayed(webhook, again), by);
        }
        self.bell.ring();
        Ok(again)
    }

    async fn event_stored(&self) {
        self.bell.wait().await;
    }
}

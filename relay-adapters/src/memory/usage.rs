use async_trait::async_trait;
use relay_core::domain::ids::Timestamp;
use relay_core::domain::{Slot, UsageEvent, UsageQuery, UsageRow};
use relay_core::ports::{StoreError, UsageReport, UsageSink};

use super::state::Memory;
use crate::rollup::{Counters, Group};

impl UsageSink for Memory {
    fn record(&self, event: UsageEvent) {
        let mut state = self.state();
        if let Some(key) = state.relay_keys.iter_mut().find(|key| Some(key.hash) == event.relay_key) {
            forward(&mut key.last_used_at, event.at);
        }
        let slot = Slot { project: event.project.clone(), user: event.user.clone(), provider: event.provider };
        if let Some(connection) = state.connection_mut(&slot).filter(|found| found.connected_at <= event.at) {
            forward(&mut connection.last_used_at, event.at);
        }
        // No usage is stored for a user who was erased while the call was running.
        if state.users.contains_key(&(slot.project, slot.user)) {
            let counters = Counters::of(&event);
            state.usage.entry(Group::from(event)).or_default().add(&counters);
        }
    }

    fn dropped(&self) -> u64 {
        0
    }
}

#[async_trait]
impl UsageReport for Memory {
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError> {
        let state = self.state();
        let wanted = state.usage.iter().filter(|(group, _)| {
            group.project == query.project
                && (query.from_day..=query.to_day).contains(&group.day)
                && query.user.as_ref().is_none_or(|user| group.user == *user)
        });
        let rows = wanted.take(query.limit as usize).map(|(group, sum)| group.clone().row(*sum));
        Ok(rows.collect())
    }
}

/// Sets `last` to `at` if `at` is later.
fn forward(last: &mut Option<Timestamp>, at: Timestamp) {
    *last = (*last).max(Some(at));
}

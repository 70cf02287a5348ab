use async_trait::async_trait;
use relay_core::domain::ids::Timestamp;
use relay_core::domain::{Connection, Slot, UsageEvent, UsageQuery, UsageRow};
use relay_core::ports::{StoreError, UsageReport, UsageSink};

use super::state::{Memory, State};
use crate::rollup::{Counters, Group};

impl UsageSink for Memory {
    fn record(&self, event: UsageEvent) {
        let mut state = self.state();
        if let Some(key) = state.relay_keys.iter_mut().find(|key| Some(key.hash) == event.relay_key) {
            forward(&mut key.last_used_at, event.at);
        }
        let (project, user) = (event.project.clone(), event.user.clone());
        if let Some(connection) = used_connection(&mut state, &event) {
            forward(&mut connection.last_used_at, event.at);
        }
        // No usage is stored for a user who was erased while the call was running.
        let counters = Counters::of(&event);
        if let Some(group) = Group::of(event).filter(|_| state.users.contains_key(&(project, user))) {
            state.usage.entry(group).or_default().add(&counters);
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

/// The connection whose key a call used.
fn used_connection<'a>(state: &'a mut State, event: &UsageEvent) -> Option<&'a mut Connection> {
    // A call that was refused before it was sent used no key.
    event.used_key().then_some(())?;
    let slot = Slot { project: event.project.clone(), user: event.user.clone(), provider: event.provider? };
    state.connection_mut(&slot).filter(|found| found.connected_at <= event.at)
}

/// Sets `last` to `at` if `at` is later.
fn forward(last: &mut Option<Timestamp>, at: Timestamp) {
    *last = (*last).max(Some(at));
}

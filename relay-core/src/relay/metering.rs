//! Meters each call exactly once, whether it succeeds, fails or is cancelled.

use std::sync::Arc;

use crate::domain::ids::Timestamp;
use crate::domain::{Endpoint, Outcome, Provider, Slot, TokenUsage, UsageEvent};
use crate::ports::UsageSink;
use crate::relay::caller::Caller;
use crate::relay::handle::Relay;

/// The longest model name in a usage row, in characters.
const MAX_MODEL: usize = 128;

/// Records a call exactly once: with the outcome that it is given, or as cancelled when it is dropped.
pub(crate) struct Meter {
    sink: Arc<dyn UsageSink>,
    event: Option<UsageEvent>,
}

impl Meter {
    pub(crate) fn start(
        relay: &Relay,
        caller: &Caller,
        provider: Provider,
        model: &str,
        endpoint: Endpoint,
        now: Timestamp,
    ) -> Self {
        let slot = Slot { project: caller.project.id.clone(), user: caller.user.clone(), provider };
        let model: String = model.chars().take(MAX_MODEL).collect();
        let mut event = UsageEvent::new(caller.request, now, slot, endpoint, model);
        (event.relay_key, event.tier) = (caller.relay_key, caller.tier);
        Self { sink: Arc::clone(&relay.ports.usage), event: Some(event) }
    }

    /// Stores what is known so far, in case the client leaves.
    pub(crate) fn note(&mut self, usage: Option<TokenUsage>, model: Option<&str>) {
        if let Some(event) = &mut self.event {
            event.tokens = usage.unwrap_or(event.tokens);
            if let Some(model) = model.filter(|model| *model != event.model) {
                event.model = model.chars().take(MAX_MODEL).collect();
            }
        }
    }

    /// The call ended with a complete answer.
    pub(crate) fn complete(&mut self, usage: Option<TokenUsage>, model: Option<String>) {
        self.note(usage, model.as_deref());
        self.record(Outcome::Complete);
    }

    /// The call ended with an error.
    pub(crate) fn failed(&mut self) {
        self.record(Outcome::Failed);
    }

    fn record(&mut self, outcome: Outcome) {
        if let Some(mut event) = self.event.take() {
            event.outcome = outcome;
            self.sink.record(event);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.record(Outcome::Cancelled);
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

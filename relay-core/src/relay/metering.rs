//! Meters each call exactly once, whether it succeeds, fails or is cancelled.

use std::sync::Arc;

use crate::domain::ids::Timestamp;
use crate::domain::{Endpoint, Provider, Slot, TokenUsage, UsageEvent};
use crate::error::RelayError;
use crate::ports::UsageSink;
use crate::relay::caller::Caller;
use crate::relay::ending::{CallEnd, Ending};
use crate::relay::handle::Relay;

/// The longest model name in a usage row, in characters.
const MAX_MODEL: usize = 128;

/// Records a call exactly once: with the outcome that it is given, or as cancelled when it is dropped.
pub(crate) struct Meter {
    ending: Ending,
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
        Self { ending: Ending::default(), sink: Arc::clone(&relay.ports.usage), event: Some(event) }
    }

    /// How the call ends.
    pub(crate) fn ending(&self) -> Ending {
        self.ending.clone()
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
        self.record(CallEnd::complete);
    }

    /// The call ended with an error, from which the key was removed.
    pub(crate) fn failed(&mut self, error: &RelayError) {
        self.record(|| CallEnd::failed(error));
    }

    fn record(&mut self, end: impl FnOnce() -> CallEnd) {
        if let Some(mut event) = self.event.take() {
            let end = CallEnd { model: event.model.clone(), ..end() };
            event.outcome = end.outcome;
            self.ending.set(end);
            self.sink.record(event);
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let ending = self.ending.clone();
        self.record(|| ending.dropped());
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

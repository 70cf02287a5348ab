//! Meters each call exactly once, whether it is refused, succeeds, fails or is cancelled.
//!
//! A [`Meter`] begins with its use case and learns of the call as it goes. Whatever ends the call, an early return or a
//! dropped future too, ends the meter.

use std::borrow::Cow;
use std::sync::Arc;

use crate::domain::{Day, Endpoint, Outcome, Provider, TokenUsage, UsageEvent, secret_at};
use crate::error::{Disclosure, RelayError};
use crate::relay::caller::Caller;
use crate::relay::cost::cost_of;
use crate::relay::ending::{CallEnd, Ending};
use crate::relay::handle::Relay;
use crate::relay::ports::Ports;
use crate::translation::Notes;

/// The longest model name in an event, in characters.
const MAX_MODEL: usize = 128;
/// The longest code in an event, in characters.
const MAX_CODE: usize = 64;
/// The most names of parameters of each kind in an event.
const MAX_PARAMS: usize = 32;

/// Records a call exactly once: with the outcome that it is given, or as cancelled when it is dropped.
pub(crate) struct Meter {
    ending: Ending,
    ports: Arc<Ports>,
    event: Option<Box<UsageEvent>>,
    /// When the request arrived, in the clock's microseconds.
    arrived: u64,
    /// When the use case began.
    began: u64,
    /// When the provider's answer was complete.
    answered: Option<u64>,
    /// Relay's own time, once the call has ended.
    overhead: Option<u64>,
    /// Whether the caller has its status line: a failure from here on does not change it.
    is_answering: bool,
}

impl Meter {
    /// Begins with a use case. `bytes` is the length of the request's body.
    pub(crate) fn start(relay: &Relay, caller: &Caller, endpoint: Endpoint, bytes: usize) -> Self {
        let (ports, now) = (Arc::clone(&relay.ports), relay.ports.clock.now());
        let began = ports.clock.micros();
        let arrived = caller.arrived.unwrap_or(began).min(began);
        let (project, user) = (caller.project.id.clone(), caller.user.clone());
        let mut event = Box::new(UsageEvent::begun(caller.request, now, project, user, endpoint));
        (event.relay_key, event.tier, event.bytes_in) = (caller.relay_key, caller.tier, bytes as u64);
        event.trace = caller.trace;
        event.timeline.authenticated = caller.authenticated.map(|at| at.saturating_sub(arrived));
        event.timeline.received = Some(began - arrived);
        Self {
            ending: Ending::default(),
            ports,
            event: Some(event),
            arrived,
            began,
            answered: None,
            overhead: None,
            is_answering: false,
        }
    }

    /// How the call ends.
    pub(crate) fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// The model that the request names is known, and whose it is.
    pub(crate) fn asked(&mut self, provider: Provider, model: &str) {
        if let Some(event) = &mut self.event {
            (event.provider, event.model_asked) = (Some(provider), Some(shortened(model)));
        }
    }

    /// The call passed the limits.
    pub(crate) fn admitted(&mut self) {
        let at = self.elapsed();
        self.timed(|event| event.timeline.admitted = Some(at));
    }

    /// The user's key is open.
    pub(crate) fn unsealed(&mut self) {
        let at = self.elapsed();
        self.timed(|event| event.timeline.unsealed = Some(at));
    }

    /// The request is translated.
    pub(crate) fn translated(&mut self, streamed: bool, notes: &Notes) {
        self.timed(|event| event.streamed = streamed);
        self.noted(notes);
    }

    /// What was dropped or adjusted.
    pub(crate) fn noted(&mut self, notes: &Notes) {
        self.timed(|event| {
            event.dropped_params = names(&notes.dropped);
            event.adjusted_params = names(&notes.adjusted);
        });
    }

    /// The request goes to the provider. An error from here on is a failure and no refusal.
    pub(crate) fn sent(&mut self) {
        let at = self.elapsed();
        self.timed(|event| event.timeline.sent = Some(at));
    }

    /// The head of the provider's answer arrived. `connect` is how long it took to connect, in microseconds.
    pub(crate) fn first_byte(&mut self, connect: Option<u64>, disclosure: &Disclosure) {
        self.first_byte_at(self.ports.clock.micros(), connect, disclosure);
    }

    /// The same, at a time in the clock's microseconds. Of several answers the first counts.
    pub(crate) fn first_byte_at(&mut self, at: u64, connect: Option<u64>, disclosure: &Disclosure) {
        let at = at.saturating_sub(self.arrived);
        self.timed(|event| {
            event.timeline.first_byte.get_or_insert(at);
            event.timeline.connect = event.timeline.connect.or(connect);
            event.provider_request.clone_from(&disclosure.provider_request_id);
        });
    }

    /// The provider is asked for the rest of its answer.
    pub(crate) fn continued(&mut self) {
        self.timed(|event| event.continuations += 1);
    }

    /// The provider's answer is complete: what follows is Relay's own time.
    pub(crate) fn answered(&mut self) {
        self.answered = Some(self.ports.clock.micros());
    }

    /// The caller gets its status line before the call ends.
    pub(crate) fn answering(&mut self) {
        self.is_answering = true;
    }

    /// The time that Relay itself added to the call up to now, in microseconds.
    pub(crate) fn overhead(&self) -> Option<u64> {
        let Some(event) = &self.event else { return self.overhead };
        let before = event.timeline.sent?.saturating_sub(self.began - self.arrived);
        let after = self.answered.map(|at| self.ports.clock.micros().saturating_sub(at));
        Some(before + after.unwrap_or_default())
    }

    /// Stores what is known so far, in case the client leaves.
    pub(crate) fn note(&mut self, usage: Option<TokenUsage>, model: Option<&str>) {
        self.timed(|event| {
            event.tokens = usage.unwrap_or(event.tokens);
            if let Some(model) = model.filter(|model| event.model_answered.as_deref() != Some(*model)) {
                event.model_answered = Some(shortened(model));
            }
        });
    }

    /// The length of what the caller got so far, in bytes.
    pub(crate) fn wrote(&mut self, bytes: u64) {
        self.timed(|event| event.bytes_out = bytes);
    }

    /// The call ended with a complete answer.
    pub(crate) fn complete(&mut self, usage: Option<TokenUsage>, model: Option<&str>) {
        self.note(usage, model);
        self.record(|_| CallEnd::complete());
    }

    /// The call ended with an error, from which the key was removed.
    pub(crate) fn failed(&mut self, error: &RelayError) {
        let status = error.class().status();
        self.timed(|event| {
            event.status = status;
            let disclosed = error.disclosure().provider_request_id.clone();
            event.provider_request = disclosed.or_else(|| event.provider_request.take());
        });
        self.record(|sent| CallEnd::failed(error, sent));
    }

    /// Microseconds since the request arrived.
    fn elapsed(&self) -> u64 {
        self.ports.clock.micros().saturating_sub(self.arrived)
    }

    /// Changes the event while the call runs.
    fn timed(&mut self, change: impl FnOnce(&mut UsageEvent)) {
        if let Some(event) = &mut self.event {
            change(event);
        }
    }

    /// The one way out. `end` gets whether the provider was asked.
    fn record(&mut self, end: impl FnOnce(bool) -> CallEnd) {
        self.overhead = self.overhead();
        let Some(mut event) = self.event.take() else { return };
        let end = end(event.timeline.sent.is_some());
        event.timeline.ended = Some(self.elapsed());
        (event.outcome, event.overhead) = (end.outcome, self.overhead);
        event.code = end.code.as_deref().and_then(code);
        if self.is_answering || end.outcome == Outcome::Complete {
            event.status = 200;
        }
        if end.outcome != Outcome::Complete {
            // No provider knows the model: it may be anything.
            event.model_asked.take_if(|model| secret_at(model).is_some());
        }
        let model = event.model().unwrap_or_default().to_owned();
        self.ending.set(CallEnd { model, ..end });
        let today = Day(self.ports.clock.now().day());
        event.cost = cost_of(&event, self.is_answering, today).map(|cost| cost.0);
        self.ports.usage.record(*event);
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.event.is_some() {
            let ending = self.ending.clone();
            self.record(|sent| ending.dropped(sent));
        }
    }
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").finish_non_exhaustive()
    }
}

fn shortened(model: &str) -> String {
    match model.char_indices().nth(MAX_MODEL) {
        Some((end, _)) => model.get(..end).unwrap_or_default().to_owned(),
        None => model.to_owned(),
    }
}

/// Names of parameters, without those that may be something else: the caller's own members are among them.
fn names(names: &[String]) -> Vec<String> {
    let is_name = |name: &&String| name.len() <= MAX_CODE && secret_at(name).is_none();
    names.iter().filter(is_name).take(MAX_PARAMS).cloned().collect()
}

/// A code that can be stored: a provider may send any text as one.
fn code(text: &str) -> Option<Cow<'static, str>> {
    let is_word = |b: u8| b.is_ascii_alphanumeric() || b"_-.".contains(&b);
    let is_code = (1..=MAX_CODE).contains(&text.len()) && text.bytes().all(is_word) && secret_at(text).is_none();
    is_code.then(|| Cow::Owned(text.to_owned()))
}

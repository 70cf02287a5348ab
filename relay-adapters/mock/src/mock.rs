//! The simulator: its settings, its record, and the way of a request through it.

use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::{Method, ProviderClient, READ_HEADERS, TransportError, WireRequest, WireResponse};

use crate::calls::{Aborted, Calls, OpenCall, Recorded};
use crate::play::Play;
use crate::queue::Scripts;
use crate::request::Incoming;
use crate::script::{CallOutcome, Scripted};
use crate::seen::{self, SeenLog};
use crate::settings::{Overrides, Settings};

/// How long [`Mock::until`] waits: machines that run tests are slow.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// The three providers. Clones share everything: settings, scripts and the record.
#[derive(Clone, Debug, Default)]
pub struct Mock(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    settings: Mutex<Settings>,
    overrides: Mutex<Overrides>,
    scripts: Scripts,
    calls: Arc<Calls>,
    flaky: AtomicU64,
}

/// Settings. They take effect for all clones, from the next call on.
impl Mock {
    /// Providers with all defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bodies arrive in pieces of at most `bytes` bytes, cut at awkward places too: inside a character, between CR and LF.
    /// Without it a stream has one event a piece.
    #[must_use]
    pub fn cutting(self, bytes: usize) -> Self {
        self.set(|settings| settings.cut = Some(bytes))
    }

    /// Waits between the pieces of a stream, and before an answer in one piece. Zero unless asked for.
    #[must_use]
    pub fn pausing(self, pause: Duration) -> Self {
        self.set(|settings| settings.pause = pause)
    }

    /// The same for keys with the word `slow`: 50 ms by default.
    #[must_use]
    pub fn slow_pausing(self, pause: Duration) -> Self {
        self.set(|settings| settings.slow = pause)
    }

    /// Whether requests are recorded (the default). Calls are counted in any case.
    #[must_use]
    pub fn recording(self, on: bool) -> Self {
        self.set(|settings| settings.record = on)
    }

    /// Whether calls are logged for [`crate::control`] (not the default): the last 1,000, at most 16 MiB, without keys.
    #[must_use]
    pub fn observing(self, on: bool) -> Self {
        self.set(|settings| settings.observe = on)
    }

    /// Accepts all request headers, for a client that is not Relay. Relay has to send few, and the mock refuses the rest.
    #[must_use]
    pub fn any_headers(self) -> Self {
        self.set(|settings| settings.any_headers = true)
    }

    /// A chat model beside those that the mock knows.
    #[must_use]
    pub fn with_model(self, provider: Provider, name: impl Into<String>) -> Self {
        self.set(|settings| settings.models.push((provider, name.into())))
    }

    fn set(self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut lock(&self.0.settings));
        self
    }
}

/// Clients, scripts and the record.
impl Mock {
    /// A client of one of the providers.
    pub fn client(&self, provider: Provider) -> Arc<dyn ProviderClient> {
        Arc::new(MockClient { mock: self.clone(), provider })
    }

    /// A next call to this provider gets this answer: see [`Scripted`]. Several wait in a queue.
    pub fn script(&self, provider: Provider, answer: Scripted) {
        self.0.scripts.add(provider, answer);
    }

    /// How many scripted answers were not asked for yet.
    pub fn scripts_left(&self) -> usize {
        self.0.scripts.left()
    }

    /// The last requests (at most 10,000), the oldest first.
    pub fn requests(&self) -> Vec<Recorded> {
        self.0.calls.requests()
    }

    /// The last calls (at most 10,000) that their callers left before the end.
    pub fn aborted_calls(&self) -> Vec<Aborted> {
        self.0.calls.aborted()
    }

    /// Calls that wait for an answer or stream one right now.
    pub fn open_calls(&self) -> usize {
        self.0.calls.open()
    }

    /// All calls so far.
    pub fn total_calls(&self) -> u64 {
        self.0.calls.total()
    }

    /// Forgets requests and aborted calls.
    pub fn forget(&self) {
        self.0.calls.forget();
    }

    /// Begins again: no script waits, no call is remembered, and settings that [`crate::control`] changed are as before.
    pub fn reset(&self) {
        self.0.scripts.clear();
        self.0.calls.forget();
        self.change_settings(|overrides| *overrides = Overrides::default());
        self.0.flaky.store(0, Ordering::Relaxed);
    }

    /// Waits until the condition is met; it is checked whenever a call begins or ends.
    ///
    /// # Panics
    /// If it is not met within a minute: with the caller's place, and what there was instead.
    #[track_caller]
    pub fn until(&self, condition: impl Fn(&Self) -> bool) -> impl Future<Output = ()> {
        self.until_within(LONGEST_WAIT, Location::caller(), condition)
    }

    async fn until_within(&self, limit: Duration, caller: &Location<'_>, condition: impl Fn(&Self) -> bool) {
        let started = Instant::now();
        let mut changes = self.0.calls.changes();
        while !condition(self) {
            // The clock of the tests may be a simulated one; the limit is of the real one.
            let change = tokio::time::timeout(limit.min(Duration::from_secs(1)), changes.changed()).await;
            if matches!(change, Ok(Err(_))) {
                return;
            }
            if started.elapsed() > limit {
                self.give_up(limit, caller);
            }
        }
    }

    #[expect(clippy::panic, reason = "a test that waits in vain has to fail")]
    fn give_up(&self, limit: Duration, caller: &Location<'_>) {
        panic!(
            "{caller} waited {} s for what did not happen: {} calls in all, {} open, {} aborted",
            limit.as_secs(),
            self.total_calls(),
            self.open_calls(),
            self.aborted_calls().len()
        );
    }

    /// Answers a request that came over HTTP, with all its headers. [`Self::client`] is the way in without HTTP.
    ///
    /// # Errors
    /// When the mock plays a provider that does not answer.
    pub async fn handle(&self, incoming: Incoming) -> Result<WireResponse, TransportError> {
        let settings = self.settings();
        let (outcome, mut call) = self.begin(&incoming, &settings);
        drop(incoming);
        match outcome {
            CallOutcome::Answer(reply) => {
                if !reply.wait.is_zero() {
                    tokio::time::sleep(reply.wait).await;
                }
                Ok(reply.send(call))
            }
            CallOutcome::Fail(kind) => {
                call.fail(kind);
                Err(TransportError::new(kind, "the mock plays an unreachable provider"))
            }
            CallOutcome::Never => std::future::pending().await,
        }
    }

    /// Decides on a call, by a script if one waits for it.
    fn begin(&self, incoming: &Incoming, settings: &Settings) -> (CallOutcome, OpenCall) {
        let key = incoming.credential().ok();
        let play = Play::new(incoming, settings, &self.0.flaky);
        let script = self.0.scripts.take(incoming.provider, play.kind(), key.and_then(seen::last4));
        let (outcome, scripted) = match &script {
            Some(script) => play.scripted(script),
            None => (play.own(), false),
        };
        let seen = settings.observe.then(|| incoming.seen(key));
        let call = self.0.calls.begin(incoming.recorded(key), settings.record, seen, scripted);
        if let (Some(script), false) = (script, scripted) {
            self.0.scripts.put_back(incoming.provider, script);
        }
        (outcome, call)
    }
}

/// What [`crate::control`] needs.
impl Mock {
    /// The settings as they are now.
    pub(crate) fn settings(&self) -> Settings {
        lock(&self.0.settings).clone().with(*lock(&self.0.overrides))
    }

    pub(crate) fn change_settings(&self, change: impl FnOnce(&mut Overrides)) {
        change(&mut lock(&self.0.overrides));
    }

    pub(crate) fn scripts(&self) -> &Scripts {
        &self.0.scripts
    }

    pub(crate) fn log<T>(&self, look: impl FnOnce(&SeenLog) -> T) -> T {
        self.0.calls.log(look)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A client of one provider.
struct MockClient {
    mock: Mock,
    provider: Provider,
}

#[async_trait]
impl ProviderClient for MockClient {
    fn provider(&self) -> Provider {
        self.provider
    }

    fn reaches_regions(&self) -> bool {
        true
    }

    async fn send(&self, request: WireRequest, key: &ProviderKey) -> Result<WireResponse, TransportError> {
        let credential = self.provider.credential();
        let mut headers = vec![(credential.name().to_owned(), [credential.prefix(), key.expose()].concat())];
        let method = match request.method {
            Method::Get => "GET",
            Method::Post => {
                headers.push(("content-type".into(), "application/json".into()));
                "POST"
            }
        };
        headers.extend(request.region.map(|region| ("host".to_owned(), region.host().to_owned())));
        headers.extend(request.headers.into_iter().map(|(name, value)| (name.to_owned(), value)));
        // As over a network: what was sent is in the sender's memory no longer.
        let body = bytes::Bytes::copy_from_slice(&request.body);
        drop(request.body);
        let incoming =
            Incoming { provider: self.provider, method: method.to_owned(), target: request.path, headers, body };
        let mut response = self.mock.handle(incoming).await?;
        response.headers.retain(|(name, _)| READ_HEADERS.iter().any(|read| name.starts_with(read)));
        Ok(response)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "waited 0 s for what did not happen: 0 calls in all, 0 open, 0 aborted")]
    async fn a_wait_in_vain_ends_with_what_there_was() {
        let mock = Mock::new();
        mock.until_within(Duration::from_millis(10), Location::caller(), |mock| mock.total_calls() > 0).await;
    }
}

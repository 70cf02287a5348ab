//! What the mock saw: requests, open calls, calls that the caller left.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use relay_core::Provider;
use relay_core::domain::secret::ProviderKey;
use relay_core::ports::TransportErrorKind;
use tokio::sync::watch;

use crate::seen::{CallId, CallState, SeenLog, SeenRequest};

/// A request as it reached a provider.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// The provider that it reached.
    pub provider: Provider,
    /// `GET`, `POST` or whatever was sent.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Lower-case names, in the order of arrival. A credential's value reads `<key>`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
    /// The key, if there was one that could be a key. It prints nothing.
    pub key: Option<ProviderKey>,
}

impl Recorded {
    /// The value of a header, by its lower-case name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; `null` if it is not JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// How far a call had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing had been answered.
    Waiting,
    /// The status was sent, the body not to its end.
    Streaming,
}

/// A call that the caller left before its end.
#[derive(Clone, Debug)]
pub struct Aborted {
    /// The provider that was called.
    pub provider: Provider,
    /// Path and query.
    pub path: String,
    /// How far the call had come.
    pub phase: Phase,
    /// When the mock noticed.
    pub at: Instant,
}

/// How many requests and aborted calls are remembered: the last ones.
const MAX_RECORDED: usize = 10_000;

#[derive(Debug, Default)]
struct Log {
    requests: VecDeque<Recorded>,
    aborted: VecDeque<Aborted>,
    open: usize,
    total: u64,
    seen: SeenLog,
}

impl Log {
    fn note(&mut self, id: Option<CallId>, provider: Provider, status: Option<u16>, state: CallState) {
        if let Some(id) = id {
            self.seen.note(id, provider, status, state);
        }
    }
}

/// The mock's memory, shared by its clones.
#[derive(Debug)]
pub(super) struct Calls {
    seen: Mutex<Log>,
    changes: watch::Sender<u64>,
}

impl Default for Calls {
    fn default() -> Self {
        Self { seen: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Calls {
    /// Counts a call from now on, and records its request if `record` is set. `seen` is for the log of calls.
    pub(super) fn begin(
        self: &Arc<Self>,
        request: Recorded,
        record: bool,
        seen: Option<SeenRequest>,
        scripted: bool,
    ) -> OpenCall {
        let (provider, path) = (request.provider, request.path.clone());
        let mut id = None;
        self.change(|log| {
            log.open += 1;
            log.total += 1;
            id = seen.map(|seen| log.seen.begin(seen, scripted));
            if record {
                push(&mut log.requests, request);
            }
        });
        OpenCall { calls: self.clone(), provider, path, phase: Phase::Waiting, open: true, id }
    }

    /// Looks at the log of calls.
    pub(super) fn log<T>(&self, look: impl FnOnce(&SeenLog) -> T) -> T {
        look(&self.seen().seen)
    }

    pub(super) fn requests(&self) -> Vec<Recorded> {
        self.seen().requests.iter().cloned().collect()
    }

    pub(super) fn aborted(&self) -> Vec<Aborted> {
        self.seen().aborted.iter().cloned().collect()
    }

    pub(super) fn open(&self) -> usize {
        self.seen().open
    }

    pub(super) fn total(&self) -> u64 {
        self.seen().total
    }

    pub(super) fn forget(&self) {
        self.change(|seen| {
            seen.requests.clear();
            seen.aborted.clear();
            seen.seen.reset();
        });
    }

    /// Tells of every change.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Log)) {
        change(&mut self.seen());
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    fn seen(&self) -> MutexGuard<'_, Log> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn push<T>(queue: &mut VecDeque<T>, item: T) {
    if queue.len() == MAX_RECORDED {
        queue.pop_front();
    }
    queue.push_back(item);
}

/// A call that is going on. Dropped before [`Self::complete`], it counts as aborted.
#[derive(Debug)]
pub(super) struct OpenCall {
    calls: Arc<Calls>,
    provider: Provider,
    path: String,
    phase: Phase,
    open: bool,
    /// In the log of calls.
    id: Option<CallId>,
}

impl OpenCall {
    /// The status is out.
    pub(super) fn streaming(&mut self, status: u16) {
        self.phase = Phase::Streaming;
        if self.id.is_some() {
            let (id, provider) = (self.id, self.provider);
            self.calls.change(|log| log.note(id, provider, Some(status), CallState::Streaming));
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// The last byte is out.
    pub(super) fn complete(&mut self) {
        self.end(CallState::Complete);
    }

    /// The caller gets this error.
    pub(super) fn fail(&mut self, kind: TransportErrorKind) {
        self.end(CallState::Failed(kind));
    }

    fn end(&mut self, state: CallState) {
        if std::mem::take(&mut self.open) {
            let (id, provider) = (self.id, self.provider);
            self.calls.change(|log| {
                log.open -= 1;
                log.note(id, provider, None, state);
            });
        }
    }
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let path = std::mem::take(&mut self.path);
        let (id, provider) = (self.id, self.provider);
        let aborted = Aborted { provider, path, phase: self.phase, at: Instant::now() };
        self.calls.change(|log| {
            log.open -= 1;
            log.note(id, provider, None, CallState::Aborted);
            push(&mut log.aborted, aborted);
        });
    }
}

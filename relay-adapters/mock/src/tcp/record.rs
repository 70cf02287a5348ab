//! What a server remembers of its clients.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;

use super::request::RawRequest;

/// As many of the last requests are remembered.
const MAX_RECEIVED: usize = 10_000;

/// A TCP connection that a client made.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// When it was accepted.
    pub opened: Instant,
    /// When it was over: closed by the client, or by a fault that was asked for.
    pub closed: Option<Instant>,
    /// Requests that came over it.
    pub requests: usize,
}

/// A request as it came, with its credential: for tests of the client that sent it.
#[derive(Clone, PartialEq, Eq)]
pub struct Received {
    /// Request line and headers, without the empty line behind them.
    pub head: String,
    /// The body, without chunk framing.
    pub body: Bytes,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Neither headers nor query: a key may be in them.
        let line = self.head.split(['?', '\r']).next().unwrap_or_default();
        f.debug_struct("Received").field("line", &line).finish_non_exhaustive()
    }
}

/// All connections and the last requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Record(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    connections: Mutex<Vec<Connection>>,
    received: Mutex<VecDeque<Received>>,
}

impl Record {
    pub(super) fn connections(&self) -> Vec<Connection> {
        lock(&self.0.connections).clone()
    }

    pub(super) fn take_received(&self) -> Vec<Received> {
        std::mem::take(&mut *lock(&self.0.received)).into()
    }

    pub(super) fn connected(&self) -> OpenConnection {
        let mut all = lock(&self.0.connections);
        all.push(Connection { opened: Instant::now(), closed: None, requests: 0 });
        OpenConnection { record: self.clone(), at: all.len() - 1 }
    }
}

/// A connection that is open. Its end is recorded when this is dropped.
#[derive(Debug)]
pub(super) struct OpenConnection {
    record: Record,
    at: usize,
}

impl OpenConnection {
    pub(super) fn received(&self, request: &RawRequest<'_>) {
        self.update(|connection| connection.requests += 1);
        let head = String::from_utf8_lossy(request.head()).into_owned();
        let mut received = lock(&self.record.0.received);
        if received.len() == MAX_RECEIVED {
            received.pop_front();
        }
        received.push_back(Received { head, body: Bytes::from(request.body().into_owned()) });
    }

    fn update(&self, change: impl FnOnce(&mut Connection)) {
        if let Some(connection) = lock(&self.record.0.connections).get_mut(self.at) {
            change(connection);
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.update(|connection| connection.closed = Some(Instant::now()));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

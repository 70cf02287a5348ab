//! The scripts that wait for calls, one queue for each provider.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use relay_core::Provider;

use crate::script::Scripted;
use crate::wire::CallKind;

/// Scripts that wait.
#[derive(Debug, Default)]
pub(super) struct Scripts(Mutex<HashMap<Provider, VecDeque<Scripted>>>);

impl Scripts {
    pub(super) fn add(&self, provider: Provider, script: Scripted) {
        if script.times > 0 {
            self.lock().entry(provider).or_default().push_back(script);
        }
    }

    /// The first script for a call of this kind with a key that ends like this. It is one time less in the queue.
    pub(super) fn take(&self, provider: Provider, kind: CallKind, last4: Option<&str>) -> Option<Scripted> {
        let mut queues = self.lock();
        let queue = queues.get_mut(&provider)?;
        let at = queue.iter().position(|script| script.is_for(kind, last4))?;
        let script = queue.get_mut(at)?;
        if script.times <= 1 {
            return queue.remove(at);
        }
        script.times -= 1;
        Some(script.clone().times(1))
    }

    /// Puts a script back that was not used.
    pub(super) fn put_back(&self, provider: Provider, script: Scripted) {
        self.lock().entry(provider).or_default().push_front(script);
    }

    /// How many calls can still get a scripted answer.
    pub(super) fn left(&self) -> usize {
        self.lock().values().flatten().map(|script| script.times as usize).sum()
    }

    /// The scripts of a provider, the next one first.
    pub(super) fn waiting(&self, provider: Provider) -> Vec<Scripted> {
        self.lock().get(&provider).into_iter().flatten().cloned().collect()
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Provider, VecDeque<Scripted>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

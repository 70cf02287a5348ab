//! What a change leaves behind, before the store gives it its place.

use serde_json::Value;

use super::action::AuditAction;
use super::event::Event;
use crate::domain::ids::EndUser;

/// What a change leaves behind. Empty for a change that changed nothing.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Trail {
    /// The entries of the audit log, in order.
    pub entries: Vec<Entry>,
    /// The events for the project's webhooks, in order.
    pub events: Vec<Event>,
}

impl Trail {
    /// A trail of one entry.
    pub fn of(entry: Entry) -> Self {
        Self { entries: vec![entry], events: Vec::new() }
    }

    /// Adds an event.
    #[must_use]
    pub fn event(mut self, event: Event) -> Self {
        self.events.push(event);
        self
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.events.is_empty()
    }
}

impl From<Event> for Trail {
    fn from(event: Event) -> Self {
        Self { entries: Vec::new(), events: vec![event] }
    }
}

/// One entry of the audit log, before the store gives it its place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Entry {
    /// What was done: `relay_key.revoked`. A noun and a past participle, for ever the same.
    pub action: AuditAction,
    /// The id of what it was done to: a Relay key's id, a provider's name, a webhook's id.
    pub target: Option<String>,
    /// The end user whom it is about. The entry names them until they are erased.
    pub user: Option<EndUser>,
    /// What was there before, without secrets.
    pub before: Option<Value>,
    /// What is there now, without secrets.
    pub after: Option<Value>,
}

impl Entry {
    /// An entry about the project itself.
    pub fn new(action: AuditAction) -> Self {
        Self { action, target: None, user: None, before: None, after: None }
    }

    /// Sets the id of what it was done to.
    #[must_use]
    pub fn target(mut self, id: impl Into<String>) -> Self {
        self.target = Some(id.into());
        self
    }

    /// Sets the end user whom it is about.
    #[must_use]
    pub fn user(mut self, user: &EndUser) -> Self {
        self.user = Some(user.clone());
        self
    }

    /// Sets what was there before. It must have no secret.
    #[must_use]
    pub fn before(mut self, value: Value) -> Self {
        self.before = Some(value);
        self
    }

    /// Sets what is there now. It must have no secret.
    #[must_use]
    pub fn after(mut self, value: Value) -> Self {
        self.after = Some(value);
        self
    }
}

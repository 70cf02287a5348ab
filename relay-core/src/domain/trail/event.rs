//! Events for an app's webhooks.

use serde_json::{Map, Value, json};

use crate::domain::ids::{EndUser, ProjectId, Timestamp};

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum EventKind {
    /// A user connected a key where none was.
    ConnectionCreated,
    /// A user's key was replaced by another one.
    ConnectionReplaced,
    /// The provider refuses the key, or revoked it.
    ConnectionInvalid,
    /// The key lacks a permission, or its account is on hold.
    ConnectionRestricted,
    /// The key's account has no credit left, or reached its spending limit.
    ConnectionNoCredit,
    /// The key works again, or for the first time.
    ConnectionRepaired,
    /// The key was disconnected.
    ConnectionDeleted,
    /// A user was erased.
    UserDeleted,
    /// Spending passed 50, 80 or 100 percent of a cap.
    UsageThreshold,
    /// A call was refused because of a cap.
    UsageCapReached,
    /// A Relay key was created.
    RelayKeyCreated,
    /// A Relay key was rolled: a new one replaces it.
    RelayKeyRolled,
    /// A Relay key was revoked.
    RelayKeyRevoked,
    /// Somebody asked for a test.
    WebhookTest,
}

impl EventKind {
    /// All kinds, in the order of the documentation.
    pub const ALL: [Self; 14] = [
        Self::ConnectionCreated,
        Self::ConnectionReplaced,
        Self::ConnectionInvalid,
        Self::ConnectionRestricted,
        Self::ConnectionNoCredit,
        Self::ConnectionRepaired,
        Self::ConnectionDeleted,
        Self::UserDeleted,
        Self::UsageThreshold,
        Self::UsageCapReached,
        Self::RelayKeyCreated,
        Self::RelayKeyRolled,
        Self::RelayKeyRevoked,
        Self::WebhookTest,
    ];

    /// The name in payloads, filters and stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConnectionCreated => "connection.created",
            Self::ConnectionReplaced => "connection.replaced",
            Self::ConnectionInvalid => "connection.invalid",
            Self::ConnectionRestricted => "connection.restricted",
            Self::ConnectionNoCredit => "connection.no_credit",
            Self::ConnectionRepaired => "connection.repaired",
            Self::ConnectionDeleted => "connection.deleted",
            Self::UserDeleted => "user.deleted",
            Self::UsageThreshold => "usage.threshold",
            Self::UsageCapReached => "usage.cap_reached",
            Self::RelayKeyCreated => "relay_key.created",
            Self::RelayKeyRolled => "relay_key.rolled",
            Self::RelayKeyRevoked => "relay_key.revoked",
            Self::WebhookTest => "webhook.test",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// An event, before the store gives it its id.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Event {
    /// What happened.
    pub kind: EventKind,
    /// The end user whom it is about. Events about one user are delivered in order.
    pub user: Option<EndUser>,
    /// The other members of the payload's `data`: ids, states and times. No secret, no prompt, no answer.
    pub data: Map<String, Value>,
}

impl Event {
    /// An event without data.
    pub fn new(kind: EventKind) -> Self {
        Self { kind, user: None, data: Map::new() }
    }

    /// Sets the end user whom it is about.
    #[must_use]
    pub fn user(mut self, user: &EndUser) -> Self {
        self.user = Some(user.clone());
        self
    }

    /// Adds a member to the payload's `data`.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.data.insert(name.to_owned(), value.into());
        self
    }

    /// The body that is delivered: `{"type", "timestamp", "data"}`, as Standard Webhooks recommends.
    pub fn body(&self, project: &ProjectId, at: Timestamp) -> String {
        let mut data = Map::new();
        data.insert("projectId".to_owned(), project.as_str().into());
        if let Some(user) = &self.user {
            data.insert("endUserLabel".to_owned(), user.as_str().into());
        }
        data.extend(self.data.clone());
        json!({ "type": self.kind.as_str(), "timestamp": at.to_string(), "data": data }).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_name_of_its_own() {
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_name(kind.as_str()), Some(kind));
        }
        assert_eq!(EventKind::from_name("connection.revoked"), None);
    }

    #[test]
    fn a_body_has_the_type_the_time_and_the_data() {
        let project = ProjectId::from_digits("0123456789ABCDEFGHIJkl").unwrap();
        let user = EndUser::parse("ana").unwrap();
        let event = Event::new(EventKind::ConnectionInvalid).user(&user).with("provider", "openai");
        let body: Value = serde_json::from_str(&event.body(&project, Timestamp(0))).unwrap();
        let data = json!({ "projectId": project.as_str(), "endUserLabel": "ana", "provider": "openai" });
        assert_eq!(
            body,
            json!({ "type": "connection.invalid", "timestamp": "1970-01-01T00:00:00.000Z", "data": data })
        );
    }
}

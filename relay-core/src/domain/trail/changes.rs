//! The trail of each change, made from the old and the new record. A store calls these within its transaction.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::action::AuditAction;
use super::entry::{Entry, Trail};
use super::event::{Event, EventKind};
use crate::domain::connection::Connection;
use crate::domain::connection_state::ConnectionState;
use crate::domain::ids::{EndUser, Timestamp};
use crate::domain::project::Project;
use crate::domain::provider::{Provider, Region};
use crate::domain::relay_key::RelayKeyRecord;
use crate::domain::webhook::Webhook;

/// The longest text of a setting that an entry repeats, in bytes. A longer one, such as a logo, is named by its digest.
const LONGEST: usize = 1024;

/// A project was created.
pub fn project_created(project: &Project) -> Trail {
    Trail::of(Entry::new(AuditAction::ProjectCreated).target(project.id.as_str()).after(settings(project)))
}

/// A project was changed, or stored again without a change. Only the settings that differ are in the entry.
pub fn project_updated(before: &Project, after: &Project) -> Trail {
    let (Value::Object(mut old), Value::Object(mut new)) = (settings(before), settings(after)) else {
        return Trail::default();
    };
    let same: Vec<String> =
        old.iter().filter(|(name, value)| new.get(*name) == Some(value)).map(|(n, _)| n.clone()).collect();
    for name in same {
        old.remove(&name);
        new.remove(&name);
    }
    if old.is_empty() && new.is_empty() {
        return Trail::default();
    }
    let entry = Entry::new(AuditAction::ProjectUpdated).target(after.id.as_str());
    Trail::of(entry.before(Value::Object(old)).after(Value::Object(new)))
}

/// The deletion of a project began: its keys are gone. Belongs to the installation's chain.
pub fn project_deletion_began(project: &Project) -> Trail {
    let before = json!({ "name": project.name });
    Trail::of(Entry::new(AuditAction::ProjectDeletionBegan).target(project.id.as_str()).before(before))
}

/// A project was deleted, with its own chain. Belongs to the installation's chain.
pub fn project_deleted(project: &Project) -> Trail {
    let before = json!({ "name": project.name });
    Trail::of(Entry::new(AuditAction::ProjectDeleted).target(project.id.as_str()).before(before))
}

/// A Relay key was created.
pub fn relay_key_created(key: &RelayKeyRecord) -> Trail {
    Trail::of(Entry::new(AuditAction::RelayKeyCreated).target(&key.id).after(shown_key(key)))
        .event(key_event(EventKind::RelayKeyCreated, key))
}

/// A Relay key was revoked at `at`.
pub fn relay_key_revoked(before: &RelayKeyRecord, at: Timestamp) -> Trail {
    let entry = Entry::new(AuditAction::RelayKeyRevoked).target(&before.id).before(shown_key(before));
    let event = key_event(EventKind::RelayKeyRevoked, before).with("revokedAt", at.to_string());
    Trail::of(entry.after(json!({ "revokedAt": at.to_string() }))).event(event)
}

/// A Relay key was rolled: `new` was created, and `old`, as it was before, now expires at `expires_at`.
pub fn relay_key_rolled(old: &RelayKeyRecord, new: &RelayKeyRecord, expires_at: Timestamp) -> Trail {
    let mut after = shown_key(new);
    if let Some(members) = after.as_object_mut() {
        members.insert("previousExpiresAt".into(), expires_at.to_string().into());
    }
    let entry = Entry::new(AuditAction::RelayKeyRolled).target(&new.id).before(shown_key(old)).after(after);
    let event = key_event(EventKind::RelayKeyRolled, new)
        .with("previousKeyId", old.id.as_str())
        .with("previousExpiresAt", expires_at.to_string());
    Trail::of(entry).event(event)
}

/// A key was connected: the first one in its slot, or in place of `before`.
pub fn connection_stored(before: Option<&Connection>, after: &Connection) -> Trail {
    let (action, kind) = match before {
        None => (AuditAction::ConnectionCreated, EventKind::ConnectionCreated),
        Some(_) => (AuditAction::ConnectionReplaced, EventKind::ConnectionReplaced),
    };
    let mut entry = about(action, after).after(shown_connection(after));
    entry.before = before.map(shown_connection);
    Trail::of(entry)
        .event(connection_event(kind, after, after.state).with("connectedAt", after.connected_at.to_string()))
}

/// An answer or a check moved a connection to a state. No trail if it is the one that it had.
pub fn connection_observed(before: &Connection, state: ConnectionState) -> Trail {
    if before.state == state {
        return Trail::default();
    }
    let kind = match state {
        ConnectionState::Active => Some(EventKind::ConnectionRepaired),
        ConnectionState::Restricted => Some(EventKind::ConnectionRestricted),
        ConnectionState::NoCredit => Some(EventKind::ConnectionNoCredit),
        ConnectionState::Invalid | ConnectionState::Revoked => Some(EventKind::ConnectionInvalid),
        // No signal leads to it.
        ConnectionState::Unverified => None,
    };
    let entry = about(AuditAction::ConnectionStateChanged, before)
        .before(json!({ "state": before.state.as_str() }))
        .after(json!({ "state": state.as_str() }));
    let mut trail = Trail::of(entry);
    if let Some(kind) = kind {
        let event = connection_event(kind, before, state).with("previousState", before.state.as_str());
        trail.events.push(event);
    }
    trail
}

/// The region of a key was found out.
pub fn region_changed(before: &Connection, region: Option<Region>) -> Trail {
    if before.region == region {
        return Trail::default();
    }
    let shown = |region: Option<Region>| json!({ "region": region.map(Region::name) });
    Trail::of(about(AuditAction::ConnectionRegionChanged, before).before(shown(before.region)).after(shown(region)))
}

/// A key was disconnected.
pub fn connection_deleted(before: &Connection) -> Trail {
    Trail::of(about(AuditAction::ConnectionDeleted, before).before(shown_connection(before))).event(connection_event(
        EventKind::ConnectionDeleted,
        before,
        before.state,
    ))
}

/// A user was erased, with keys for these providers.
pub fn user_erased(user: &EndUser, providers: &[Provider]) -> Trail {
    let names: Vec<&str> = providers.iter().map(|provider| provider.name()).collect();
    let entry = Entry::new(AuditAction::UserDeleted).user(user).before(json!({ "providers": names }));
    Trail::of(entry).event(Event::new(EventKind::UserDeleted).user(user).with("providers", names))
}

/// A webhook was created.
pub fn webhook_created(webhook: &Webhook) -> Trail {
    Trail::of(Entry::new(AuditAction::WebhookCreated).target(&webhook.id).after(shown_webhook(webhook)))
}

/// A webhook was changed: its settings, its secret, or both.
pub fn webhook_updated(before: &Webhook, after: &Webhook) -> Trail {
    let mut trail = Trail::default();
    let (old, new) = (shown_webhook(before), shown_webhook(after));
    if old != new {
        trail.entries.push(Entry::new(AuditAction::WebhookUpdated).target(&after.id).before(old).after(new));
    }
    if before.secret != after.secret {
        let until = after.previous.as_ref().map(|(_, until)| until.to_string());
        let entry = Entry::new(AuditAction::WebhookSecretRolled).target(&after.id);
        trail.entries.push(entry.after(json!({ "previousUntil": until })));
    }
    trail
}

/// Relay disabled a webhook.
pub fn webhook_disabled(webhook: &Webhook, reason: &str) -> Trail {
    let entry = Entry::new(AuditAction::WebhookDisabled).target(&webhook.id).before(json!({ "enabled": true }));
    Trail::of(entry.after(json!({ "enabled": false, "reason": reason })))
}

/// Deliveries of a webhook were ordered again.
pub fn webhook_replayed(webhook: &str, deliveries: u64) -> Trail {
    Trail::of(Entry::new(AuditAction::WebhookReplayed).target(webhook).after(json!({ "deliveries": deliveries })))
}

/// A webhook was deleted.
pub fn webhook_deleted(webhook: &Webhook) -> Trail {
    Trail::of(Entry::new(AuditAction::WebhookDeleted).target(&webhook.id).before(shown_webhook(webhook)))
}

fn shown_webhook(webhook: &Webhook) -> Value {
    let events: Vec<&str> = webhook.events.iter().map(|kind| kind.as_str()).collect();
    let Webhook { url, description, enabled, .. } = webhook;
    json!({ "url": url, "events": events, "description": description, "enabled": enabled })
}

/// The settings of a project as one object: the name and the policy's fields.
fn settings(project: &Project) -> Value {
    let mut shown = Map::new();
    shown.insert("name".into(), project.name.as_str().into());
    if let Ok(Value::Object(policy)) = serde_json::to_value(&project.policy) {
        shown.extend(policy.into_iter().map(|(name, value)| (name, shortened(value))));
    }
    Value::Object(shown)
}

/// A long value by its digest.
fn shortened(value: Value) -> Value {
    let text = value.to_string();
    if text.len() <= LONGEST {
        return value;
    }
    json!({ "sha256": data_encoding::HEXLOWER.encode(&Sha256::digest(&text)), "bytes": text.len() })
}

fn shown_key(key: &RelayKeyRecord) -> Value {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let expires_at = key.expires_at.map(|at| at.to_string());
    json!({ "name": key.name, "last4": key.last4, "scopes": scopes, "expiresAt": expires_at })
}

fn key_event(kind: EventKind, key: &RelayKeyRecord) -> Event {
    let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let expires_at = key.expires_at.map(|at| at.to_string());
    Event::new(kind)
        .with("keyId", key.id.as_str())
        .with("name", key.name.as_str())
        .with("scopes", scopes)
        .with("createdAt", key.created_at.to_string())
        .with("expiresAt", expires_at)
}

/// An entry about a connection: about its user, with the provider as its target.
fn about(action: AuditAction, connection: &Connection) -> Entry {
    let slot = &connection.slot.slot;
    Entry::new(action).user(&slot.user).target(slot.provider.name())
}

fn shown_connection(connection: &Connection) -> Value {
    json!({
        "last4": connection.last4,
        "state": connection.state.as_str(),
        "connectedAt": connection.connected_at.to_string(),
        "workspaceId": connection.ids.workspace,
        "organizationId": connection.ids.organization,
        "projectId": connection.ids.project,
    })
}

fn connection_event(kind: EventKind, connection: &Connection, state: ConnectionState) -> Event {
    let slot = &connection.slot.slot;
    Event::new(kind).user(&slot.user).with("provider", slot.provider.name()).with("state", state.as_str())
}

//! What a change of state leaves behind: entries of the audit log and events for webhooks.
//!
//! A store writes a change and its [`Trail`] in one transaction, so there is no change without its entry, and no entry
//! without its change. The trail of each change of Relay's own is made in `changes` from the old and the new record,
//! which only the store's transaction knows for certain.

mod action;
mod audit;
mod by;
mod changes;
mod entry;
mod event;

pub use action::AuditAction;
pub use audit::{
    AuditChain, AuditEntry, AuditHead, AuditPart, AuditQuery, AuditRow, AuditVerdict, AuditVerifier, BadEntry,
    seal_entry,
};
pub use by::{Actor, By};
pub use changes::{
    connection_deleted, connection_observed, connection_stored, project_created, project_deleted,
    project_deletion_began, project_updated, region_changed, relay_key_created, relay_key_revoked, relay_key_rolled,
    user_erased, webhook_created, webhook_deleted, webhook_disabled, webhook_replayed, webhook_updated,
};
pub use entry::{Entry, Trail};
pub use event::{Event, EventKind};

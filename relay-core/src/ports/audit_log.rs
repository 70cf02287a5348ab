//! The port that reads the audit log.

use async_trait::async_trait;

use crate::domain::trail::{AuditChain, AuditHead, AuditPart, AuditQuery, AuditRow, By, Entry};
use crate::ports::store_error::StoreError;

/// Reads the audit log, which every other port of the same store writes.
///
/// Obligations (suite `relay_core::conformance::trail`): each change of the store has its entry, written in the
/// transaction of the change, and nothing else has one; entries of one chain are numbered without a gap; erasing a user
/// leaves the chain intact and no row that names them.
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait AuditLog: Send + Sync {
    /// Returns a page of a chain, newest first.
    async fn audit(&self, chain: &AuditChain, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError>;

    /// Returns a part of a chain, oldest first.
    async fn audit_part(&self, chain: &AuditChain, part: AuditPart) -> Result<Vec<AuditRow>, StoreError>;

    /// Returns what the store keeps apart as the last entry of a chain.
    async fn audit_head(&self, chain: &AuditChain) -> Result<AuditHead, StoreError>;

    /// Adds an entry about something that changes no row, such as an export.
    async fn append_audit(&self, chain: &AuditChain, entry: Entry, by: &By) -> Result<(), StoreError>;
}

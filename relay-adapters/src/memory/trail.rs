//! Writes the trail of a change under its lock, and reads the audit log.

use std::hash::{BuildHasher as _, RandomState};

use async_trait::async_trait;
use relay_core::domain::ids::{EndUser, ProjectId};
use relay_core::domain::trail::{AuditChain, AuditHead, AuditPart, AuditQuery, AuditRow, By, Entry, Trail, seal_entry};
use relay_core::ports::{AuditLog, StoreError};

use super::state::{Memory, State};

impl State {
    /// Writes the trail of a change of this project.
    pub(super) fn write_trail(&mut self, project: &ProjectId, trail: &Trail, by: &By) {
        let chain = AuditChain::Project(project.clone());
        trail.entries.iter().for_each(|entry| self.append(&chain, entry, by));
        for event in &trail.events {
            if self.put_event(project, event, by)
                && let Some(bell) = &self.bell
            {
                // Its listener waits for the lock.
                bell.ring();
            }
        }
    }

    /// Writes an entry in a chain.
    pub(super) fn append(&mut self, chain: &AuditChain, entry: &Entry, by: &By) {
        let rows = self.audit.entry(chain.clone()).or_default();
        let subject = entry.user.as_ref().map(|user| {
            let known = rows.iter().rev().find(|row| row.user.as_ref() == Some(user));
            let known = known.and_then(|row| row.subject.clone());
            known.unwrap_or_else(|| format!("sub_{:032x}", u128::from_be_bytes(random())))
        });
        let row = seal_entry(chain, head(rows), entry, by, subject, random());
        rows.push(row);
    }

    /// Whether the audit log names a user.
    pub(super) fn names(&self, project: &ProjectId, user: &EndUser) -> bool {
        let rows = self.audit.get(&AuditChain::Project(project.clone()));
        rows.is_some_and(|rows| rows.iter().any(|row| row.user.as_ref() == Some(user)))
    }

    /// Removes from the audit log what names a user.
    pub(super) fn erase_names(&mut self, project: &ProjectId, user: &EndUser) {
        let rows = self.audit.get_mut(&AuditChain::Project(project.clone()));
        for row in rows.into_iter().flatten().filter(|row| row.user.as_ref() == Some(user)) {
            (row.user, row.details, row.salt) = (None, None, None);
        }
    }
}

fn head(rows: &[AuditRow]) -> AuditHead {
    rows.last().map(|row| AuditHead { seq: row.seq, hash: row.hash }).unwrap_or_default()
}

/// 16 bytes that nobody can guess. The standard library seeds its hashers from the operating system; nothing of this
/// store outlives the process.
pub(super) fn random() -> [u8; 16] {
    let (one, two) = (RandomState::new().hash_one(1), RandomState::new().hash_one(2));
    (u128::from(one) << 64 | u128::from(two)).to_be_bytes()
}

#[async_trait]
impl AuditLog for Memory {
    async fn audit(&self, chain: &AuditChain, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let state = self.state();
        let rows = state.audit.get(chain).into_iter().flatten().rev();
        let fits = |row: &&AuditRow| {
            query.before.is_none_or(|before| row.seq < before)
                && query.action.as_ref().is_none_or(|action| row.action == *action)
                && query.user.as_ref().is_none_or(|user| row.user.as_ref() == Some(user))
                && query.since.is_none_or(|since| row.at >= since)
                && query.until.is_none_or(|until| row.at < until)
        };
        Ok(rows.filter(fits).take(query.limit as usize).cloned().collect())
    }

    async fn audit_part(&self, chain: &AuditChain, part: AuditPart) -> Result<Vec<AuditRow>, StoreError> {
        let state = self.state();
        let rows = state.audit.get(chain).into_iter().flatten();
        Ok(rows.filter(|row| row.seq > part.after).take(part.limit as usize).cloned().collect())
    }

    async fn audit_head(&self, chain: &AuditChain) -> Result<AuditHead, StoreError> {
        Ok(self.state().audit.get(chain).map(|rows| head(rows)).unwrap_or_default())
    }

    async fn append_audit(&self, chain: &AuditChain, entry: Entry, by: &By) -> Result<(), StoreError> {
        self.state().append(chain, &entry, by);
        Ok(())
    }
}

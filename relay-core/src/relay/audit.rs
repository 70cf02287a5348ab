//! The use cases of the audit log: read it, check it, export it.

use crate::domain::trail::{
    AuditAction, AuditChain, AuditEntry, AuditPart, AuditQuery, AuditRow, AuditVerdict, AuditVerifier, Entry,
};
use crate::error::RelayError;
use crate::relay::handle::Relay;

/// The most entries on a page.
pub const MAX_PAGE: u32 = 200;
/// How many entries are read at a time.
const PART: u32 = 500;

/// A page of the audit log, newest first.
#[derive(Debug)]
#[non_exhaustive]
pub struct AuditPage {
    /// The entries.
    pub entries: Vec<AuditEntry>,
    /// The next page has the entries with lower numbers. `None`: there are no more.
    pub next_before: Option<u64>,
}

impl Relay {
    /// A page of a chain.
    ///
    /// # Errors
    /// `invalid_value` for a limit outside 1 to [`MAX_PAGE`], or a range that ends before it begins;
    /// `storage_unavailable`.
    pub async fn audit(&self, chain: &AuditChain, mut query: AuditQuery) -> Result<AuditPage, RelayError> {
        if !(1..=MAX_PAGE).contains(&query.limit) {
            return Err(RelayError::invalid_value("limit", format!("`limit` must be 1 to {MAX_PAGE}")));
        }
        if query.since.zip(query.until).is_some_and(|(since, until)| until <= since) {
            return Err(RelayError::invalid_value("until", "`until` must be later than `since`"));
        }
        let limit = query.limit as usize;
        // One row more than requested shows whether there are more.
        query.limit += 1;
        let mut rows = self.ports.audit_log.audit(chain, &query).await?;
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next_before = rows.last().filter(|_| has_more).map(|last| last.seq);
        Ok(AuditPage { entries: rows.iter().filter_map(AuditRow::entry).collect(), next_before })
    }

    /// Checks a whole chain.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn verify_audit(&self, chain: &AuditChain) -> Result<AuditVerdict, RelayError> {
        // Entries that are written meanwhile are behind this one.
        let head = self.ports.audit_log.audit_head(chain).await?;
        let mut verifier = AuditVerifier::new(chain.clone());
        let mut after = 0;
        loop {
            let rows = self.ports.audit_log.audit_part(chain, AuditPart { after, limit: PART }).await?;
            let Some(last) = rows.last() else { break };
            after = last.seq;
            rows.iter().filter(|row| row.seq <= head.seq).for_each(|row| verifier.push(row));
            if after >= head.seq && head.seq > 0 {
                // What is behind the head now was written meanwhile, or does not belong there: the next check says.
                break;
            }
        }
        Ok(verifier.finish(head))
    }

    /// Writes a whole chain, oldest first, to `write`, and then into it that it was exported. Returns the number of
    /// entries.
    ///
    /// # Errors
    /// `storage_unavailable`; what `write` returns.
    pub async fn export_audit<E: From<RelayError>>(
        &self,
        chain: &AuditChain,
        mut write: impl FnMut(&AuditRow) -> Result<(), E>,
    ) -> Result<u64, E> {
        let by = self.acting();
        // Before the first entry leaves: an export that is interrupted is one, too.
        self.ports
            .audit_log
            .append_audit(chain, Entry::new(AuditAction::AuditExported), &by)
            .await
            .map_err(RelayError::from)?;
        let (mut after, mut entries) = (0, 0);
        loop {
            let part = AuditPart { after, limit: PART };
            let rows = self.ports.audit_log.audit_part(chain, part).await.map_err(RelayError::from)?;
            let Some(last) = rows.last() else { return Ok(entries) };
            after = last.seq;
            for row in &rows {
                write(row)?;
                entries += 1;
            }
        }
    }
}

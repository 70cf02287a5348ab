//! The ports that record and report metered usage.

use async_trait::async_trait;

use crate::domain::{UsageEvent, UsageQuery, UsageRow};
use crate::ports::store_error::StoreError;

/// Records usage without blocking a request.
///
/// Obligations: [`Self::record`] never blocks and never fails a call; events that cannot be stored are counted as
/// dropped. It also updates `last_used_at` of connections and Relay keys.
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait UsageSink: Send + Sync {
    /// Records one event.
    fn record(&self, event: UsageEvent);

    /// The number of events that were dropped since the start.
    fn dropped(&self) -> u64;
}

/// Reports metered usage by day, user, provider, model and tier.
///
/// ```
/// use relay_core::domain::UsageQuery;
/// use relay_core::ports::{StoreError, UsageReport};
///
/// async fn calls(report: &dyn UsageReport, query: &UsageQuery) -> Result<u64, StoreError> {
///     Ok(report.usage(query).await?.iter().map(|row| row.requests).sum())
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
#[async_trait]
pub trait UsageReport: Send + Sync {
    /// Returns rows sorted by day, user, provider, model and tier. They include every event that was recorded before
    /// this call.
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError>;
}

//! The ports that take and report metered usage.

use async_trait::async_trait;

use crate::domain::{UsageEvent, UsageQuery, UsageRow};
use crate::ports::store_error::StoreError;

/// Takes usage off the request path.
///
/// Obligations: [`Self::record`] never blocks and never fails a call; what can't be kept is counted as dropped. It also
/// feeds `last_used_at` of connections and Relay keys.
///
/// ```
/// use relay_core::domain::UsageEvent;
/// use relay_core::ports::UsageSink;
///
/// /// Keeps nothing.
/// struct Discard;
///
/// impl UsageSink for Discard {
///     fn record(&self, _: UsageEvent) {}
///
///     fn dropped(&self) -> u64 {
///         0
///     }
/// }
/// ```
#[cfg_attr(feature = "mocks", mockall::automock)]
pub trait UsageSink: Send + Sync {
    /// Takes one event.
    fn record(&self, event: UsageEvent);

    /// How many events were dropped since the start.
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
    /// Returns rows in the order day, user, provider, model, tier. Events recorded before this call are in it.
    async fn usage(&self, query: &UsageQuery) -> Result<Vec<UsageRow>, StoreError>;
}

//! The rows and counters of daily usage, shared by all stores.

use relay_core::Provider;
use relay_core::domain::ids::{EndUser, ProjectId, Tier};
use relay_core::domain::{Endpoint, TokenUsage, UsageEvent, UsageRow};

/// The key of a row of daily usage. Within a project it sorts like a report.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Group {
    pub(crate) project: ProjectId,
    pub(crate) day: u32,
    pub(crate) user: EndUser,
    pub(crate) provider: Provider,
    pub(crate) model: String,
    pub(crate) tier: Tier,
}

/// The counters of a row. They saturate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counters {
    pub(crate) requests: u64,
    pub(crate) errors: u64,
    pub(crate) tokens: TokenUsage,
}

impl Group {
    /// The row that a call is counted in; `None` for a call that reached no provider's model.
    pub(crate) fn of(event: UsageEvent) -> Option<Self> {
        let model = event.model_answered.or(event.model_asked).filter(|_| event.endpoint != Endpoint::Models)?;
        Some(Self {
            project: event.project,
            day: event.at.day(),
            user: event.user,
            provider: event.provider?,
            model,
            tier: event.tier,
        })
    }

    /// The row in the form of a report.
    pub(crate) fn row(self, sum: Counters) -> UsageRow {
        let mut row = UsageRow::new(self.day, self.user, self.provider, self.model, self.tier);
        (row.requests, row.errors, row.tokens) = (sum.requests, sum.errors, sum.tokens);
        row
    }
}

impl Counters {
    /// The counters of one call.
    pub(crate) fn of(event: &UsageEvent) -> Self {
        // These two are not stored.
        let tokens = TokenUsage { cache_write_1h: 0, unpriced: 0, ..event.tokens };
        Self { requests: 1, errors: u64::from(event.outcome.fault().is_some()), tokens }
    }

    /// Adds `more` to each counter.
    pub(crate) fn add(&mut self, more: &Self) {
        let add = |sum: &mut u64, more: u64| *sum = sum.saturating_add(more);
        add(&mut self.requests, more.requests);
        add(&mut self.errors, more.errors);
        add(&mut self.tokens.input, more.tokens.input);
        add(&mut self.tokens.cache_read, more.tokens.cache_read);
        add(&mut self.tokens.cache_write, more.tokens.cache_write);
        add(&mut self.tokens.output, more.tokens.output);
        add(&mut self.tokens.reasoning, more.tokens.reasoning);
    }
}

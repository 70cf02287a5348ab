//! Metered usage: one event for each call, summed by day.

use std::ops::RangeInclusive;

use crate::domain::connection::Slot;
use crate::domain::ids::{EndUser, ProjectId, RequestId, Tier, Timestamp};
use crate::domain::provider::Provider;
use crate::domain::secret_hash::SecretHash;

/// The token counts of one call. The four kinds do not overlap, so they can be added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Prompt tokens that came from no cache.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's cache.
    pub cache_write: u64,
    /// Answer tokens, including reasoning.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
}

impl TokenUsage {
    /// All prompt tokens: OpenAI's `prompt_tokens`.
    pub fn prompt(&self) -> u64 {
        self.input.saturating_add(self.cache_read).saturating_add(self.cache_write)
    }
}

/// The API that was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// Chat completions.
    Chat,
    /// Embeddings.
    Embeddings,
}

impl Endpoint {
    /// `chat` or `embeddings`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
        }
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With a complete answer.
    Complete,
    /// With an error.
    Failed(Blame),
    /// The client left before the end; the tokens are those known by then.
    Cancelled,
}

impl Outcome {
    /// `complete`, `cancelled`, or the text of [`Blame`].
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Failed(blame) => blame.as_str(),
            Self::Cancelled => "cancelled",
        }
    }
}

/// Who can do something about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Blame {
    /// The end user: their key, their credit, or their account's rate limit.
    User,
    /// The developer of the app, or whoever sent the request: it is invalid, unauthorised or too much.
    Caller,
    /// The provider, or the way to it.
    Provider,
    /// Whoever runs this Relay.
    Relay,
}

impl Blame {
    /// `user`, `caller`, `provider` or `relay`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Caller => "caller",
            Self::Provider => "provider",
            Self::Relay => "relay",
        }
    }
}

/// One metered call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageEvent {
    /// When it began.
    pub at: Timestamp,
    /// The request.
    pub request: RequestId,
    /// The tenant.
    pub project: ProjectId,
    /// The Relay key that the caller sent, if any.
    pub relay_key: Option<SecretHash>,
    /// The user whose key paid.
    pub user: EndUser,
    /// The provider that was called.
    pub provider: Provider,
    /// The model that the provider reported, or the requested one if it did not answer; at most 128 characters.
    pub model: String,
    /// The API that was called.
    pub endpoint: Endpoint,
    /// The tier.
    pub tier: Tier,
    /// How it ended.
    pub outcome: Outcome,
    /// The tokens that the provider counted.
    pub tokens: TokenUsage,
}

impl UsageEvent {
    /// A call with the key in `slot`: paid tier, no Relay key, cancelled before any token was counted.
    pub fn new(request: RequestId, at: Timestamp, slot: Slot, endpoint: Endpoint, model: impl Into<String>) -> Self {
        let Slot { project, user, provider } = slot;
        Self {
            at,
            request,
            project,
            relay_key: None,
            user,
            provider,
            model: model.into(),
            endpoint,
            tier: Tier::Paid,
            outcome: Outcome::Cancelled,
            tokens: TokenUsage::default(),
        }
    }
}

/// A row of daily usage.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageRow {
    /// Days since 1970-01-01, in UTC.
    pub day: u32,
    /// The user.
    pub user: EndUser,
    /// The provider.
    pub provider: Provider,
    /// The model.
    pub model: String,
    /// The tier.
    pub tier: Tier,
    /// Calls, including failed and cancelled ones.
    pub requests: u64,
    /// Calls that failed.
    pub errors: u64,
    /// The sum of their tokens.
    pub tokens: TokenUsage,
}

impl UsageRow {
    /// A row without any call.
    pub fn new(day: u32, user: EndUser, provider: Provider, model: impl Into<String>, tier: Tier) -> Self {
        let tokens = TokenUsage::default();
        Self { day, user, provider, model: model.into(), tier, requests: 0, errors: 0, tokens }
    }
}

/// The filter of a usage report.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageQuery {
    /// The tenant.
    pub project: ProjectId,
    /// Only this user.
    pub user: Option<EndUser>,
    /// First day, inclusive.
    pub from_day: u32,
    /// Last day, inclusive.
    pub to_day: u32,
    /// The largest number of rows.
    pub limit: u32,
}

impl UsageQuery {
    /// The rows of all users on these days, at most `limit`.
    pub fn new(project: ProjectId, days: RangeInclusive<u32>, limit: u32) -> Self {
        Self { project, user: None, from_day: *days.start(), to_day: *days.end(), limit }
    }
}

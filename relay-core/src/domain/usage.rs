//! Metered usage: how calls end, what they cost in tokens, and the sums of them.

use std::ops::RangeInclusive;

use crate::domain::ids::{EndUser, ProjectId, Tier};
use crate::domain::provider::Provider;

/// The token counts of one call. The four kinds do not overlap, so they can be added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TokenUsage {
    /// Prompt tokens that came from no cache.
    pub input: u64,
    /// Prompt tokens read from the provider's cache.
    pub cache_read: u64,
    /// Prompt tokens written to the provider's cache.
    pub cache_write: u64,
    /// The part of `cache_write` that was written for longer than usual: for an hour at Anthropic.
    pub cache_write_1h: u64,
    /// Answer tokens, including reasoning.
    pub output: u64,
    /// The part of `output` that was reasoning.
    pub reasoning: u64,
    /// The part of all these tokens whose price is not that of text on the standard service tier: audio, pictures that the
    /// model made, and every token of a call on another service tier, at another speed, or bound to a region. A call with
    /// any has no cost that can be computed. Not stored.
    pub unpriced: u64,
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
    /// Lists of models, and one model.
    Models,
}

impl Endpoint {
    /// Every API, in the order of the documentation.
    pub const ALL: [Self; 3] = [Self::Chat, Self::Embeddings, Self::Models];

    /// `chat`, `embeddings` or `models`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::Embeddings => "embeddings",
            Self::Models => "models",
        }
    }

    /// The API with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.as_str() == name)
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// With a complete answer.
    Complete,
    /// With an error before the provider was asked.
    Refused(Blame),
    /// With an error after the provider was asked.
    Failed(Blame),
    /// The client left before the end; the tokens are those known by then.
    Cancelled,
}

impl Outcome {
    /// `complete`, `cancelled`, or the text of [`Blame`].
    pub fn as_str(self) -> &'static str {
        self.fault().map_or(self.name(), Blame::as_str)
    }

    /// `complete`, `refused`, `failed` or `cancelled`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whose fault it is that there is no answer.
    pub fn fault(self) -> Option<Blame> {
        match self {
            Self::Refused(blame) | Self::Failed(blame) => Some(blame),
            Self::Complete | Self::Cancelled => None,
        }
    }

    /// The outcome with this [`Self::name`] and this fault.
    pub fn from_names(name: &str, fault: Option<Blame>) -> Option<Self> {
        match (name, fault) {
            ("complete", None) => Some(Self::Complete),
            ("refused", Some(blame)) => Some(Self::Refused(blame)),
            ("failed", Some(blame)) => Some(Self::Failed(blame)),
            ("cancelled", None) => Some(Self::Cancelled),
            _ => None,
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
    /// Everybody, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::User, Self::Caller, Self::Provider, Self::Relay];

    /// The one with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|blame| blame.as_str() == name)
    }

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

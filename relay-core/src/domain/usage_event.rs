//! The event of one call: everything that the request log and the roll-ups are made of.

use std::borrow::Cow;

use crate::domain::connection::Slot;
use crate::domain::ids::{EndUser, ProjectId, RequestId, Tier, Timestamp};
use crate::domain::provider::Provider;
use crate::domain::secret_hash::SecretHash;
use crate::domain::trace_parent::TraceParent;
use crate::domain::usage::{Endpoint, Outcome, TokenUsage};

/// One call, when it has ended. There is exactly one for each call that reached a use case, however it ended.
///
/// It holds no part of the request or of the answer, no tool's or file's name, no key, and no address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageEvent {
    /// When it began.
    pub at: Timestamp,
    /// The request.
    pub request: RequestId,
    /// The provider's own id of the request; of the last one, if there were several.
    pub provider_request: Option<String>,
    /// The tenant.
    pub project: ProjectId,
    /// The Relay key that the caller sent, if any.
    pub relay_key: Option<SecretHash>,
    /// The user whose key paid, or would have.
    pub user: EndUser,
    /// The caller's trace that the call belongs to.
    pub trace: Option<TraceParent>,
    /// The API that was called.
    pub endpoint: Endpoint,
    /// The provider; `None` if the call was refused before it was known, and for a list of all models.
    pub provider: Option<Provider>,
    /// The requested model, without a provider's prefix; at most 128 characters.
    pub model_asked: Option<String>,
    /// The model that the provider reported; at most 128 characters.
    pub model_answered: Option<String>,
    /// The tier.
    pub tier: Tier,
    /// Whether the caller asked for a stream.
    pub streamed: bool,
    /// The HTTP status that the caller got; 499 if it left before there was one.
    pub status: u16,
    /// The error's code, if the call was refused or failed; at most 64 characters.
    pub code: Option<Cow<'static, str>>,
    /// How it ended, and whose fault a failure is.
    pub outcome: Outcome,
    /// The tokens that the provider counted.
    pub tokens: TokenUsage,
    /// The cost in micro-dollars by the price table of the day; `None` for a model without a price.
    pub cost: Option<u64>,
    /// When each step was done.
    pub timeline: Timeline,
    /// The time that Relay itself added, in microseconds.
    pub overhead: Option<u64>,
    /// The members of the request that were not sent to the provider.
    pub dropped_params: Vec<String>,
    /// The members of the request that were sent with a changed value.
    pub adjusted_params: Vec<String>,
    /// How many further requests the answer took.
    pub continuations: u32,
    /// The length of the request's body, in bytes.
    pub bytes_in: u64,
    /// The length of the answer's body, in bytes.
    pub bytes_out: u64,
}

/// When each step of a call was done, in microseconds since its request arrived. `None`: the call did not come that far,
/// or the step was not measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeline {
    /// The Relay key was checked.
    pub authenticated: Option<u64>,
    /// The body was read, and the use case began.
    pub received: Option<u64>,
    /// The limits let the call pass.
    pub admitted: Option<u64>,
    /// The user's key was found and opened.
    pub unsealed: Option<u64>,
    /// The request was handed to the connection to the provider.
    pub sent: Option<u64>,
    /// How long it took to connect to the provider (a duration), if a connection was made for this call.
    pub connect: Option<u64>,
    /// The head of the provider's answer arrived.
    pub first_byte: Option<u64>,
    /// The call ended.
    pub ended: Option<u64>,
}

impl UsageEvent {
    /// A call for a user that has only begun: paid tier, no Relay key, cancelled before a provider was asked.
    pub fn begun(request: RequestId, at: Timestamp, project: ProjectId, user: EndUser, endpoint: Endpoint) -> Self {
        Self {
            at,
            request,
            provider_request: None,
            project,
            relay_key: None,
            user,
            trace: None,
            endpoint,
            provider: None,
            model_asked: None,
            model_answered: None,
            tier: Tier::Paid,
            streamed: false,
            status: 499,
            code: None,
            outcome: Outcome::Cancelled,
            tokens: TokenUsage::default(),
            cost: None,
            timeline: Timeline::default(),
            overhead: None,
            dropped_params: Vec::new(),
            adjusted_params: Vec::new(),
            continuations: 0,
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// A call with the key in `slot`: paid tier, no Relay key, cancelled before any token was counted.
    pub fn new(request: RequestId, at: Timestamp, slot: Slot, endpoint: Endpoint, model: impl Into<String>) -> Self {
        let mut event = Self::begun(request, at, slot.project, slot.user, endpoint);
        (event.provider, event.model_asked) = (Some(slot.provider), Some(model.into()));
        event
    }

    /// The model that answered, or the requested one if no provider answered.
    pub fn model(&self) -> Option<&str> {
        self.model_answered.as_deref().or(self.model_asked.as_deref())
    }

    /// Whether the user's key was used: the call was not refused before it was sent.
    pub fn used_key(&self) -> bool {
        self.provider.is_some() && !matches!(self.outcome, Outcome::Refused(_))
    }

    /// Whether the call is part of the sums. Lists of models are free of charge, so they are only in the request log.
    pub fn is_counted(&self) -> bool {
        self.endpoint != Endpoint::Models
    }
}

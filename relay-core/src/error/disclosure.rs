//! What an answer or an error says about its call, beside its body.

use crate::domain::Provider;
use crate::domain::secret::ProviderKey;

/// What Relay tells a caller about a call: whose key pays, what was not carried over, what the provider says of its limits.
///
/// relay-server sends it as response headers, whose names are given here. A program that embeds Relay reads the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disclosure {
    /// Whose provider key pays for the call: `x-relay-key`.
    pub paid_by: Option<PaidBy>,
    /// Members of the request that the provider did not get, sorted: `x-relay-dropped-params`.
    pub dropped_params: Vec<String>,
    /// Members of the request that the provider got with another value, sorted: `x-relay-adjusted-params`.
    pub adjusted_params: Vec<String>,
    /// Whether the answer's token counts are an estimate of Relay: `x-relay-usage-estimated`.
    pub usage_estimated: bool,
    /// How long Relay itself took, in microseconds: `x-relay-overhead-us`.
    pub overhead_micros: Option<u64>,
    /// The provider's own id of the request: `x-relay-provider-request-id`.
    pub provider_request_id: Option<String>,
    /// What the provider says of its rate limits, as header names and values of OpenAI's API.
    pub provider_headers: Vec<(&'static str, String)>,
    /// How long to wait before the request is sent again: `retry-after`, `retry-after-ms`.
    pub retry_after: Option<RetryAfter>,
    /// The methods that the path has, for a request with another one: `allow`.
    pub allowed_methods: Option<&'static str>,
}

/// Whose provider key pays for a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PaidBy {
    /// The provider that is paid.
    pub provider: Provider,
    /// The last four characters of the user's key.
    pub last4: String,
}

/// How long to wait before the same request may succeed.
///
/// A provider's values are kept as it sent them: HTTP also allows a date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryAfter {
    /// Whole seconds, or an HTTP date.
    pub seconds: Option<String>,
    /// The same time in milliseconds, where it is known that exactly.
    pub millis: Option<String>,
}

impl Disclosure {
    /// Adds what `more` says. Where both say something, `more` counts.
    pub(crate) fn extend(&mut self, more: Self) {
        let Self {
            paid_by,
            dropped_params,
            adjusted_params,
            usage_estimated,
            overhead_micros,
            provider_request_id,
            provider_headers,
            retry_after,
            allowed_methods,
        } = more;
        self.paid_by = paid_by.or_else(|| self.paid_by.take());
        if !dropped_params.is_empty() {
            self.dropped_params = dropped_params;
        }
        if !adjusted_params.is_empty() {
            self.adjusted_params = adjusted_params;
        }
        self.usage_estimated |= usage_estimated;
        self.overhead_micros = overhead_micros.or(self.overhead_micros);
        self.provider_request_id = provider_request_id.or_else(|| self.provider_request_id.take());
        self.provider_headers.extend(provider_headers);
        self.retry_after = retry_after.or_else(|| self.retry_after.take());
        self.allowed_methods = allowed_methods.or(self.allowed_methods);
    }

    /// Leaves out what a provider said, where it repeats the key.
    pub(super) fn hide(&mut self, key: &ProviderKey) {
        let repeats = |value: &String| key.taken_out_of(value).is_some();
        self.provider_request_id.take_if(|id| repeats(id));
        self.provider_headers.retain(|(_, value)| !repeats(value));
        if let Some(RetryAfter { seconds, millis }) = &mut self.retry_after {
            seconds.take_if(|text| repeats(text));
            millis.take_if(|text| repeats(text));
        }
    }
}

impl PaidBy {
    /// The key of a user for this provider that ends with `last4`.
    pub fn new(provider: Provider, last4: impl Into<String>) -> Self {
        Self { provider, last4: last4.into() }
    }
}

impl RetryAfter {
    /// A wait of Relay's own choice.
    pub fn from_seconds(seconds: u64) -> Self {
        Self { seconds: Some(seconds.to_string()), millis: None }
    }

    /// A provider's wait, known to the fraction of a second: whole seconds are rounded up. `seconds` must be finite and not
    /// negative.
    pub(crate) fn from_exact_seconds(seconds: f64) -> Self {
        let millis = (seconds * 1000.0).round();
        Self { seconds: Some(seconds.ceil().to_string()), millis: Some(millis.to_string()) }
    }

    /// The headers `retry-after` and `retry-after-ms` of a provider; `None` if it sent neither.
    pub(crate) fn as_sent(seconds: Option<&str>, millis: Option<&str>) -> Option<Self> {
        let wait = Self { seconds: seconds.map(str::to_owned), millis: millis.map(str::to_owned) };
        (wait != Self::default()).then_some(wait)
    }

    /// The wait in whole seconds; `None` for a date, or where only milliseconds are known.
    pub(crate) fn as_seconds(&self) -> Option<u64> {
        self.seconds.as_deref()?.parse().ok()
    }
}

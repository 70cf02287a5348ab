//! What an answer or an error discloses about its call, next to its body.

use crate::domain::Provider;
use crate::domain::secret::ProviderKey;

/// What Relay discloses about a call: whose key pays, which parameters were dropped, and the provider's rate limits.
///
/// relay-server sends each field as the response header that its documentation names. A program that embeds Relay reads
/// the fields.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Disclosure {
    /// Whose provider key pays for the call: `x-relay-key`.
    pub paid_by: Option<PaidBy>,
    /// Members of the request that were not sent to the provider, sorted: `x-relay-dropped-params`.
    pub dropped_params: Vec<String>,
    /// Members of the request that were sent to the provider with a changed value, sorted: `x-relay-adjusted-params`.
    pub adjusted_params: Vec<String>,
    /// Whether the answer's token counts are Relay's estimate: `x-relay-usage-estimated`.
    pub usage_estimated: bool,
    /// The time that Relay itself added to the call, in microseconds: `x-relay-overhead-us`.
    pub overhead_micros: Option<u64>,
    /// The provider's own id of the request: `x-relay-provider-request-id`.
    pub provider_request_id: Option<String>,
    /// The provider's rate limits, as header names and values of OpenAI's API.
    pub provider_headers: Vec<(&'static str, String)>,
    /// How long to wait before the request is sent again: `retry-after`, `retry-after-ms`.
    pub retry_after: Option<RetryAfter>,
    /// The methods that the path supports, for a request with another one: `allow`.
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
/// A provider's values are passed on unchanged, because HTTP also allows a date.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryAfter {
    /// Whole seconds, or an HTTP date.
    pub seconds: Option<String>,
    /// The same time in milliseconds, if it is known that precisely.
    pub millis: Option<String>,
}

impl Disclosure {
    /// Adds the fields that are set in `more`. A field set in both takes the value of `more`.
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

    /// Notes the provider's id of the request, if it is a plain one: 8 to 128 letters, digits and `._:-`.
    pub(crate) fn note_request_id(&mut self, id: &str) {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"._:-".contains(&b);
        if (8..=128).contains(&id.len()) && id.bytes().all(plain) {
            self.provider_request_id = Some(id.to_owned());
        }
    }

    /// Notes a header that is passed on, if its value is a short text.
    pub(crate) fn note_header(&mut self, name: &'static str, value: &str) {
        if is_short(value) {
            self.provider_headers.push((name, value.to_owned()));
        }
    }

    /// Removes the provider's values that show the key.
    pub(crate) fn hide(&mut self, key: &ProviderKey) {
        let has_key = |value: &String| key.is_in(value);
        self.provider_request_id.take_if(|id| has_key(id));
        self.provider_headers.retain(|(_, value)| !has_key(value));
        if let Some(RetryAfter { seconds, millis }) = &mut self.retry_after {
            seconds.take_if(|text| has_key(text));
            millis.take_if(|text| has_key(text));
        }
    }
}

/// Whether a header's value can be a number, a duration or a date: at most 64 printable ASCII characters.
fn is_short(value: &str) -> bool {
    value.len() <= 64 && value.bytes().all(|b| b == b' ' || b.is_ascii_graphic())
}

impl PaidBy {
    /// The key of a user for this provider that ends with `last4`.
    pub fn new(provider: Provider, last4: impl Into<String>) -> Self {
        Self { provider, last4: last4.into() }
    }
}

impl RetryAfter {
    /// A wait in whole seconds.
    pub fn from_seconds(seconds: u64) -> Self {
        Self { seconds: Some(seconds.to_string()), millis: None }
    }

    /// A wait with a fraction of a second. The whole seconds are rounded up. `seconds` must be finite and not negative.
    pub(crate) fn from_exact_seconds(seconds: f64) -> Self {
        let millis = (seconds * 1000.0).round();
        Self { seconds: Some(seconds.ceil().to_string()), millis: Some(millis.to_string()) }
    }

    /// The headers `retry-after` and `retry-after-ms` of a provider; `None` if it sent neither.
    pub(crate) fn as_sent(seconds: Option<&str>, millis: Option<&str>) -> Option<Self> {
        let [seconds, millis] = [seconds, millis].map(|text| text.filter(|text| is_short(text)).map(str::to_owned));
        let wait = Self { seconds, millis };
        (wait != Self::default()).then_some(wait)
    }

    /// The wait in whole seconds. `None` for a date, or when only milliseconds are known.
    pub(crate) fn as_seconds(&self) -> Option<u64> {
        self.seconds.as_deref()?.parse().ok()
    }
}

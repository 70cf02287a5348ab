//! Response headers: OpenAI's own, passed on.

use crate::error::Disclosure;

/// Response headers that are passed on under their own names.
const PASSED: &[&str] = &[
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "openai-processing-ms",
];

/// Notes OpenAI's id of the request and its rate limits, of good answers and errors alike.
pub(super) fn disclose(headers: &[(String, String)], disclosure: &mut Disclosure) {
    let named = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    disclosure.provider_headers.extend(PASSED.iter().filter_map(|name| named(name).map(|value| (*name, value))));
    disclosure.provider_request_id = named("x-request-id");
}

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
    let named = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    for name in PASSED {
        named(name).into_iter().for_each(|value| disclosure.note_header(name, value));
    }
    named("x-request-id").into_iter().for_each(|id| disclosure.note_request_id(id));
}

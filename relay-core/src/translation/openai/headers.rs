//! Response headers: OpenAI's own, passed on.

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

/// What is passed on, of good answers and errors alike.
pub(super) fn passed(headers: &[(String, String)]) -> Vec<(&'static str, String)> {
    let named = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut passed: Vec<_> = PASSED.iter().filter_map(|name| named(name).map(|value| (*name, value))).collect();
    passed.extend(named("x-request-id").map(|id| ("x-relay-provider-request-id", id)));
    passed
}

//! OpenAI's errors: passed on in their own words, except those about the user's key.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::KeySignal;
use crate::error::{Class, RelayError, kind};
use crate::translation::{ErrorResponse, ProviderError, shown};

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

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Value,
}

/// OpenAI's four members, whatever their types are, and without keys: a provider may echo one in any of them.
struct Words {
    message: String,
    kind: String,
    code: String,
    param: Option<String>,
}

fn words(body: &[u8]) -> Words {
    let error = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
    let text = |name: &str| match error.get(name) {
        Some(Value::String(text)) => Some(shown(text)),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = error.as_str().map(shown).or_else(|| text("message")).unwrap_or_default();
    Words {
        message,
        kind: text("type").unwrap_or_default(),
        code: text("code").unwrap_or_default(),
        param: text("param"),
    }
}

/// The status that an error event inside a stream stands for.
pub(super) fn implied_status(body: &[u8]) -> u16 {
    let words = words(body);
    match (words.kind.as_str(), words.code.as_str()) {
        (_, "insufficient_quota" | "rate_limit_exceeded") | ("insufficient_quota" | "requests" | "tokens", _) => 429,
        (_, "invalid_api_key") | ("authentication_error", _) => 401,
        ("invalid_request_error", _) => 400,
        ("permission_error", _) => 403,
        _ => 500,
    }
}

pub(super) fn fault(failure: &ErrorResponse<'_>) -> ProviderError {
    let words = words(failure.body);
    let (mut error, signal) = classify(failure.status, &words);
    if let Some(param) = words.param {
        error = error.with_param(param);
    }
    for (name, value) in passed_headers(failure.headers) {
        error = error.with_header(name, value);
    }
    if error.kind() != kind::INSUFFICIENT_QUOTA {
        for name in ["retry-after", "retry-after-ms"] {
            if let Some(value) = failure.header(name) {
                error = error.with_header(name, value);
            }
        }
        // What only a person can mend is never tried again, whatever OpenAI says.
        if let Some(retry) = failure.header("x-should-retry").filter(|_| error.class() != Class::Forbidden) {
            error = error.with_retry(retry == "true");
        }
    }
    ProviderError { error, signal }
}

fn classify(status: u16, words: &Words) -> (RelayError, Option<KeySignal>) {
    let code = words.code.as_str();
    let own =
        |class: Class, code: &'static str, fallback: &'static str| RelayError::new(class, code, said(words, fallback));
    match status {
        _ if code == "insufficient_quota"
            || code == "billing_hard_limit_reached"
            || words.kind == "insufficient_quota" =>
        {
            (
                own(Class::RateLimited, "insufficient_quota", "this user's OpenAI account has no credit left")
                    .with_kind(kind::INSUFFICIENT_QUOTA),
                Some(KeySignal::NoCredit),
            )
        }
        401 if matches!(code, "account_deactivated" | "organization_deactivated") => (
            own(Class::Forbidden, "provider_account_disabled", "this user's OpenAI account is disabled"),
            Some(KeySignal::Disabled),
        ),
        401 if code == "missing_scope" || words.message.contains("insufficient permissions") => (
            own(Class::Forbidden, "provider_permission_denied", "this user's OpenAI key may not do this"),
            Some(KeySignal::Restricted),
        ),
        401 => (
            own(
                Class::Forbidden,
                "provider_key_invalid",
                "OpenAI refuses this user's key; ask the user to connect a new one",
            ),
            Some(KeySignal::Invalid),
        ),
        403 if code == "unsupported_country_region_territory" => {
            (own(Class::Forbidden, "unsupported_country_region_territory", "OpenAI does not serve this region"), None)
        }
        403 => (
            own(Class::Forbidden, "provider_permission_denied", "this user's OpenAI key may not do this"),
            Some(KeySignal::Restricted),
        ),
        404 if code == "model_not_found" || code.is_empty() && words.message.contains("model") => {
            (own(Class::NotFound, "model_not_found", "OpenAI does not know this model").with_param("model"), None)
        }
        404 => (passed(Class::NotFound, words), None),
        408 | 504 => (own(Class::GatewayTimeout, "upstream_timeout", "OpenAI did not answer in time"), None),
        413 => (own(Class::TooLarge, "request_too_large", "the request is too large for OpenAI"), None),
        429 => (rate_limited(words), None),
        400..=499 => (passed(if status == 400 { Class::InvalidRequest } else { Class::Provider(status) }, words), None),
        500 => (own(Class::Internal, "upstream_error", "OpenAI failed; try again"), None),
        503 => (own(Class::Unavailable, "upstream_overloaded", "OpenAI is overloaded; try again later"), None),
        _ => (RelayError::upstream("OpenAI's answer is of no use"), None),
    }
}

fn rate_limited(words: &Words) -> RelayError {
    let error =
        RelayError::new(Class::RateLimited, "rate_limit_exceeded", said(words, "OpenAI limits this user's key"));
    if words.kind == kind::TOKENS { error.with_kind(kind::TOKENS) } else { error }
}

/// The error in OpenAI's own words.
fn passed(class: Class, words: &Words) -> RelayError {
    let kind = if words.kind.is_empty() { kind::INVALID_REQUEST.to_owned() } else { words.kind.clone() };
    let code = (!words.code.is_empty()).then(|| Cow::Owned(words.code.clone()));
    RelayError::new(class, "", said(words, "OpenAI refuses this request")).with_kind(kind).with_code(code)
}

fn said(words: &Words, fallback: &'static str) -> Cow<'static, str> {
    if words.message.is_empty() { fallback.into() } else { words.message.clone().into() }
}

pub(super) fn passed_headers(headers: &[(String, String)]) -> Vec<(&'static str, String)> {
    let named = |name: &str| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let mut passed: Vec<_> = PASSED.iter().filter_map(|name| named(name).map(|value| (*name, value))).collect();
    passed.extend(named("x-request-id").map(|id| ("x-relay-provider-request-id", id)));
    passed
}

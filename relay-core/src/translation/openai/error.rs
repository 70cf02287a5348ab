//! OpenAI's errors: passed on in their own words, except those about the user's key.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Value;

use super::headers;
use crate::domain::{KeySignal, Provider};
use crate::error::{Class, RelayError, error_type};
use crate::translation::{ErrorResponse, ProviderError, redact};

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
        Some(Value::String(text)) => Some(redact(text)),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = error.as_str().map(redact).or_else(|| text("message")).unwrap_or_default();
    Words {
        message,
        kind: text("type").unwrap_or_default(),
        code: text("code").unwrap_or_default(),
        param: text("param"),
    }
}

/// Translates an error that came with status 200, in a stream. Its members imply a status.
pub(super) fn in_answer(provider: Provider, body: &[u8]) -> ProviderError {
    translate(provider, &ErrorResponse { status: implied_status(body), headers: &[], body })
}

fn implied_status(body: &[u8]) -> u16 {
    let words = words(body);
    match (words.kind.as_str(), words.code.as_str()) {
        (_, "insufficient_quota" | "rate_limit_exceeded") | ("insufficient_quota" | "requests" | "tokens", _) => 429,
        (_, "invalid_api_key") | ("authentication_error", _) => 401,
        ("invalid_request_error", _) => 400,
        ("permission_error", _) => 403,
        _ => 500,
    }
}

/// Translates an answer with an error status.
pub(super) fn translate(provider: Provider, failure: &ErrorResponse<'_>) -> ProviderError {
    let words = words(failure.body);
    let (mut error, signal) = classify(provider, failure.status, &words);
    if let Some(param) = words.param {
        error = error.with_param(param);
    }
    for (name, value) in headers::passed(failure.headers) {
        error = error.with_header(name, value);
    }
    if error.error_type() != error_type::INSUFFICIENT_QUOTA {
        for name in ["retry-after", "retry-after-ms"] {
            if let Some(value) = failure.header(name) {
                error = error.with_header(name, value);
            }
        }
        // What only a person can mend is never tried again, whatever the provider says.
        if let Some(retry) = failure.header("x-should-retry").filter(|_| error.class() != Class::Forbidden) {
            error = error.with_retry(retry == "true");
        }
    }
    ProviderError { error, signal }
}

fn classify(provider: Provider, status: u16, words: &Words) -> (RelayError, Option<KeySignal>) {
    let code = words.code.as_str();
    let label = provider.label();
    let own = |class: Class, code: &'static str, fallback: String| RelayError::new(class, code, said(words, fallback));
    match status {
        _ if code == "insufficient_quota"
            || code == "billing_hard_limit_reached"
            || words.kind == "insufficient_quota" =>
        {
            (
                own(
                    Class::RateLimited,
                    "insufficient_quota",
                    format!("this user's {label} account has no credit left"),
                )
                .with_type(error_type::INSUFFICIENT_QUOTA),
                Some(KeySignal::NoCredit),
            )
        }
        401 if matches!(code, "account_deactivated" | "organization_deactivated") => (
            own(Class::Forbidden, "provider_account_disabled", format!("this user's {label} account is disabled")),
            Some(KeySignal::Disabled),
        ),
        401 if code == "missing_scope" || words.message.contains("insufficient permissions") => (
            own(Class::Forbidden, "provider_permission_denied", format!("this user's {label} key may not do this")),
            Some(KeySignal::Restricted),
        ),
        401 => (
            own(
                Class::Forbidden,
                "provider_key_invalid",
                format!("{label} refuses this user's key; ask the user to connect a new one"),
            ),
            Some(KeySignal::Invalid),
        ),
        403 if code == "unsupported_country_region_territory" => (
            own(
                Class::Forbidden,
                "unsupported_country_region_territory",
                format!("{label} does not serve this region"),
            ),
            None,
        ),
        403 => (
            own(Class::Forbidden, "provider_permission_denied", format!("this user's {label} key may not do this")),
            Some(KeySignal::Restricted),
        ),
        404 if code == "model_not_found" || code.is_empty() && words.message.contains("model") => (
            own(Class::NotFound, "model_not_found", format!("{label} does not know this model")).with_param("model"),
            None,
        ),
        404 => (passed(label, Class::NotFound, words), None),
        408 | 504 => (own(Class::GatewayTimeout, "upstream_timeout", format!("{label} did not answer in time")), None),
        413 => (own(Class::TooLarge, "request_too_large", format!("the request is too large for {label}")), None),
        429 => (rate_limited(label, words), None),
        400..=499 => {
            (passed(label, if status == 400 { Class::InvalidRequest } else { Class::Provider(status) }, words), None)
        }
        500 => (own(Class::Internal, "upstream_error", format!("{label} failed; try again")), None),
        503 => {
            (own(Class::Unavailable, "upstream_overloaded", format!("{label} is overloaded; try again later")), None)
        }
        _ => (RelayError::upstream(format!("{label} returned an answer that could not be read")), None),
    }
}

fn rate_limited(label: &str, words: &Words) -> RelayError {
    let error = RelayError::new(
        Class::RateLimited,
        "rate_limit_exceeded",
        said(words, format!("{label} limits this user's key")),
    );
    if words.kind == error_type::TOKENS { error.with_type(error_type::TOKENS) } else { error }
}

/// The error in the provider's own words.
fn passed(label: &str, class: Class, words: &Words) -> RelayError {
    let kind = if words.kind.is_empty() { error_type::INVALID_REQUEST.to_owned() } else { words.kind.clone() };
    let code = (!words.code.is_empty()).then(|| Cow::Owned(words.code.clone()));
    RelayError::new(class, "", said(words, format!("{label} refuses this request"))).with_type(kind).with_code(code)
}

fn said(words: &Words, fallback: String) -> String {
    if words.message.is_empty() { fallback } else { words.message.clone() }
}

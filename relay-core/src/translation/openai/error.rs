//! OpenAI's errors: passed on in their own words, except those about the user's key.

use serde::Deserialize;
use serde_json::Value;

use super::headers;
use crate::domain::{KeySignal, Provider};
use crate::error::{Class, Code, Disclosure, RelayError, RetryAfter, error_type};
use crate::translation::{ErrorResponse, ProviderError, redact};

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Value,
}

/// OpenAI's four members, whatever their types are, and without keys: a provider may echo one in any of them.
struct Words {
    /// Whether the body has the shape of an API's error. What a proxy on the way says, a page of HTML for example, says nothing
    /// about the key.
    is_api_error: bool,
    message: String,
    error_type: String,
    code: String,
    param: Option<String>,
}

impl Words {
    /// Whether the account lacks one model, and nothing is wrong with the key: a project's model list, or a model that only
    /// verified organizations may use.
    fn is_about_a_model(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        matches!(self.code.as_str(), "model_not_found" | "model_not_available")
            || self.param.as_deref() == Some("model")
            || message.contains("access to model")
            || message.contains("verified to use the model")
    }

    /// Whether the key, or where it is used from, is what is not allowed: a restricted key, a list of IP addresses, a key
    /// without an organization (<https://developers.openai.com/api/docs/guides/error-codes>).
    fn is_about_permissions(&self) -> bool {
        let message = self.message.to_ascii_lowercase();
        matches!(self.code.as_str(), "missing_scope" | "insufficient_permissions" | "ip_not_authorized")
            || ["insufficient permissions", "missing scopes", "member of an organization"]
                .iter()
                .any(|words| message.contains(words))
            || (message.contains("not authorized") && (message.contains("ip address") || message.contains("your ip")))
    }
}

fn words(body: &[u8]) -> Words {
    let error = serde_json::from_slice::<Body>(body).unwrap_or_default().error;
    let is_api_error = error.is_object() || error.is_string();
    let text = |name: &str| match error.get(name) {
        Some(Value::String(text)) => Some(redact(text)),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let message = error.as_str().map(redact).or_else(|| text("message")).unwrap_or_default();
    Words {
        is_api_error,
        message,
        error_type: text("type").unwrap_or_default(),
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
    match (words.error_type.as_str(), words.code.as_str()) {
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
    let mut disclosure = Disclosure::default();
    headers::disclose(failure.headers, &mut disclosure);
    if error.error_type() != error_type::INSUFFICIENT_QUOTA {
        disclosure.retry_after = RetryAfter::as_sent(failure.header("retry-after"), failure.header("retry-after-ms"));
        // What only a person can mend is never tried again, whatever the provider says.
        if let Some(retry) = failure.header("x-should-retry").filter(|_| error.class() != Class::Forbidden) {
            error = error.with_retry(retry == "true");
        }
    }
    let error = error.with_disclosure(disclosure);
    ProviderError { error, signal }
}

fn classify(provider: Provider, status: u16, words: &Words) -> (RelayError, Option<KeySignal>) {
    let code = words.code.as_str();
    let label = provider.label();
    let own = |code: Code, fallback: String| RelayError::from_answer(code, said(words, fallback));
    match status {
        _ if code == "insufficient_quota"
            || code == "billing_hard_limit_reached"
            || words.error_type == "insufficient_quota" =>
        {
            (
                own(Code::InsufficientQuota, format!("this user's {label} account has no credit left")),
                Some(KeySignal::NoCredit),
            )
        }
        401 | 403 if !words.is_api_error => (
            RelayError::unusable_answer(format!(
                "something between Relay and {label} answered with status {status}; check the proxy on the way"
            )),
            None,
        ),
        401 | 403 => about_access(status, label, words),
        404 if code == "model_not_found" || code.is_empty() && words.message.contains("model") => {
            (own(Code::ModelNotFound, format!("{label} does not know this model")).with_param("model"), None)
        }
        404 => (passed(label, Class::NotFound, words), None),
        408 | 504 => (own(Code::UpstreamTimeout, format!("{label} did not answer in time")), None),
        413 => (own(Code::RequestTooLarge, format!("the request is too large for {label}")), None),
        429 => (rate_limited(label, words), None),
        400..=499 => {
            (passed(label, if status == 400 { Class::InvalidRequest } else { Class::Provider(status) }, words), None)
        }
        500 => (own(Code::UpstreamError, format!("{label} failed; try again")).with_class(Class::Internal), None),
        503 => (own(Code::UpstreamOverloaded, format!("{label} is overloaded; try again later")), None),
        _ => (RelayError::unusable_answer(format!("{label} returned an answer that could not be read")), None),
    }
}

/// What a 401 or a 403 is about: the account, one model, the region, what the key may do, or the key itself.
fn about_access(status: u16, label: &str, words: &Words) -> (RelayError, Option<KeySignal>) {
    let own = |code: Code, fallback: String| RelayError::from_answer(code, said(words, fallback));
    match (status, words.code.as_str()) {
        (_, "account_deactivated" | "organization_deactivated") => (
            own(Code::ProviderAccountDisabled, format!("this user's {label} account is disabled")),
            Some(KeySignal::Disabled),
        ),
        (_, "unsupported_country_region_territory") => {
            (own(Code::UnsupportedRegion, format!("{label} does not serve this region")), None)
        }
        _ if words.is_about_a_model() => {
            let fallback = format!("this user's {label} account has no access to this model");
            (own(Code::ModelNotFound, fallback).with_param("model"), None)
        }
        _ if words.is_about_permissions() => (
            own(Code::ProviderPermissionDenied, format!("this user's {label} key may not do this")),
            Some(KeySignal::Restricted),
        ),
        (403, _) => (
            own(Code::ProviderPermissionDenied, format!("{label} does not allow this user's account to do this")),
            None,
        ),
        _ => (
            own(
                Code::ProviderKeyInvalid,
                format!("{label} refuses this user's key; ask the user to connect a new one"),
            ),
            Some(KeySignal::Invalid),
        ),
    }
}

fn rate_limited(label: &str, words: &Words) -> RelayError {
    let fallback = format!("{label} limits this user's key");
    let error = RelayError::from_answer(Code::RateLimitExceeded, said(words, fallback));
    if words.error_type == error_type::TOKENS { error.with_type(error_type::TOKENS) } else { error }
}

/// The error in the provider's own words.
fn passed(label: &str, class: Class, words: &Words) -> RelayError {
    let fallback = format!("{label} refuses this request");
    RelayError::passed_on(class, &words.code, &words.error_type, said(words, fallback))
}

fn said(words: &Words, fallback: String) -> String {
    if words.message.is_empty() { fallback } else { words.message.clone() }
}

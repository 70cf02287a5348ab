//! OpenAI's errors: passed on in their own words, except those about the user's key.

use serde::Deserialize;
use serde_json::Value;

use super::headers;
use crate::domain::provider::Format;
use crate::domain::{AZURE_REFUSES, KeyAnswer, KeyRow, KeySignal, Provider};
use crate::error::{Class, Code, Disclosure, RelayError, RetryAfter, error_type};
use crate::translation::failure::{about_the_key, from_between, is_about_access, signal_of};
use crate::translation::{ErrorResponse, ProviderError, redact};

#[derive(Default, Deserialize)]
#[serde(default)]
struct Body {
    error: Value,
    /// Anthropic marks its errors with it.
    r#type: Value,
}

/// OpenAI's four members, whatever their types are, and without keys: a provider may echo one in any of them.
struct Words {
    /// Whether the body has the format of this API's errors. What a proxy on the way says says nothing about the key.
    is_own: bool,
    message: String,
    /// The message in lower case, as it came.
    lower: String,
    error_type: String,
    code: String,
    param: Option<String>,
}

impl Words {
    /// Whether the account lacks one model, and nothing is wrong with the key: a project's model list, or a model that only
    /// verified organizations may use.
    fn is_about_a_model(&self) -> bool {
        matches!(self.code.as_str(), "model_not_found" | "model_not_available")
            || self.param.as_deref() == Some("model")
            || self.lower.contains("access to model")
            || self.lower.contains("verified to use the model")
    }

    /// The row about the key that this answer is.
    fn key_row(&self, status: u16) -> Option<&'static KeyRow> {
        if !self.is_own || (matches!(status, 401 | 403) && self.is_about_a_model()) {
            return None;
        }
        let answer = KeyAnswer { status, kind: &self.error_type, code: &self.code, message: &self.lower };
        KeyRow::find(Format::OpenAi, &answer)
    }
}

/// Whether an error is OpenAI's own: a message and a type in words, and a code or a parameter beside them. Anthropic's has
/// neither of these and is marked, Google's has a number and a status. Azure's refusal of a key is known by its words.
fn is_own(body: &Body, error: &Value) -> bool {
    let is_azures = |text: &Value| text.as_str().is_some_and(|text| text.to_lowercase().starts_with(AZURE_REFUSES));
    if error.get("type").is_none() && error.get("message").is_some_and(is_azures) {
        return true;
    }
    let is_text = |name: &str| error.get(name).is_some_and(Value::is_string);
    let is_text_or_null = |name: &str| error.get(name).is_none_or(|value| value.is_string() || value.is_null());
    let has = |name: &str| error.get(name).is_some();
    body.r#type.is_null()
        && is_text("message")
        && is_text("type")
        && (has("code") || has("param"))
        && is_text_or_null("code")
        && is_text_or_null("param")
        && !has("status")
}

fn words(body: &[u8]) -> Words {
    let body = serde_json::from_slice::<Body>(body).unwrap_or_default();
    let error = &body.error;
    let text = |name: &str| match error.get(name) {
        Some(Value::String(text)) => Some(redact(text)),
        Some(Value::Number(number)) => Some(number.to_string()),
        _ => None,
    };
    let said = error.as_str().or_else(|| error.get("message")?.as_str()).unwrap_or_default();
    Words {
        is_own: is_own(&body, error),
        message: redact(said),
        lower: said.to_lowercase(),
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
    let label = provider.label();
    if let Some(row) = words.key_row(status) {
        let signal = signal_of(row, || provider.region_in(&words.lower));
        let error = about_the_key(row, said(words, about(row, label)));
        return (error.unwrap_or_else(|| about_the_request(status, label, words)), Some(signal));
    }
    (about_the_request(status, label, words), None)
}

/// Relay's words for an answer about the key that has none.
fn about(row: &KeyRow, label: &str) -> String {
    match row.signal {
        KeySignal::NoCredit | KeySignal::SpendLimit => format!("this user's {label} account has no credit left"),
        KeySignal::Disabled => format!("this user's {label} account is disabled"),
        KeySignal::Restricted => format!("this user's {label} key may not do this"),
        KeySignal::IpNotAllowed => format!("this user's {label} account does not allow Relay's IP address"),
        KeySignal::NeedsOrganization => format!("{label} wants another organization id with this user's key"),
        KeySignal::NeedsProject => format!("{label} wants another project id with this user's key"),
        KeySignal::WrongRegion(_) => format!("this user's {label} key works at a regional host only"),
        _ => format!("{label} refuses this user's key; ask the user to connect a new one"),
    }
}

/// What an answer that says nothing about the key is about.
fn about_the_request(status: u16, label: &str, words: &Words) -> RelayError {
    let own = |code: Code, fallback: String| RelayError::from_answer(code, said(words, fallback));
    match status {
        _ if !words.is_own && is_about_access(status) => from_between(label, status),
        401 | 403 if words.code == "unsupported_country_region_territory" => {
            own(Code::UnsupportedRegion, format!("{label} does not serve this region"))
        }
        401 | 403 if words.is_about_a_model() => {
            let fallback = format!("this user's {label} account has no access to this model");
            own(Code::ModelNotFound, fallback).with_param("model")
        }
        401 | 403 => {
            own(Code::ProviderPermissionDenied, format!("{label} does not allow this user's account to do this"))
        }
        404 if words.code == "model_not_found" || words.code.is_empty() && words.message.contains("model") => {
            own(Code::ModelNotFound, format!("{label} does not know this model")).with_param("model")
        }
        404 => passed(label, Class::NotFound, words),
        408 | 504 => own(Code::UpstreamTimeout, format!("{label} did not answer in time")),
        413 => own(Code::RequestTooLarge, format!("the request is too large for {label}")),
        429 => rate_limited(label, words),
        400..=499 => passed(label, if status == 400 { Class::InvalidRequest } else { Class::Provider(status) }, words),
        500 => own(Code::UpstreamError, format!("{label} failed; try again")).with_class(Class::Internal),
        503 => own(Code::UpstreamOverloaded, format!("{label} is overloaded; try again later")),
        _ => RelayError::unusable_answer(format!("{label} returned an answer that could not be read")),
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

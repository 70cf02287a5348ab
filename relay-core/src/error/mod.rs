//! Everything that can go wrong, each with a stable code.
//!
//! A [`RelayError`] has a [`Code`] to branch on, a [`Class`] that gives the HTTP status, and the four members of
//! OpenAI's error body. Each situation has its own constructor; no error is made from a bare text.

mod access;
mod blame;
mod caller;
mod class;
mod code;
mod disclosure;
pub(crate) mod error_type;
mod provider_key;
mod registration;
mod server;
mod source;
mod upstream;

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

use serde::Serialize;

use crate::domain::Provider;
use crate::domain::secret::ProviderKey;

pub use class::Class;
pub use code::Code;
pub use disclosure::{Disclosure, PaidBy, RetryAfter};
pub use source::chain;

/// The longest `retry-after` that OpenAI's JavaScript client honours, in seconds. It ignores a longer one and retries
/// at once.
const MAX_RETRY_AFTER: u64 = 60;

/// A failed call, ready to be sent in OpenAI's shape.
///
/// The message is safe to show: provider texts in it are shortened and keys masked. The cause, such as a database
/// error, is only in [`source`](Error::source), for the log.
pub struct RelayError(Box<Inner>);

struct Inner {
    class: Class,
    error_type: Cow<'static, str>,
    code: AnyCode,
    param: Option<Cow<'static, str>>,
    message: Cow<'static, str>,
    provider: Option<Provider>,
    tries_left: Option<u32>,
    reason: Option<&'static str>,
    cause: Option<&'static str>,
    disclosure: Disclosure,
    retry: Option<bool>,
    source: Option<source::Source>,
}

/// The code of an error: Relay's own, a provider's, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
enum AnyCode {
    Relay(Code),
    Provider(String),
    None,
}

impl AnyCode {
    /// The code that a provider sent. A code that Relay has too, in the same class, becomes Relay's.
    fn of_provider(class: Class, text: &str) -> Self {
        match Code::from_name(text).filter(|code| code.classes().contains(&class)) {
            _ if text.is_empty() => Self::None,
            Some(code) => Self::Relay(code),
            None => Self::Provider(text.to_owned()),
        }
    }

    fn as_str(&self) -> Option<&str> {
        match self {
            Self::Relay(code) => Some(code.as_str()),
            Self::Provider(text) => Some(text),
            Self::None => None,
        }
    }
}

/// Construction. The constructors for each situation are in the files beside this one.
impl RelayError {
    /// An error with this code, of its usual class.
    fn coded(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        let error = Self::new(code.class(), AnyCode::Relay(code), message);
        if code == Code::InsufficientQuota { error.with_type(error_type::INSUFFICIENT_QUOTA) } else { error }
    }

    fn new(class: Class, code: AnyCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            class,
            code,
            error_type: error_type::usual(class).into(),
            param: None,
            message: message.into(),
            provider: None,
            tries_left: None,
            reason: None,
            cause: None,
            disclosure: Disclosure::default(),
            retry: None,
            source: None,
        }))
    }

    /// Names the invalid member of the request, as a path: `messages[2].content[0].image_url.url`.
    #[must_use]
    pub(crate) fn with_param(mut self, param: impl Into<Cow<'static, str>>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Sets another class of [`Code::classes`], and the default type of that class.
    #[must_use]
    pub(crate) fn with_class(mut self, class: Class) -> Self {
        self.0.class = class;
        self.0.error_type = error_type::usual(class).into();
        self
    }

    /// Replaces `type`.
    #[must_use]
    pub(crate) fn with_type(mut self, error_type: impl Into<Cow<'static, str>>) -> Self {
        self.0.error_type = error_type.into();
        self
    }

    /// Names the provider in `error.provider`, so that an app can open the widget for it.
    #[must_use]
    pub fn with_provider(mut self, provider: Provider) -> Self {
        self.0.provider = Some(provider);
        self
    }

    /// Sets `error.reason`: a stable word that tells situations with one code apart.
    #[must_use]
    pub(crate) fn with_reason(mut self, reason: Option<&'static str>) -> Self {
        self.0.reason = reason;
        self
    }

    /// Sets the stable word for what went wrong between Relay and the provider. For the log.
    #[must_use]
    pub(crate) fn with_cause(mut self, cause: &'static str) -> Self {
        self.0.cause = Some(cause);
        self
    }

    /// Adds what is known about the call. A field set in both takes the value of `more`.
    #[must_use]
    pub fn with_disclosure(mut self, more: Disclosure) -> Self {
        self.0.disclosure.extend(more);
        self
    }

    /// Sets how long to wait before the request is sent again.
    #[must_use]
    pub(crate) fn with_retry_after(mut self, wait: RetryAfter) -> Self {
        self.0.disclosure.retry_after = Some(wait);
        self
    }

    /// Sets `x-should-retry`: whether the same request can succeed later. Without it, the class decides.
    #[must_use]
    pub(crate) fn with_retry(mut self, retry: bool) -> Self {
        self.0.retry = Some(retry);
        self
    }

    /// Keeps the cause for the log. It is never shown to a caller.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Removes a key from every text that a provider may have repeated it in, including the causes.
    #[must_use]
    pub(crate) fn without(mut self, key: &ProviderKey) -> Self {
        let Inner { error_type, code, param, message, disclosure, source, .. } = &mut *self.0;
        for text in [Some(error_type), param.as_mut(), Some(message)].into_iter().flatten() {
            if let Some(clean) = key.taken_out_of(text) {
                *text = clean.into();
            }
        }
        if let AnyCode::Provider(code) = code
            && let Some(clean) = key.taken_out_of(code)
        {
            *code = clean;
        }
        disclosure.hide(key);
        *source = source.take().map(|source| source::without(source, key));
        self
    }
}

/// Accessors and the body.
impl RelayError {
    /// The kind of failure, which determines the HTTP status.
    pub fn class(&self) -> Class {
        self.0.class
    }

    /// The text of `error.code`: Relay's own code, or the provider's when it refused the request for a reason that
    /// Relay does not know. Empty when the provider sent none.
    pub fn code(&self) -> &str {
        self.0.code.as_str().unwrap_or_default()
    }

    /// The code, if it is one of Relay's own.
    pub fn relay_code(&self) -> Option<Code> {
        match self.0.code {
            AnyCode::Relay(code) => Some(code),
            AnyCode::Provider(_) | AnyCode::None => None,
        }
    }

    /// OpenAI's `error.type`.
    pub fn error_type(&self) -> &str {
        &self.0.error_type
    }

    /// The path of the invalid member of the request.
    pub fn param(&self) -> Option<&str> {
        self.0.param.as_deref()
    }

    /// The text of `error.message`, for people.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The provider whose key or service the error concerns.
    pub fn provider(&self) -> Option<Provider> {
        self.0.provider
    }

    /// How many more keys the provider may refuse before the registration token expires.
    pub fn tries_left(&self) -> Option<u32> {
        self.0.tries_left
    }

    /// A stable word that tells situations with one code apart, such as `expired` with `provider_key_invalid`;
    /// `docs/errors.md` lists them.
    pub fn reason(&self) -> Option<&'static str> {
        self.0.reason
    }

    /// A stable word for what went wrong between Relay and the provider, such as `dns`; `None` for another error.
    pub fn cause(&self) -> Option<&'static str> {
        self.0.cause
    }

    /// What is known about the call: whose key was used, how long to wait, and the provider's rate limits.
    pub fn disclosure(&self) -> &Disclosure {
        &self.0.disclosure
    }

    /// The value of `x-should-retry`, or `None` to let the status decide.
    ///
    /// OpenAI's clients retry 408, 409, 429 and 5xx unless this header is `false`. It is `false` for an invalid request
    /// and for every error that only a person can fix.
    pub fn should_retry(&self) -> Option<bool> {
        let is_final = match self.0.class {
            Class::InvalidRequest
            | Class::Unauthenticated
            | Class::Forbidden
            | Class::NotFound
            | Class::MethodNotAllowed
            | Class::Gone
            | Class::TooLarge
            | Class::UriTooLong
            | Class::UnsupportedMediaType
            | Class::Unprocessable
            | Class::HeadersTooLarge
            | Class::NotImplemented => true,
            Class::RateLimited if self.error_type() == error_type::INSUFFICIENT_QUOTA => true,
            _ => self.disclosure().retry_after.as_ref().and_then(RetryAfter::as_seconds) > Some(MAX_RETRY_AFTER),
        };
        self.0.retry.or(is_final.then_some(false))
    }

    /// The JSON body: `{"error":{"message","type","param","code"}}`, with `provider`, `reason` and `triesLeft` if they are set.
    pub fn to_body(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Body<'a> {
            error: Shown<'a>,
        }
        #[derive(Serialize)]
        struct Shown<'a> {
            message: &'a str,
            r#type: &'a str,
            param: Option<&'a str>,
            code: Option<&'a str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            provider: Option<&'static str>,
            #[serde(skip_serializing_if = "Option::is_none")]
            reason: Option<&'static str>,
            #[serde(rename = "triesLeft", skip_serializing_if = "Option::is_none")]
            tries_left: Option<u32>,
        }
        let body = Body {
            error: Shown {
                message: &self.0.message,
                r#type: &self.0.error_type,
                param: self.0.param.as_deref(),
                code: self.0.code.as_str(),
                provider: self.0.provider.map(Provider::name),
                // Other codes say it themselves.
                reason: self.0.reason.filter(|_| {
                    matches!(self.relay_code(), Some(Code::ProviderKeyInvalid | Code::KeyRefusedByProvider))
                }),
                tries_left: self.0.tries_left,
            },
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl fmt::Display for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

/// Shows causes as text only, with keys already removed.
impl fmt::Debug for RelayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RelayError")
            .field("class", &self.0.class)
            .field("code", &self.0.code.as_str())
            .field("param", &self.0.param)
            .field("message", &self.0.message)
            .field("source", &self.source().map(chain))
            .finish()
    }
}

impl Error for RelayError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_that_only_a_person_can_fix_are_not_retried() {
        assert_eq!(RelayError::invalid_value("n", "no").should_retry(), Some(false));
        assert_eq!(RelayError::request_too_large(1).should_retry(), Some(false));
        assert_eq!(RelayError::overloaded().should_retry(), None);
        assert_eq!(RelayError::too_many_refusals(60).should_retry(), None);
        assert_eq!(RelayError::too_many_refusals(61).should_retry(), Some(false));
        assert_eq!(RelayError::too_many_refusals(61).with_retry(true).should_retry(), Some(true));
    }
}

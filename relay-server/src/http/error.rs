//! From a failure to its HTTP answer.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use relay_core::{Class, RelayError};

use crate::http::headers;

/// A wait that OpenAI's JavaScript client does not honour: it would retry at once instead.
const LONGEST_RETRY_AFTER_SECONDS: u64 = 60;

/// A failure on its way to the client.
pub(crate) struct ApiError(RelayError);

impl ApiError {
    /// The failure itself.
    pub(crate) fn inner(&self) -> &RelayError {
        &self.0
    }
}

impl From<RelayError> for ApiError {
    fn from(error: RelayError) -> Self {
        Self(error)
    }
}

/// What a handler returns.
pub(crate) type ApiResult = Result<HttpResponse, ApiError>;

/// The error for a bug in Relay itself. The log has the details.
pub(crate) fn internal() -> RelayError {
    RelayError::new(Class::Internal, "internal_error", "Relay failed; its log has more under this request's id")
}

/// The status that this class of failure is answered with.
fn status(class: Class) -> StatusCode {
    StatusCode::from_u16(class.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The answer to a failure: OpenAI's shape, `x-should-retry`, and the headers that the failure brings.
pub(crate) fn response(error: &RelayError) -> HttpResponse {
    let mut response = HttpResponse::with_body(status(error.class()), BoxBody::new(error.to_body()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    put(headers, error.headers());
    if let Some(retry) = should_retry(error) {
        let value = HeaderValue::from_static(if retry { "true" } else { "false" });
        headers.insert(headers::SHOULD_RETRY.clone(), value);
    }
    response
}

/// Adds headers that the core named. A value that no header can carry is left out.
pub(crate) fn put(headers: &mut HeaderMap, named: &[(&'static str, String)]) {
    for (name, value) in named {
        if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Whether the same request can succeed later. What is wrong with the request itself never does.
fn should_retry(error: &RelayError) -> Option<bool> {
    let too_long = |(name, value): &(&str, String)| {
        *name == "retry-after" && value.parse().is_ok_and(|seconds: u64| seconds > LONGEST_RETRY_AFTER_SECONDS)
    };
    error.should_retry().or(match error.class() {
        Class::InvalidRequest
        | Class::MethodNotAllowed
        | Class::TooLarge
        | Class::UnsupportedMediaType
        | Class::HeadersTooLarge => Some(false),
        _ if error.headers().iter().any(too_long) => Some(false),
        _ => None,
    })
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        status(self.0.class())
    }

    fn error_response(&self) -> HttpResponse {
        response(&self.0)
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_person_can_mend_is_not_retried() {
        let retry = |error: RelayError| {
            response(&error).headers().get("x-should-retry").map(|value| value.to_str().unwrap().to_owned())
        };
        assert_eq!(retry(RelayError::invalid_value("n", "no")).as_deref(), Some("false"));
        assert_eq!(retry(RelayError::new(Class::TooLarge, "request_too_large", "no")).as_deref(), Some("false"));
        assert_eq!(retry(RelayError::new(Class::Unavailable, "overloaded", "no")), None);
        let limited = |seconds: &str| {
            RelayError::new(Class::RateLimited, "rate_limit_exceeded", "wait").with_header("retry-after", seconds)
        };
        assert_eq!(retry(limited("60")), None);
        assert_eq!(retry(limited("61")).as_deref(), Some("false"));
        assert_eq!(retry(limited("61").with_retry(true)).as_deref(), Some("true"));
    }
}

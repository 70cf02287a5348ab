//! Turns an error into an HTTP response.

use std::error::Error as _;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use relay_core::error::chain;
use relay_core::{Class, RelayError};

use crate::http::{disclosure, headers};

/// An error that is returned to the client.
pub(crate) struct ApiError(RelayError);

impl ApiError {
    /// The error itself.
    pub(crate) fn inner(&self) -> &RelayError {
        &self.0
    }
}

impl From<RelayError> for ApiError {
    fn from(error: RelayError) -> Self {
        Self(error)
    }
}

/// The result of a handler.
pub(crate) type ApiResult = Result<HttpResponse, ApiError>;

/// The whole chain of an error's causes, and the stable word for what went wrong on the way to a provider; `None` for an error
/// that has neither.
pub(crate) fn cause_of(error: &RelayError) -> Option<(String, Option<&'static str>)> {
    match (error.source(), error.cause()) {
        (Some(source), word) => Some((chain(source), word)),
        (None, Some(word)) => Some((error.message().to_owned(), Some(word))),
        (None, None) => None,
    }
}

/// The HTTP status of this class of errors.
fn status(class: Class) -> StatusCode {
    StatusCode::from_u16(class.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The response to an error: OpenAI's shape, `x-should-retry`, and the headers of the error's disclosure.
pub(crate) fn response(error: &RelayError) -> HttpResponse {
    let mut response = HttpResponse::with_body(status(error.class()), BoxBody::new(error.to_body()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    disclosure::put(headers, error.disclosure());
    if let Some(retry) = error.should_retry() {
        let value = HeaderValue::from_static(if retry { "true" } else { "false" });
        headers.insert(headers::SHOULD_RETRY.clone(), value);
    }
    response
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

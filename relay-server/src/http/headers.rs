//! Header names of our own, parsed once.

use actix_web::http::header::HeaderName;

pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) static RELAY_REQUEST_ID: HeaderName = HeaderName::from_static("x-relay-request-id");
pub(crate) static CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("x-relay-client-request-id");
pub(crate) static USER: HeaderName = HeaderName::from_static("x-relay-user");
pub(crate) static PAID: HeaderName = HeaderName::from_static("x-relay-paid");
pub(crate) static SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
pub(crate) static ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
pub(crate) static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// The page that one of Relay's own is part of, and speaks for.
pub(crate) static PAGE_ORIGIN: HeaderName = HeaderName::from_static("x-relay-page-origin");
/// Where a request comes from, as the browser says it: no page can set this header.
pub(crate) static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// How often OpenAI's clients have sent this request before.
pub(crate) static RETRY_COUNT: HeaderName = HeaderName::from_static("x-stainless-retry-count");

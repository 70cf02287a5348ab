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
/// The page that embeds one of Relay's own pages, which calls on its behalf.
pub(crate) static PAGE_ORIGIN: HeaderName = HeaderName::from_static("x-relay-page-origin");
/// The browser's statement of where a request comes from. No page can set this header.
pub(crate) static FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// How many times OpenAI's clients have already sent this request.
pub(crate) static RETRY_COUNT: HeaderName = HeaderName::from_static("x-stainless-retry-count");
/// The caller's trace (W3C Trace Context).
pub(crate) static TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
/// The provider key that pays: provider and last four characters.
pub(crate) static KEY: HeaderName = HeaderName::from_static("x-relay-key");
pub(crate) static DROPPED_PARAMS: HeaderName = HeaderName::from_static("x-relay-dropped-params");
pub(crate) static ADJUSTED_PARAMS: HeaderName = HeaderName::from_static("x-relay-adjusted-params");
pub(crate) static USAGE_ESTIMATED: HeaderName = HeaderName::from_static("x-relay-usage-estimated");
pub(crate) static OVERHEAD: HeaderName = HeaderName::from_static("x-relay-overhead-us");
pub(crate) static PROVIDER_REQUEST_ID: HeaderName = HeaderName::from_static("x-relay-provider-request-id");
pub(crate) static RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");

//! Writes a disclosure as response headers. Only this file names them.

use actix_web::http::header::{ALLOW, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use relay_core::Disclosure;

use crate::http::headers;

/// Adds the headers of a disclosure. A value that is not valid in a header is left out.
pub(crate) fn put(to: &mut HeaderMap, disclosure: &Disclosure) {
    let Disclosure { paid_by, dropped_params, adjusted_params, provider_headers, retry_after, .. } = disclosure;
    if let Some(paid_by) = paid_by {
        // ASCII only: some clients, such as Node's fetch, read header values as Latin-1.
        let key = format!("{}/...{}", paid_by.provider, paid_by.last4);
        insert(to, &headers::KEY, &key);
    }
    if !dropped_params.is_empty() {
        insert(to, &headers::DROPPED_PARAMS, &dropped_params.join(","));
    }
    if !adjusted_params.is_empty() {
        insert(to, &headers::ADJUSTED_PARAMS, &adjusted_params.join(","));
    }
    if disclosure.usage_estimated {
        to.insert(headers::USAGE_ESTIMATED.clone(), HeaderValue::from_static("true"));
    }
    if let Some(micros) = disclosure.overhead_micros {
        to.insert(headers::OVERHEAD.clone(), HeaderValue::from(micros));
    }
    if let Some(id) = &disclosure.provider_request_id {
        insert(to, &headers::PROVIDER_REQUEST_ID, id);
    }
    for (name, value) in provider_headers {
        insert(to, &HeaderName::from_static(name), value);
    }
    if let Some(seconds) = retry_after.as_ref().and_then(|wait| wait.seconds.as_deref()) {
        insert(to, &RETRY_AFTER, seconds);
    }
    if let Some(millis) = retry_after.as_ref().and_then(|wait| wait.millis.as_deref()) {
        insert(to, &headers::RETRY_AFTER_MS, millis);
    }
    if let Some(methods) = disclosure.allowed_methods {
        to.insert(ALLOW, HeaderValue::from_static(methods));
    }
}

fn insert(to: &mut HeaderMap, name: &HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        to.insert(name.clone(), value);
    }
}

#[cfg(test)]
mod tests {
    use relay_core::Provider;
    use relay_core::error::{PaidBy, RetryAfter};

    use super::*;

    #[test]
    fn every_field_that_is_set_becomes_a_header() {
        let mut disclosure = Disclosure::default();
        disclosure.paid_by = Some(PaidBy::new(Provider::ANTHROPIC, "a1b2"));
        disclosure.dropped_params = vec!["seed".to_owned(), "user".to_owned()];
        disclosure.adjusted_params = vec!["max_tokens".to_owned()];
        disclosure.usage_estimated = true;
        disclosure.overhead_micros = Some(250);
        disclosure.provider_request_id = Some("req_1".to_owned());
        disclosure.provider_headers = vec![("x-ratelimit-limit-requests", "50".to_owned())];
        disclosure.retry_after = Some(RetryAfter::from_seconds(7));
        disclosure.allowed_methods = Some("GET, POST");
        let mut headers = HeaderMap::new();
        put(&mut headers, &disclosure);
        let mut shown: Vec<_> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        shown.sort_unstable();
        assert_eq!(
            shown,
            [
                "allow: GET, POST",
                "retry-after: 7",
                "x-ratelimit-limit-requests: 50",
                "x-relay-adjusted-params: max_tokens",
                "x-relay-dropped-params: seed,user",
                "x-relay-key: anthropic/...a1b2",
                "x-relay-overhead-us: 250",
                "x-relay-provider-request-id: req_1",
                "x-relay-usage-estimated: true",
            ]
        );
    }

    #[test]
    fn an_empty_disclosure_adds_no_header() {
        let mut headers = HeaderMap::new();
        put(&mut headers, &Disclosure::default());
        assert!(headers.is_empty());
    }
}

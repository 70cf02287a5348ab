//! Every row of the spec's table of errors (`gemini.md`, 5), its alternatives in rows of their own.

use serde_json::{Value, json};

use super::{context, events, translated};
use crate::domain::ids::Timestamp;
use crate::translation::google::Google;
use crate::translation::tests::failure::{Row, check, row};
use crate::translation::tests::shown_error;
use crate::translation::{Dialect, ErrorResponse};

fn error_body(message: &str) -> Value {
    json!({"error": {"code": 1, "message": message, "status": "UNKNOWN"}})
}

fn reason(reason: &str) -> Value {
    let info =
        json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com"});
    json!({"error": {"message": "m", "status": "UNKNOWN", "details": [info]}})
}

fn quota(message: &str, metric: &str, id: &str) -> Value {
    let violation = json!({"quotaMetric": metric, "quotaId": id});
    let failure = json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]});
    json!({"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": [failure]}})
}

pub(crate) fn rows() -> Vec<Row> {
    key_rows().into_iter().chain(quota_rows()).chain(request_rows()).chain(service_rows()).collect()
}

fn key_rows() -> Vec<Row> {
    let denied = |code: &'static str, state: &'static str| (403, "permission_error", code, None, state);
    let invalid = denied("provider_key_invalid", "invalid");
    let mut rows = vec![
        row(400, reason("API_KEY_INVALID"), invalid),
        row(400, error_body("API key not valid. Please pass a valid API key."), invalid),
        row(400, error_body("API key expired. Please renew the API key."), invalid),
        row(401, error_body("m"), invalid),
        row(403, error_body("Your API key was reported as leaked."), denied("provider_key_revoked", "revoked")),
        row(
            403,
            error_body("Method doesn't allow unregistered callers (callers without established identity)."),
            denied("provider_key_invalid", "ok"),
        ),
        row(403, reason("BILLING_DISABLED"), (429, "insufficient_quota", "insufficient_quota", None, "no_credit")),
        row(403, error_body("no"), denied("provider_permission_denied", "ok")),
        row(
            403,
            error_body("Your project has been denied access. Please contact support."),
            denied("provider_account_disabled", "restricted"),
        ),
        row(
            400,
            error_body("User location is not supported for the API use."),
            denied("unsupported_country_region_territory", "ok"),
        ),
    ];
    let of = |names: &[&str], want: (u16, &'static str, &'static str, Option<&'static str>, &'static str)| {
        names.iter().map(|name| row(403, reason(name), want)).collect::<Vec<_>>()
    };
    let wrong = [
        "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        "CREDENTIALS_MISSING",
        "ACCESS_TOKEN_EXPIRED",
        "JWT_TOKEN_INVALID",
        "CREDENTIAL_TYPE_UNSUPPORTED",
        "OVERLOADED_CREDENTIALS",
    ];
    let restricted = [
        "SERVICE_DISABLED",
        "API_KEY_SERVICE_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_ANDROID_APP_BLOCKED",
        "API_KEY_IOS_APP_BLOCKED",
        "CONSUMER_INVALID",
        "USER_PROJECT_DENIED",
    ];
    let elsewhere = ["IAM_PERMISSION_DENIED", "SECURITY_POLICY_VIOLATED"];
    rows.extend(of(&wrong, invalid));
    rows.extend(of(
        &["CONSUMER_SUSPENDED", "GCP_SUSPENDED", "ACCOUNT_STATE_INVALID"],
        denied("provider_key_revoked", "revoked"),
    ));
    rows.extend(of(&restricted, denied("provider_permission_denied", "restricted")));
    rows.extend(of(&elsewhere, denied("provider_permission_denied", "ok")));
    rows
}

fn quota_rows() -> Vec<Row> {
    let spent = (429, "insufficient_quota", "insufficient_quota", None, "no_credit");
    let limited = |kind: &'static str| (429, kind, "rate_limit_exceeded", None, "ok");
    vec![
        row(429, quota("m", "requests", "GenerateRequestsPerDayPerProjectPerModel-FreeTier"), spent),
        row(429, error_body("Your prepayment credits are depleted."), spent),
        row(429, error_body("You have reached your spend cap."), spent),
        row(429, error_body("Quota exceeded, limit: 0"), spent),
        row(429, error_body("Too many requests: suspended for 10 s."), limited("requests")),
        row(429, quota("m", "generate_content_input_token_count", "PerMinute"), limited("tokens")),
        row(429, quota("m", "requests", "InputTokensPerModelPerMinute"), limited("tokens")),
        row(429, quota("m", "requests", "GenerateRequestsPerMinute"), limited("requests")),
        row(429, json!("<html></html>"), limited("requests")),
    ]
}

fn request_rows() -> Vec<Row> {
    let caller = |status: u16, code: &'static str, param| (status, "invalid_request_error", code, param, "ok");
    let lacks = |message: &str, param: &'static str| {
        row(400, error_body(message), caller(400, "unsupported_parameter", Some(param)))
    };
    let field = |field: &str| {
        let bad = json!({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [{"field": field}]});
        json!({"error": {"message": "m", "status": "INVALID_ARGUMENT", "details": [bad]}})
    };
    let cache = Some("extra_body.google.cached_content");
    let order = |message: &str| row(400, error_body(message), caller(400, "invalid_value", Some("messages")));
    vec![
        row(404, error_body("models/x is not found"), caller(404, "model_not_found", Some("model"))),
        row(404, error_body("Requested entity was not found."), caller(404, "not_found", None)),
        row(404, error_body("Not found: cache content metadata 8754."), caller(404, "not_found", cache)),
        row(403, error_body("CachedContent not found (or permission denied)"), caller(404, "not_found", cache)),
        row(
            403,
            error_body("You do not have permission to access the File abc123 or it may not exist."),
            caller(404, "not_found", Some("messages")),
        ),
        row(
            403,
            error_body("You do not have permission to access tuned model tunedModels/x."),
            caller(404, "model_not_found", Some("model")),
        ),
        row(
            400,
            error_body("Function call is missing a thought_signature in functionCall parts."),
            caller(400, "missing_thought_signature", Some("messages")),
        ),
        lacks("Logprobs is not enabled for this model", "logprobs"),
        lacks("Penalty is not enabled for this model", "frequency_penalty"),
        lacks("Multiple candidates is not enabled for this model", "n"),
        lacks("Thinking level MINIMAL is not supported", "reasoning_effort"),
        lacks("This model only works in thinking mode.", "reasoning_effort"),
        lacks("Function calling with a response mime type is unsupported", "response_format"),
        lacks("JSON mode is not enabled for models/gemma-3-27b-it", "response_format"),
        lacks("Function calling is not enabled for models/gemma-3-27b-it", "tools"),
        lacks("Developer instruction is not enabled for models/gemma-3-27b-it", "messages"),
        order("The File abc123 is not in an ACTIVE state and usage is not allowed."),
        order("Cannot fetch content from the provided URL."),
        order("Unsupported MIME type: image/svg+xml"),
        lacks("The schema produces a constraint that has too many states for serving.", "response_format"),
        row(
            400,
            error_body("The input exceeds the maximum number of tokens allowed"),
            caller(400, "context_length_exceeded", Some("messages")),
        ),
        row(
            400,
            error_body("The input token count (5) is too large"),
            caller(400, "context_length_exceeded", Some("messages")),
        ),
        order("Requests ending with a model turn are not supported"),
        order("Please ensure that the request must end with a user role"),
        order("Please ensure that the number of function response parts is equal"),
        order("Please ensure that function call turn comes immediately after a user turn"),
        row(400, field("generation_config.max_output_tokens"), caller(400, "invalid_value", Some("max_tokens"))),
        row(400, field("something.else"), caller(400, "invalid_value", None)),
        row(400, error_body("Request contains an invalid argument."), caller(400, "invalid_value", None)),
        row(413, json!("<html></html>"), caller(413, "invalid_value", None)),
        row(413, error_body("Request payload size exceeds the limit"), caller(413, "invalid_value", None)),
    ]
}

fn service_rows() -> Vec<Row> {
    let server = |status: u16, code: &'static str| (status, "server_error", code, None, "ok");
    let mut rows = vec![
        row(409, error_body("m"), server(502, "upstream_error")),
        row(501, error_body("m"), server(502, "upstream_error")),
        row(499, error_body("m"), server(499, "upstream_cancelled")),
        row(500, error_body("m"), server(500, "upstream_error")),
        row(503, error_body("The model is overloaded."), server(503, "upstream_overloaded")),
        row(504, error_body("m"), server(504, "upstream_timeout")),
        row(502, error_body("m"), server(502, "upstream_error")),
        row(599, error_body("m"), server(502, "upstream_error")),
    ];
    rows.extend(
        [401, 403, 404, 499, 500, 503, 504]
            .map(|status| row(status, json!("<html></html>"), server(502, "upstream_error"))),
    );
    rows
}

#[test]
fn every_row_of_the_table_holds() {
    check(&Google, &rows());
}

/// A late error has no HTTP status: its code, or the name of its status, stands for one.
#[test]
fn an_error_in_a_stream_has_the_status_of_its_name() {
    let request = json!({"model": "gemini-3.8-flash", "stream": true, "messages": [{"role": "user"}]});
    let text = r#"data: {"candidates":[{"content":{"parts":[{"text":"Hi"}]}}],"responseId":"r"}"#;
    for (name, code, ours) in [
        ("INVALID_ARGUMENT", 400, "invalid_value"),
        ("FAILED_PRECONDITION", 400, "invalid_value"),
        ("OUT_OF_RANGE", 400, "invalid_value"),
        ("UNAUTHENTICATED", 401, "provider_key_invalid"),
        ("PERMISSION_DENIED", 403, "provider_permission_denied"),
        ("NOT_FOUND", 404, "not_found"),
        ("ALREADY_EXISTS", 409, "upstream_error"),
        ("ABORTED", 409, "upstream_error"),
        ("RESOURCE_EXHAUSTED", 429, "rate_limit_exceeded"),
        ("CANCELLED", 499, "upstream_cancelled"),
        ("UNKNOWN", 500, "upstream_error"),
        ("INTERNAL", 500, "upstream_error"),
        ("DATA_LOSS", 500, "upstream_error"),
        ("UNIMPLEMENTED", 501, "upstream_error"),
        ("UNAVAILABLE", 503, "upstream_overloaded"),
        ("DEADLINE_EXCEEDED", 504, "upstream_timeout"),
        ("SOMETHING_NEW", 599, "upstream_error"),
    ] {
        let named = json!({"error": {"message": "m", "status": name}});
        let numbered = json!({"error": {"code": code, "message": "m"}});
        for error in [&named, &numbered] {
            for late in [format!("data: {error}\r\n\r\n"), format!("{error:#}\n")] {
                let got = events(&translated([format!("{text}\r\n\r\n{late}").as_bytes()], &context(&request)));
                assert_eq!(got.last().unwrap()["error"]["code"], ours, "{late}");
                assert!(got.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()), "{late}");
            }
        }
    }
}

#[test]
fn a_delay_is_told_where_waiting_helps() {
    let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"});
    let headers = [("retry-after".to_owned(), "9".to_owned())];
    let of = |message: &str, details: Value| {
        let body = json!({"error": {"code": 429, "message": message, "details": details}}).to_string();
        let failure = ErrorResponse { status: 429, headers: &headers, body: body.as_bytes() };
        shown_error(&Google.error(&failure, Timestamp(0)).error)["headers"].clone()
    };
    assert_eq!(of("m", json!([retry])), json!({"retry-after": "35", "retry-after-ms": "34400"}));
    assert_eq!(of("m", json!([])), json!({"retry-after": "9"}));
    assert_eq!(of("limit: 0", json!([retry])), json!({"x-should-retry": "false"}));
}

//! Every row of the spec's table of errors (`anthropic.md`, 4), its alternatives in rows of their own.

use serde_json::{Value, json};

use super::streamed;
use crate::domain::ids::Timestamp;
use crate::error::Disclosure;
use crate::translation::anthropic::Anthropic;
use crate::translation::tests::failure::{Row, check, row};
use crate::translation::tests::support::feed::{Cut, chunks};
use crate::translation::tests::{key_state, plain_context, shown_error};
use crate::translation::{Dialect, ErrorResponse};

const QUOTA: (u16, &str, &str, Option<&str>) = (429, "insufficient_quota", "insufficient_quota", None);

fn error_body(kind: &str, message: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_1"})
}

fn coded(kind: &str, message: &str, code: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": message, "details": {"error_code": code}}})
}

pub(crate) fn rows() -> Vec<Row> {
    account_rows()
        .into_iter()
        .chain(between_rows())
        .chain(forbidden_rows())
        .chain(request_rows())
        .chain(param_rows())
        .collect()
}

/// What is not in Anthropic's format says nothing about the key.
fn between_rows() -> Vec<Row> {
    let between = (502, "server_error", "upstream_error", None, "ok");
    let bodies = [
        json!("<html><body>403 Forbidden cloudflare</body></html>"),
        json!(""),
        json!("Payment Required"),
        json!(null),
        json!({"message": "no"}),
        json!({"error": "forbidden"}),
        json!({"error": {"message": "Your credit balance is too low"}}),
        json!({"error": {"type": "auth_error", "message": "This organization has been disabled"}}),
        json!({"error": {"type": "invalid_request_error", "message": "Incorrect API key provided"}}),
        json!({"type": "error", "error": {"message": "Access denied by proxy"}}),
    ];
    let mut rows: Vec<Row> = [401, 402, 403, 404]
        .into_iter()
        .flat_map(|status| bodies.clone().map(|body| row(status, body, between)))
        .collect();
    let not_allowed = json!({"error": {"type": "forbidden", "message": "Request not allowed"}});
    rows.push(row(403, not_allowed, (403, "permission_error", "provider_permission_denied", None, "ok")));
    // Without the mark, but with a type that Anthropic alone has.
    let bare = json!({"error": {"type": "authentication_error", "message": "invalid x-api-key"}});
    rows.push(row(401, bare, (403, "permission_error", "provider_key_invalid", None, "invalid")));
    rows
}

/// A 403 by what it is about.
fn forbidden_rows() -> Vec<Row> {
    let caller = |status: u16, code: &'static str, param| (status, "invalid_request_error", code, param, "ok");
    let model = caller(404, "model_not_found", Some("model"));
    let file = caller(404, "not_found", Some("messages"));
    let filter = caller(400, "content_filter", None);
    let feature = (403, "permission_error", "provider_permission_denied", None, "ok");
    let key = (403, "permission_error", "provider_permission_denied", None, "restricted");
    [
        ("Your account does not have access to claude-opus-5. Please contact support.", model),
        ("You do not have access to the model claude-mythos-5", model),
        ("This model is not available for your organization", model),
        ("Your API key may not use the model claude-opus-5", model),
        ("You do not have permission to access file file_123", file),
        ("Access to file_011CNha8iCJcU1wXNR6q4V8w is denied", file),
        ("The file belongs to another workspace", file),
        ("Output blocked by content filtering policy", filter),
        ("Your organization does not have access to web search.", feature),
        ("Web search is not enabled for your organization.", feature),
        ("You do not have permission to use the Files API", feature),
        ("Your account is not eligible for the long context beta", feature),
        ("Your API key does not have permission to use the specified resource.", key),
        ("Your organization does not have access to Claude. Please contact your administrator.", key),
        ("OAuth authentication is currently not allowed for this organization.", key),
        ("Requests from your IP address are not enabled", key),
        ("This key is not allowed to use this workspace", key),
    ]
    .map(|(message, want)| row(403, error_body("permission_error", message), want))
    .into()
}

fn account_rows() -> Vec<Row> {
    let invalid = "invalid_request_error";
    let quota = |state: &'static str| (QUOTA.0, QUOTA.1, QUOTA.2, QUOTA.3, state);
    let denied = |code: &'static str, state: &'static str| (403, "permission_error", code, None, state);
    let limit = "You have reached your specified API usage limits. You will regain access on 2026-12-01.";
    let workspace = "This request would exceed your workspace API usage limits.";
    vec![
        row(402, error_body("billing_error", "Payment required"), quota("no_credit")),
        row(400, error_body("billing_error", "no"), quota("no_credit")),
        row(
            400,
            error_body(invalid, "Your credit balance is too low to access the Anthropic API."),
            quota("no_credit"),
        ),
        row(403, error_body("permission_error", "Your credit balance is too low"), quota("no_credit")),
        row(400, error_body(invalid, limit), quota("spend_limit")),
        row(400, error_body(invalid, workspace), quota("spend_limit")),
        row(429, coded("rate_limit_error", "m", "enforced_spend_limit_reached"), quota("spend_limit")),
        row(429, coded("rate_limit_error", "m", "contract_spend_limit_reached"), quota("spend_limit")),
        row(
            400,
            error_body(invalid, "anthropic-workspace-id is required for this key"),
            denied("provider_key_needs_workspace", "needs_workspace"),
        ),
        row(
            404,
            error_body("not_found_error", "Workspace wrkspc_1 not found"),
            denied("provider_key_needs_workspace", "needs_workspace"),
        ),
        row(
            403,
            coded("permission_error", "m", "organization_on_hold"),
            denied("provider_account_disabled", "disabled"),
        ),
        row(
            400,
            error_body(invalid, "This organization has been disabled."),
            denied("provider_account_disabled", "disabled"),
        ),
        row(
            401,
            error_body("authentication_error", "CORS requests are not allowed for this key"),
            (502, "server_error", "upstream_error", None, "ok"),
        ),
        row(401, error_body("authentication_error", "invalid x-api-key"), denied("provider_key_invalid", "invalid")),
        row(401, error_body("authentication_error", "API key expired"), denied("provider_key_invalid", "invalid")),
        row(403, error_body("permission_error", "no"), denied("provider_permission_denied", "restricted")),
        row(403, coded("permission_error", "no", "cmek_key_revoked"), denied("cmek_key_revoked", "restricted")),
    ]
}

fn request_rows() -> Vec<Row> {
    let invalid = "invalid_request_error";
    let caller = |status: u16, code: &'static str, param| (status, invalid, code, param, "ok");
    let server = |status: u16, code: &'static str| (status, "server_error", code, None, "ok");
    let mut rows = vec![
        row(404, error_body("not_found_error", "model: claude-9"), caller(404, "model_not_found", Some("model"))),
        row(404, error_body("not_found_error", "Not found"), caller(404, "not_found", None)),
        row(404, error_body("not_found_error", "File not found: file_123"), caller(404, "not_found", Some("messages"))),
        row(404, coded("not_found_error", "m", "thread_not_found"), caller(404, "thread_not_found", None)),
        row(413, error_body("request_too_large", "Request too large"), caller(413, "request_too_large", None)),
        row(413, json!("<html></html>"), caller(413, "request_too_large", None)),
        row(
            413,
            coded("request_too_large", "m", "request_body_too_large"),
            caller(413, "request_body_too_large", None),
        ),
        row(
            429,
            error_body("rate_limit_error", "This request would exceed your limit of 30,000 input tokens per minute"),
            (429, "tokens", "rate_limit_exceeded", None, "ok"),
        ),
        row(
            429,
            error_body("rate_limit_error", "Too many requests"),
            (429, "requests", "rate_limit_exceeded", None, "ok"),
        ),
        row(429, json!(""), (429, "requests", "rate_limit_exceeded", None, "ok")),
        row(529, error_body("overloaded_error", "Overloaded"), server(503, "upstream_overloaded")),
        row(529, json!("<html></html>"), server(503, "upstream_overloaded")),
        row(504, error_body("timeout_error", "timed out"), server(504, "upstream_timeout")),
        row(500, error_body("api_error", "Internal server error"), server(500, "upstream_error")),
        row(500, coded("api_error", "m", "memory_unavailable"), server(500, "memory_unavailable")),
        row(
            400,
            error_body(invalid, "prompt is too long: 1 > 0"),
            caller(400, "context_length_exceeded", Some("messages")),
        ),
        row(
            413,
            error_body(invalid, "Request size exceeds model context window"),
            caller(400, "context_length_exceeded", Some("messages")),
        ),
        row(400, error_body(invalid, "no"), caller(400, "", None)),
        row(409, error_body("conflict_error", "conflict"), caller(409, "", None)),
        row(422, error_body(invalid, "no"), caller(422, "", None)),
        row(400, coded(invalid, "m", "tool_name_conflict"), caller(400, "tool_name_conflict", None)),
    ];
    rows.extend(
        [501, 502, 503, 505, 520, 521, 522, 523, 524, 525, 526, 527, 528]
            .map(|status| row(status, json!("<html></html>"), server(502, "upstream_error"))),
    );
    rows
}

/// The path that a message begins with, and OpenAI's name for it.
fn param_rows() -> Vec<Row> {
    const PARAMS: &[(&str, Option<&str>)] = &[
        ("max_tokens: too large", Some("max_tokens")),
        ("messages.0.content: empty", Some("messages")),
        ("system: bad", Some("messages")),
        ("tools.0.name: bad", Some("tools")),
        ("tool_choice: bad", Some("tool_choice")),
        ("temperature: bad", Some("temperature")),
        ("top_p: bad", Some("top_p")),
        ("model: bad", Some("model")),
        ("service_tier: bad", Some("service_tier")),
        ("stop_sequences: bad", Some("stop")),
        ("output_config.format: bad", Some("response_format")),
        ("output_config.effort: bad", Some("reasoning_effort")),
        ("thinking.budget_tokens: bad", Some("reasoning_effort")),
        ("\"thinking.type.enabled\" is not supported for this model", Some("reasoning_effort")),
        ("metadata.user_id: bad", Some("user")),
        ("something: bad", None),
        ("no path at all", None),
    ];
    let kind = "invalid_request_error";
    PARAMS.iter().map(|(message, param)| row(400, error_body(kind, message), (400, kind, "", *param, "ok"))).collect()
}

#[test]
fn every_row_of_the_table_holds() {
    check(&Anthropic, &rows());
}

#[test]
fn an_error_in_a_stream_has_the_status_of_its_type() {
    for (kind, want, code, state) in [
        ("invalid_request_error", 400, "", "ok"),
        ("authentication_error", 403, "provider_key_invalid", "invalid"),
        ("billing_error", 429, "insufficient_quota", "no_credit"),
        ("permission_error", 403, "provider_permission_denied", "restricted"),
        ("not_found_error", 404, "not_found", "ok"),
        ("request_too_large", 413, "request_too_large", "ok"),
        ("conflict_error", 409, "", "ok"),
        ("rate_limit_error", 429, "rate_limit_exceeded", "ok"),
        ("api_error", 500, "upstream_error", "ok"),
        ("memory_error", 500, "upstream_error", "ok"),
        ("timeout_error", 504, "upstream_timeout", "ok"),
        ("overloaded_error", 503, "upstream_overloaded", "ok"),
    ] {
        let start = r#"{"type":"message_start","message":{"id":"msg_1","model":"m"}}"#;
        let event = error_body(kind, "m");
        let body = format!("event: message_start\ndata: {start}\n\nevent: error\ndata: {event}\n\n");
        let (text, result) = streamed(&body, Cut::EveryByte, plain_context());
        let fault = result.unwrap_err();
        let got = (fault.error.class().status(), fault.error.code(), key_state(fault.signal));
        assert_eq!(got, (want, code, state), "{kind}");
        let chunks = chunks(&text);
        assert!(chunks.last().unwrap()["error"]["message"].is_string() && chunks.len() == 2, "{text}");
    }
}

#[test]
fn headers_are_passed_on_renamed_and_tenant_data_is_not() {
    let headers = [
        ("retry-after", "17"),
        ("x-should-retry", "true"),
        ("request-id", "req_0123456789"),
        ("anthropic-ratelimit-requests-limit", "50"),
        ("anthropic-ratelimit-requests-remaining", "0"),
        ("anthropic-ratelimit-requests-reset", "2026-11-23T12:00:30Z"),
        ("anthropic-ratelimit-tokens-limit", "9"),
        ("anthropic-ratelimit-tokens-remaining", "8"),
        ("anthropic-ratelimit-tokens-reset", "2026-11-23T13:00:00.5Z"),
        ("anthropic-ratelimit-input-tokens-limit", "1"),
        ("anthropic-ratelimit-output-tokens-reset", "1"),
        ("anthropic-priority-input-tokens-limit", "1"),
        ("anthropic-fast-input-tokens-limit", "1"),
        ("anthropic-organization-id", "org"),
        ("anthropic-workspace-id", "w"),
        ("cf-ray", "x"),
        ("set-cookie", "x"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let now = crate::translation::anthropic::headers::instant("2026-11-23T12:00:00Z").unwrap();
    let of = |status: u16, body: Value| {
        let body = body.to_string();
        let failure = ErrorResponse { status, headers: &headers, body: body.as_bytes() };
        shown_error(&Anthropic.error(&failure, now).error)["headers"].clone()
    };
    let mut want = json!({
        "retry-after": "17", "x-should-retry": "true", "x-relay-provider-request-id": "req_0123456789",
        "x-ratelimit-limit-requests": "50", "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "30s",
        "x-ratelimit-limit-tokens": "9", "x-ratelimit-remaining-tokens": "8", "x-ratelimit-reset-tokens": "1h0m1s",
    });
    assert_eq!(of(429, error_body("rate_limit_error", "m")), want);
    want["x-should-retry"] = json!("false");
    assert_eq!(of(401, error_body("authentication_error", "m")), want);
    want.as_object_mut().unwrap().remove("retry-after");
    assert_eq!(of(402, error_body("billing_error", "m")), want);
}

#[test]
fn a_good_answer_passes_the_same_limits_on() {
    let headers = [("anthropic-ratelimit-requests-limit".to_owned(), "50".to_owned())];
    let mut passed = Disclosure::default();
    Anthropic.disclose(&headers, Timestamp(0), &mut passed);
    assert_eq!(passed.provider_headers, [("x-ratelimit-limit-requests", "50".to_owned())]);
}

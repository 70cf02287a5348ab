//! Anthropic's errors: as it words them, and by name.

use serde_json::{Value, json};

use super::reply::json_reply;
use crate::hash;
use crate::named_errors::{NamedError, PAGE, retry, row};
use crate::reply::Reply;

/// A 400's message, if a rule is not met.
pub(super) type Checked = Result<(), String>;

pub(super) fn request_id(seed: u64) -> String {
    hash::id("req_011", seed, "request", 21)
}

pub(super) fn error(status: u16, kind: &str, message: &str, seed: u64) -> Reply {
    wrapped(status, &json!({"type": kind, "message": message}), seed)
}

pub(super) fn wrapped(status: u16, error: &Value, seed: u64) -> Reply {
    let body = json!({"type": "error", "error": error, "request_id": request_id(seed)});
    json_reply(status, &body)
}

/// A 400.
pub(super) fn invalid(message: &str, seed: u64) -> Reply {
    error(400, "invalid_request_error", message, seed)
}

pub(super) fn error_type(status: u16) -> &'static str {
    match status {
        401 => "authentication_error",
        402 => "billing_error",
        403 => "permission_error",
        404 => "not_found_error",
        413 => "request_too_large",
        429 => "rate_limit_error",
        504 => "timeout_error",
        529 => "overloaded_error",
        500.. => "api_error",
        _ => "invalid_request_error",
    }
}

/// What `{{error=…}}` knows.
pub(crate) const NAMED_ERRORS: &[NamedError] = &[
    row(
        "billing",
        402,
        r#"{"type":"billing_error","message":"There is an issue with your organization's billing. Please check your payment details."}"#,
    ),
    row(
        "no_credit",
        400,
        r#"{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits."}"#,
    ),
    row(
        "spend_limit",
        400,
        r#"{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}"#,
    ),
    row(
        "workspace_spend_limit",
        400,
        r#"{"type":"invalid_request_error","message":"You have reached your specified workspace API usage limits. You will regain access on 2026-12-01 at 00:00 UTC."}"#,
    ),
    row(
        "enforced_spend_limit",
        429,
        r#"{"type":"rate_limit_error","message":"Your organization has reached its enforced spend limit.","details":{"error_code":"enforced_spend_limit_reached"}}"#,
    ),
    row(
        "contract_spend_limit",
        429,
        r#"{"type":"rate_limit_error","message":"Your organization has reached its contract spend limit.","details":{"error_code":"contract_spend_limit_reached"}}"#,
    ),
    row(
        "workspace_required",
        400,
        r#"{"type":"invalid_request_error","message":"anthropic-workspace-id is required when authenticating with an identity-linked API key; send the id of the workspace this request acts in."}"#,
    ),
    row(
        "workspace_invalid",
        400,
        r#"{"type":"invalid_request_error","message":"anthropic-workspace-id: value must be a valid workspace id, like wrkspc_..."}"#,
    ),
    row("workspace_unknown", 404, r#"{"type":"not_found_error","message":"Workspace `wrkspc_01unknown` not found."}"#),
    row(
        "on_hold",
        403,
        r#"{"type":"permission_error","message":"Your organization is on hold. Please contact support.","details":{"error_code":"organization_on_hold"}}"#,
    ),
    row("disabled", 400, r#"{"type":"invalid_request_error","message":"This organization has been disabled."}"#),
    row(
        "cors",
        401,
        r#"{"type":"authentication_error","message":"CORS requests are not allowed for this Organization because of its settings."}"#,
    ),
    row("key_invalid", 401, r#"{"type":"authentication_error","message":"invalid x-api-key"}"#),
    row("key_expired", 401, r#"{"type":"authentication_error","message":"API key has expired."}"#),
    row(
        "permission",
        403,
        r#"{"type":"permission_error","message":"Your API key does not have permission to use the specified resource."}"#,
    ),
    row("model_retired", 404, r#"{"type":"not_found_error","message":"model: claude-3-opus-20240229"}"#),
    row("not_found", 404, r#"{"type":"not_found_error","message":"File not found: file_011unknown"}"#),
    row("too_large", 413, r#"{"type":"request_too_large","message":"Request exceeds the maximum size"}"#),
    row("too_large_html", 413, PAGE),
    retry(
        "rate_limit",
        429,
        r#"{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 50 requests per minute."}"#,
        &[("retry-after", "3"), ("x-should-retry", "true")],
    ),
    retry(
        "token_limit",
        429,
        r#"{"type":"rate_limit_error","message":"This request would exceed your organization's rate limit of 40,000 input tokens per minute."}"#,
        &[("retry-after", "12"), ("x-should-retry", "true")],
    ),
    retry("overloaded", 529, r#"{"type":"overloaded_error","message":"Overloaded"}"#, &[("x-should-retry", "true")]),
    row("timeout", 504, r#"{"type":"timeout_error","message":"Request timed out."}"#),
    row("internal", 500, r#"{"type":"api_error","message":"Internal server error"}"#),
    row("bad_gateway", 502, PAGE),
    row("unavailable", 503, PAGE),
    row("edge", 520, PAGE),
    row(
        "prompt_too_long",
        400,
        r#"{"type":"invalid_request_error","message":"prompt is too long: 213445 tokens > 200000 maximum"}"#,
    ),
    row(
        "tool_name_conflict",
        400,
        r#"{"type":"invalid_request_error","message":"tools.1.name: conflicts with a server tool","details":{"error_code":"tool_name_conflict"}}"#,
    ),
    row(
        "image_too_large",
        400,
        r#"{"type":"invalid_request_error","message":"messages.0.content.0.image.source.base64.data: image dimensions exceed max allowed size: 8000 pixels","details":{"error_code":"image_dimensions_too_large"}}"#,
    ),
    row(
        "param",
        400,
        r#"{"type":"invalid_request_error","message":"stop_sequences: each stop sequence must contain non-whitespace"}"#,
    ),
    row("conflict", 409, r#"{"type":"conflict_error","message":"The resource was changed by another request."}"#),
    row("unprocessable", 422, r#"{"type":"invalid_request_error","message":"The request could not be processed."}"#),
    row(
        "thinking_signature",
        400,
        r#"{"type":"invalid_request_error","message":"messages.1.content.0: Invalid `signature` in `thinking` block"}"#,
    ),
    row(
        "thinking_bound",
        400,
        r#"{"type":"invalid_request_error","message":"Invalid signature in thinking block. The block is bound to a different conversation: the messages before it are not those it was made for."}"#,
    ),
    row(
        "thinking_modified",
        400,
        r#"{"type":"invalid_request_error","message":"messages.1.content.0: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified. These blocks must remain as they were in the original response."}"#,
    ),
];

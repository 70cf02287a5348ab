//! Google's errors: as it words them, and by name.

use serde_json::{Value, json};

use super::refusals::MODEL;
use super::reply::json_reply;
use crate::named_errors::{NamedError, PAGE, row};
use crate::reply::Reply;
use crate::request::Request;

/// A 400's message, if a rule is not met.
pub(super) type Checked = Result<(), String>;

/// Google's front answers a page for what it doesn't know.
pub(super) fn not_found(request: &Request<'_>) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p>The requested URL <code>{}</code> was not \
         found on this server.\n",
        request.path.replace('<', "&lt;")
    );
    Reply::body(404, "text/html; charset=UTF-8", page)
}

pub(super) fn error(status: u16, message: &str) -> Reply {
    json_reply(status, &json!({"error": {"code": status, "message": message, "status": name(status)}}))
}

pub(super) fn detailed(status: u16, message: &str, details: Value) -> Reply {
    json_reply(
        status,
        &json!({"error": {"code": status, "message": message, "status": name(status), "details": details}}),
    )
}

pub(super) fn name(status: u16) -> &'static str {
    match status {
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        500 => "INTERNAL",
        501 => "UNIMPLEMENTED",
        503 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        502.. => "UNKNOWN",
        _ => "INVALID_ARGUMENT",
    }
}

pub(super) fn reason(reason: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"}})
}

pub(super) fn rate_limited() -> Reply {
    let message = "You exceeded your current quota, please check your plan and billing details. Please retry in 16.4s.";
    let violation = json!({"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"});
    let quota = json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]});
    let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "16.4s"});
    detailed(429, message, json!([quota, retry]))
}

pub(super) fn no_model(name: &str, verb: &str) -> Reply {
    error(404, &MODEL.say(&[name, verb]))
}

/// What `{{error=…}}` knows.
pub(crate) const NAMED_ERRORS: &[NamedError] = &[
    row(
        "key_invalid",
        400,
        r#"{"code":400,"message":"API key not valid. Please pass a valid API key.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com","metadata":{"service":"generativelanguage.googleapis.com"}}]}"#,
    ),
    row(
        "key_expired",
        400,
        r#"{"code":400,"message":"API key expired. Please renew the API key.","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "unauthenticated",
        401,
        r#"{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"ACCESS_TOKEN_TYPE_UNSUPPORTED","domain":"googleapis.com"}]}"#,
    ),
    row(
        "leaked",
        403,
        r#"{"code":403,"message":"Your API key was reported as leaked. Please use another API key.","status":"PERMISSION_DENIED"}"#,
    ),
    row(
        "suspended",
        403,
        r#"{"code":403,"message":"Permission denied: Consumer 'projects/1' has been suspended.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"CONSUMER_SUSPENDED","domain":"googleapis.com"}]}"#,
    ),
    row(
        "unregistered",
        403,
        r#"{"code":403,"message":"Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.","status":"PERMISSION_DENIED"}"#,
    ),
    row(
        "billing_disabled",
        403,
        r#"{"code":403,"message":"This API method requires billing to be enabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"BILLING_DISABLED","domain":"googleapis.com"}]}"#,
    ),
    row(
        "service_disabled",
        403,
        r#"{"code":403,"message":"Generative Language API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"SERVICE_DISABLED","domain":"googleapis.com"}]}"#,
    ),
    row(
        "key_blocked",
        403,
        r#"{"code":403,"message":"Requests to this API generativelanguage.googleapis.com method google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent are blocked.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_SERVICE_BLOCKED","domain":"googleapis.com"}]}"#,
    ),
    row(
        "referrer_blocked",
        403,
        r#"{"code":403,"message":"Requests from referer <empty> are blocked.","status":"PERMISSION_DENIED","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_HTTP_REFERRER_BLOCKED","domain":"googleapis.com"}]}"#,
    ),
    row(
        "permission",
        403,
        r#"{"code":403,"message":"The caller does not have permission","status":"PERMISSION_DENIED"}"#,
    ),
    row(
        "location",
        400,
        r#"{"code":400,"message":"User location is not supported for the API use.","status":"FAILED_PRECONDITION"}"#,
    ),
    row(
        "daily_quota",
        429,
        r#"{"code":429,"message":"You exceeded your current quota, please check your plan and billing details.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerDayPerProjectPerModel-FreeTier","quotaValue":"20"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"38s"}]}"#,
    ),
    row(
        "no_credit",
        429,
        r#"{"code":429,"message":"Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project and billing.","status":"RESOURCE_EXHAUSTED"}"#,
    ),
    row(
        "spend_limit",
        429,
        r#"{"code":429,"message":"Your project has exceeded its monthly spending cap. Please go to AI Studio to manage your spend.","status":"RESOURCE_EXHAUSTED"}"#,
    ),
    row(
        "zero_quota",
        429,
        r#"{"code":429,"message":"You exceeded your current quota. Quota exceeded for metric: generate_content_free_tier_requests, limit: 0","status":"RESOURCE_EXHAUSTED"}"#,
    ),
    row(
        "rate_limit",
        429,
        r#"{"code":429,"message":"You exceeded your current quota, please check your plan and billing details. Please retry in 2.6s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_requests","quotaId":"GenerateRequestsPerMinutePerProjectPerModel-FreeTier","quotaValue":"10"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"2.6s"}]}"#,
    ),
    row(
        "token_limit",
        429,
        r#"{"code":429,"message":"You exceeded your current quota. Please retry in 12s.","status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[{"quotaMetric":"generativelanguage.googleapis.com/generate_content_free_tier_input_token_count","quotaId":"GenerateContentInputTokensPerModelPerMinute-FreeTier","quotaValue":"250000"}]},{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"12s"}]}"#,
    ),
    row(
        "model_retired",
        404,
        r#"{"code":404,"message":"models/gemini-1.5-pro is not found for API version v1beta, or is not supported for generateContent. Call ListModels to see the list of available models and their supported methods.","status":"NOT_FOUND"}"#,
    ),
    row(
        "missing_signature",
        400,
        r#"{"code":400,"message":"Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, and missing thought_signature may lead to degraded model performance.","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "logprobs",
        400,
        r#"{"code":400,"message":"Logprobs is not enabled for models/gemini-3.6-flash","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "penalty",
        400,
        r#"{"code":400,"message":"Penalty is not enabled for models/gemini-3.6-flash","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "candidates",
        400,
        r#"{"code":400,"message":"Multiple candidates is not enabled for this model","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "thinking_level",
        400,
        r#"{"code":400,"message":"Thinking level MINIMAL is not supported for this model. Please retry with other thinking level.","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "mime_type",
        400,
        r#"{"code":400,"message":"Function calling with a response mime type: 'application/json' is unsupported","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "schema_too_big",
        400,
        r#"{"code":400,"message":"The specified schema produces a constraint that has too many states for serving.","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "prompt_too_long",
        400,
        r#"{"code":400,"message":"The input token count (1213445) exceeds the maximum number of tokens allowed (1048576).","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "model_turn",
        400,
        r#"{"code":400,"message":"Requests ending with a model turn are not supported by this model. Please end with a user role.","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "response_count",
        400,
        r#"{"code":400,"message":"Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.","status":"INVALID_ARGUMENT"}"#,
    ),
    row(
        "param",
        400,
        r#"{"code":400,"message":"Invalid value at 'generation_config.max_output_tokens' (TYPE_INT32), \"many\"","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"generation_config.max_output_tokens","description":"Invalid value"}]}]}"#,
    ),
    row(
        "too_large",
        413,
        r#"{"code":413,"message":"Request payload size exceeds the limit: 20971520 bytes.","status":"INVALID_ARGUMENT"}"#,
    ),
    row("aborted", 409, r#"{"code":409,"message":"The operation was aborted.","status":"ABORTED"}"#),
    row(
        "unimplemented",
        501,
        r#"{"code":501,"message":"Operation is not implemented, or supported, or enabled.","status":"UNIMPLEMENTED"}"#,
    ),
    row("cancelled", 499, r#"{"code":499,"message":"The operation was cancelled.","status":"CANCELLED"}"#),
    row(
        "internal",
        500,
        r#"{"code":500,"message":"An internal error has occurred. Please retry or report in https://developers.generativeai.google/guide/troubleshooting","status":"INTERNAL"}"#,
    ),
    row(
        "overloaded",
        503,
        r#"{"code":503,"message":"The model is overloaded. Please try again later.","status":"UNAVAILABLE"}"#,
    ),
    row(
        "timeout",
        504,
        r#"{"code":504,"message":"Deadline expired before operation could complete.","status":"DEADLINE_EXCEEDED"}"#,
    ),
    row("bad_gateway", 502, PAGE),
];

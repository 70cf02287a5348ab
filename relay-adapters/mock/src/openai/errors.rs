//! OpenAI's errors: as it words them, and by name.

use serde_json::json;

use super::refusals::{MODEL, UNKNOWN_MEMBER};
use super::reply::json_reply;
use crate::named_errors::{NamedError, PAGE, retry, row};
use crate::reply::Reply;

pub(super) type Marks = (&'static str, Option<&'static str>, Option<&'static str>);
pub(super) const PLAIN: Marks = ("invalid_request_error", None, None);

/// An error body; `marks` are type, param and code.
pub(super) fn error(status: u16, message: &str, (kind, param, code): Marks) -> Reply {
    json_reply(status, &json!({"error": {"message": message, "type": kind, "param": param, "code": code}}))
}

/// A 400 without param and code.
pub(super) fn bad(message: &str) -> Reply {
    error(400, message, PLAIN)
}

/// A 400 about a parameter.
pub(super) fn bad_param(param: &str, code: Option<&str>, message: &str) -> Reply {
    json_reply(
        400,
        &json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}),
    )
}

pub(super) fn unknown_parameter(name: &str) -> Reply {
    bad_param(name, Some("unknown_parameter"), &UNKNOWN_MEMBER.say(&[name]))
}

pub(super) fn no_model(name: &str) -> Reply {
    error(404, &MODEL.say(&[name]), ("invalid_request_error", None, Some("model_not_found")))
}

pub(super) fn rate_limited() -> Reply {
    let message = "Rate limit reached for requests in organization org-mock on requests per min (RPM): Limit 3, Used 3, \
                   Requested 1. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more.";
    error(429, message, ("requests", None, Some("rate_limit_exceeded")))
        .header("retry-after", "20")
        .header("retry-after-ms", "20000")
        .header("x-ratelimit-limit-tokens", "40000")
        .header("x-ratelimit-remaining-tokens", "39000")
}

pub(super) fn of_status(status: u16) -> Reply {
    let message = format!("The mock was asked for status {status}.");
    let kind = match status {
        429 => "requests",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    error(status, &message, (kind, None, (status == 429).then_some("rate_limit_exceeded")))
}

/// What `{{error=…}}` knows.
pub(crate) const NAMED_ERRORS: &[NamedError] = &[
    row(
        "key_invalid",
        401,
        r#"{"message":"Incorrect API key provided: sk-mock-****ana1. You can find your API key at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"invalid_api_key"}"#,
    ),
    row(
        "disabled",
        401,
        r#"{"message":"The OpenAI account associated with this API key has been deactivated.","type":"invalid_request_error","param":null,"code":"account_deactivated"}"#,
    ),
    row(
        "key_expired",
        401,
        r#"{"message":"Your API key has expired. Create a new one at https://platform.openai.com/account/api-keys.","type":"invalid_request_error","param":null,"code":"expired_api_key"}"#,
    ),
    row(
        "incorrect_hostname",
        401,
        r#"{"message":"Attempted to access resource with incorrect regional hostname. Please make your request to eu.api.openai.com","type":"invalid_request_error","param":null,"code":"incorrect_hostname"}"#,
    ),
    row(
        "ip_not_authorized",
        401,
        r#"{"message":"Your IP is not authorized to access this resource. Check the IP allowlist of your organization or project.","type":"invalid_request_error","param":null,"code":"ip_not_authorized"}"#,
    ),
    row(
        "mismatched_organization",
        401,
        r#"{"message":"OpenAI-Organization header should match organization for API key","type":"invalid_request_error","param":null,"code":"mismatched_organization"}"#,
    ),
    row(
        "mismatched_project",
        401,
        r#"{"message":"OpenAI-Project header should match project for API key","type":"invalid_request_error","param":null,"code":"mismatched_project"}"#,
    ),
    row(
        "project_archived",
        401,
        r#"{"message":"The project you are requesting has been archived and is no longer accessible.","type":"invalid_request_error","param":null,"code":null}"#,
    ),
    row(
        "permission",
        403,
        r#"{"message":"You have insufficient permissions for this operation. Missing scopes: model.request.","type":"invalid_request_error","param":null,"code":"missing_scope"}"#,
    ),
    row(
        "location",
        403,
        r#"{"message":"Country, region, or territory not supported","type":"request_forbidden","param":null,"code":"unsupported_country_region_territory"}"#,
    ),
    row(
        "model_retired",
        404,
        r#"{"message":"The model `gpt-3` has been deprecated, learn more here: https://platform.openai.com/docs/deprecations","type":"invalid_request_error","param":null,"code":"model_not_found"}"#,
    ),
    row(
        "no_credit",
        429,
        r#"{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","param":null,"code":"insufficient_quota"}"#,
    ),
    row(
        "spend_limit",
        429,
        r#"{"message":"Billing hard limit has been reached.","type":"insufficient_quota","param":null,"code":"billing_hard_limit_reached"}"#,
    ),
    retry(
        "rate_limit",
        429,
        r#"{"message":"Rate limit reached for requests. Please try again in 3s.","type":"requests","param":null,"code":"rate_limit_exceeded"}"#,
        &[("retry-after", "3"), ("retry-after-ms", "2600")],
    ),
    retry(
        "token_limit",
        429,
        r#"{"message":"Rate limit reached for tokens per min (TPM). Please try again in 12s.","type":"tokens","param":null,"code":"rate_limit_exceeded"}"#,
        &[("retry-after", "12")],
    ),
    row(
        "prompt_too_long",
        400,
        r#"{"message":"This model's maximum context length is 128000 tokens. However, your messages resulted in 213445 tokens.","type":"invalid_request_error","param":"messages","code":"context_length_exceeded"}"#,
    ),
    row(
        "content_policy",
        400,
        r#"{"message":"Your request was rejected as a result of our safety system.","type":"invalid_request_error","param":null,"code":"content_policy_violation"}"#,
    ),
    row(
        "internal",
        500,
        r#"{"message":"The server had an error while processing your request. Sorry about that!","type":"server_error","param":null,"code":null}"#,
    ),
    row("bad_gateway", 502, PAGE),
    row(
        "overloaded",
        503,
        r#"{"message":"The server is currently overloaded with other requests. Sorry about that!","type":"server_error","param":null,"code":null}"#,
    ),
];

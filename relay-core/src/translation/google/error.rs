//! Google's errors: a status and a body, an object inside a stream, or bare lines behind one.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::wire::Few;
use crate::domain::provider::Format;
use crate::domain::{KeyAnswer, KeyRow, KeySignal};
use crate::error::{Class, Code, RelayError, RetryAfter, error_type};
use crate::translation::failure::{about_the_key, is_about_access};
use crate::translation::{ErrorResponse, ProviderError, redact};

/// What a row of the table looks at.
#[derive(Debug)]
struct Seen {
    status: u16,
    /// The name of the status.
    kind: String,
    /// The message, in lower case.
    text: String,
    /// `ErrorInfo.reason`.
    reason: String,
    /// Names of the quotas that are exhausted.
    quotas: String,
    /// Whether the body could be read.
    readable: bool,
    /// Whether it has the format of Google's errors. What a proxy says is not about the key, the model or a file.
    is_own: bool,
}

impl Seen {
    fn says(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.text.contains(phrase))
    }

    /// The row about the key that this answer is.
    fn key_row(&self) -> Option<&'static KeyRow> {
        let message = format!("{} {}", self.text, self.quotas.to_ascii_lowercase());
        let Self { status, kind, reason: code, .. } = self;
        KeyRow::find(Format::Google, &KeyAnswer { status: *status, kind, code, message: &message })
            .filter(|_| self.is_own)
    }
}

/// A row: when it holds, and what the caller sees.
struct Row {
    when: fn(&Seen) -> bool,
    code: Code,
    /// Where it is not the code's usual one.
    class: Option<Class>,
    /// Where it is not the usual one of the class.
    error_type: Option<&'static str>,
    param: Option<&'static str>,
    /// Relay's own words before Google's.
    words: &'static str,
}

/// A row without `param`.
const fn row(when: fn(&Seen) -> bool, code: Code, words: &'static str) -> Row {
    Row { when, code, class: None, error_type: None, param: None, words }
}

impl Row {
    const fn of_class(self, class: Class) -> Self {
        Self { class: Some(class), ..self }
    }

    const fn of_type(self, error_type: &'static str) -> Self {
        Self { error_type: Some(error_type), ..self }
    }

    const fn at(self, param: &'static str) -> Self {
        Self { param: Some(param), ..self }
    }
}

/// Relay's words before Google's, for an answer about the key.
fn about(row: &KeyRow) -> &'static str {
    match row.signal {
        KeySignal::NoCredit | KeySignal::SpendLimit => NO_QUOTA,
        KeySignal::Revoked => {
            "Google withdrew the user's API key; the user must create a new one in AI Studio and connect it"
        }
        _ if row.reason.is_some_and(|reason| reason == "account_disabled") => {
            "Google does not serve the user's account"
        }
        KeySignal::Restricted => {
            "the user's Google API key may not do this; the user must allow it the Gemini API, without referrer, app or IP \
             restrictions"
        }
        _ => KEY_REFUSED,
    }
}

const KEY_REFUSED: &str =
    "Google refused the user's API key; the user must create a new one in AI Studio and connect it";
const NO_QUOTA: &str = "the user's Google account has no quota or credit left for this";
const UNREADABLE: &str = "Gemini returned an answer that could not be read";
const UNSUPPORTED: &str = "this Gemini model does not support a member of the request";

/// A 400 that says this names a member that the model lacks.
const fn lacks(when: fn(&Seen) -> bool, param: &'static str) -> Row {
    row(when, Code::UnsupportedParameter, UNSUPPORTED).at(param)
}

/// What the words of a 403 or 404 are about. Google has no code for it.
const CACHES: &[&str] = &["cache content", "cachedcontent", "cached content"];
const FILES: &[&str] = &[
    "the file ",
    "file files/",
    "files/",
    "file not found",
    "to access the file",
    "file_uri",
    "fileuri",
    "resource file",
    "the video",
    "youtube",
];
const MODELS: &[&str] = &["models/", "model ", "model:", "tunedmodels/"];

/// The first row that holds counts; the last one always does.
const ROWS: &[Row] = &[
    row(|e| !e.readable && e.status == 413, Code::InvalidValue, "too large for Gemini").of_class(Class::TooLarge),
    row(
        |e| !e.readable && e.status == 429,
        Code::RateLimitExceeded,
        "too many requests for the user's Google account; try again later",
    ),
    row(|e| !e.readable && e.status == 400, Code::InvalidValue, "Gemini refused the request"),
    row(|e| !e.readable, Code::UpstreamError, UNREADABLE),
    row(|e| !e.is_own && (e.status == 404 || is_about_access(e.status)), Code::UpstreamError, UNREADABLE),
    row(|e| e.status == 403 && e.says(&["unregistered callers"]), Code::ProviderKeyInvalid, KEY_REFUSED),
    row(|e| e.status == 403 && e.says(CACHES), Code::NotFound, "Google has no such cached content")
        .at("extra_body.google.cached_content"),
    row(
        |e| e.status == 403 && e.says(FILES),
        Code::NotFound,
        "Google has no such file, or the user's key may not read it; files expire after 48 hours",
    )
    .at("messages"),
    row(|e| e.status == 403 && e.says(MODELS), Code::ModelNotFound, "the user's Google account may not use this model")
        .at("model"),
    row(
        |e| e.status == 403,
        Code::ProviderPermissionDenied,
        "the user's Google account may not do this, or not with a file or a model that the request names",
    ),
    row(
        |e| e.status == 400 && e.says(&["user location is not supported"]),
        Code::UnsupportedRegion,
        "Google does not serve the place that Relay runs in",
    ),
    row(
        |e| e.status == 429 && e.quotas.to_ascii_lowercase().contains("token"),
        Code::RateLimitExceeded,
        "too many tokens for the user's Google account; try again later",
    )
    .of_type(error_type::TOKENS),
    row(
        |e| e.status == 429,
        Code::RateLimitExceeded,
        "too many requests for the user's Google account; try again later",
    ),
    row(|e| e.status == 404 && e.says(CACHES), Code::NotFound, "Google has no such cached content")
        .at("extra_body.google.cached_content"),
    row(
        |e| e.status == 404 && !e.text.starts_with("models/") && e.says(FILES),
        Code::NotFound,
        "Google has no such file; files expire after 48 hours",
    )
    .at("messages"),
    row(
        |e| e.status == 404 && e.says(MODELS),
        Code::ModelNotFound,
        "Google has no such model, or it can't do what was asked",
    )
    .at("model"),
    row(|e| e.status == 404, Code::NotFound, "Google has no such thing"),
    row(
        |e| e.status == 400 && e.says(&["thought_signature", "thought signature"]),
        Code::MissingThoughtSignature,
        "Gemini wants each tool call's `extra_content` back as it came",
    )
    .at("messages"),
    lacks(|e| e.status == 400 && e.says(&["logprobs is not enabled"]), "logprobs"),
    lacks(|e| e.status == 400 && e.says(&["penalty is not enabled"]), "frequency_penalty"),
    lacks(|e| e.status == 400 && e.says(&["multiple candidates is not enabled"]), "n"),
    lacks(|e| e.status == 400 && e.says(&["thinking"]), "reasoning_effort"),
    lacks(
        |e| e.status == 400 && e.says(&["response mime type", "too many states", "json mode is not enabled"]),
        "response_format",
    ),
    lacks(|e| e.status == 400 && e.says(&["function calling is not enabled"]), "tools"),
    lacks(|e| e.status == 400 && e.says(&["developer instruction is not enabled"]), "messages"),
    row(
        |e| e.status == 400 && e.says(&["exceeds the maximum number of tokens", "input token count"]),
        Code::ContextLengthExceeded,
        "the messages are too long for this model",
    )
    .at("messages"),
    row(
        |e| {
            let order =
                ["ending with a model turn", "end with a user role", "function response parts", "function call turn"];
            e.status == 400 && e.says(&order)
        },
        Code::InvalidValue,
        "Gemini refused the order of the messages",
    )
    .at("messages"),
    row(
        |e| {
            let media = ["not in an active state", "cannot fetch content", "mime type", "input image", "file uri"];
            e.status == 400 && e.says(&media)
        },
        Code::InvalidValue,
        "Gemini could not use a picture or a file of the messages",
    )
    .at("messages"),
    row(|e| e.status == 400, Code::InvalidValue, "Gemini refused the request"),
    row(|e| e.status == 413, Code::InvalidValue, "too large for Gemini").of_class(Class::TooLarge),
    row(|e| e.status == 499, Code::UpstreamCancelled, "Google says that the call was cancelled"),
    row(|e| e.status == 500, Code::UpstreamError, "Gemini failed").of_class(Class::Internal),
    row(|e| e.status == 503, Code::UpstreamOverloaded, "Gemini is overloaded; try again later"),
    row(|e| e.status == 504, Code::UpstreamTimeout, "Gemini did not answer in time"),
    row(|_| true, Code::UpstreamError, UNREADABLE),
];

/// Translates an answer with an error status.
pub(super) fn translate(failure: &ErrorResponse<'_>) -> ProviderError {
    from_status(failure.status, parse(failure.body), failure.header("retry-after"))
}

/// Translates an error object inside an answer or a stream.
pub(super) fn in_answer(raw: &RawValue) -> ProviderError {
    let status = serde_json::from_str(raw.get()).unwrap_or_default();
    from_status(0, Some(status), None)
}

/// The error in the lines that Google sends outside of events, if there is one.
pub(super) fn stray(text: &[u8]) -> Option<ProviderError> {
    let start = text.iter().position(|byte| *byte == b'{')?;
    let mut values = serde_json::Deserializer::from_slice(text.get(start..)?).into_iter::<Envelope>();
    let status = values.next()?.ok()?.error;
    Some(from_status(0, Some(status), None))
}

#[derive(Deserialize)]
struct Envelope {
    error: Status,
}

/// `google.rpc.Status`, as far as it is read.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
    message: Option<String>,
    status: Option<String>,
    /// Read one by one: an odd one must not hide the others.
    details: Few<Box<RawValue>>,
}

impl Status {
    /// Whether it is Google's own: the name of a status of gRPC, or details with a type of Google. A number alone is not
    /// enough, and neither is a name of HTTP (`FORBIDDEN`): proxies and other servers write these, too.
    fn is_own(&self) -> bool {
        let is_name = |name: &String| STATUSES.iter().any(|(known, _)| known == name);
        self.status.as_ref().is_some_and(is_name) || self.details.iter().any(|detail| is_typed(detail))
    }
}

/// Whether a detail has a type of Google.
fn is_typed(detail: &RawValue) -> bool {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Typed {
        #[serde(rename = "@type")]
        name: String,
    }
    let typed: Typed = serde_json::from_str(detail.get()).unwrap_or_default();
    typed.name.starts_with("type.googleapis.com/")
}

/// The kinds of details that are read, in one: their members do not overlap.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Detail {
    reason: Option<String>,
    retry_delay: Option<String>,
    violations: Few<Violation>,
    field_violations: Few<FieldViolation>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Violation {
    quota_metric: String,
    quota_id: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldViolation {
    field: String,
}

/// Finds the error in a body: `{"error": {..}}`, also as the one item of an array.
fn parse(body: &[u8]) -> Option<Status> {
    let found = if body.trim_ascii_start().starts_with(b"[") {
        serde_json::from_slice::<Vec<Envelope>>(body).ok()?.into_iter().next()
    } else {
        serde_json::from_slice(body).ok()
    };
    found.map(|envelope: Envelope| envelope.error)
}

fn from_status(status: u16, body: Option<Status>, header: Option<&str>) -> ProviderError {
    // What comes inside an answer comes from Google.
    let is_own = body.as_ref().is_some_and(|body| body.is_own() || (status == 0 && body.code != 0));
    let readable = body.is_some();
    let body = body.unwrap_or_default();
    let status = if status == 0 { status_of(&body) } else { status };
    let said = body.message.unwrap_or_default();
    let (text, kind) = (said.to_lowercase(), body.status.unwrap_or_default());
    let mut seen = Seen { status, kind, text, reason: String::new(), quotas: String::new(), readable, is_own };
    let (mut delay, mut field) = (None, String::new());
    for detail in body.details {
        let detail: Detail = serde_json::from_str(detail.get()).unwrap_or_default();
        seen.reason = detail.reason.unwrap_or(seen.reason);
        delay = detail.retry_delay.or(delay);
        for violation in detail.violations {
            seen.quotas.push_str(&format!("{} {} ", violation.quota_metric, violation.quota_id));
        }
        field = detail.field_violations.into_iter().next().map_or(field, |violation| violation.field);
    }
    let in_words = |words: &str| if said.is_empty() { words.to_owned() } else { format!("{words}: {}", redact(&said)) };
    let key_row = seen.key_row();
    let signal = key_row.map(|row| row.signal);
    if let Some(error) = key_row.and_then(|row| about_the_key(row, in_words(about(row)))) {
        return ProviderError { error, signal };
    }
    let Some(row) = ROWS.iter().find(|row| (row.when)(&seen)) else { return RelayError::interrupted().into() };
    let mut error = RelayError::from_answer(row.code, in_words(row.words));
    if let Some(class) = row.class {
        error = error.with_class(class);
    }
    if let Some(error_type) = row.error_type {
        error = error.with_type(error_type);
    }
    let guessed = (row.code == Code::InvalidValue).then(|| param_of(&field).or_else(|| param_of(&said))).flatten();
    if let Some(param) = row.param.or(guessed) {
        error = error.with_param(param);
    }
    if row.code == Code::RateLimitExceeded
        && let Some(wait) = retry_after(delay.as_deref(), header)
    {
        error = error.with_retry_after(wait);
    }
    ProviderError { error, signal }
}

/// The names of the statuses of gRPC, and the HTTP statuses that they stand for
/// (<https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto>).
const STATUSES: &[(&str, u16)] = &[
    ("INVALID_ARGUMENT", 400),
    ("FAILED_PRECONDITION", 400),
    ("OUT_OF_RANGE", 400),
    ("UNAUTHENTICATED", 401),
    ("PERMISSION_DENIED", 403),
    ("NOT_FOUND", 404),
    ("ALREADY_EXISTS", 409),
    ("ABORTED", 409),
    ("RESOURCE_EXHAUSTED", 429),
    ("CANCELLED", 499),
    ("UNKNOWN", 500),
    ("INTERNAL", 500),
    ("DATA_LOSS", 500),
    ("UNIMPLEMENTED", 501),
    ("UNAVAILABLE", 503),
    ("DEADLINE_EXCEEDED", 504),
];

/// The status of an error inside a stream: its code, or what its name stands for.
fn status_of(body: &Status) -> u16 {
    let named =
        || STATUSES.iter().find(|(name, _)| body.status.as_deref() == Some(name)).map_or(502, |(_, status)| *status);
    if body.code == 0 { named() } else { body.code }
}

/// OpenAI's name of the member that Google complains about.
fn param_of(field: &str) -> Option<&'static str> {
    const FIELDS: &[(&str, &str)] = &[
        ("maxoutputtokens", "max_tokens"),
        ("temperature", "temperature"),
        ("topp", "top_p"),
        ("stopsequences", "stop"),
        ("candidatecount", "n"),
        ("responsejsonschema", "response_format"),
        ("responseschema", "response_format"),
        ("responsemimetype", "response_format"),
        ("thinkingconfig", "reasoning_effort"),
        ("functioncallingconfig", "tool_choice"),
        ("functiondeclarations", "tools"),
        ("safetysettings", "extra_body.google.safety_settings"),
        ("cachedcontent", "extra_body.google.cached_content"),
        ("outputdimensionality", "dimensions"),
        ("systeminstruction", "messages"),
        ("contents", "messages"),
    ];
    let plain: String = field.chars().filter(|c| *c != '_').collect::<String>().to_ascii_lowercase();
    FIELDS.iter().find(|(name, _)| plain.contains(name)).map(|(_, param)| *param)
}

/// The delay of the body, to the millisecond; else the header as it was sent.
fn retry_after(delay: Option<&str>, header: Option<&str>) -> Option<RetryAfter> {
    let seconds = delay.and_then(|delay| delay.strip_suffix('s')?.parse::<f64>().ok());
    match seconds.filter(|seconds| (0.0..1e6).contains(seconds)) {
        Some(seconds) => Some(RetryAfter::from_exact_seconds(seconds)),
        None => RetryAfter::as_sent(header, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(status: u16, body: &str, class: Class, code: &str, signal: Option<KeySignal>) -> RelayError {
        let fault = translate(&ErrorResponse { status, headers: &[], body: body.as_bytes() });
        assert_eq!((fault.error.class(), fault.error.code(), fault.signal), (class, code, signal), "{status} {body}");
        fault.error
    }

    #[test]
    fn what_is_said_of_the_key_is_a_signal() {
        let reason = |reason: &str| {
            let kind = "type.googleapis.com/google.rpc.ErrorInfo";
            format!(r#"{{"error":{{"details":[{{"@type":"{kind}","reason":"{reason}"}}]}}}}"#)
        };
        let key = Some(KeySignal::Invalid);
        check(400, &reason("API_KEY_INVALID"), Class::Forbidden, "provider_key_invalid", key);
        let named = |name: &str| format!(r#"{{"error":{{"message":"m","status":"{name}"}}}}"#);
        check(401, &named("UNAUTHENTICATED"), Class::Forbidden, "provider_key_invalid", key);
        let restricted = Some(KeySignal::Restricted);
        for limited in ["API_KEY_SERVICE_BLOCKED", "API_KEY_IP_ADDRESS_BLOCKED", "SERVICE_DISABLED"] {
            check(403, &reason(limited), Class::Forbidden, "provider_permission_denied", restricted);
        }
        let unused = r#"{"error":{"code":403,"message":"Generative Language API has not been used in project 1 before or it is disabled.","status":"PERMISSION_DENIED"}}"#;
        check(403, unused, Class::Forbidden, "provider_permission_denied", restricted);
        for other in [named("PERMISSION_DENIED"), reason("IAM_PERMISSION_DENIED"), reason("SECURITY_POLICY_VIOLATED")] {
            check(403, &other, Class::Forbidden, "provider_permission_denied", None);
        }
        check(403, &reason("CONSUMER_SUSPENDED"), Class::Forbidden, "provider_key_revoked", Some(KeySignal::Revoked));
        check(403, &reason("BILLING_DISABLED"), Class::RateLimited, "insufficient_quota", Some(KeySignal::NoCredit));
        check(429, "", Class::RateLimited, "rate_limit_exceeded", None);
        check(503, r#"{"error":{"message":null}}"#, Class::Unavailable, "upstream_overloaded", None);
    }

    #[test]
    fn a_proxys_answer_says_nothing_of_the_key_or_the_model() {
        for status in [401, 403, 404] {
            for body in [
                "<html>",
                "",
                "{}",
                r#"{"error":"denied"}"#,
                r#"{"error":{"message":"API key not valid"}}"#,
                r#"{"message":"x"}"#,
                r#"{"error":{"message":"Access denied","code":403}}"#,
                r#"{"error":{"message":"Access denied","code":401,"status":"Forbidden by policy"}}"#,
                r#"{"error":{"message":"Access denied","code":403,"status":"FORBIDDEN"}}"#,
                r#"{"error":{"message":"Access denied","code":401,"status":"UNAUTHORIZED","details":[]}}"#,
                r#"{"error":{"message":"Access denied","code":401,"details":[{"reason":"policy"}]}}"#,
                r#"{"type":"error","error":{"type":"authentication_error","message":"invalid x-api-key"}}"#,
                r#"{"error":{"message":"no","type":"invalid_request_error","param":null,"code":"invalid_api_key"}}"#,
            ] {
                check(status, body, Class::BadGateway, "upstream_error", None);
            }
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let named =
            |message: &str| format!(r#"{{"error":{{"code":1,"message":"{message}","status":"PERMISSION_DENIED"}}}}"#);
        let cache = Some("extra_body.google.cached_content");
        for (status, message, code, param) in [
            (
                403,
                "You do not have permission to access the File abc123 or it may not exist.",
                "not_found",
                Some("messages"),
            ),
            (404, "File files/abc123 not found.", "not_found", Some("messages")),
            (403, "CachedContent not found (or permission denied)", "not_found", cache),
            (404, "Not found: cache content metadata 8754.", "not_found", cache),
            (
                404,
                "models/x is not found for API version v1beta, or is not supported for generateContent.",
                "model_not_found",
                Some("model"),
            ),
            (
                404,
                "This model models/gemini-1.0-pro is no longer available to new users.",
                "model_not_found",
                Some("model"),
            ),
            (403, "The owner of the video has disabled access.", "not_found", Some("messages")),
            (403, "Permission denied on resource File.", "not_found", Some("messages")),
            (403, "You do not have permission to access tuned model tunedModels/x.", "model_not_found", Some("model")),
            (404, "Requested entity was not found.", "not_found", None),
        ] {
            let error = check(status, &named(message), Class::NotFound, code, None);
            assert_eq!(error.param(), param, "{message}");
        }
        let denied = named("Your project has been denied access. Please contact support.");
        check(403, &denied, Class::Forbidden, "provider_account_disabled", Some(KeySignal::Restricted));
    }

    #[test]
    fn an_array_around_an_error_hides_nothing() {
        let body = r#"[{"error":{"message":"m","details":[{"reason":7},{"retryDelay":"1.2s"}]}}]"#;
        let error = check(429, body, Class::RateLimited, "rate_limit_exceeded", None);
        assert!(error.message().ends_with(": m"));
        assert_eq!(error.disclosure().retry_after, RetryAfter::as_sent(Some("2"), Some("1200")));
    }

    #[test]
    fn a_member_that_google_names_is_named_as_openai_does() {
        for (body, param) in [
            (r#"{"error":{"message":"max_output_tokens must be positive"}}"#, Some("max_tokens")),
            (
                r#"{"error":{"message":"m","details":[{"fieldViolations":[{"field":"generation_config.top_p"}]}]}}"#,
                Some("top_p"),
            ),
            (r#"{"error":{"message":"no"}}"#, None),
        ] {
            assert_eq!(check(400, body, Class::InvalidRequest, "invalid_value", None).param(), param, "{body}");
        }
    }

    #[test]
    fn a_body_that_is_no_error_object_is_not_shown() {
        for (status, body) in [(500, "<html>secret</html>"), (503, ""), (200, "{}"), (302, "x"), (418, "[]")] {
            let error = check(status, body, Class::BadGateway, "upstream_error", None);
            assert!(!error.message().contains("secret"));
        }
    }

    #[test]
    fn googles_words_are_shown_without_keys() {
        let body = r#"{"error":{"message":"bad key AIzaSyA1234567890abcdefghij here"}}"#;
        let error = check(400, body, Class::InvalidRequest, "invalid_value", None);
        assert!(error.message().contains("bad key *** here"), "{error}");
    }
}

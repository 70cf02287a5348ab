//! Errors: what Anthropic says, as OpenAI's clients know it, and what it says about the user's key.
//!
//! Money problems become 429 `insufficient_quota`, as OpenAI answers them, never to be retried. The body may be anything:
//! the network in front of the API answers with HTML.

use std::borrow::Cow;

use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{headers, wire};
use crate::domain::ids::Timestamp;
use crate::domain::provider::Format;
use crate::domain::{KeyAnswer, KeyRow, KeySignal};
use crate::error::{Class, Code, Disclosure, RelayError, RetryAfter, error_type};
use crate::translation::failure::{about_the_key, from_between, is_about_access};
use crate::translation::{ErrorResponse, ProviderError, redact};

/// Types of errors about the key or the account, also where the body is not marked as an error.
const ACCOUNT_KINDS: &[&str] = &["authentication_error", "billing_error", "permission_error"];

/// What the error object says; empty where the body is none.
#[derive(Debug, Default)]
struct Said<'a> {
    kind: Cow<'a, str>,
    message: Cow<'a, str>,
    /// `details.error_code`.
    code: Option<Cow<'a, str>>,
    /// Whether this is Anthropic's own error. What a proxy on the way says, a page of HTML for example, says nothing about the
    /// key, and neither does an error in another provider's format.
    is_own: bool,
}

/// Translates an answer with an error status. The first row of the table that fits counts.
pub(super) fn translate(failure: &ErrorResponse<'_>, now: Timestamp) -> ProviderError {
    let said = Said::read(failure.body);
    let (mut error, signal) = account(failure.status, &said).unwrap_or_else(|| request(failure.status, &said));
    let is_quota = error.error_type() == error_type::INSUFFICIENT_QUOTA;
    let mut disclosure = Disclosure::default();
    headers::disclose(failure.headers, now, &mut disclosure);
    if !is_quota {
        disclosure.retry_after = RetryAfter::as_sent(failure.header("retry-after"), None);
    }
    let never = is_quota || error.class() == Class::Forbidden;
    match failure.header("x-should-retry").filter(|_| !never) {
        Some("true") => error = error.with_retry(true),
        Some("false") => error = error.with_retry(false),
        _ => {}
    }
    let error = error.with_disclosure(disclosure);
    ProviderError { error, signal }
}

/// Translates an error that came with status 200: in a stream, or in place of an answer. Its type implies a status.
pub(super) fn in_answer(body: &[u8]) -> ProviderError {
    let status = match Said::read(body).kind.as_ref() {
        "invalid_request_error" => 400,
        "authentication_error" => 401,
        "billing_error" => 402,
        "permission_error" => 403,
        "not_found_error" => 404,
        "conflict_error" => 409,
        "request_too_large" => 413,
        "rate_limit_error" => 429,
        "timeout_error" => 504,
        "overloaded_error" => 529,
        _ => 500,
    };
    translate(&ErrorResponse { status, headers: &[], body }, Timestamp(0))
}

/// What an error object says in words; empty where the body is none.
pub(super) fn message(body: &[u8]) -> String {
    Said::read(body).message.into_owned()
}

/// Whether a body is an error object.
pub(super) fn is_error(body: &[u8]) -> bool {
    !Said::read(body).kind.is_empty()
}

/// `true` for any value of a member, also `null`.
fn is_there<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

impl<'a> Said<'a> {
    fn read(body: &'a [u8]) -> Self {
        #[derive(Deserialize)]
        struct Body<'a> {
            #[serde(borrow, default, deserialize_with = "wire::text")]
            r#type: Option<Cow<'a, str>>,
            #[serde(borrow)]
            error: &'a RawValue,
        }
        #[derive(Deserialize)]
        struct Members<'a> {
            #[serde(borrow, default, deserialize_with = "wire::text")]
            r#type: Option<Cow<'a, str>>,
            #[serde(borrow, default, deserialize_with = "wire::text")]
            message: Option<Cow<'a, str>>,
            #[serde(borrow)]
            details: Option<&'a RawValue>,
            // OpenAI's and Google's members, which Anthropic does not have.
            #[serde(default, deserialize_with = "is_there")]
            code: bool,
            #[serde(default, deserialize_with = "is_there")]
            param: bool,
            #[serde(default, deserialize_with = "is_there")]
            status: bool,
        }
        #[derive(Deserialize)]
        struct Details<'a> {
            #[serde(borrow, default, deserialize_with = "wire::text")]
            error_code: Option<Cow<'a, str>>,
        }
        let Ok(body) = serde_json::from_slice::<Body<'a>>(body) else { return Self::default() };
        let Ok(members) = serde_json::from_str::<Members<'a>>(body.error.get()) else { return Self::default() };
        let details = members.details.and_then(|raw| serde_json::from_str::<Details<'a>>(raw.get()).ok());
        let kind = members.r#type.unwrap_or_default();
        let is_marked = body.r#type.as_deref() == Some("error") && !kind.is_empty();
        let is_foreign = members.code || members.param || members.status;
        Self {
            is_own: !is_foreign && (is_marked || ACCOUNT_KINDS.contains(&kind.as_ref())),
            kind,
            message: members.message.unwrap_or_default(),
            code: details.and_then(|details| details.error_code).filter(|code| !code.is_empty()),
        }
    }

    /// The row about the key that this answer is.
    fn key_row(&self, status: u16) -> Option<&'static KeyRow> {
        let (kind, code) = (self.kind.as_ref(), self.code.as_deref().unwrap_or_default());
        let answer = KeyAnswer { status, kind, code, message: &self.message.to_lowercase() };
        KeyRow::find(Format::Anthropic, &answer).filter(|_| self.is_own)
    }

    /// Anthropic's words, or ours.
    fn words(&self, own: &'static str) -> Cow<'static, str> {
        if self.message.trim().is_empty() { Cow::Borrowed(own) } else { Cow::Owned(redact(&self.message)) }
    }

    /// An error with this code, in Anthropic's words or ours.
    fn error(&self, code: Code, own: &'static str) -> RelayError {
        RelayError::from_answer(code, self.words(own))
    }

    /// The error with the code that Anthropic gives, if it does.
    fn with_own_code(&self, error: RelayError) -> RelayError {
        match &self.code {
            Some(code) => error.with_provider_code(&redact(code)),
            None => error,
        }
    }
}

/// What is about the user's key and account, or about access to anything else.
fn account(status: u16, said: &Said<'_>) -> Option<(RelayError, Option<KeySignal>)> {
    if !said.is_own {
        return (status == 404 || is_about_access(status)).then(|| (between(status, said), None));
    }
    let Some(row) = said.key_row(status) else {
        return (status == 403).then(|| (forbidden(said), None));
    };
    let own = match row.signal {
        KeySignal::NoCredit => "the Anthropic account has no credit left",
        KeySignal::SpendLimit => "the Anthropic account has reached its spend limit",
        KeySignal::NeedsWorkspace => "the key needs a workspace id",
        KeySignal::Disabled => "the Anthropic account is disabled",
        KeySignal::Restricted => "the Anthropic key may not do this",
        _ => "Anthropic refuses the key",
    };
    let Some(error) = about_the_key(row, said.words(own)) else {
        let (error, _) = request(status, said);
        return Some((error, Some(row.signal)));
    };
    let error = if row.signal == KeySignal::Restricted { said.with_own_code(error) } else { error };
    Some((error, Some(row.signal)))
}

/// A refusal that is not in Anthropic's format.
fn between(status: u16, said: &Said<'_>) -> RelayError {
    // Anthropic's edge says so, to callers in some regions and networks.
    if status == 403 && said.message == "Request not allowed" {
        return said.error(Code::ProviderPermissionDenied, "Anthropic does not allow the request");
    }
    from_between("Anthropic", status)
}

/// What a 403 that is not about the key is about: the content, one model, one file, one feature.
fn forbidden(said: &Said<'_>) -> RelayError {
    if is_content_filter(said) {
        return filtered(said);
    }
    let message = said.message.to_ascii_lowercase();
    let has = |texts: &[&str]| texts.iter().any(|text| message.contains(text));
    if has(&["claude-", "the model", "this model", "access to model", "model:"]) {
        let own = "the Anthropic account has no access to this model";
        return said.error(Code::ModelNotFound, own).with_param("model");
    }
    if is_about_a_file(&message) {
        let own = "the Anthropic account has no access to this file";
        return said.error(Code::NotFound, own).with_param("messages");
    }
    said.with_own_code(said.error(Code::ProviderPermissionDenied, "the Anthropic account may not do this"))
}

/// Whether a text in lower case speaks of one file, by its id or not.
fn is_about_a_file(message: &str) -> bool {
    message.split(|c: char| !(c.is_alphanumeric() || c == '_')).any(|word| word == "file" || word.starts_with("file_"))
}

/// The content filter's error. OpenAI's clients know its code.
fn filtered(said: &Said<'_>) -> RelayError {
    let words = said.words("Anthropic's content filter stopped the call");
    RelayError::passed_on(Class::InvalidRequest, "content_filter", "", words)
}

/// Whether the prompt, or the prompt and `max_tokens`, are more than the model's window. Clients shorten the history then.
fn is_context_limit(said: &Said<'_>) -> bool {
    let message = said.message.to_ascii_lowercase();
    let texts = [
        "prompt is too long",
        "input is too long",
        "exceed context limit",
        "exceeds context limit",
        "exceed context window",
        "exceeds model context",
        "exceeds the limit of",
        "exceed the context",
        "exceeds the context",
        "exceeds the model's context",
        "exceed the model's context",
        "context length exceeded",
        "maximum context length",
        "exceeds the maximum number of tokens",
        "context window exceeded",
        "exceeds the maximum context",
    ];
    texts.iter().any(|text| message.contains(text))
}

/// Whether a filter beside the model stopped the call. The same request would be stopped again.
fn is_content_filter(said: &Said<'_>) -> bool {
    let message = said.message.to_ascii_lowercase();
    ["content filtering policy", "content filter", "content policy"].iter().any(|text| message.contains(text))
}

/// The rows about the request and the service. They say nothing about the key.
fn request(status: u16, said: &Said<'_>) -> (RelayError, Option<KeySignal>) {
    let error = match status {
        400 | 500 if is_content_filter(said) => filtered(said),
        400 | 413 if is_context_limit(said) => {
            said.error(Code::ContextLengthExceeded, "the prompt is too long").with_param("messages")
        }
        404 if said.message.starts_with("model:") => {
            said.error(Code::ModelNotFound, "Anthropic has no such model").with_param("model")
        }
        404 => {
            let error = said.with_own_code(said.error(Code::NotFound, "Anthropic has no such thing"));
            if is_about_a_file(&said.message.to_ascii_lowercase()) { error.with_param("messages") } else { error }
        }
        413 => said.with_own_code(said.error(Code::RequestTooLarge, "the request is larger than Anthropic takes")),
        429 => {
            let is_tokens = said.message.contains("token");
            said.error(Code::RateLimitExceeded, "Anthropic's rate limit is reached; try again later")
                .with_type(if is_tokens { error_type::TOKENS } else { error_type::REQUESTS })
        }
        529 => said.error(Code::UpstreamOverloaded, "Anthropic is overloaded; try again later"),
        504 => said.error(Code::UpstreamTimeout, "Anthropic did not answer in time"),
        500 => {
            let error = said.error(Code::UpstreamError, "Anthropic failed to answer").with_class(Class::Internal);
            said.with_own_code(error)
        }
        400 => refused(Class::InvalidRequest, said),
        402..=499 => refused(Class::Provider(status), said),
        _ => said.error(Code::UpstreamError, "Anthropic returned an answer that could not be read"),
    };
    (error, None)
}

/// A refusal of the request's content.
fn refused(class: Class, said: &Said<'_>) -> RelayError {
    let code = said.code.as_deref().map(redact).unwrap_or_default();
    let error = RelayError::passed_on(class, &code, "", said.words("Anthropic refuses the request"));
    match param(&said.message) {
        Some(param) => error.with_param(param),
        None => error,
    }
}

/// OpenAI's name for the member that a message names by its path: `messages.0.content: …`.
fn param(message: &str) -> Option<&'static str> {
    if message.starts_with("\"thinking.type") {
        return Some("reasoning_effort");
    }
    let (path, _) = message.split_once(':')?;
    let mut steps = path.split('.');
    Some(match steps.next()? {
        "max_tokens" => "max_tokens",
        "messages" | "system" => "messages",
        "tools" => "tools",
        "tool_choice" => "tool_choice",
        "temperature" => "temperature",
        "top_p" => "top_p",
        "model" => "model",
        "service_tier" => "service_tier",
        "stop_sequences" => "stop",
        "output_config" if steps.next() == Some("format") => "response_format",
        "output_config" | "thinking" => "reasoning_effort",
        "metadata" => "user",
        _ => return None,
    })
}

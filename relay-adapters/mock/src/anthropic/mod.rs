//! Anthropic: routes, headers, errors, model list, token counts.

mod answer;
mod blocks;
mod chat;
mod compiled;
mod conversation;
mod describe;
mod digests;
mod errors;
mod fields;
mod history;
mod markers;
mod media;
mod models;
pub(crate) mod refusals;
mod reply;
mod rules;
mod signatures;
mod streamed;
mod tools;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::chat::{ChatAnswer, ChatRequest};
use crate::key_behaviour::KeyBehaviour;
use crate::members::string;
use crate::named_errors::{self, NamedError};
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::Request;
use crate::wire::{Handled, Route, WireFormat};

pub(crate) use errors::NAMED_ERRORS;

use errors::{error, error_type, invalid, request_id, wrapped};
use reply::json_reply;
use rules::VERSIONS;

/// Anthropic's wire format.
pub(super) struct Anthropic;

impl WireFormat for Anthropic {
    fn reject(&self, rejection: &Rejection<'_>, seed: u64) -> Reply {
        match rejection {
            Rejection::NoKey => error(401, "authentication_error", "x-api-key header is required", seed),
            Rejection::ManyKeys => invalid("mock: more than one credential", seed),
            Rejection::Refused(_) => error(401, "authentication_error", "invalid x-api-key", seed),
            Rejection::Expired => error(401, "authentication_error", "This API key has expired", seed),
            Rejection::Revoked => {
                let body = json!({"type": "permission_error", "message": "This organization has been disabled.",
                    "details": {"error_code": "organization_on_hold"}});
                wrapped(403, &body, seed)
            }
            Rejection::Restricted => {
                let message = "Your API key does not have permission to use the specified resource.";
                error(403, "permission_error", message, seed)
            }
            Rejection::NoCredit => {
                let message = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to \
                               upgrade or purchase credits.";
                invalid(message, seed)
            }
            Rejection::RateLimited => {
                let message = "This request would exceed your organization's rate limit of 50 requests per minute.";
                error(429, "rate_limit_error", message, seed)
                    .header("retry-after", "17")
                    .header("x-should-retry", "true")
            }
            Rejection::Overloaded => {
                error(529, "overloaded_error", "Overloaded", seed).header("x-should-retry", "true")
            }
            Rejection::Named(name) => {
                let wrap =
                    |error: &str| format!(r#"{{"type":"error","error":{error},"request_id":"{}"}}"#, request_id(seed));
                let reply = named_errors::reply(NAMED_ERRORS, name, wrap);
                reply.unwrap_or_else(|| invalid(&named_errors::unknown("Anthropic", name), seed))
            }
            Rejection::Status(status) => {
                let message = format!("The mock was asked for status {status}.");
                error(*status, error_type(*status), &message, seed)
            }
            Rejection::Request(message) => invalid(message, seed),
        }
    }

    fn check_headers(&self, request: &Request<'_>, behaviour: KeyBehaviour) -> Result<(), Reply> {
        let refuse = |message: &str| Err(invalid(message, request.seed));
        match request.header("anthropic-version") {
            None => return refuse("anthropic-version: header is required"),
            Some(version) if !VERSIONS.contains(&version) => {
                return refuse(&format!("anthropic-version: \"{version}\" is not a valid version"));
            }
            Some(_) => {}
        }
        match request.header("anthropic-workspace-id") {
            None if behaviour == KeyBehaviour::Workspace => refuse(
                "anthropic-workspace-id is required when authenticating with an identity-linked API key; send the id of the \
                 workspace this request acts in.",
            ),
            Some(id) if !id.starts_with("wrkspc_") => {
                refuse("anthropic-workspace-id: value must be a valid workspace id, like wrkspc_...")
            }
            Some(id) if id.contains("unknown") => {
                Err(error(404, "not_found_error", &format!("Workspace `{id}` not found."), request.seed))
            }
            _ => Ok(()),
        }
    }

    fn route(&self, request: &Request<'_>) -> Result<Route, Reply> {
        let (method, route) = match request.path.as_str() {
            "/v1/messages" => ("POST", Route::Chat { model: String::new(), stream: false }),
            "/v1/messages/count_tokens" => ("POST", Route::Count { model: String::new() }),
            "/v1/models" => ("GET", Route::Models),
            path => match path.strip_prefix("/v1/models/") {
                Some(name) if !name.is_empty() && !name.contains('/') => ("GET", Route::Model(name.to_owned())),
                _ => return Err(error(404, "not_found_error", "Not Found", request.seed)),
            },
        };
        if request.method != method {
            return Err(error(405, "invalid_request_error", "Method Not Allowed", request.seed));
        }
        Ok(route)
    }

    fn handle(&self, request: &Request<'_>, route: &Route) -> Result<Handled, Reply> {
        let allowed: &[&str] = if *route == Route::Models { &["limit", "after_id", "before_id"] } else { &["beta"] };
        if let Some((name, _)) = request.query.iter().find(|(name, _)| !allowed.contains(&name.as_str())) {
            return Err(invalid(&format!("{name}: Extra inputs are not permitted"), request.seed));
        }
        match route {
            Route::Models => models::list(request).map(|list| done(&list)),
            Route::Model(name) if models::find(name).is_some() || request.models.contains(&name.as_str()) => {
                Ok(done(&models::model(name)))
            }
            Route::Model(name) => Err(error(404, "not_found_error", &format!("model: {name}"), request.seed)),
            Route::Count { .. } => {
                let chat = rules::messages(request, true)?;
                Ok(done(&json!({ "input_tokens": chat.prompt_words.max(1) })))
            }
            _ => Ok(Handled::Chat(Box::new(rules::messages(request, false)?))),
        }
    }

    fn whole(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
        answer::whole(chat, answer)
    }

    fn stream(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
        answer::stream(chat, answer)
    }

    fn as_stream(&self, _: &Request<'_>, whole: &Value) -> Option<Reply> {
        streamed::stream(whole)
    }

    fn event(&self, json: &str) -> Bytes {
        let kind = serde_json::from_str::<Value>(json).ok();
        let kind = kind.as_ref().map_or("message", |value| string(value, "type"));
        Bytes::from(format!("event: {kind}\ndata: {json}\n\n"))
    }

    fn named_errors(&self) -> &'static [NamedError] {
        NAMED_ERRORS
    }

    fn error_event(&self, name: Option<&str>, _: bool) -> Bytes {
        let row = named_errors::find(NAMED_ERRORS, name.unwrap_or("overloaded"));
        let error = row.and_then(|row| serde_json::from_str::<Value>(row.body).ok());
        let error = error.unwrap_or_else(|| json!({"type": "api_error", "message": "mock: no such error"}));
        answer::event(0, "error", &json!({"type": "error", "error": error}))
    }

    fn add_headers(&self, reply: Reply, request: &Request<'_>) -> Reply {
        reply
            .header("request-id", request_id(request.seed))
            .header("anthropic-organization-id", "00000000-0000-4000-8000-000000000000")
            .header("set-cookie", "__cf_bm=mock; path=/; HttpOnly")
            .header("anthropic-ratelimit-requests-limit", "4000")
            .header("anthropic-ratelimit-requests-remaining", "3999")
            .header("anthropic-ratelimit-requests-reset", "2026-11-23T12:00:01Z")
            .header("anthropic-ratelimit-tokens-limit", "2400000")
            .header("anthropic-ratelimit-tokens-remaining", "2399000")
            .header("anthropic-ratelimit-tokens-reset", "2026-11-23T12:00:01Z")
    }
}

fn done(body: &Value) -> Handled {
    Handled::Reply(json_reply(200, body))
}

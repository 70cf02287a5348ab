//! Anthropic: routes, headers, errors, model list, token counts.

mod answer;
mod blocks;
mod chat;
mod conversation;
mod digests;
mod errors;
mod fields;
mod history;
mod models;
mod rules;
mod signatures;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::chat::{Ask, Turn};
use crate::key_behaviour::Mood;
use crate::named_errors;
use crate::reply::Reply;
use crate::request::{Job, Request, Route, Trouble, Wire};
use crate::text;

use models::FAMILIES;

pub(super) use errors::NAMED;

/// Anthropic's wire format.
pub(super) struct Anthropic;

/// Versions that exist. The later one refuses sampling parameters.
const VERSIONS: &[&str] = &["2023-06-01", NEW_VERSION];
const NEW_VERSION: &str = "2026-10-21";

impl Wire for Anthropic {
    fn trouble(&self, trouble: &Trouble<'_>, seed: u64) -> Reply {
        match trouble {
            Trouble::NoKey => error(401, "authentication_error", "x-api-key header is required", seed),
            Trouble::ManyKeys => invalid("mock: more than one credential", seed),
            Trouble::Refused(_) => error(401, "authentication_error", "invalid x-api-key", seed),
            Trouble::Revoked => {
                let body = json!({"type": "permission_error", "message": "This organization has been disabled.",
                    "details": {"error_code": "organization_on_hold"}});
                wrapped(403, &body, seed)
            }
            Trouble::Restricted => {
                let message = "Your API key does not have permission to use the specified resource.";
                error(403, "permission_error", message, seed)
            }
            Trouble::NoCredit => {
                let message = "Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to \
                               upgrade or purchase credits.";
                invalid(message, seed)
            }
            Trouble::RateLimited => {
                let message = "This request would exceed your organization's rate limit of 50 requests per minute.";
                error(429, "rate_limit_error", message, seed)
                    .header("retry-after", "17")
                    .header("x-should-retry", "true")
            }
            Trouble::Overloaded => error(529, "overloaded_error", "Overloaded", seed).header("x-should-retry", "true"),
            Trouble::Named(name) => {
                let wrap =
                    |error: &str| format!(r#"{{"type":"error","error":{error},"request_id":"{}"}}"#, request_id(seed));
                let reply = named_errors::reply(NAMED, name, wrap);
                reply.unwrap_or_else(|| invalid(&format!("mock: Anthropic has no error named {name}"), seed))
            }
            Trouble::Status(status) => {
                let message = format!("The mock was asked for status {status}.");
                error(*status, kind_of(*status), &message, seed)
            }
            Trouble::Request(message) => invalid(message, seed),
        }
    }

    fn admit(&self, request: &Request<'_>, mood: Mood) -> Result<(), Reply> {
        let refuse = |message: &str| Err(invalid(message, request.seed));
        match request.header("anthropic-version") {
            None => return refuse("anthropic-version: header is required"),
            Some(version) if !VERSIONS.contains(&version) => {
                return refuse(&format!("anthropic-version: \"{version}\" is not a valid version"));
            }
            Some(_) => {}
        }
        match request.header("anthropic-workspace-id") {
            None if mood == Mood::Workspace => refuse(
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
        let (wanted, route) = match request.path.as_str() {
            "/v1/messages" => ("POST", Route::Chat { model: String::new(), stream: false }),
            "/v1/messages/count_tokens" => ("POST", Route::Count { model: String::new() }),
            "/v1/models" => ("GET", Route::Models),
            path => match path.strip_prefix("/v1/models/") {
                Some(name) if !name.is_empty() && !name.contains('/') => ("GET", Route::Model(name.to_owned())),
                _ => return Err(error(404, "not_found_error", "Not Found", request.seed)),
            },
        };
        if request.method != wanted {
            return Err(error(405, "invalid_request_error", "Method Not Allowed", request.seed));
        }
        Ok(route)
    }

    fn job(&self, request: &Request<'_>, route: &Route) -> Result<Job, Reply> {
        let allowed: &[&str] = if *route == Route::Models { &["limit", "after_id", "before_id"] } else { &["beta"] };
        if let Some((name, _)) = request.query.iter().find(|(name, _)| !allowed.contains(&name.as_str())) {
            return Err(invalid(&format!("{name}: Extra inputs are not permitted"), request.seed));
        }
        match route {
            Route::Models => models(request),
            Route::Model(name) => match models::find(name) {
                Some(_) => Ok(Job::Done(Reply::body(200, "application/json", model(name).to_string()))),
                None if request.models.contains(&name.as_str()) => {
                    Ok(Job::Done(Reply::body(200, "application/json", model(name).to_string())))
                }
                None => Err(error(404, "not_found_error", &format!("model: {name}"), request.seed)),
            },
            Route::Count { .. } => {
                let ask = rules::messages(request, true)?;
                let body = json!({ "input_tokens": ask.prompt_words.max(1) });
                Ok(Job::Done(Reply::body(200, "application/json", body.to_string())))
            }
            _ => Ok(Job::Chat(Box::new(rules::messages(request, false)?))),
        }
    }

    fn whole(&self, ask: &Ask, turn: &Turn) -> Reply {
        answer::whole(ask, turn)
    }

    fn stream(&self, ask: &Ask, turn: &Turn) -> Reply {
        answer::stream(ask, turn)
    }

    fn error_event(&self, name: Option<&str>, _: bool) -> Bytes {
        let row = named_errors::find(NAMED, name.unwrap_or("overloaded"));
        let error = row.and_then(|row| serde_json::from_str::<Value>(row.body).ok());
        let error = error.unwrap_or_else(|| json!({"type": "api_error", "message": "mock: no such error"}));
        answer::event(0, "error", &json!({"type": "error", "error": error}))
    }

    fn dress(&self, reply: Reply, request: &Request<'_>) -> Reply {
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

fn request_id(seed: u64) -> String {
    text::id("req_011", seed, "request", 21)
}

fn error(status: u16, kind: &str, message: &str, seed: u64) -> Reply {
    wrapped(status, &json!({"type": kind, "message": message}), seed)
}

fn wrapped(status: u16, error: &Value, seed: u64) -> Reply {
    let body = json!({"type": "error", "error": error, "request_id": request_id(seed)});
    Reply::body(status, "application/json", body.to_string())
}

/// A 400.
fn invalid(message: &str, seed: u64) -> Reply {
    error(400, "invalid_request_error", message, seed)
}

fn kind_of(status: u16) -> &'static str {
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

/// A page of the list: `limit` (20 unless said otherwise, at most 1000), `after_id`, `before_id`.
fn models(request: &Request<'_>) -> Result<Job, Reply> {
    let limit = match request.query("limit").map(str::parse::<usize>) {
        None => 20,
        Some(Ok(limit @ 1..=1000)) => limit,
        Some(Ok(0)) => return Err(invalid("limit: Input should be greater than or equal to 1", request.seed)),
        Some(Ok(_)) => return Err(invalid("limit: Input should be less than or equal to 1000", request.seed)),
        Some(Err(_)) => return Err(invalid("limit: Input should be a valid integer", request.seed)),
    };
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.listed).chain(request.models.iter().copied()).collect();
    let place = |cursor: &str| names.iter().position(|name| *name == cursor);
    let unknown = |name: &str| invalid(&format!("{name}: unknown id"), request.seed);
    let (start, end) = match (request.query("after_id"), request.query("before_id")) {
        (Some(_), Some(_)) => return Err(invalid("after_id and before_id cannot both be specified", request.seed)),
        (Some(after), None) => (place(after).ok_or_else(|| unknown("after_id"))? + 1, names.len()),
        (None, Some(before)) => {
            let end = place(before).ok_or_else(|| unknown("before_id"))?;
            (end.saturating_sub(limit), end)
        }
        (None, None) => (0, names.len()),
    };
    let page: Vec<&str> = names.iter().copied().take(end).skip(start).take(limit).collect();
    let more = if request.query("before_id").is_some() { start > 0 } else { start + page.len() < names.len() };
    let body = json!({
        "data": page.iter().map(|name| model(name)).collect::<Vec<_>>(),
        "has_more": more, "first_id": page.first(), "last_id": page.last(),
    });
    Ok(Job::Done(Reply::body(200, "application/json", body.to_string())))
}

fn model(name: &str) -> Value {
    let most = models::find(name).map_or(64_000, |family| family.most_output);
    json!({"type": "model", "id": name, "display_name": name.replace('-', " "), "created_at": "2026-02-01T00:00:00Z",
        "max_input_tokens": 200_000, "max_tokens": most, "lifecycle": "active"})
}

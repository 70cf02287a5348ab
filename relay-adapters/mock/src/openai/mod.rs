//! OpenAI, and every provider that speaks its format: routes, errors, model list, embeddings.

mod answer;
mod chat;
mod conversation;
mod embeddings;
mod errors;
mod fields;
mod models;
pub(crate) mod refusals;
mod reply;
mod rules;
mod schema_rules;
mod streamed;
mod tools;

use bytes::Bytes;
use relay_core::Provider;
use serde_json::{Value, json};

use crate::chat::{ChatAnswer, ChatRequest};
use crate::hash;
use crate::key_behaviour::KeyBehaviour;
use crate::named_errors::{self, NamedError};
use crate::rejection::Rejection;
use crate::reply::{Reply, data_event};
use crate::request::Request;
use crate::wire::{Handled, Route, WireFormat};

pub(crate) use errors::NAMED_ERRORS;

use errors::{PLAIN, bad, error, no_model, of_status, rate_limited, unknown_parameter};
use reply::json_reply;

/// OpenAI's wire format.
pub(super) struct OpenAi;

impl WireFormat for OpenAi {
    fn reject(&self, rejection: &Rejection<'_>, _: u64) -> Reply {
        match rejection {
            Rejection::NoKey => error(
                401,
                "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth \
                 (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing \
                 the API from your browser and are prompted for a username and password. You can obtain an API key from \
                 https://platform.openai.com/account/api-keys.",
                ("invalid_request_error", None, None),
            ),
            Rejection::ManyKeys => bad("mock: more than one credential"),
            Rejection::Refused(key) => error(
                401,
                &format!(
                    "Incorrect API key provided: {}. You can find your API key at https://platform.openai.com/account/api-keys.",
                    masked(key)
                ),
                ("invalid_request_error", None, Some("invalid_api_key")),
            ),
            Rejection::Expired => self.reject(&Rejection::Named("key_expired"), 0),
            Rejection::Revoked => error(
                401,
                "The OpenAI account associated with this API key has been deactivated. Please check your email for more \
                 information. If you feel this is an error, contact us through our help center at help.openai.com.",
                ("invalid_request_error", None, Some("account_deactivated")),
            ),
            Rejection::Restricted => error(
                403,
                "You have insufficient permissions for this operation. Missing scopes: model.request. Check that you have the \
                 correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a \
                 restricted API key, that it has the necessary scopes.",
                ("invalid_request_error", None, Some("missing_scope")),
            ),
            Rejection::NoCredit => error(
                429,
                "You exceeded your current quota, please check your plan and billing details. For more information on this \
                 error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
                ("insufficient_quota", None, Some("insufficient_quota")),
            ),
            Rejection::RateLimited => rate_limited(),
            Rejection::Overloaded => error(
                503,
                "The server is currently overloaded with other requests. Sorry about that! You can retry your request, or \
                 contact us through our help center at help.openai.com if the error persists.",
                ("server_error", None, None),
            ),
            Rejection::Named(name) => {
                let reply = named_errors::reply(NAMED_ERRORS, name, |error| format!("{{\n  \"error\": {error}\n}}"));
                reply.unwrap_or_else(|| bad(&named_errors::unknown("OpenAI", name)))
            }
            Rejection::Status(status) => of_status(*status),
            Rejection::Request(message) => bad(message),
        }
    }

    fn check_headers(&self, request: &Request<'_>, behaviour: KeyBehaviour) -> Result<(), Reply> {
        let host = request.header("host").unwrap_or_default();
        let organization = request.header("openai-organization").unwrap_or_default();
        let name = match behaviour {
            _ if request.provider != Provider::OPENAI => return Ok(()),
            KeyBehaviour::Region if host != "eu.api.openai.com" => "incorrect_hostname",
            KeyBehaviour::Ip => "ip_not_authorized",
            KeyBehaviour::Organization if !organization.starts_with("org-") => "mismatched_organization",
            _ => return Ok(()),
        };
        Err(self.reject(&Rejection::Named(name), request.seed))
    }

    fn route(&self, request: &Request<'_>) -> Result<Route, Reply> {
        let invalid = || error(404, &format!("Invalid URL ({} {})", request.method, request.path), PLAIN);
        let path = request.path.strip_prefix(request.provider.api_path()).ok_or_else(invalid)?;
        let (method, route) = match path {
            "/chat/completions" => ("POST", Route::Chat { model: String::new(), stream: false }),
            "/embeddings" if request.provider.embeds() => {
                ("POST", Route::Embeddings { model: String::new(), batch: true })
            }
            "/models" => ("GET", Route::Models),
            path => match path.strip_prefix("/models/") {
                Some(name) if !name.is_empty() && !name.contains('/') => ("GET", Route::Model(name.to_owned())),
                _ => return Err(invalid()),
            },
        };
        if request.method != method {
            let hint = "(HINT: Perhaps you meant to use a different HTTP method?)";
            return Err(error(405, &format!("Not allowed to {} on {}. {hint}", request.method, request.path), PLAIN));
        }
        match request.query.first() {
            Some((name, _)) => Err(unknown_parameter(name)),
            None => Ok(route),
        }
    }

    fn handle(&self, request: &Request<'_>, route: &Route) -> Result<Handled, Reply> {
        match route {
            Route::Models => Ok(done(&models::list(request))),
            Route::Model(name) => models::find(request, name).map(|model| done(&model)).ok_or_else(|| no_model(name)),
            Route::Embeddings { .. } => embeddings::embed(request).map(|body| done(&body)),
            _ => Ok(Handled::Chat(Box::new(rules::chat(request)?))),
        }
    }

    fn whole(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
        answer::whole(chat, answer)
    }

    fn stream(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
        answer::stream(chat, answer)
    }

    fn as_stream(&self, request: &Request<'_>, whole: &Value) -> Option<Reply> {
        let asked = serde_json::from_slice(request.body).unwrap_or_default();
        streamed::stream(whole, streamed::wants_usage(&asked))
    }

    fn event(&self, json: &str) -> Bytes {
        Bytes::from(format!("data: {json}\n\n"))
    }

    fn named_errors(&self) -> &'static [NamedError] {
        NAMED_ERRORS
    }

    fn error_event(&self, name: Option<&str>, _: bool) -> Bytes {
        let row = named_errors::find(NAMED_ERRORS, name.unwrap_or("internal"));
        let error = row.and_then(|row| serde_json::from_str::<Value>(row.body).ok());
        data_event(&json!({ "error": error.unwrap_or_else(|| json!({"message": "mock: no such error"})) }))
    }

    fn add_headers(&self, mut reply: Reply, request: &Request<'_>) -> Reply {
        if reply.status >= 400 {
            reply.pieces = reply.pieces.iter().map(|piece| worded(request.provider, piece)).collect();
        }
        reply
            .header("openai-organization", "org-mock")
            .header("openai-processing-ms", "7")
            .header("openai-version", "2020-10-01")
            .header("x-request-id", format!("req_{}", hash::hex(request.seed, "request")))
            .header("set-cookie", "__cf_bm=mock; path=/; HttpOnly")
            .header("x-ratelimit-limit-requests", "5000")
            .header("x-ratelimit-remaining-requests", "4999")
            .header("x-ratelimit-reset-requests", "12ms")
    }
}

/// An error in the words of this provider: OpenAI's, with its own name in them.
fn worded(provider: Provider, body: &Bytes) -> Bytes {
    match std::str::from_utf8(body) {
        Ok(text) if provider != Provider::OPENAI => {
            let site = provider.key_url().trim_start_matches("https://").split('/').next().unwrap_or_default();
            let text = text.replace("platform.openai.com", site).replace("help.openai.com", site);
            text.replace("OpenAI", provider.label()).into()
        }
        _ => body.clone(),
    }
}

fn done(body: &Value) -> Handled {
    Handled::Reply(json_reply(200, body))
}

/// A key as OpenAI shows it in an error.
fn masked(key: &str) -> String {
    match (key.get(..8), key.len().checked_sub(4).and_then(|at| key.get(at..))) {
        (Some(first), Some(last)) if key.len() > 12 => format!("{first}{}{last}", "*".repeat(key.len() - 12)),
        _ => "*".repeat(key.len()),
    }
}

//! Google: routes, errors, model list, embeddings, token counts.

mod answer;
mod chat;
mod continuation;
mod conversation;
mod embeddings;
mod errors;
mod fields;
mod json_schema;
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
use crate::named_errors::{self, NamedError};
use crate::rejection::Rejection;
use crate::reply::Reply;
use crate::request::Request;
use crate::wire::{Handled, Route, WireFormat};

pub(crate) use errors::NAMED_ERRORS;

use errors::{detailed, error, no_model, not_found, rate_limited, reason};
use reply::json_reply;

/// The wire format of Google's Gemini API, `v1beta`.
pub(super) struct Google;

impl WireFormat for Google {
    fn reject(&self, rejection: &Rejection<'_>, _: u64) -> Reply {
        match rejection {
            Rejection::NoKey => error(
                403,
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or \
                 other form of API consumer identity to call this API.",
            ),
            Rejection::ManyKeys => error(400, "Multiple authentication credentials received. Please pass only one."),
            Rejection::Refused(_) => {
                let message = "API key not valid. Please pass a valid API key.";
                let words = json!({"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message});
                detailed(400, message, json!([reason("API_KEY_INVALID"), words]))
            }
            Rejection::Expired => self.reject(&Rejection::Named("key_expired"), 0),
            Rejection::Revoked => error(403, "Your API key was reported as leaked. Please use another API key."),
            Rejection::Restricted => {
                let message = "Requests to this API generativelanguage.googleapis.com method \
                               google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent are blocked.";
                detailed(403, message, json!([reason("API_KEY_SERVICE_BLOCKED")]))
            }
            Rejection::NoCredit => error(
                429,
                "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your \
                 project and billing.",
            ),
            Rejection::RateLimited => rate_limited(),
            Rejection::Overloaded => error(503, "The model is overloaded. Please try again later."),
            Rejection::Named("array") => {
                let body =
                    json!([{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}]);
                json_reply(503, &body)
            }
            Rejection::Named(name) => {
                let reply = named_errors::reply(NAMED_ERRORS, name, |error| format!("{{\n  \"error\": {error}\n}}\n"));
                reply.unwrap_or_else(|| error(400, &named_errors::unknown("Google", name)))
            }
            Rejection::Status(status) => error(*status, &format!("The mock was asked for status {status}.")),
            Rejection::Request(message) => error(400, message),
        }
    }

    fn route(&self, request: &Request<'_>) -> Result<Route, Reply> {
        let (method, route) = route(&request.path).ok_or_else(|| not_found(request))?;
        if request.method != method {
            return Err(not_found(request));
        }
        let allowed: &[&str] = match route {
            Route::Models => &["pageSize", "pageToken"],
            _ => &["alt"],
        };
        match request.query.iter().find(|(name, _)| !allowed.contains(&name.as_str())) {
            Some((name, _)) => Err(error(
                400,
                &format!(
                    "Invalid JSON payload received. Unknown name \"{name}\": Cannot bind query parameter. Field '{name}' could not \
                     be found in request message."
                ),
            )),
            None => Ok(route),
        }
    }

    fn handle(&self, request: &Request<'_>, route: &Route) -> Result<Handled, Reply> {
        match route {
            Route::Models => models::list(request).map(|list| done(&list)),
            Route::Model(name) => {
                match models::listed(request)
                    .into_iter()
                    .find(|one| one.get("name") == Some(&json!(format!("models/{name}"))))
                {
                    Some(model) => Ok(done(&model)),
                    None => Err(no_model(name, "generateContent")),
                }
            }
            Route::Chat { model, stream } => Ok(Handled::Chat(Box::new(rules::generate(request, model, *stream)?))),
            Route::Count { model } => {
                rules::count(request, model).map(|tokens| done(&json!({ "totalTokens": tokens })))
            }
            Route::Embeddings { model, batch } => embeddings::embed(request, model, *batch).map(|body| done(&body)),
        }
    }

    fn whole(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
        answer::whole(chat, answer)
    }

    fn stream(&self, chat: &ChatRequest, answer: &ChatAnswer) -> Reply {
        answer::stream(chat, answer)
    }

    fn wants_stream(&self, _: &Request<'_>, route: &Route) -> bool {
        matches!(route, Route::Chat { stream: true, .. })
    }

    fn as_stream(&self, request: &Request<'_>, whole: &Value) -> Option<Reply> {
        streamed::stream(whole, request.query("alt") != Some("sse"))
    }

    fn event(&self, json: &str) -> Bytes {
        Bytes::from(format!("data: {json}\r\n\r\n"))
    }

    fn named_errors(&self) -> &'static [NamedError] {
        NAMED_ERRORS
    }

    fn error_event(&self, name: Option<&str>, bare: bool) -> Bytes {
        let row = named_errors::find(NAMED_ERRORS, name.unwrap_or("overloaded"));
        let error = row.and_then(|row| serde_json::from_str::<Value>(row.body).ok());
        let error =
            error.unwrap_or_else(|| json!({"code": 500, "message": "mock: no such error", "status": "INTERNAL"}));
        let body = json!({ "error": error });
        if bare { Bytes::from(format!("{body:#}\n")) } else { answer::event(&body) }
    }

    fn add_headers(&self, reply: Reply, _: &Request<'_>) -> Reply {
        reply
            .header("server", "scaffolding on HTTPServer2")
            .header("x-gemini-service-tier", "standard")
            .header("alt-svc", "h3=\":443\"; ma=2592000")
            .header("set-cookie", "NID=mock; path=/; HttpOnly")
    }
}

fn route(path: &str) -> Option<(&'static str, Route)> {
    let rest = path.strip_prefix("/v1beta/models")?;
    if rest.is_empty() {
        return Some(("GET", Route::Models));
    }
    let name = rest.strip_prefix('/').filter(|name| !name.is_empty() && !name.contains('/'))?;
    let Some((model, verb)) = name.rsplit_once(':') else { return Some(("GET", Route::Model(name.to_owned()))) };
    let model = model.to_owned();
    let route = match verb {
        "generateContent" => Route::Chat { model, stream: false },
        "streamGenerateContent" => Route::Chat { model, stream: true },
        "countTokens" => Route::Count { model },
        "embedContent" => Route::Embeddings { model, batch: false },
        "batchEmbedContents" => Route::Embeddings { model, batch: true },
        _ => return None,
    };
    Some(("POST", route))
}

fn done(body: &Value) -> Handled {
    Handled::Reply(json_reply(200, body))
}

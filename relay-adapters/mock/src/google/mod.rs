//! Google: routes, errors, model list, embeddings, token counts.

mod answer;
mod chat;
mod continuation;
mod conversation;
mod embeddings;
mod errors;
mod fields;
mod json_schema;
mod models;
mod rules;
mod signatures;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::chat::{Ask, Turn};
use crate::named_errors;
use crate::reply::Reply;
use crate::request::{Job, Request, Route, Trouble, Wire};

use models::CLASSES;

pub(super) use errors::NAMED;

/// The wire format of Google's Gemini API, `v1beta`.
pub(super) struct Google;

impl Wire for Google {
    fn trouble(&self, trouble: &Trouble<'_>, _: u64) -> Reply {
        match trouble {
            Trouble::NoKey => error(
                403,
                "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or \
                 other form of API consumer identity to call this API.",
            ),
            Trouble::ManyKeys => error(400, "Multiple authentication credentials received. Please pass only one."),
            Trouble::Refused(_) => {
                let message = "API key not valid. Please pass a valid API key.";
                let words = json!({"@type": "type.googleapis.com/google.rpc.LocalizedMessage", "locale": "en-US", "message": message});
                detailed(400, message, json!([reason("API_KEY_INVALID"), words]))
            }
            Trouble::Revoked => error(403, "Your API key was reported as leaked. Please use another API key."),
            Trouble::Restricted => {
                let message = "Requests to this API generativelanguage.googleapis.com method \
                               google.ai.generativelanguage.v1beta.GenerativeService.GenerateContent are blocked.";
                detailed(403, message, json!([reason("API_KEY_SERVICE_BLOCKED")]))
            }
            Trouble::NoCredit => error(
                429,
                "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your \
                 project and billing.",
            ),
            Trouble::RateLimited => rate_limited(),
            Trouble::Overloaded => error(503, "The model is overloaded. Please try again later."),
            Trouble::Named("array") => {
                let body =
                    json!([{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}]);
                json_reply(503, &body)
            }
            Trouble::Named(name) => {
                let reply = named_errors::reply(NAMED, name, |error| format!("{{\n  \"error\": {error}\n}}\n"));
                reply.unwrap_or_else(|| error(400, &format!("mock: Google has no error named {name}")))
            }
            Trouble::Status(status) => error(*status, &format!("The mock was asked for status {status}.")),
            Trouble::Request(message) => error(400, message),
        }
    }

    fn route(&self, request: &Request<'_>) -> Result<Route, Reply> {
        let (wanted, route) = route(&request.path).ok_or_else(|| not_found(request))?;
        if request.method != wanted {
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

    fn job(&self, request: &Request<'_>, route: &Route) -> Result<Job, Reply> {
        match route {
            Route::Models => models(request),
            Route::Model(name) => {
                match listed(request).into_iter().find(|one| one.get("name") == Some(&json!(format!("models/{name}"))))
                {
                    Some(model) => Ok(done(&model)),
                    None => Err(no_model(name, "generateContent")),
                }
            }
            Route::Chat { model, stream } => Ok(Job::Chat(Box::new(rules::generate(request, model, *stream)?))),
            Route::Count { model } => {
                rules::count(request, model).map(|tokens| done(&json!({ "totalTokens": tokens })))
            }
            Route::Embeddings { model, batch } => embeddings::embed(request, model, *batch).map(|body| done(&body)),
        }
    }

    fn whole(&self, ask: &Ask, turn: &Turn) -> Reply {
        answer::whole(ask, turn)
    }

    fn stream(&self, ask: &Ask, turn: &Turn) -> Reply {
        answer::stream(ask, turn)
    }

    fn error_event(&self, name: Option<&str>, bare: bool) -> Bytes {
        let row = named_errors::find(NAMED, name.unwrap_or("overloaded"));
        let error = row.and_then(|row| serde_json::from_str::<Value>(row.body).ok());
        let error =
            error.unwrap_or_else(|| json!({"code": 500, "message": "mock: no such error", "status": "INTERNAL"}));
        let body = json!({ "error": error });
        if bare { Bytes::from(format!("{body:#}\n")) } else { answer::event(&body) }
    }

    fn dress(&self, reply: Reply, _: &Request<'_>) -> Reply {
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

/// Google's front answers a page for what it doesn't know.
fn not_found(request: &Request<'_>) -> Reply {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=en>\n  <title>Error 404 (Not Found)!!1</title>\n  <p>The requested URL <code>{}</code> was not \
         found on this server.\n",
        request.path.replace('<', "&lt;")
    );
    Reply::body(404, "text/html; charset=UTF-8", page)
}

fn error(status: u16, message: &str) -> Reply {
    json_reply(status, &json!({"error": {"code": status, "message": message, "status": name(status)}}))
}

fn detailed(status: u16, message: &str, details: Value) -> Reply {
    json_reply(
        status,
        &json!({"error": {"code": status, "message": message, "status": name(status), "details": details}}),
    )
}

fn name(status: u16) -> &'static str {
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

fn reason(reason: &str) -> Value {
    json!({"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason, "domain": "googleapis.com",
        "metadata": {"service": "generativelanguage.googleapis.com"}})
}

fn rate_limited() -> Reply {
    let message = "You exceeded your current quota, please check your plan and billing details. Please retry in 16.4s.";
    let violation = json!({"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
        "quotaId": "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "quotaValue": "10"});
    let quota = json!({"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]});
    let retry = json!({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "16.4s"});
    detailed(429, message, json!([quota, retry]))
}

fn no_model(name: &str, verb: &str) -> Reply {
    let message = format!(
        "models/{name} is not found for API version v1beta, or is not supported for {verb}. Call ListModels to see the list of \
         available models and their supported methods."
    );
    error(404, &message)
}

fn json_reply(status: u16, body: &Value) -> Reply {
    // Pretty-printed, as Google prints what is not a stream.
    Reply::body(status, "application/json; charset=UTF-8", format!("{body:#}\n"))
}

fn done(body: &Value) -> Job {
    Job::Done(json_reply(200, body))
}

/// A page of the list: `pageSize` (50 unless said otherwise, at most 1000) and `pageToken`.
fn models(request: &Request<'_>) -> Result<Job, Reply> {
    let invalid = |name: &str| {
        error(400, &format!("Invalid value at '{name}' (TYPE_INT32), \"{}\"", request.query(name).unwrap_or("")))
    };
    let size = match request.query("pageSize").map(str::parse::<usize>) {
        None | Some(Ok(0)) => 50,
        Some(Ok(size)) => size.min(1000),
        Some(Err(_)) => return Err(invalid("pageSize")),
    };
    let start = match request
        .query("pageToken")
        .map(|token| token.strip_prefix("page-").and_then(|at| at.parse::<usize>().ok()))
    {
        None => 0,
        Some(Some(start)) => start,
        Some(None) => return Err(error(400, "API page token is invalid.")),
    };
    let all = listed(request);
    let page: Vec<&Value> = all.iter().skip(start).take(size).collect();
    let next = start + page.len();
    let mut body = json!({ "models": page });
    if let (Some(map), true) = (body.as_object_mut(), next < all.len()) {
        map.insert("nextPageToken".into(), json!(format!("page-{next}")));
    }
    Ok(done(&body))
}

fn listed(request: &Request<'_>) -> Vec<Value> {
    let chat = CLASSES.iter().map(|class| class.name).chain(request.models.iter().copied());
    let chat = chat.map(|name| model(name, &["generateContent", "countTokens"]));
    chat.chain(embeddings::MODELS.iter().map(|name| model(name, &["embedContent", "batchEmbedContents"]))).collect()
}

fn model(name: &str, methods: &[&str]) -> Value {
    json!({"name": format!("models/{name}"), "version": "001", "displayName": name.replace('-', " "),
        "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536, "supportedGenerationMethods": methods})
}

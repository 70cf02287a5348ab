//! OpenAI: routes, errors, model list, embeddings.

mod answer;
mod chat;
mod errors;
mod fields;
mod rules;

use bytes::Bytes;
use serde_json::{Value, json};

use crate::chat::{Ask, Turn};
use crate::named_errors;
use crate::reply::{Reply, data_event};
use crate::request::{Job, Request, Route, Trouble, Wire};
use crate::text;

pub(super) use errors::NAMED;

/// OpenAI's wire format.
pub(super) struct OpenAi;

/// Models that are listed, and when each was made (Unix seconds).
const MODELS: &[(&str, u64)] = &[
    ("gpt-4o", 1_715_367_049),
    ("gpt-4o-mini", 1_721_172_741),
    ("gpt-4.1", 1_744_316_542),
    ("gpt-4.1-mini", 1_744_318_173),
    ("gpt-5", 1_754_425_777),
    ("gpt-5-mini", 1_754_425_928),
    ("gpt-5.4-mini", 1_773_000_000),
    ("o3", 1_744_225_308),
    ("o4-mini", 1_744_225_351),
    ("text-embedding-ada-002", 1_671_217_299),
    ("text-embedding-3-small", 1_705_948_997),
    ("text-embedding-3-large", 1_705_953_180),
];

/// Beginnings of names that exist: too many snapshots to list.
const FAMILIES: &[&str] =
    &["gpt-3.5-turbo", "gpt-4", "gpt-5", "o1", "o3", "o4-", "chatgpt-4o", "codex-mini", "ft:gpt-", "text-embedding-"];

impl Wire for OpenAi {
    fn trouble(&self, trouble: &Trouble<'_>, _: u64) -> Reply {
        match trouble {
            Trouble::NoKey => error(
                401,
                "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth \
                 (i.e. Authorization: Bearer YOUR_KEY), or as the password field (with blank username) if you're accessing \
                 the API from your browser and are prompted for a username and password. You can obtain an API key from \
                 https://platform.openai.com/account/api-keys.",
                ("invalid_request_error", None, None),
            ),
            Trouble::ManyKeys => bad("mock: more than one credential"),
            Trouble::Refused(key) => error(
                401,
                &format!(
                    "Incorrect API key provided: {}. You can find your API key at https://platform.openai.com/account/api-keys.",
                    masked(key)
                ),
                ("invalid_request_error", None, Some("invalid_api_key")),
            ),
            Trouble::Revoked => error(
                401,
                "The OpenAI account associated with this API key has been deactivated. Please check your email for more \
                 information. If you feel this is an error, contact us through our help center at help.openai.com.",
                ("invalid_request_error", None, Some("account_deactivated")),
            ),
            Trouble::Restricted => error(
                403,
                "You have insufficient permissions for this operation. Missing scopes: model.request. Check that you have the \
                 correct role in your organization (Reader, Writer, Owner) and project (Member, Owner), and if you're using a \
                 restricted API key, that it has the necessary scopes.",
                ("invalid_request_error", None, Some("missing_scope")),
            ),
            Trouble::NoCredit => error(
                429,
                "You exceeded your current quota, please check your plan and billing details. For more information on this \
                 error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
                ("insufficient_quota", None, Some("insufficient_quota")),
            ),
            Trouble::RateLimited => rate_limited(),
            Trouble::Overloaded => error(
                503,
                "The server is currently overloaded with other requests. Sorry about that! You can retry your request, or \
                 contact us through our help center at help.openai.com if the error persists.",
                ("server_error", None, None),
            ),
            Trouble::Named(name) => {
                let reply = named_errors::reply(NAMED, name, |error| format!("{{\n  \"error\": {error}\n}}"));
                reply.unwrap_or_else(|| bad(&format!("mock: OpenAI has no error named {name}")))
            }
            Trouble::Status(status) => of_status(*status),
            Trouble::Request(message) => bad(message),
        }
    }

    fn route(&self, request: &Request<'_>) -> Result<Route, Reply> {
        let (wanted, route) = match request.path.as_str() {
            "/v1/chat/completions" => ("POST", Route::Chat { model: String::new(), stream: false }),
            "/v1/embeddings" => ("POST", Route::Embeddings { model: String::new(), batch: true }),
            "/v1/models" => ("GET", Route::Models),
            path => match path.strip_prefix("/v1/models/") {
                Some(name) if !name.is_empty() && !name.contains('/') => ("GET", Route::Model(name.to_owned())),
                _ => return Err(error(404, &format!("Invalid URL ({} {path})", request.method), PLAIN)),
            },
        };
        if request.method != wanted {
            let hint = "(HINT: Perhaps you meant to use a different HTTP method?)";
            return Err(error(405, &format!("Not allowed to {} on {}. {hint}", request.method, request.path), PLAIN));
        }
        match request.query.first() {
            Some((name, _)) => Err(unknown_parameter(name)),
            None => Ok(route),
        }
    }

    fn job(&self, request: &Request<'_>, route: &Route) -> Result<Job, Reply> {
        match route {
            Route::Models => {
                let added = request.models.iter().map(|name| model(name, 1_790_000_000));
                let data: Vec<Value> =
                    MODELS.iter().map(|(name, created)| model(name, *created)).chain(added).collect();
                Ok(done(&json!({ "object": "list", "data": data })))
            }
            Route::Model(name) => match MODELS.iter().find(|(known, _)| known == name) {
                Some((name, created)) => Ok(done(&model(name, *created))),
                None if knows(request, name) => Ok(done(&model(name, 1_790_000_000))),
                None => Err(no_model(name)),
            },
            Route::Embeddings { .. } => embeddings(&rules::embeddings(request)?),
            _ => Ok(Job::Chat(Box::new(rules::chat(request)?))),
        }
    }

    fn whole(&self, ask: &Ask, turn: &Turn) -> Reply {
        answer::whole(ask, turn)
    }

    fn stream(&self, ask: &Ask, turn: &Turn) -> Reply {
        answer::stream(ask, turn)
    }

    fn error_event(&self, name: Option<&str>, _: bool) -> Bytes {
        let row = named_errors::find(NAMED, name.unwrap_or("internal"));
        let error = row.and_then(|row| serde_json::from_str::<Value>(row.body).ok());
        data_event(&json!({ "error": error.unwrap_or_else(|| json!({"message": "mock: no such error"})) }))
    }

    fn dress(&self, reply: Reply, request: &Request<'_>) -> Reply {
        reply
            .header("openai-organization", "org-mock")
            .header("openai-processing-ms", "7")
            .header("openai-version", "2020-10-01")
            .header("x-request-id", format!("req_{}", text::hex(request.seed, "request")))
            .header("set-cookie", "__cf_bm=mock; path=/; HttpOnly")
            .header("x-ratelimit-limit-requests", "5000")
            .header("x-ratelimit-remaining-requests", "4999")
            .header("x-ratelimit-reset-requests", "12ms")
    }
}

type Marks = (&'static str, Option<&'static str>, Option<&'static str>);
const PLAIN: Marks = ("invalid_request_error", None, None);

/// An error body; `marks` are type, param and code.
fn error(status: u16, message: &str, (kind, param, code): Marks) -> Reply {
    json_reply(status, &json!({"error": {"message": message, "type": kind, "param": param, "code": code}}))
}

/// A 400 without param and code.
fn bad(message: &str) -> Reply {
    error(400, message, PLAIN)
}

/// A 400 about a parameter.
fn bad_param(param: &str, code: Option<&str>, message: &str) -> Reply {
    json_reply(
        400,
        &json!({"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}),
    )
}

fn unknown_parameter(name: &str) -> Reply {
    bad_param(name, Some("unknown_parameter"), &format!("Unknown parameter: '{name}'."))
}

fn no_model(name: &str) -> Reply {
    let message = format!("The model `{name}` does not exist or you do not have access to it.");
    error(404, &message, ("invalid_request_error", None, Some("model_not_found")))
}

fn rate_limited() -> Reply {
    let message = "Rate limit reached for requests in organization org-mock on requests per min (RPM): Limit 3, Used 3, \
                   Requested 1. Please try again in 20s. Visit https://platform.openai.com/account/rate-limits to learn more.";
    error(429, message, ("requests", None, Some("rate_limit_exceeded")))
        .header("retry-after", "20")
        .header("retry-after-ms", "20000")
        .header("x-ratelimit-limit-tokens", "40000")
        .header("x-ratelimit-remaining-tokens", "39000")
}

fn of_status(status: u16) -> Reply {
    let message = format!("The mock was asked for status {status}.");
    let kind = match status {
        429 => "requests",
        500.. => "server_error",
        _ => "invalid_request_error",
    };
    error(status, &message, (kind, None, (status == 429).then_some("rate_limit_exceeded")))
}

fn json_reply(status: u16, body: &Value) -> Reply {
    // Pretty-printed, as OpenAI prints what is not a stream.
    Reply::body(status, "application/json", format!("{body:#}"))
}

fn done(body: &Value) -> Job {
    Job::Done(json_reply(200, body))
}

fn model(name: &str, created: u64) -> Value {
    json!({"id": name, "object": "model", "created": created, "owned_by": "system"})
}

fn knows(request: &Request<'_>, name: &str) -> bool {
    FAMILIES.iter().any(|family| name.starts_with(family)) || request.models.contains(&name)
}

/// A key as OpenAI shows it in an error.
fn masked(key: &str) -> String {
    match (key.get(..8), key.len().checked_sub(4).and_then(|at| key.get(at..))) {
        (Some(first), Some(last)) if key.len() > 12 => format!("{first}{}{last}", "*".repeat(key.len() - 12)),
        _ => "*".repeat(key.len()),
    }
}

fn embeddings(wanted: &rules::Embeddings) -> Result<Job, Reply> {
    let vector = |(index, input): (usize, &String)| {
        let values = text::vector(input, wanted.dimensions);
        let embedding = if wanted.base64 { text::packed(&values) } else { text::numbers(&values) };
        json!({"object": "embedding", "index": index, "embedding": embedding})
    };
    let data: Vec<Value> = wanted.inputs.iter().enumerate().map(vector).collect();
    let tokens = wanted.inputs.iter().map(|input| text::words(input)).sum::<u64>();
    Ok(done(&json!({"object": "list", "data": data, "model": wanted.model,
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens}})))
}

//! `/v1/webhooks` and the routes below it.

use actix_web::web::Payload;
use actix_web::{HttpRequest, HttpResponse};
use relay_core::RelayError;
use relay_core::domain::ids::Timestamp;
use relay_core::domain::trail::Actor;
use relay_core::domain::{Delivery, KeyedProject, Scope, Webhook, WebhookSecret};
use relay_core::ports::Replay;
use relay_core::relay::webhooks::WebhookChange;
use relay_core::translation::json::Object;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::http::context::RequestContext;
use crate::http::error::ApiResult;
use crate::http::request::body;
use crate::http::request::extract;
use crate::http::request::members::known_members_only;
use crate::http::response::json::json;

/// The most deliveries on a page, and how many there are by default.
const MAX_PAGE: u32 = 200;
const DEFAULT_PAGE: u32 = 50;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownWebhook {
    id: String,
    url: String,
    events: Vec<&'static str>,
    description: String,
    enabled: bool,
    disabled_reason: Option<String>,
    failing_since: Option<String>,
    created_at: String,
    previous_secret_until: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

impl ShownWebhook {
    fn new(webhook: Webhook, secret: Option<&WebhookSecret>) -> Self {
        Self {
            id: webhook.id,
            url: webhook.url,
            events: webhook.events.into_iter().map(|kind| kind.as_str()).collect(),
            description: webhook.description,
            enabled: webhook.enabled,
            disabled_reason: webhook.disabled_reason,
            failing_since: webhook.failing_since.map(|at| at.to_string()),
            created_at: webhook.created_at.to_string(),
            previous_secret_until: webhook.previous.map(|(_, until)| until.to_string()),
            secret: secret.map(|secret| secret.expose().to_owned()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ShownDelivery {
    id: String,
    event_id: String,
    event: String,
    state: &'static str,
    created_at: String,
    attempts: u32,
    next_attempt_at: Option<String>,
    request: Option<Box<RawValue>>,
    last_attempt: Option<Value>,
}

impl From<Delivery> for ShownDelivery {
    fn from(delivery: Delivery) -> Self {
        let is_pending = delivery.state.as_str() == "pending";
        let last = delivery.last.map(|last| {
            serde_json::json!({
                "at": last.at.to_string(),
                "milliseconds": last.millis,
                "status": last.status,
                "error": last.error,
                "answer": last.answer,
            })
        });
        Self {
            id: delivery.seq.to_string(),
            event_id: delivery.event,
            event: delivery.kind,
            state: delivery.state.as_str(),
            created_at: delivery.created_at.to_string(),
            attempts: delivery.attempts,
            next_attempt_at: is_pending.then(|| delivery.next_at.to_string()),
            // `null` once its user was erased and the app was told.
            request: RawValue::from_string(delivery.body).ok(),
            last_attempt: last,
        }
    }
}

/// The project's webhooks.
pub(crate) async fn list(request: HttpRequest) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let webhooks = context.state().relay.webhooks(&access.project.id).await?;
    let shown: Vec<_> = webhooks.into_iter().map(|webhook| ShownWebhook::new(webhook, None)).collect();
    Ok(json(200, &serde_json::json!({ "webhooks": shown })))
}

/// Creates a webhook. The answer has its secret, once.
pub(crate) async fn create(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let change = change(&read(&request, payload, &context, &access).await?)?;
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    let issued = relay.create_webhook(&access.project.id, change).await?;
    Ok(json(201, &ShownWebhook::new(issued.webhook, Some(&issued.secret))))
}

/// One webhook.
pub(crate) async fn show(request: HttpRequest) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let webhook = context.state().relay.webhook(&access.project.id, &id(&request)?).await?;
    Ok(json(200, &ShownWebhook::new(webhook, None)))
}

/// Changes a webhook.
pub(crate) async fn update(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let change = change(&read(&request, payload, &context, &access).await?)?;
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    let webhook = relay.update_webhook(&access.project.id, &id(&request)?, change).await?;
    Ok(json(200, &ShownWebhook::new(webhook, None)))
}

/// Deletes a webhook.
pub(crate) async fn delete(request: HttpRequest) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    relay.delete_webhook(&access.project.id, &id(&request)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Gives a webhook a new secret, which the answer has, once.
pub(crate) async fn roll_secret(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let bytes = match body::is_absent(request.headers()) {
        true => b"{}".to_vec(),
        false => read(&request, payload, &context, &access).await?,
    };
    let object = Object::parse(&bytes)?;
    known_members_only(&object, &["overlapSeconds"])?;
    // A negative number is out of range, which the core refuses.
    let overlap = object.integer("overlapSeconds")?.map(|seconds| u64::try_from(seconds).unwrap_or(u64::MAX));
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    let issued = relay.roll_webhook_secret(&access.project.id, &id(&request)?, overlap).await?;
    Ok(json(200, &ShownWebhook::new(issued.webhook, Some(&issued.secret))))
}

/// Sends a `webhook.test` event.
pub(crate) async fn test(request: HttpRequest) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    let delivery = relay.test_webhook(&access.project.id, &id(&request)?).await?;
    Ok(json(202, &serde_json::json!({ "delivery": delivery.to_string() })))
}

/// A page of a webhook's deliveries, newest first.
pub(crate) async fn deliveries(request: HttpRequest) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let limit = extract::query(&request, "limit")?.map_or(Ok(DEFAULT_PAGE), |text| {
        let limit = text.parse().ok().filter(|limit| (1..=MAX_PAGE).contains(limit));
        limit.ok_or_else(|| RelayError::invalid_value("limit", format!("`limit` must be 1 to {MAX_PAGE}")))
    })?;
    let before = extract::query(&request, "before")?.map(|text| number("before", &text)).transpose()?;
    let mut page = context.state().relay.deliveries(&access.project.id, &id(&request)?, before, limit + 1).await?;
    let has_more = page.len() > limit as usize;
    page.truncate(limit as usize);
    let next = page.last().filter(|_| has_more).map(|last| last.seq.to_string());
    let shown: Vec<_> = page.into_iter().map(ShownDelivery::from).collect();
    Ok(json(200, &serde_json::json!({ "deliveries": shown, "hasMore": has_more, "nextBefore": next })))
}

/// Orders deliveries again: one, or all since a time.
pub(crate) async fn replay(request: HttpRequest, payload: Payload) -> ApiResult {
    let (context, access) = allowed(&request).await?;
    let bytes = read(&request, payload, &context, &access).await?;
    let object = Object::parse(&bytes)?;
    known_members_only(&object, &["delivery", "since"])?;
    let which = match (object.text("delivery")?, object.text("since")?) {
        (Some(delivery), None) => Replay::One(number("delivery", &delivery)?),
        (None, Some(since)) => Replay::Since(time("since", &since)?),
        _ => return Err(RelayError::invalid_value("delivery", "send either `delivery` or `since`").into()),
    };
    let relay = context.relay_by(Actor::RelayKey(access.key.hash));
    let again = relay.replay(&access.project.id, &id(&request)?, which).await?;
    Ok(json(202, &serde_json::json!({ "deliveries": again })))
}

async fn allowed(request: &HttpRequest) -> Result<(RequestContext, KeyedProject), RelayError> {
    let context = RequestContext::of(request)?;
    let access = extract::access(request, &context, Scope::Webhooks).await?;
    Ok((context, access))
}

async fn read(
    request: &HttpRequest,
    payload: Payload,
    context: &RequestContext,
    access: &KeyedProject,
) -> Result<Vec<u8>, RelayError> {
    let state = context.state();
    let reserved = state.budget.reserve(&access.project.id, None);
    Ok(body::json(request, payload, state.limits.token_body, context, reserved).await?.bytes.to_vec())
}

fn change(body: &[u8]) -> Result<WebhookChange, RelayError> {
    let object = Object::parse(body)?;
    known_members_only(&object, &["url", "events", "description", "enabled"])?;
    let mut change = WebhookChange::default();
    change.url = object.text("url")?.map(|text| text.into_owned());
    change.events = object.read("events", "an array of strings")?;
    change.description = object.text("description")?.map(|text| text.into_owned());
    change.enabled = object.flag("enabled")?;
    Ok(change)
}

/// The id in `/v1/webhooks/{id}/…`.
fn id(request: &HttpRequest) -> Result<String, RelayError> {
    extract::path_segment(request, 2).ok_or_else(|| RelayError::invalid_value("id", "`id` is not valid UTF-8"))
}

fn number(param: &'static str, text: &str) -> Result<u64, RelayError> {
    text.parse().map_err(|_| RelayError::invalid_value(param, format!("`{param}` must be a number")))
}

/// A time in RFC 3339.
pub(super) fn time(param: &'static str, text: &str) -> Result<Timestamp, RelayError> {
    let invalid = || RelayError::invalid_value(param, format!("`{param}` must be a time such as 2026-11-28T17:00:00Z"));
    Timestamp::parse(text).ok_or_else(invalid)
}

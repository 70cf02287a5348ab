//! What the tests of all dialects share: how a body is fed, what an error looks like, what a client makes of a stream.

mod chat;
pub(crate) mod failure;
mod fold;
mod golden;
mod mapping;
mod pitfall;
mod prices_page;
mod providers_page;
mod request;
mod sequence;
pub(crate) mod support;

pub(crate) use golden::{Case, Format, Given, Made};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::domain::KeySignal;
use crate::domain::ids::{RequestId, Timestamp};
use crate::error::{Disclosure, RelayError};
use crate::translation::json::Object;
use crate::translation::{Call, ChatContext, TranslationOptions, Work};

/// The id and the time of every call in these tests.
const ID: [u8; 10] = [7; 10];
const NOW: Timestamp = Timestamp(1_764_000_000_000);

/// Calls `act` with a call of this body, for its own model or another.
pub(crate) fn with_call<T>(
    body: &Bytes,
    model: Option<&str>,
    options: TranslationOptions,
    act: impl FnOnce(&Call<'_>) -> Result<T, RelayError>,
) -> Result<T, RelayError> {
    let request = Object::parse(body)?;
    let own = request.text("model")?.unwrap_or_default();
    let model = model.unwrap_or(&own);
    let id = RequestId::new(NOW.0, ID);
    let work = Work::new();
    act(&Call { body, request: &request, model, prefixed: false, id, now: NOW, options, work: &work })
}

/// The context of a plain call.
pub(crate) fn plain_context() -> ChatContext {
    ChatContext { stream: true, ..ChatContext::new(RequestId::new(NOW.0, ID), NOW.0 / 1000, "asked-for") }
}

/// An error as the server would send it.
pub(crate) fn shown_error(error: &RelayError) -> Value {
    let mut headers = shown_disclosure(error.disclosure());
    if let Some(retry) = error.should_retry() {
        headers.insert("x-should-retry".to_owned(), json!(retry.to_string()));
    }
    json!({ "status": error.class().status(), "headers": headers, "body": body_of(error) })
}

/// What a provider said about a failed call, as response headers.
fn shown_disclosure(disclosure: &Disclosure) -> Map<String, Value> {
    let Disclosure { provider_request_id, provider_headers, retry_after, .. } = disclosure;
    let wait = retry_after.clone().unwrap_or_default();
    let single = [
        ("x-relay-provider-request-id", provider_request_id.clone()),
        ("retry-after", wait.seconds),
        ("retry-after-ms", wait.millis),
    ];
    let single = single.into_iter().filter_map(|(name, value)| Some((name, value?)));
    let all = single.chain(provider_headers.iter().cloned());
    all.map(|(name, value)| (name.to_owned(), json!(value))).collect()
}

pub(crate) fn body_of(error: &RelayError) -> Value {
    serde_json::from_slice(&error.to_body()).unwrap()
}

/// The specs' word for what an answer says about the key.
pub(crate) fn key_state(signal: Option<KeySignal>) -> &'static str {
    match signal {
        None | Some(KeySignal::Accepted) => "ok",
        Some(KeySignal::Works) => "works",
        Some(KeySignal::Invalid) => "invalid",
        Some(KeySignal::Revoked) => "revoked",
        Some(KeySignal::Restricted) => "restricted",
        Some(KeySignal::NoCredit) => "no_credit",
        Some(KeySignal::SpendLimit) => "spend_limit",
        Some(KeySignal::NeedsWorkspace) => "needs_workspace",
        Some(KeySignal::NeedsOrganization) => "needs_organization",
        Some(KeySignal::NeedsProject) => "needs_project",
        Some(KeySignal::Disabled) => "disabled",
        Some(KeySignal::IpNotAllowed) => "ip_not_allowed",
        Some(KeySignal::WrongRegion(_)) => "wrong_region",
    }
}

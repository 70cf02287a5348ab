//! Writes the log of calls.

use relay_core::{Provider, RelayError};
use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::members::invalid;
use super::scripts::FAILURES;
use crate::seen::{CallState, Counts, SeenCall, SeenLog};
use crate::text::percent_decoded;

/// Which calls are shown.
#[derive(Debug, Default)]
pub(super) struct Filter {
    provider: Option<Provider>,
    last4: Option<String>,
}

impl Filter {
    pub(super) fn read(query: &str) -> Result<Self, RelayError> {
        let mut filter = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decoded(value);
            match name {
                "provider" => {
                    let names: Vec<_> = Provider::ALL.iter().map(|provider| provider.name()).collect();
                    let message = format!("`provider` must be one of: {}", names.join(", "));
                    let found = Provider::from_name(&value).ok_or_else(|| invalid("provider".to_owned(), message))?;
                    filter.provider = Some(found);
                }
                "last4" => filter.last4 = Some(value),
                _ => {
                    let plain = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                    return Err(RelayError::unknown_parameter(if plain { name } else { "?" }, &["provider", "last4"]));
                }
            }
        }
        Ok(filter)
    }

    fn providers(&self) -> impl Iterator<Item = Provider> {
        Provider::ALL.iter().copied().filter(|provider| self.provider.is_none_or(|wanted| wanted == *provider))
    }

    fn shows(&self, call: &SeenCall) -> bool {
        self.provider.is_none_or(|wanted| wanted == call.request.provider)
            && (self.last4.is_none() || self.last4 == call.request.last4)
    }
}

#[derive(Serialize)]
struct Calls<'a> {
    total: u64,
    open: u64,
    aborted: u64,
    calls: Vec<Call<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Call<'a> {
    number: u64,
    provider: &'static str,
    method: &'a str,
    path: &'a str,
    last4: Option<&'a str>,
    headers: Map<String, Value>,
    body: Body<'a>,
    body_bytes: usize,
    scripted: bool,
    state: &'static str,
    status: Option<u16>,
    failure: Option<&'static str>,
}

/// JSON as it was sent, anything else as text.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    None,
    Json(&'a RawValue),
    Text(&'a str),
}

/// The calls that the filter shows, with the number of all calls of its provider.
pub(super) fn shown(log: &SeenLog, filter: &Filter) -> Result<String, RelayError> {
    let counts = filter.providers().map(|provider| log.counts(provider)).fold(Counts::default(), |sum, of| Counts {
        total: sum.total + of.total,
        open: sum.open + of.open,
        aborted: sum.aborted + of.aborted,
    });
    let Counts { total, open, aborted } = counts;
    let calls = log.calls().filter(|call| filter.shows(call)).map(call).collect();
    serde_json::to_string(&Calls { total, open, aborted, calls }).map_err(|_| RelayError::internal())
}

fn call(call: &SeenCall) -> Call<'_> {
    let request = &call.request;
    let (state, failure) = match call.state {
        CallState::Waiting => ("waiting", None),
        CallState::Streaming => ("streaming", None),
        CallState::Complete => ("complete", None),
        CallState::Aborted => ("aborted", None),
        CallState::Failed(kind) => ("failed", FAILURES.iter().find(|(_, known)| *known == kind).map(|(name, _)| *name)),
    };
    Call {
        number: call.number,
        provider: request.provider.name(),
        method: &request.method,
        path: &request.path,
        last4: request.last4.as_deref(),
        headers: headers(&request.headers),
        body: body(&request.body),
        body_bytes: request.body_bytes,
        scripted: call.scripted,
        state,
        status: call.status,
        failure,
    }
}

/// A name that came several times has its values behind each other.
fn headers(headers: &[(String, String)]) -> Map<String, Value> {
    let mut shown = Map::new();
    for (name, value) in headers {
        let both = match shown.get(name).and_then(Value::as_str) {
            Some(earlier) => json!(format!("{earlier}, {value}")),
            None => json!(value),
        };
        shown.insert(name.clone(), both);
    }
    shown
}

fn body(text: &str) -> Body<'_> {
    if text.is_empty() {
        return Body::None;
    }
    serde_json::from_str::<&RawValue>(text).map_or(Body::Text(text), Body::Json)
}

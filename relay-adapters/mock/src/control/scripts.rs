//! Reads scripts.

use std::time::Duration;

use bytes::Bytes;
use relay_core::ports::TransportErrorKind;
use relay_core::translation::json::{Object, compact};
use relay_core::{Provider, RelayError};
use serde_json::Value;
use serde_json::value::RawValue;

use super::members::{body, integer, invalid, known_only, must, one_of};
use crate::between::BETWEEN;
use crate::play::wire;
use crate::script::Scripted;
use crate::wire::CallKind;

/// What calls can be for, by name.
pub(super) const KINDS: [(&str, CallKind); 4] = [
    ("chat", CallKind::Chat),
    ("embeddings", CallKind::Embeddings),
    ("models", CallKind::Models),
    ("count", CallKind::Count),
];

/// Transport errors by name.
pub(super) const FAILURES: [(&str, TransportErrorKind); 5] = [
    ("connect", TransportErrorKind::Connect),
    ("connect_timeout", TransportErrorKind::ConnectTimeout),
    ("interrupted", TransportErrorKind::Interrupted),
    ("timeout", TransportErrorKind::Timeout),
    ("malformed", TransportErrorKind::Malformed),
];

/// A form of an answer: the members that make it one, and the others that it may have.
struct Form {
    by: &'static [&'static str],
    others: &'static [&'static str],
    read: fn(Provider, &Object<'_>) -> Result<Scripted, RelayError>,
}

static FORMS: &[Form] = &[
    Form { by: &["says", "calls"], others: &["finish", "headers", "pauseMs", "then"], read: says },
    Form { by: &["status", "body"], others: &["headers", "pauseMs", "then"], read: whole },
    Form { by: &["events"], others: &["headers", "pauseMs", "then"], read: events },
    Form { by: &["error"], others: &["headers", "pauseMs"], read: error },
    Form { by: &["between"], others: &["headers", "pauseMs"], read: between },
    Form { by: &["failure"], others: &[], read: failure },
    Form { by: &["never"], others: &[], read: never },
];

/// The longest pause: an hour.
pub(super) const MAX_PAUSE_MS: u32 = 3_600_000;
/// How many calls one script may answer.
const MAX_TIMES: u32 = 1000;

/// Reads one script or a list of them.
pub(super) fn read(json: &[u8]) -> Result<Vec<(Provider, Scripted)>, RelayError> {
    let is_list = json.trim_ascii_start().starts_with(b"[") && serde_json::from_slice::<&RawValue>(json).is_ok();
    if !is_list {
        return script(&body(json)?).map(|script| vec![script]);
    }
    let named = [br#"{"scripts":"#, json, b"}"].concat();
    let list = body(&named)?.objects("scripts")?.unwrap_or_default();
    list.iter().map(script).collect()
}

fn script(object: &Object<'_>) -> Result<(Provider, Scripted), RelayError> {
    known_only(object, &["provider", "answer", "times", "for", "last4"])?;
    let providers: Vec<_> = Provider::ALL.iter().map(|provider| (provider.name(), *provider)).collect();
    let provider = one_of(object, "provider", &providers)?.ok_or_else(|| missing(object, "provider"))?;
    let answer = object.object("answer")?.ok_or_else(|| missing(object, "answer"))?;
    let (form, mut script) = answered(provider, &answer)?;
    if let Some(times) = integer(object, "times", 1, MAX_TIMES)? {
        script = script.times(times);
    }
    if let Some(kind) = one_of(object, "for", &KINDS)? {
        if form.by.contains(&"says") && kind != CallKind::Chat {
            return Err(must(object, "for", "`chat` for what a model says"));
        }
        script = script.only_for(kind);
    }
    if let Some(last4) = object.text("last4")? {
        if last4.len() != 4 || !last4.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(must(object, "last4", "the last four characters of the user's provider key"));
        }
        script = script.for_key_ending(last4);
    }
    Ok((provider, script))
}

/// The answer, in the one form that its members belong to.
fn answered(provider: Provider, answer: &Object<'_>) -> Result<(&'static Form, Scripted), RelayError> {
    let given = |form: &'static Form| form.by.iter().find(|name| answer.get(name).is_some());
    let mut forms = FORMS.iter().filter_map(|form| Some((form, *given(form)?)));
    let path = answer.path("").trim_end_matches('.').to_owned();
    let Some((form, by)) = forms.next() else {
        // Unknown members first: one of them may be a slip in the member that is missing.
        known_only(answer, &all_names())?;
        let names: Vec<_> = FORMS.iter().filter_map(|form| form.by.first()).map(|name| format!("`{name}`")).collect();
        return Err(invalid(path.clone(), format!("`{path}` needs one of: {}", names.join(", "))));
    };
    if let Some((_, other)) = forms.next() {
        return Err(invalid(path.clone(), format!("`{path}` has both `{by}` and `{other}`; send one of them")));
    }
    known_only(answer, &[form.by, form.others].concat())?;
    let mut script = (form.read)(provider, answer)?;
    for (name, value) in headers(answer)? {
        script = script.header(&name, &value);
    }
    if let Some(ms) = integer(answer, "pauseMs", 0, MAX_PAUSE_MS)? {
        script = script.pausing(Duration::from_millis(ms.into()));
    }
    let script = match one_of(answer, "then", &[("end", 0), ("break", 1), ("silence", 2)])? {
        Some(1) => script.then_break(),
        Some(2) => script.then_silence(),
        _ => script,
    };
    Ok((form, script))
}

fn all_names() -> Vec<&'static str> {
    let mut names: Vec<&str> = FORMS.iter().flat_map(|form| form.by.iter().chain(form.others)).copied().collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn missing(object: &Object<'_>, name: &str) -> RelayError {
    let path = object.path(name);
    let message = format!("`{path}` is missing");
    invalid(path, message)
}

/// `{"says": "…", "calls": [{"name", "arguments"}], "finish"}`
fn says(_: Provider, answer: &Object<'_>) -> Result<Scripted, RelayError> {
    let mut script = Scripted::says(answer.text("says")?.unwrap_or_default());
    for call in answer.objects("calls")?.unwrap_or_default() {
        known_only(&call, &["name", "arguments"])?;
        let name = call.text("name")?.filter(|name| !name.is_empty()).ok_or_else(|| missing(&call, "name"))?;
        let arguments: Option<serde_json::Map<String, Value>> = call.read("arguments", "an object")?;
        script = script.calling(name, Value::Object(arguments.unwrap_or_default()));
    }
    match answer.text("finish")? {
        Some(word) if word.is_empty() => Err(must(answer, "finish", "a finish reason: `length`, `filter`, `stop`, …")),
        Some(word) => Ok(script.finishing(&word)),
        None => Ok(script),
    }
}

/// `{"status": 429, "body": …}`
fn whole(_: Provider, answer: &Object<'_>) -> Result<Scripted, RelayError> {
    let status = integer(answer, "status", 200, 599)?.and_then(|status| u16::try_from(status).ok()).unwrap_or(200);
    let Some(body) = answer.get("body") else {
        // The provider's own error.
        return if status < 400 { Err(missing(answer, "body")) } else { Ok(Scripted::status(status)) };
    };
    if !body.get().starts_with('"') {
        return Ok(Scripted::whole(status, body.get().to_owned()));
    }
    let text = answer.text("body")?.unwrap_or_default().into_owned();
    let is_json = text.trim_start().starts_with(['{', '[']) && serde_json::from_str::<&RawValue>(&text).is_ok();
    Ok(if is_json { Scripted::whole(status, text) } else { Scripted::text(status, text) })
}

/// `{"events": […]}`: an object is an event's data, a text is sent as it is.
fn events(provider: Provider, answer: &Object<'_>) -> Result<Scripted, RelayError> {
    let mut pieces: Vec<Bytes> = Vec::new();
    for (at, event) in answer.array("events")?.unwrap_or_default().into_iter().enumerate() {
        let raw = event.get();
        if raw.starts_with('{') {
            pieces.push(wire(provider).event(&compact(raw)));
            continue;
        }
        let text: String = serde_json::from_str(raw)
            .map_err(|_| must(answer, &format!("events[{at}]"), "an object, which is an event's data, or a string"))?;
        pieces.push(if text == "[DONE]" { wire(provider).event(&text) } else { text.into() });
    }
    Ok(Scripted::stream(pieces))
}

/// `{"error": "overloaded"}`
fn error(provider: Provider, answer: &Object<'_>) -> Result<Scripted, RelayError> {
    let names: Vec<_> = wire(provider).named_errors().iter().map(|row| (row.name, row.name)).collect();
    Ok(Scripted::error(one_of(answer, "error", &names)?.unwrap_or_default()))
}

/// `{"between": "cloudflare"}`
fn between(_: Provider, answer: &Object<'_>) -> Result<Scripted, RelayError> {
    let names: Vec<_> = BETWEEN.iter().map(|row| (row.name, row)).collect();
    let found = one_of(answer, "between", &names)?.ok_or_else(|| missing(answer, "between"))?;
    Ok(Scripted::between(found))
}

/// `{"failure": "connect"}`
fn failure(_: Provider, answer: &Object<'_>) -> Result<Scripted, RelayError> {
    Ok(Scripted::failure(one_of(answer, "failure", &FAILURES)?.unwrap_or(TransportErrorKind::Connect)))
}

/// `{"never": true}`
fn never(_: Provider, answer: &Object<'_>) -> Result<Scripted, RelayError> {
    match answer.flag("never") {
        Ok(Some(true)) => Ok(Scripted::never()),
        _ => Err(must(answer, "never", "true")),
    }
}

/// Headers that belong to the connection.
const FRAMING: [&str; 4] = ["connection", "content-length", "transfer-encoding", "keep-alive"];

fn headers(answer: &Object<'_>) -> Result<Vec<(String, String)>, RelayError> {
    let Some(headers) = answer.object("headers")? else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for (name, raw) in headers.members() {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || name.len() > 100 || !name.bytes().all(token) {
            return Err(must(answer, "headers", "an object whose names are names of headers"));
        }
        if FRAMING.iter().any(|known| known.eq_ignore_ascii_case(name)) {
            let path = headers.path(name);
            let message = format!("`{path}` can't be set: it belongs to the connection");
            return Err(invalid(path, message));
        }
        let value = match serde_json::from_str::<Value>(raw.get()) {
            Ok(Value::String(text)) => text,
            Ok(Value::Number(number)) => number.to_string(),
            _ => return Err(must(&headers, name, "a string or a number")),
        };
        if !value.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return Err(must(&headers, name, "visible ASCII characters and spaces"));
        }
        all.push((name.to_ascii_lowercase(), value));
    }
    Ok(all)
}

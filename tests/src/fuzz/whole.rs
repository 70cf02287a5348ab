//! Whole answers and errors: whatever a provider sends, the caller gets JSON, and no number in a tool call changes.

use bytes::Bytes;
use relay_core::ports::{Expect, WireRequest};
use relay_core::translation::json::{Object, compact};
use relay_core::translation::surface::embeddings::Encoding;
use relay_core::translation::{
    Dialect, EmbeddingsContext, ErrorResponse, anthropic::Anthropic, google::Google, openai::OpenAi,
};
use relay_core::{Disclosure, Provider};
use serde_json::value::RawValue;

use super::{NOW, context, halves, is_json, switches};

/// An answer of OpenAI: passed on.
pub fn openai_answer(data: &[u8]) {
    answer(&OpenAi::new(Provider::OPENAI), data);
}

/// An answer of Anthropic.
pub fn anthropic_answer(data: &[u8]) {
    let Some(body) = answer(&Anthropic, data) else { return };
    let given = text(data);
    let blocks = object(given.as_bytes()).map(|message| objects(&message, "content")).unwrap_or_default();
    as_given(&body, &blocks.iter().filter_map(|block| block.get("input")).collect::<Vec<_>>());
}

/// An answer of Google.
pub fn google_answer(data: &[u8]) {
    let Some(body) = answer(&Google, data) else { return };
    let given = text(data);
    let candidates = object(given.as_bytes()).map(|answer| objects(&answer, "candidates")).unwrap_or_default();
    let contents = candidates.iter().filter_map(|candidate| candidate.object("content").ok().flatten());
    let parts: Vec<Object<'_>> = contents.flat_map(|content| objects(&content, "parts")).collect();
    let calls = parts.iter().filter_map(|part| part.object("functionCall").ok().flatten());
    as_given(&body, &calls.filter_map(|call| call.get("args")).collect::<Vec<_>>());
}

/// An answer with an error status, or a list of models, of one of the three.
pub fn error(data: &[u8]) {
    let (kind, body) = switches(data);
    let dialect: &dyn Dialect = match kind % 3 {
        0 => &OpenAi::new(Provider::OPENAI),
        1 => &Anthropic,
        _ => &Google,
    };
    let statuses = [400, 401, 402, 403, 404, 408, 409, 413, 418, 422, 429, 500, 502, 503, 504, 529];
    let status = statuses[usize::from(kind / 3) % statuses.len()];
    let text = String::from_utf8_lossy(body.get(..100.min(body.len())).unwrap_or_default()).into_owned();
    let headers: Vec<(String, String)> =
        ["retry-after", "retry-after-ms", "content-type", "x-should-retry", "anthropic-ratelimit-requests-reset"]
            .map(|name| (name.to_owned(), text.clone()))
            .to_vec();
    let fault = dialect.error(&ErrorResponse { status, headers: &headers, body }, NOW);
    let shown = fault.error.to_body();
    let error = object(&shown).and_then(|shown| shown.object("error").ok().flatten()).expect("OpenAI's shape");
    assert!(["message", "type"].iter().all(|name| error.text(name).is_ok_and(|text| text.is_some())), "{error:?}");
    assert_ne!(format!("{:?}", fault.error.class()), "Unauthenticated", "a user's bad key is never a 401");
    dialect.disclose(&headers, NOW, &mut Disclosure::default());
    drop(dialect.models_answer(body));
}

fn answer(dialect: &dyn Dialect, data: &[u8]) -> Option<Bytes> {
    let (switches, body) = switches(data);
    let body = Bytes::copy_from_slice(body);
    let encoding = if switches & 16 == 0 { Encoding::Float } else { Encoding::Base64 };
    let context_of = EmbeddingsContext { model: "m".to_owned(), encoding, inputs: 1, input_bytes: vec![7] };
    if let Ok(answer) = dialect.embeddings_answer(vec![body.clone()], &context_of) {
        assert!(is_json(&answer.body));
    }
    if is_json(&body) {
        let asked = WireRequest::post("/v1/x", "{\"messages\":[{\"role\":\"user\"}]}", Expect::Whole);
        let next = dialect.continuation(&asked, std::slice::from_ref(&body));
        assert!(next.is_none_or(|next| is_json(&next.wire.body)));
        assert!(dialect.join(&body, &body).is_none_or(|joined| is_json(&joined)));
    }
    match dialect.chat_answer(body.clone(), &context(switches)) {
        Ok(answer) => {
            assert!(is_json(&answer.body), "{}", String::from_utf8_lossy(&answer.body));
            assert!(answer.body.len() <= 32 * body.len() + 4096, "{} bytes of {}", answer.body.len(), body.len());
            Some(answer.body)
        }
        Err(error) => {
            assert!(is_json(&error.to_body()));
            None
        }
    }
}

/// The answer as text: what is skipped may be anything.
fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(switches(data).1)
}

fn object(body: &[u8]) -> Option<Object<'_>> {
    let raw: &RawValue = serde_json::from_slice(body).ok()?;
    Object::from_raw(raw, String::new()).ok()
}

fn objects<'a>(object: &Object<'a>, name: &str) -> Vec<Object<'a>> {
    let items: Vec<&RawValue> = object.array(name).ok().flatten().unwrap_or_default();
    items.into_iter().filter_map(|raw| Object::from_raw(raw, String::new()).ok()).collect()
}

/// Every call's arguments are an input that was given, to the letter but for white space and half characters.
fn as_given(answer: &[u8], given: &[&RawValue]) {
    let given: Vec<_> = given.iter().map(|raw| halves::replaced(&compact(raw.get()), "\\ufffd")).collect();
    let answer = object(answer).expect("an answer is an object");
    for choice in objects(&answer, "choices") {
        let message = choice.object("message").ok().flatten().expect("a choice has a message");
        let calls = objects(&message, "tool_calls").into_iter();
        let functions = calls.filter_map(|call| call.object("function").ok().flatten());
        for function in functions.chain(message.object("function_call").ok().flatten()) {
            let arguments = function.text("arguments").expect("a string").expect("always there");
            assert!(
                arguments == "{}" || given.iter().any(|one| *one == arguments),
                "{arguments} was made up; given: {given:?}"
            );
        }
    }
}

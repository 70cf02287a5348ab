//! Requests: refused with a named reason, or translated into JSON in which a tool call's arguments are what they were.

use bytes::Bytes;
use relay_core::Provider;
use relay_core::error::RelayError;
use relay_core::ports::WireRequest;
use relay_core::translation::json::{Object, compact};
use relay_core::translation::{
    Call, Dialect, Notes, TranslationOptions, Work, anthropic::Anthropic, google::Google, openai::OpenAi,
};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{NOW, halves, id, is_json, switches};

/// A chat request to OpenAI.
pub fn openai_chat(data: &[u8]) {
    chat(&OpenAi::new(Provider::OPENAI), data, |_, _| {});
}

/// A chat request to Anthropic.
pub fn anthropic_chat(data: &[u8]) {
    chat(&Anthropic, data, |request, wire| {
        let sent = objects(wire, "messages").into_iter().flat_map(|turn| objects(&turn, "content"));
        let inputs: Vec<&RawValue> = sent.filter_map(|block| block.get("input")).collect();
        as_given(request, &inputs);
    });
}

/// A chat request to Google.
pub fn google_chat(data: &[u8]) {
    chat(&Google, data, |request, wire| {
        let sent = objects(wire, "contents").into_iter().flat_map(|turn| objects(&turn, "parts"));
        let calls = sent.filter_map(|part| part.object("functionCall").ok().flatten());
        let args: Vec<&RawValue> = calls.filter_map(|call| call.get("args")).collect();
        as_given(request, &args);
    });
}

/// An embeddings request, to OpenAI or to Google.
pub fn embeddings(data: &[u8]) {
    let dialect: &dyn Dialect = if switches(data).0 & 2 == 0 { &OpenAi::new(Provider::OPENAI) } else { &Google };
    call(data, |call| {
        let embeddings = dialect.embeddings(call)?;
        checked(&embeddings.notes);
        assert!(!embeddings.wires.is_empty() && embeddings.context.inputs >= embeddings.wires.len());
        embeddings.wires.iter().for_each(sendable);
        Ok(())
    });
}

fn chat(dialect: &dyn Dialect, data: &[u8], check: impl FnOnce(&Object<'_>, &Object<'_>)) {
    call(data, |call| {
        let chat = dialect.chat(call)?;
        checked(&chat.notes);
        sendable(&chat.wire);
        let wire: &RawValue = serde_json::from_slice(&chat.wire.body).expect("checked");
        check(call.request, &Object::from_raw(wire, String::new()).expect("a request is an object"));
        Ok(())
    });
}

/// Reads the body, and acts; a refusal must say something and be the caller's mistake.
fn call(data: &[u8], act: impl FnOnce(&Call<'_>) -> Result<(), RelayError>) {
    let (switches, body) = switches(data);
    let body = Bytes::copy_from_slice(body);
    let Ok(request) = Object::parse(&body) else { return };
    let Ok(model) = request.text("model") else { return };
    let model = model.unwrap_or_default();
    let options = TranslationOptions { forced_tool_choice_auto: switches & 1 != 0 };
    let work = Work::for_request(body.len());
    let call = Call {
        body: &body,
        request: &request,
        model: &model,
        prefixed: false,
        id: id(),
        now: NOW,
        options,
        work: &work,
    };
    if let Err(error) = act(&call) {
        let shown = error.to_body();
        // OpenAI's refusal of a schema of `response_format` has no code.
        let has_code = !error.code().is_empty() || error.param() == Some("response_format");
        assert!(is_json(&shown) && has_code, "{error:?}");
        let class = format!("{:?}", error.class());
        assert!(["InvalidRequest", "NotFound", "TooLarge"].contains(&class.as_str()), "{class}: {error:?}");
    }
}

fn checked(notes: &Notes) {
    for names in [&notes.dropped, &notes.adjusted] {
        assert!(names.is_sorted_by(|one, next| one < next), "sorted, without doubles: {names:?}");
    }
}

fn sendable(wire: &WireRequest) {
    assert!(is_json(&wire.body), "{}", String::from_utf8_lossy(&wire.body));
    let plain = wire.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    // A model name goes into Google's path; names that are no names are refused before (`inference.rs`).
    assert!(wire.path.starts_with("/v1") && (plain || wire.path.starts_with("/v1beta/models/")), "{}", wire.path);
    for (name, value) in &wire.headers {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
        assert!(value.bytes().all(|byte| byte >= b' ' && byte != 0x7F), "{name}: {value:?}");
    }
}

fn objects<'a>(object: &Object<'a>, name: &str) -> Vec<Object<'a>> {
    object.objects(name).ok().flatten().unwrap_or_default()
}

/// Every input of a tool call that is sent is one that was given, to the letter, but with U+FFFD for half a character; or stands
/// for what was no JSON object.
fn as_given(request: &Object<'_>, sent: &[&RawValue]) {
    let mut given = Vec::new();
    for message in objects(request, "messages") {
        let calls = objects(&message, "tool_calls").into_iter();
        let functions = calls.filter_map(|call| call.object("function").ok().flatten());
        for function in functions.chain(message.object("function_call").ok().flatten()) {
            let arguments = function.text("arguments").ok().flatten();
            given.extend(arguments.map(|text| halves::replaced(&compact(text.trim()), "\\ufffd")));
        }
    }
    for input in sent {
        let input = compact(input.get());
        let stands_for = ["{}", "{\"INVALID_JSON\":", "{\"__arguments\":", "{\"value\":", "{\"input\":"]
            .iter()
            .any(|start| input.starts_with(start));
        let renamed =
            || given.iter().any(|given| nameless(given).is_some_and(|values| Some(values) == nameless(&input)));
        let as_given = stands_for || given.iter().any(|given| *given == input) || renamed();
        assert!(as_given, "{input} was made up; given: {given:?}");
    }
}

/// The values of a JSON text, in their order: members that Claude can't have get other names.
fn nameless(text: &str) -> Option<Value> {
    fn values(value: Value) -> Value {
        match value {
            Value::Object(map) => map.into_values().map(values).collect(),
            Value::Array(all) => all.into_iter().map(values).collect(),
            other => other,
        }
    }
    serde_json::from_str(text).ok().map(values)
}

//! Thought signatures: what they are made for, and that they come back with it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::errors::Checked;
use super::models::Family;
use super::refusals::{CALL_SIGNATURE, CORRUPTED_SIGNATURE, IMAGE_SIGNATURE};
use crate::hash;
use crate::members::{items, string};

/// What Google documents for histories of other models.
const SENTINEL: &str = "skip_thought_signature_validator";
/// The same as some clients send it.
const SENTINEL_BASE64: &str = "c2tpcF90aG91Z2h0X3NpZ25hdHVyZV92YWxpZGF0b3I=";

/// The signature of a call. One that was made without an id fits any.
pub(super) fn of_call(name: &str, arguments: &Value, id: Option<&str>) -> String {
    let about = hash::hash(&[name.as_bytes(), arguments.to_string().as_bytes()]);
    let id = id.map_or("-".to_owned(), |id| format!("{:016x}", hash::hash(&[id.as_bytes()])));
    STANDARD.encode(format!("mock-signature:call:{about:016x}:{id}"))
}

/// The signature of a text: all of it since the last signature.
pub(super) fn of_text(text: &str) -> String {
    STANDARD.encode(format!("mock-signature:text:{:016x}", hash::hash(&[text.as_bytes()])))
}

/// Each signature of a content stands where it was made for.
///
/// From Gemini 3 on others than the mock's own are forged. Older models only look at theirs.
pub(super) fn check(content: &Value, family: &Family) -> Checked {
    let mut text = String::new();
    for part in items(content, "parts") {
        let thought = part.get("thought") == Some(&Value::Bool(true));
        if !thought {
            text.push_str(string(part, "text"));
        }
        let Some(signature) = part.get("thoughtSignature").and_then(Value::as_str) else { continue };
        let fits = match part.get("functionCall") {
            Some(call) => {
                let (name, arguments) = (string(call, "name"), call.get("args").cloned().unwrap_or(json!({})));
                let id = call.get("id").and_then(Value::as_str);
                signature == of_call(name, &arguments, id)
                    || signature == of_call(name, &arguments, None)
                    || id.is_none() && is_of(signature, name, &arguments)
            }
            None => signature == of_text(&text),
        };
        let foreign = !is_own(signature) && !family.signs;
        if !fits && !foreign && !matches!(signature, SENTINEL | SENTINEL_BASE64) {
            return Err(CORRUPTED_SIGNATURE.say(&[]));
        }
        text.clear();
    }
    Ok(())
}

/// Whether a signature was made for this call, with whatever id: older models have none.
fn is_of(signature: &str, name: &str, arguments: &Value) -> bool {
    let plain = |signature: &str| STANDARD.decode(signature).unwrap_or_default();
    let made_for = |signature: &str| plain(signature).rsplitn(2, |byte| *byte == b':').last().map(<[u8]>::to_vec);
    made_for(signature) == made_for(&of_call(name, arguments, None))
}

fn is_own(signature: &str) -> bool {
    STANDARD.decode(signature).is_ok_and(|bytes| bytes.starts_with(b"mock-signature:"))
}

/// From Gemini 3 on: in the current turn the first call of each model content is signed, and every picture of a model that makes
/// some.
pub(super) fn required(contents: &[&Value], family: &Family) -> Checked {
    if family.signs_images {
        images(contents)?;
    }
    if !family.signs {
        return Ok(());
    }
    let own = |one: &&&Value| {
        string(one, "role") != "model" && items(one, "parts").iter().any(|part| part.get("functionResponse").is_none())
    };
    let start = contents.len() - contents.iter().rev().position(|one| own(&one)).unwrap_or(contents.len());
    for (at, one) in contents.iter().enumerate().skip(start) {
        let first = items(one, "parts").into_iter().find(|part| part.get("functionCall").is_some());
        let Some(part) = first.filter(|part| is_unsigned(part)) else { continue };
        let name = part.pointer("/functionCall/name").and_then(Value::as_str).unwrap_or_default();
        return Err(CALL_SIGNATURE.say(&[name, &(at + 1).to_string()]));
    }
    Ok(())
}

fn images(contents: &[&Value]) -> Checked {
    for (at, one) in contents.iter().enumerate().filter(|(_, one)| string(one, "role") == "model") {
        let parts = items(one, "parts");
        let unsigned = parts.iter().position(|part| part.get("inlineData").is_some() && is_unsigned(part));
        if let Some(index) = unsigned {
            return Err(IMAGE_SIGNATURE.say(&[&(at + 1).to_string(), &(index + 1).to_string()]));
        }
    }
    Ok(())
}

fn is_unsigned(part: &Value) -> bool {
    part.get("thoughtSignature").is_none_or(Value::is_null)
}

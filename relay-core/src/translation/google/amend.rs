//! A second try for a request that Google refused. A refused request costs nothing.
//!
//! For a thought signature: with the value that Google documents for calls of other models
//! (<https://ai.google.dev/gemini-api/docs/thought-signatures>). A signature of another model, or one that a client changed,
//! would fail every later turn of the conversation; only earlier reasoning is lost.
//!
//! For a `maxOutputTokens` that is more than the model gives: with the limit that Google names. It is not known of new models.

use serde_json::value::RawValue;

use super::messages::NO_SIGNATURE;
use crate::ports::WireRequest;
use crate::translation::members::Members;
use crate::translation::{Amended, ErrorResponse};

/// The request without what this failure is about, if another one helps.
pub(super) fn amend(failure: &ErrorResponse<'_>, wire: &WireRequest) -> Option<Amended> {
    if failure.status != 400 {
        return None;
    }
    let text = String::from_utf8_lossy(failure.body).to_lowercase();
    if text.contains("corrupted thought signature") { without_signatures(wire) } else { with_limit(wire, &text) }
}

/// The request with the highest `maxOutputTokens` that the model takes: "the supported range is from 1 (inclusive) to 65537
/// (exclusive)".
fn with_limit(wire: &WireRequest, text: &str) -> Option<Amended> {
    let (_, range) = text.split_once("maxoutputtokens").and_then(|(_, rest)| rest.split_once("(inclusive) to "))?;
    let digits = range.split(|c: char| !c.is_ascii_digit()).next()?;
    let end: i64 = digits.parse().ok()?;
    let limit = if range.get(digits.len()..)?.starts_with(" (exclusive)") { end - 1 } else { end };
    let mut body = Members::from_raw(serde_json::from_slice(&wire.body).ok()?).ok()?;
    let mut config = Members::from_raw(body.get("generationConfig")?).ok()?;
    let asked: i64 = config.get("maxOutputTokens")?.get().parse().ok()?;
    if limit < 1 || limit >= asked {
        return None;
    }
    config.write("maxOutputTokens", &limit);
    body.write("generationConfig", &config);
    let wire = WireRequest { body: body.to_bytes().into(), ..wire.clone() };
    Some(Amended { wire, changed: "max_tokens" })
}

/// The request without the caller's signatures.
fn without_signatures(wire: &WireRequest) -> Option<Amended> {
    let mut body = Members::from_raw(serde_json::from_slice(&wire.body).ok()?).ok()?;
    let contents: Vec<&RawValue> = serde_json::from_str(body.get("contents")?.get()).ok()?;
    let contents = contents.into_iter().map(without).collect::<Option<Vec<_>>>()?;
    body.write("contents", &contents);
    let wire = WireRequest { body: body.to_bytes().into(), ..wire.clone() };
    Some(Amended { wire, changed: "messages.extra_content" })
}

/// A content whose first call and pictures have the documented value, and whose other parts have no signature.
fn without(content: &RawValue) -> Option<Members> {
    let mut content = Members::from_raw(content).ok()?;
    let parts: Vec<&RawValue> = serde_json::from_str(content.get("parts")?.get()).ok()?;
    let mut parts = parts.into_iter().map(|part| Members::from_raw(part).ok()).collect::<Option<Vec<_>>>()?;
    let mut calls = 0;
    for part in &mut parts {
        let had = part.get("thoughtSignature").is_some();
        part.remove("thoughtSignature");
        calls += usize::from(part.get("functionCall").is_some());
        let is_first_call = calls == 1 && part.get("functionCall").is_some();
        if is_first_call || (had && part.get("inlineData").or(part.get("fileData")).is_some()) {
            part.write("thoughtSignature", NO_SIGNATURE);
        }
    }
    content.write("parts", &parts);
    Some(content)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Expect;

    fn amended(status: u16, text: &'static str) -> Option<String> {
        let body = r#"{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"text":"y","thoughtSignature":"T"},{"functionCall":{"name":"f","args":{"n":1.50}},"thoughtSignature":"A"},{"functionCall":{"name":"g","args":{}}}]}],"tools":[]}"#;
        let failure = ErrorResponse { status, headers: &[], body: text.as_bytes() };
        let amended = amend(&failure, &WireRequest::post("/v1beta/x", body, Expect::Whole))?;
        Some(String::from_utf8(amended.wire.body.to_vec()).unwrap())
    }

    #[test]
    fn refused_signatures_become_the_documented_value() {
        let want = r#"{"contents":[{"role":"user","parts":[{"text":"x"}]},{"role":"model","parts":[{"text":"y"},{"functionCall":{"name":"f","args":{"n":1.50}},"thoughtSignature":"skip_thought_signature_validator"},{"functionCall":{"name":"g","args":{}}}]}],"tools":[]}"#;
        assert_eq!(amended(400, r#"{"error":{"message":"Corrupted thought signature."}}"#).as_deref(), Some(want));
    }

    #[test]
    fn a_refused_limit_becomes_the_models() {
        let of = |asked: i64, message: &str| {
            let body = format!(r#"{{"contents":[],"generationConfig":{{"topP":0.50,"maxOutputTokens":{asked}}}}}"#);
            let failure = ErrorResponse { status: 400, headers: &[], body: message.as_bytes() };
            let amended = amend(&failure, &WireRequest::post("/v1beta/x", body, Expect::Whole))?;
            assert_eq!(amended.changed, "max_tokens");
            Some(String::from_utf8(amended.wire.body.to_vec()).unwrap())
        };
        let range = "Unable to submit request because it has a maxOutputTokens value of 128000 but the supported range is \
                     from 1 (inclusive) to 65537 (exclusive). Update the value and try again.";
        let want = r#"{"contents":[],"generationConfig":{"topP":0.50,"maxOutputTokens":65536}}"#;
        assert_eq!(of(128_000, range).as_deref(), Some(want));
        assert_eq!(of(1000, range), None);
        assert_eq!(of(128_000, "maxOutputTokens is wrong"), None);
        assert_eq!(of(128_000, "maxOutputTokens: (inclusive) to "), None);
    }

    #[test]
    fn any_other_failure_stands() {
        assert_eq!(amended(400, r#"{"error":{"message":"Request contains an invalid argument."}}"#), None);
        assert_eq!(amended(500, "Corrupted thought signature."), None);
    }
}

//! A second try for a request that Google refused for a thought signature: with the value that Google documents for calls
//! of other models (<https://ai.google.dev/gemini-api/docs/thought-signatures>).
//!
//! A signature of another model, or one that a client changed, would fail every later turn of the conversation. The refused
//! request costs nothing, and only earlier reasoning is lost.

use serde_json::value::RawValue;

use super::messages::NO_SIGNATURE;
use crate::ports::WireRequest;
use crate::translation::members::Members;
use crate::translation::{Amended, ErrorResponse};

/// The request without the caller's signatures, if they are what this failure is about.
pub(super) fn amend(failure: &ErrorResponse<'_>, wire: &WireRequest) -> Option<Amended> {
    let text = String::from_utf8_lossy(failure.body).to_lowercase();
    (failure.status == 400 && text.contains("corrupted thought signature")).then_some(())?;
    let mut body = Members::from_raw(serde_json::from_slice(&wire.body).ok()?).ok()?;
    let contents: Vec<&RawValue> = serde_json::from_str(body.get("contents")?.get()).ok()?;
    let contents = contents.into_iter().map(without).collect::<Option<Vec<_>>>()?;
    body.write("contents", &contents);
    let wire = WireRequest { body: body.to_bytes().into(), ..wire.clone() };
    Some(Amended { wire, changed: "messages.extra_content" })
}

/// A content whose first call has the documented value, and whose other parts have no signature.
fn without(content: &RawValue) -> Option<Members> {
    let mut content = Members::from_raw(content).ok()?;
    let parts: Vec<&RawValue> = serde_json::from_str(content.get("parts")?.get()).ok()?;
    let mut parts = parts.into_iter().map(|part| Members::from_raw(part).ok()).collect::<Option<Vec<_>>>()?;
    let mut calls = 0;
    for part in &mut parts {
        part.remove("thoughtSignature");
        if part.get("functionCall").is_some() {
            calls += 1;
            if calls == 1 {
                part.write("thoughtSignature", NO_SIGNATURE);
            }
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
    fn any_other_failure_stands() {
        assert_eq!(amended(400, r#"{"error":{"message":"Request contains an invalid argument."}}"#), None);
        assert_eq!(amended(500, "Corrupted thought signature."), None);
    }
}

//! A second try for a request that Anthropic refused for its thinking blocks: without them.
//!
//! The refused request costs nothing, and only earlier reasoning is lost: an agent goes on instead of failing for good on a
//! history that a client edited.

use serde_json::value::RawValue;

use super::error;
use crate::ports::WireRequest;
use crate::translation::members::Members;
use crate::translation::{Amended, ErrorResponse};

/// The request without thinking blocks, if they are what this failure is about.
pub(super) fn amend(failure: &ErrorResponse<'_>, wire: &WireRequest) -> Option<Amended> {
    (failure.status == 400 && is_about_thinking(&error::message(failure.body))).then_some(())?;
    let mut body = Members::from_raw(serde_json::from_slice(&wire.body).ok()?).ok()?;
    let messages: Vec<Box<RawValue>> = serde_json::from_str(body.get("messages")?.get()).ok()?;
    let messages: Vec<Members> = messages.iter().filter_map(|message| without(message)).collect();
    body.write("messages", &messages);
    // A thinking budget demands the removed blocks, so this answer comes without new thinking, too.
    let has_budget = body.get("thinking").and_then(|thinking| Members::from_raw(thinking).ok()?.text("type"));
    if has_budget.as_deref() == Some("enabled") {
        body.remove("thinking");
    }
    let wire = WireRequest { body: body.to_bytes().into(), ..wire.clone() };
    Some(Amended { wire, changed: "messages.thinking_blocks" })
}

/// With and without code marks, with and without a path in front.
fn is_about_thinking(message: &str) -> bool {
    let plain = message.replace('`', "");
    plain.contains("Invalid signature in thinking block")
        || (plain.contains("thinking") && plain.contains("cannot be modified"))
        || plain.contains("Expected thinking or redacted_thinking")
}

/// A message without its thinking blocks; `None` if it held nothing else.
fn without(message: &RawValue) -> Option<Members> {
    let mut message = Members::from_raw(message).ok()?;
    let blocks = message.get("content").and_then(|content| serde_json::from_str::<Vec<&RawValue>>(content.get()).ok());
    let Some(blocks) = blocks else { return Some(message) };
    let is_thinking = |block: &&RawValue| {
        let kind = Members::from_raw(block).ok().and_then(|block| block.text("type"));
        matches!(kind.as_deref(), Some("thinking" | "redacted_thinking"))
    };
    let rest: Vec<Box<RawValue>> =
        blocks.into_iter().filter(|block| !is_thinking(block)).map(ToOwned::to_owned).collect();
    if rest.is_empty() {
        return None;
    }
    message.write("content", &rest);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::Expect;

    const BODY: &str = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"tool_use","id":"a","name":"f","input":{"n":1.50}}]},{"role":"assistant","content":[{"type":"redacted_thinking","data":"d"}]}],"thinking":{"type":"enabled","budget_tokens":1024}}"#;

    fn amended(status: u16, message: &str) -> Option<String> {
        let body = serde_json::json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}});
        let body = body.to_string();
        let failure = ErrorResponse { status, headers: &[], body: body.as_bytes() };
        let amended = amend(&failure, &WireRequest::post("/v1/messages", BODY, Expect::Whole))?;
        Some(String::from_utf8(amended.wire.body.to_vec()).unwrap())
    }

    #[test]
    fn refused_thinking_is_taken_out_and_the_rest_stays() {
        let without = r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"x"}]},{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{"n":1.50}}]}]}"#;
        for message in [
            "Invalid signature in thinking block. The block is bound to a different conversation",
            "messages.1.content.0: Invalid `signature` in `thinking` block",
            "messages.1: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be modified.",
            "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`.",
        ] {
            assert_eq!(amended(400, message).as_deref(), Some(without), "{message}");
        }
    }

    #[test]
    fn any_other_failure_stands() {
        assert_eq!(amended(400, "max_tokens: too large"), None);
        assert_eq!(amended(500, "Invalid signature in thinking block"), None);
    }
}

//! A second try for a request that Anthropic refused: without what it refused, where the answer does not suffer from it.
//!
//! The refused request costs nothing. An agent goes on instead of failing for good on a history that a client edited, on a
//! schema that Anthropic does not compile, or on a rule that only some models have.

use std::collections::HashSet;

use serde_json::json;
use serde_json::value::RawValue;

use super::{error, request};
use crate::ports::WireRequest;
use crate::translation::members::Members;
use crate::translation::{Amended, ErrorResponse};

/// The request without what this failure is about, and the member of the caller's that this changed.
pub(super) fn amend(failure: &ErrorResponse<'_>, wire: &WireRequest) -> Option<Amended> {
    (failure.status == 400).then_some(())?;
    let message = error::message(failure.body).replace('`', "");
    let mut body = Members::from_raw(serde_json::from_slice(&wire.body).ok()?).ok()?;
    let changed = if is_about_thinking(&message) {
        without_thinking(&mut body)?
    } else if message.contains("first message must use the") {
        with_start(&mut body)?
    } else if message.contains("must define tools") {
        with_stubs(&mut body)?
    } else if is_about_schemas(&message) {
        let is_of_tools = !message.starts_with("output_config.format");
        let changed = if is_of_tools { without_strict(&mut body) } else { None };
        changed.or_else(|| without_format(&mut body))?
    } else {
        return None;
    };
    let wire = WireRequest { body: body.to_bytes().into(), ..wire.clone() };
    Some(Amended { wire, changed })
}

fn without_thinking(body: &mut Members) -> Option<&'static str> {
    let messages: Vec<Box<RawValue>> = serde_json::from_str(body.get("messages")?.get()).ok()?;
    let messages: Vec<Members> = messages.iter().filter_map(|message| without(message)).collect();
    body.write("messages", &messages);
    // A thinking budget demands the removed blocks, so this answer comes without new thinking, too.
    let has_budget = body.get("thinking").and_then(|thinking| Members::from_raw(thinking).ok()?.text("type"));
    if has_budget.as_deref() == Some("enabled") {
        body.remove("thinking");
    }
    Some("messages.thinking_blocks")
}

/// Puts a user turn first, for a model that does not begin with the assistant's.
fn with_start(body: &mut Members) -> Option<&'static str> {
    let messages: Vec<Box<RawValue>> = serde_json::from_str(body.get("messages")?.get()).ok()?;
    let start = json!({"role": "user", "content": [{"type": "text", "text": "(start of conversation)"}]});
    let start = RawValue::from_string(start.to_string()).ok()?;
    body.write("messages", &[vec![start], messages].concat());
    Some("messages")
}

/// Defines the tools that the history names, so that they can't be called.
fn with_stubs(body: &mut Members) -> Option<&'static str> {
    let messages: Vec<Box<RawValue>> = serde_json::from_str(body.get("messages")?.get()).ok()?;
    let (mut seen, mut stubs) = (HashSet::new(), Vec::new());
    for message in messages.iter().filter_map(|message| Members::from_raw(message).ok()) {
        let blocks: Vec<&RawValue> = serde_json::from_str(message.get("content")?.get()).unwrap_or_default();
        let blocks = blocks.into_iter().filter_map(|block| Members::from_raw(block).ok());
        for name in blocks.filter(|block| block.text("type").as_deref() == Some("tool_use")) {
            let name = name.text("name")?;
            if seen.insert(name.clone()) {
                stubs.push(json!({"name": name, "input_schema": {"type": "object", "properties": {}}}));
            }
        }
    }
    body.write("tools", &stubs);
    body.write("tool_choice", &json!({"type": "none"}));
    Some("messages")
}

/// Whether a schema can't be compiled, or all of them together.
fn is_about_schemas(message: &str) -> bool {
    let of_all = ["grammar", "too complex for compilation", "optional parameters", "union types", "strict tools"];
    let of_one = ["Invalid schema", "not supported"];
    let is_at_schema = message.starts_with("output_config.format") || message.contains("input_schema");
    of_all.iter().any(|word| message.contains(word))
        || (is_at_schema && of_one.iter().any(|word| message.contains(word)))
}

/// Takes `strict` from all tools.
fn without_strict(body: &mut Members) -> Option<&'static str> {
    let tools: Vec<Box<RawValue>> = serde_json::from_str(body.get("tools")?.get()).ok()?;
    let mut tools: Vec<Members> = tools.iter().map(|tool| Members::from_raw(tool).ok()).collect::<Option<_>>()?;
    tools.iter().any(|tool| tool.get("strict").is_some()).then_some(())?;
    tools.iter_mut().for_each(|tool| tool.remove("strict"));
    body.write("tools", &tools);
    Some("tools.strict")
}

/// Asks for the schema in words.
fn without_format(body: &mut Members) -> Option<&'static str> {
    let mut output = Members::from_raw(body.get("output_config")?).ok()?;
    let schema = Members::from_raw(output.get("format")?).ok()?.get("schema")?.to_owned();
    output.remove("format");
    if output.is_empty() {
        body.remove("output_config");
    } else {
        body.write("output_config", &output);
    }
    let system = body.get("system").map(|system| serde_json::from_str(system.get()));
    let mut system: Vec<Box<RawValue>> = system.transpose().ok()?.unwrap_or_default();
    let block = json!({"type": "text", "text": request::instruction(schema.get())});
    system.push(RawValue::from_string(block.to_string()).ok()?);
    body.write("system", &system);
    Some("response_format")
}

/// With and without a path in front.
fn is_about_thinking(plain: &str) -> bool {
    plain.contains("Invalid signature in thinking block")
        || plain.contains("Invalid data in redacted_thinking block")
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
        amended_of(BODY, status, message).map(|(body, _)| body)
    }

    /// The body that is sent again, and what was changed.
    fn amended_of(asked: &'static str, status: u16, message: &str) -> Option<(String, &'static str)> {
        let body = serde_json::json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}});
        let body = body.to_string();
        let failure = ErrorResponse { status, headers: &[], body: body.as_bytes() };
        let amended = amend(&failure, &WireRequest::post("/v1/messages", asked, Expect::Whole))?;
        Some((String::from_utf8(amended.wire.body.to_vec()).unwrap(), amended.changed))
    }

    #[test]
    fn schemas_that_do_not_compile_are_not_compiled() {
        const TOOLS: &str = r#"{"tools":[{"name":"a","input_schema":{"x": 1.0},"strict":true},{"name":"b","input_schema":{}}],"output_config":{"effort":"low"}}"#;
        const ANSWER: &str = r#"{"system":[{"type":"text","text":"s"}],"messages":[],"output_config":{"format":{"type":"json_schema","schema":{"x": 1.0}}}}"#;
        for message in [
            "Schemas contains too many optional parameters (87), which would make grammar compilation inefficient.",
            "The compiled grammar is too large, which would cause performance issues. Simplify your tool schemas or reduce the number of strict tools.",
            "Too many strict tools (21). The maximum number of strict tools supported is 20.",
            "Schema is too complex for compilation. Try reducing the number of tools or simplifying tool schemas.",
            "tools.0.custom.input_schema: For 'string' type, property 'x' is not supported",
        ] {
            let want = r#"{"tools":[{"name":"a","input_schema":{"x": 1.0}},{"name":"b","input_schema":{}}],"output_config":{"effort":"low"}}"#;
            assert_eq!(amended_of(TOOLS, 400, message), Some((want.to_owned(), "tools.strict")), "{message}");
        }
        let text = request::instruction(r#"{"x": 1.0}"#);
        let want = json!({"system": [{"type": "text", "text": "s"}, {"type": "text", "text": text}], "messages": []});
        for message in [
            "output_config.format.schema: Invalid schema: Enum must be a non-empty array",
            "output_config.format.schema: For 'array' type, property 'x' is not supported",
            "Schemas contains too many parameters with union types (17 parameters with type arrays or anyOf).",
        ] {
            let (body, changed) = amended_of(ANSWER, 400, message).unwrap();
            assert_eq!(
                (serde_json::from_str::<serde_json::Value>(&body).unwrap(), changed),
                (want.clone(), "response_format")
            );
        }
        assert_eq!(amended_of(r#"{"tools":[{"name":"a","input_schema":{}}]}"#, 400, "Too many strict tools"), None);
    }

    #[test]
    fn a_conversation_gets_what_only_some_models_want() {
        const ASKED: &str = r#"{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a","name":"f","input":{}},{"type":"tool_use","id":"b","name":"f","input":{}}]},{"role":"user","content":[]}]}"#;
        let (body, changed) = amended_of(ASKED, 400, "messages: first message must use the \"user\" role").unwrap();
        assert_eq!(changed, "messages");
        assert!(body.starts_with(
            r#"{"messages":[{"role":"user","content":[{"type":"text","text":"(start of conversation)"}]},{"role":"assistant","#
        ));
        let message = "Requests which include `tool_use` or `tool_result` blocks must define tools";
        let (body, changed) = amended_of(ASKED, 400, message).unwrap();
        assert_eq!(changed, "messages");
        assert!(body.ends_with(
            r#","tools":[{"name":"f","input_schema":{"type":"object","properties":{}}}],"tool_choice":{"type":"none"}}"#
        ));
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

//! The order of messages and of the blocks in them.

use serde_json::Value;

use super::chat::{content, paused};
use super::errors::Checked;
use super::models::Family;
use crate::members::{items, string};

/// The order of messages and of the blocks in them.
pub(super) fn check(body: &Value, family: &Family) -> Checked {
    let messages = items(body, "messages");
    let Some((first, last)) = messages.first().zip(messages.last()) else {
        return Err("messages: at least one message is required".to_owned());
    };
    if string(first, "role") == "assistant" {
        return Err("messages: first message must use the \"user\" role".to_owned());
    }
    for (at, message) in messages.iter().enumerate() {
        role(message, at, family)?;
        let is_prefill = at + 1 == messages.len() && string(message, "role") == "assistant";
        blocks(message, at, is_prefill)?;
    }
    pairs(&messages)?;
    systems(&messages)?;
    rest(body, &messages)?;
    // A turn that a server tool interrupted is continued, not prefilled.
    if paused(&messages) {
        return Ok(());
    }
    if string(last, "role") != "assistant" || family.prefill {
        let ends_blank = content(last).ends_with(char::is_whitespace) && string(last, "role") == "assistant";
        return if ends_blank {
            Err("messages: final assistant content cannot end with trailing whitespace".to_owned())
        } else {
            Ok(())
        };
    }
    Err("This model does not support assistant message prefill. The conversation must end with a user message."
        .to_owned())
}

fn role(message: &Value, at: usize, family: &Family) -> Checked {
    match string(message, "role") {
        "user" | "assistant" => Ok(()),
        "system" if family.system && at > 0 => Ok(()),
        "system" => Err(format!(
            "messages.{at}: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
             \"system\" as an input message role."
        )),
        other => Err(format!("messages: Unexpected role \"{other}\". Allowed roles are \"user\" or \"assistant\".")),
    }
}

fn blocks(message: &Value, at: usize, is_prefill: bool) -> Checked {
    let blocks = items(message, "content");
    if content(message).is_empty() && blocks.is_empty() && !is_prefill {
        return Err(format!(
            "messages.{at}: all messages must have non-empty content except for the optional final assistant message"
        ));
    }
    if message.get("content").and_then(Value::as_str).is_some_and(|text| !text.is_empty() && text.trim().is_empty()) {
        return Err("messages: text content blocks must contain non-whitespace text".to_owned());
    }
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("messages.{at}.content.{index}");
        match string(block, "type") {
            "text" => text_block(string(block, "text"), "messages")?,
            "tool_result" => {
                for inner in items(block, "content").iter().filter(|inner| string(inner, "type") == "text") {
                    text_block(string(inner, "text"), "messages")?;
                }
                id(block, "tool_use_id", &format!("{path}.tool_result"))?;
            }
            "tool_use" => {
                id(block, "id", &format!("{path}.tool_use"))?;
                if string(message, "role") != "assistant" {
                    return Err(format!("messages.{at}: `tool_use` blocks can only be in `assistant` messages"));
                }
            }
            _ => {}
        }
    }
    Ok(())
}

fn text_block(text: &str, path: &str) -> Checked {
    if text.is_empty() {
        return Err(format!("{path}: text content blocks must be non-empty"));
    }
    if text.trim().is_empty() {
        return Err(format!("{path}: text content blocks must contain non-whitespace text"));
    }
    Ok(())
}

fn id(block: &Value, name: &str, path: &str) -> Checked {
    if is_id(string(block, name)) {
        return Ok(());
    }
    Err(format!("{path}.{name}: String should match pattern '^[a-zA-Z0-9_-]+$'"))
}

/// Every `tool_use` has its `tool_result` at the beginning of the next message, and the other way round.
fn pairs(messages: &[&Value]) -> Checked {
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let blocks = items(message, "content");
        let leading = blocks.iter().take_while(|block| string(block, "type") == "tool_result");
        let given: Vec<&str> = leading.map(|block| string(block, "tool_use_id")).collect();
        let all = blocks.iter().filter(|block| string(block, "type") == "tool_result").count();
        let missing: Vec<&str> = open.iter().copied().filter(|id| !given.contains(id)).collect();
        if !missing.is_empty() {
            return Err(unanswered(at - 1, &missing));
        }
        if let Some((index, id)) = given.iter().enumerate().find(|(_, id)| !open.contains(id)) {
            return Err(format!(
                "messages.{at}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` \
                 block must have a corresponding `tool_use` block in the previous message."
            ));
        }
        if given.len() > open.len() {
            return Err(format!(
                "messages.{at}: each tool_use must have a single result. Found multiple `tool_result` blocks with the same id"
            ));
        }
        if all > given.len() {
            return Err(format!("messages.{at}: `tool_result` blocks must come first in the content of a message"));
        }
        let asked = blocks.iter().filter(|block| string(block, "type") == "tool_use");
        open = asked.map(|block| string(block, "id")).collect();
        let mut sorted = open.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(format!("messages.{at}: `tool_use` ids must be unique"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len().saturating_sub(1), &open)) }
}

fn unanswered(at: usize, ids: &[&str]) -> String {
    format!(
        "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must \
         have a corresponding `tool_result` block in the next message.",
        ids.join(", ")
    )
}

/// A later system message stands behind a user's turn, and before the assistant's or at the end. Neighbours count as one.
fn systems(messages: &[&Value]) -> Checked {
    for (at, _) in messages.iter().enumerate().filter(|(_, message)| string(message, "role") == "system") {
        let other = |message: &&&Value| string(message, "role") != "system";
        let before = messages.iter().take(at).rev().find(other).copied().unwrap_or(&Value::Null);
        let after = messages.iter().skip(at).find(other);
        let searched =
            items(before, "content").last().is_some_and(|block| string(block, "type").ends_with("_tool_result"));
        if string(before, "role") != "user" && !searched {
            return Err(format!(
                "messages.{at}: a system message must follow a user turn, or an assistant turn that ends in a server tool result"
            ));
        }
        if after.is_some_and(|after| string(after, "role") != "assistant") {
            return Err(format!("messages.{at}: a system message must precede an assistant turn or end the messages"));
        }
    }
    Ok(())
}

/// Rules about the whole body.
fn rest(body: &Value, messages: &[&Value]) -> Checked {
    let uses_tools = messages
        .iter()
        .flat_map(|message| items(message, "content"))
        .any(|block| matches!(string(block, "type"), "tool_use" | "tool_result"));
    if uses_tools && items(body, "tools").is_empty() {
        return Err(
            "Requests which have `tool_use` or `tool_result` blocks in their messages must define tools".to_owned()
        );
    }
    for block in items(body, "system") {
        text_block(string(block, "text"), "system")?;
    }
    let markers = markers(body);
    if markers > 4 {
        return Err(format!("A maximum of 4 blocks with cache_control may be provided. Found {markers}."));
    }
    if items(body, "stop_sequences").iter().any(|stop| content(stop).trim().is_empty()) {
        return Err("stop_sequences: each stop sequence must contain non-whitespace".to_owned());
    }
    Ok(())
}

/// Cache markers, the schemas' members of that name apart.
fn markers(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(markers).sum(),
        Value::Object(map) => {
            let own = usize::from(map.get("cache_control").is_some_and(Value::is_object));
            let inside = map
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "input_schema" | "schema" | "input" | "cache_control"));
            own + inside.map(|(_, value)| markers(value)).sum::<usize>()
        }
        _ => 0,
    }
}

/// Whether a text can be an id or a name.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

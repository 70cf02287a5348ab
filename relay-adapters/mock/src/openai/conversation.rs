//! The order of messages: calls and their results.

use serde_json::Value;

use super::chat::content;
use super::errors::bad_param;
use crate::members::{items, string};
use crate::reply::Reply;

/// Every call has its result right behind it, and no result comes out of nothing.
pub(super) fn check(messages: &[&Value]) -> Result<(), Reply> {
    let mut open: Vec<&str> = Vec::new();
    let mut asked_at = 0;
    for (at, message) in messages.iter().enumerate() {
        let role = string(message, "role");
        let id = string(message, "tool_call_id");
        if role == "tool" {
            let Some(found) = open.iter().position(|known| *known == id) else {
                let message = "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.";
                return Err(bad_param(&format!("messages.[{at}].role"), None, message));
            };
            open.remove(found);
            continue;
        }
        unanswered(&open, asked_at)?;
        asked_at = at;
        open = items(message, "tool_calls").into_iter().map(|call| string(call, "id")).collect();
        if role == "assistant"
            && content(message).is_empty()
            && open.is_empty()
            && string(message, "refusal").is_empty()
            && message.get("function_call").is_none_or(Value::is_null)
            && message.get("content").is_none_or(Value::is_null)
        {
            let text = format!("Invalid value for 'content': expected a string, got null. (messages.[{at}].content)");
            return Err(bad_param(&format!("messages.[{at}].content"), None, &text));
        }
    }
    unanswered(&open, asked_at)
}

fn unanswered(open: &[&str], at: usize) -> Result<(), Reply> {
    if open.is_empty() {
        return Ok(());
    }
    let message = format!(
        "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The \
         following tool_call_ids did not have response messages: {}",
        open.join(", ")
    );
    Err(bad_param(&format!("messages.[{at}].role"), None, &message))
}

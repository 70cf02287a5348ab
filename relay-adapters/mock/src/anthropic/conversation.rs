//! The order of messages and of the blocks in them.

use std::collections::HashSet;

use serde_json::Value;

use super::chat::{content, paused};
use super::errors::Checked;
use super::media;
use super::models::Family;
use super::refusals::{
    BLANK_TEXT, CALL_ROLE, EMPTY_CONTENT, EMPTY_TEXT, FINAL_THINKING, NO_MESSAGES, PREFILL, PREFILL_BLANK,
    PREFILL_FORMAT, RESULT_ROLE, RESULTS_FIRST, ROLE, ROLE_SYSTEM, SINGLE_RESULT, STOP_SEQUENCES, SYSTEM_AFTER,
    SYSTEM_BEFORE, TOOL_ID, UNANSWERED, UNASKED, UNIQUE_TOOL_IDS,
};
use crate::members::{items, string};

/// The order of messages and of the blocks in them.
pub(super) fn check(body: &Value, family: &Family) -> Checked {
    let messages = items(body, "messages");
    let Some(last) = messages.last() else { return Err(NO_MESSAGES.say(&[])) };
    for (at, message) in messages.iter().enumerate() {
        role(message, at, family)?;
        let is_prefill = at + 1 == messages.len() && string(message, "role") == "assistant";
        blocks(message, at, is_prefill)?;
    }
    pairs(&messages)?;
    systems(&messages)?;
    rest(body)?;
    // A turn that a server tool interrupted is continued, not prefilled.
    if paused(&messages) || string(last, "role") != "assistant" {
        return Ok(());
    }
    prefill(body, last, messages.len() - 1, family)
}

/// A trailing assistant message, which the model goes on from.
fn prefill(body: &Value, last: &Value, at: usize, family: &Family) -> Checked {
    if !family.prefill {
        return Err(PREFILL.say(&[]));
    }
    let end = items(last, "content").last().map_or("text", |block| string(block, "type"));
    if matches!(end, "thinking" | "redacted_thinking") {
        return Err(FINAL_THINKING.say(&[&at.to_string()]));
    }
    if content(last).ends_with(char::is_whitespace) {
        return Err(PREFILL_BLANK.say(&[]));
    }
    if body.pointer("/output_config/format").is_some() { Err(PREFILL_FORMAT.say(&[])) } else { Ok(()) }
}

fn role(message: &Value, at: usize, family: &Family) -> Checked {
    match string(message, "role") {
        "user" | "assistant" => Ok(()),
        "system" if family.system && at > 0 => Ok(()),
        "system" => Err(ROLE_SYSTEM.say(&[&at.to_string()])),
        other => Err(ROLE.say(&[other])),
    }
}

fn blocks(message: &Value, at: usize, is_prefill: bool) -> Checked {
    let blocks = items(message, "content");
    if content(message).is_empty() && blocks.is_empty() && !is_prefill {
        return Err(EMPTY_CONTENT.say(&[&at.to_string()]));
    }
    if message.get("content").and_then(Value::as_str).is_some_and(|text| !text.is_empty() && text.trim().is_empty()) {
        return Err(BLANK_TEXT.say(&["messages"]));
    }
    let role = string(message, "role");
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("messages.{at}.content.{index}");
        media::check(block, &path)?;
        match string(block, "type") {
            "text" => text_block(string(block, "text"), "messages")?,
            "tool_result" if role != "user" => return Err(RESULT_ROLE.say(&[&at.to_string()])),
            "tool_result" => {
                for (part, inner) in items(block, "content").into_iter().enumerate() {
                    media::check(inner, &format!("{path}.tool_result.content.{part}"))?;
                    if string(inner, "type") == "text" {
                        text_block(string(inner, "text"), "messages")?;
                    }
                }
                id(block, "tool_use_id", &format!("{path}.tool_result"))?;
            }
            "tool_use" if role != "assistant" => return Err(CALL_ROLE.say(&[&at.to_string()])),
            "tool_use" => id(block, "id", &format!("{path}.tool_use"))?,
            _ => {}
        }
    }
    Ok(())
}

fn text_block(text: &str, path: &str) -> Checked {
    if text.is_empty() {
        return Err(EMPTY_TEXT.say(&[path]));
    }
    if text.trim().is_empty() { Err(BLANK_TEXT.say(&[path])) } else { Ok(()) }
}

fn id(block: &Value, name: &str, path: &str) -> Checked {
    if is_id(string(block, name)) { Ok(()) } else { Err(TOOL_ID.say(&[&format!("{path}.{name}")])) }
}

/// Every `tool_use` has an id of its own, and its `tool_result` at the beginning of the next message; and the other way round.
fn pairs(messages: &[&Value]) -> Checked {
    let mut open: Vec<&str> = Vec::new();
    let mut known: HashSet<&str> = HashSet::new();
    for (at, message) in messages.iter().enumerate() {
        let blocks = items(message, "content");
        results(&blocks, at, &open)?;
        open.clear();
        for (index, block) in blocks.iter().enumerate().filter(|(_, block)| string(block, "type") == "tool_use") {
            let id = string(block, "id");
            if !known.insert(id) {
                return Err(UNIQUE_TOOL_IDS.say(&[&format!("messages.{at}.content.{index}")]));
            }
            open.push(id);
        }
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len().saturating_sub(1), &open)) }
}

/// The results of a message are those of the calls before it.
fn results(blocks: &[&Value], at: usize, open: &[&str]) -> Checked {
    let leading = blocks.iter().take_while(|block| string(block, "type") == "tool_result");
    let given: Vec<&str> = leading.map(|block| string(block, "tool_use_id")).collect();
    let all = blocks.iter().filter(|block| string(block, "type") == "tool_result").count();
    let (answered, asked): (HashSet<&str>, HashSet<&str>) =
        (given.iter().copied().collect(), open.iter().copied().collect());
    let missing: Vec<&str> = open.iter().copied().filter(|id| !answered.contains(id)).collect();
    if !missing.is_empty() {
        return Err(unanswered(at.saturating_sub(1), &missing));
    }
    if let Some((index, id)) = given.iter().enumerate().find(|(_, id)| !asked.contains(**id)) {
        return Err(UNASKED.say(&[&format!("messages.{at}.content.{index}"), id]));
    }
    let mut once = HashSet::new();
    if let Some(id) = given.iter().find(|id| !once.insert(**id)) {
        return Err(SINGLE_RESULT.say(&[&at.to_string(), id]));
    }
    if all > given.len() { Err(RESULTS_FIRST.say(&[&at.to_string()])) } else { Ok(()) }
}

fn unanswered(at: usize, ids: &[&str]) -> String {
    UNANSWERED.say(&[&at.to_string(), &ids.join(", ")])
}

/// A later system message stands behind a user's turn, and before the assistant's or at the end. Neighbours count as one.
fn systems(messages: &[&Value]) -> Checked {
    let is_system = |message: &Value| string(message, "role") == "system";
    // Behind each message, the next one that is not a system message.
    let mut behind = Vec::with_capacity(messages.len());
    let mut next = None;
    for message in messages.iter().rev() {
        next = if is_system(message) { next } else { Some(*message) };
        behind.push(next);
    }
    let mut before = &Value::Null;
    for ((at, message), after) in messages.iter().enumerate().zip(behind.into_iter().rev()) {
        if !is_system(message) {
            before = message;
            continue;
        }
        let searched =
            items(before, "content").last().is_some_and(|block| string(block, "type").ends_with("_tool_result"));
        if string(before, "role") != "user" && !searched {
            return Err(SYSTEM_AFTER.say(&[&at.to_string()]));
        }
        if after.is_some_and(|after| string(after, "role") != "assistant") {
            return Err(SYSTEM_BEFORE.say(&[&at.to_string()]));
        }
    }
    Ok(())
}

/// Rules about the whole body.
fn rest(body: &Value) -> Checked {
    for block in items(body, "system") {
        text_block(string(block, "text"), "system")?;
    }
    if items(body, "stop_sequences").iter().any(|stop| content(stop).trim().is_empty()) {
        return Err(STOP_SEQUENCES.say(&[]));
    }
    Ok(())
}

/// Whether a text can be an id or a name.
pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

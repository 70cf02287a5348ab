//! What Claude made must come back as it was: thinking, searches, turns that were interrupted.

use std::collections::HashSet;

use serde_json::Value;

use super::chat::paused;
use super::digests;
use super::errors::Checked;
use super::models::Family;
use super::refusals::{
    PAUSED_TOOLS, SEARCH_MODIFIED, SEARCH_SEALED, SEARCH_WITHOUT_CALL, THINKING_BOUND, THINKING_DISABLED,
    THINKING_FIRST, THINKING_MODIFIED, THINKING_SIGNATURE,
};
use super::signatures::{self, Origin};
use crate::members::{items, string};

/// Checks thinking and search blocks of the history.
pub(super) fn check(body: &Value, family: &Family) -> Checked {
    let messages = items(body, "messages");
    let latest = messages.iter().rposition(|message| string(message, "role") == "assistant");
    let dropping =
        body.pointer("/thinking/block_binding/prefix_mismatch_behavior").is_some_and(|what| what == "drop_block");
    // The digest of what is before the assistant's turn that a message is in.
    let mut before = digests::Prefixes::new(body);
    let mut prefix = before.digest();
    for (at, message) in messages.iter().enumerate() {
        let origins = thinking(message, at)?;
        if family.binds && !dropping && origins.iter().any(|(_, origin)| origin.prefix != prefix) {
            return Err(THINKING_BOUND.say(&[]));
        }
        if latest == Some(at) {
            unmodified(at, &origins)?;
        }
        searches(message, at)?;
        before.add(message);
        if string(message, "role") != "assistant" {
            prefix = before.digest();
        }
    }
    if let Some((at, message)) = latest.and_then(|at| Some((at, *messages.get(at)?))) {
        starts_with_thinking(body, &messages, message, at)?;
        disabled(body, &messages, message, at)?;
    }
    same_tools(body, &messages)
}

/// The marks of a message's thinking blocks, with the places where they stand.
fn thinking(message: &Value, at: usize) -> Result<Vec<(usize, Origin)>, String> {
    let mut origins = Vec::new();
    for (index, block) in items(message, "content").into_iter().enumerate() {
        let kind = string(block, "type");
        let origin = match kind {
            "thinking" => Origin::of_signature(string(block, "signature"), string(block, "thinking")),
            "redacted_thinking" => Origin::of_data(string(block, "data")),
            _ => continue,
        };
        let name = if kind == "thinking" { "signature" } else { "data" };
        let path = format!("messages.{at}.content.{index}");
        origins.push((index, origin.ok_or_else(|| THINKING_SIGNATURE.say(&[&path, name, kind]))?));
    }
    Ok(origins)
}

/// In the latest turn of the assistant all blocks of an answer are there, in their places. Or none is.
fn unmodified(at: usize, origins: &[(usize, Origin)]) -> Checked {
    let mut left = origins;
    while let Some((_, first)) = left.first() {
        let (own, rest) = left.split_at(first.count.min(left.len()));
        let in_place = |(place, (index, origin)): (usize, &(usize, Origin))| {
            (origin.answer, origin.place, origin.at) == (first.answer, place, *index)
        };
        if own.len() < first.count || !own.iter().enumerate().all(in_place) {
            let index = own.first().map_or(0, |(index, _)| *index);
            return Err(THINKING_MODIFIED.say(&[&format!("messages.{at}.content.{index}")]));
        }
        left = rest;
    }
    Ok(())
}

/// With a budget, a turn that goes on after its calls must begin with the thinking that led to them.
fn starts_with_thinking(body: &Value, messages: &[&Value], latest: &Value, at: usize) -> Checked {
    let budget = body.pointer("/thinking/type").is_some_and(|kind| kind == "enabled");
    let results = messages.last().map(|last| items(last, "content")).unwrap_or_default();
    let in_loop = results.iter().any(|block| string(block, "type") == "tool_result");
    let first = items(latest, "content").first().map_or("text", |block| string(block, "type"));
    if !budget || !in_loop || matches!(first, "thinking" | "redacted_thinking") {
        return Ok(());
    }
    Err(THINKING_FIRST.say(&[&at.to_string(), first]))
}

/// Where thinking is off, the turn that goes on holds none.
fn disabled(body: &Value, messages: &[&Value], latest: &Value, at: usize) -> Checked {
    let off = body.pointer("/thinking/type").is_some_and(|kind| kind == "disabled");
    let speaks = |message: &&Value| {
        message.get("content").is_some_and(Value::is_string)
            || items(message, "content").iter().any(|block| string(block, "type") != "tool_result")
    };
    if !off || messages.iter().skip(at + 1).any(speaks) {
        return Ok(());
    }
    let thinks = |block: &Value| matches!(string(block, "type"), "thinking" | "redacted_thinking");
    match items(latest, "content").iter().position(|block| thinks(block)) {
        Some(index) => Err(THINKING_DISABLED.say(&[&format!("messages.{at}.content.{index}")])),
        None => Ok(()),
    }
}

/// Every search is followed by its result and the text that cites it, all three as they were.
fn searches(message: &Value, at: usize) -> Checked {
    let content = items(message, "content");
    let place = |index: usize| format!("messages.{at}.content.{index}");
    let mut ids = HashSet::new();
    for (index, block) in content.iter().enumerate() {
        match string(block, "type") {
            "web_search_tool_result" => {
                let id = string(block, "tool_use_id");
                if !ids.contains(id) {
                    return Err(SEARCH_WITHOUT_CALL.say(&[&place(index), id]));
                }
            }
            "server_tool_use" => {
                let three: Vec<&Value> = content.iter().skip(index).take(3).copied().collect();
                let sealed = three.get(1).and_then(|result| encrypted(result)).and_then(signatures::decrypted);
                let Some((digest, _)) = sealed else {
                    return Err(SEARCH_SEALED.say(&[&place(index + 1)]));
                };
                if digest != digests::blocks(&three) {
                    return Err(SEARCH_MODIFIED.say(&[&place(index)]));
                }
            }
            _ => {}
        }
        ids.insert(string(block, "id"));
    }
    Ok(())
}

fn encrypted(result: &Value) -> Option<&str> {
    result.pointer("/content/0/encrypted_content")?.as_str()
}

/// A turn that was interrupted goes on with the tools that it began with.
fn same_tools(body: &Value, messages: &[&Value]) -> Checked {
    let Some(last) = messages.last().filter(|_| paused(messages)) else { return Ok(()) };
    let tools = digests::tools(body);
    let began = items(last, "content").into_iter().filter_map(encrypted).filter_map(signatures::decrypted);
    match began.map(|(_, tools)| tools).find(|began| *began != tools) {
        Some(_) => Err(PAUSED_TOOLS.say(&[])),
        None => Ok(()),
    }
}

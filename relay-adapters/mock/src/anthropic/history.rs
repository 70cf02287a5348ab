//! What Claude made must come back as it was: thinking, searches, turns that were interrupted.

use serde_json::Value;

use super::chat::paused;
use super::digests;
use super::errors::Checked;
use super::models::Family;
use super::signatures::{self, Origin};
use crate::members::{items, string};

/// Checks thinking and search blocks of the history.
pub(super) fn check(body: &Value, family: &Family) -> Checked {
    let messages = items(body, "messages");
    let latest = messages.iter().rposition(|message| string(message, "role") == "assistant");
    let dropping =
        body.pointer("/thinking/block_binding/prefix_mismatch_behavior").is_some_and(|what| what == "drop_block");
    for (at, message) in messages.iter().enumerate() {
        let origins = thinking(message, at)?;
        let start =
            messages.iter().take(at).rposition(|one| string(one, "role") != "assistant").map_or(0, |last| last + 1);
        let prefix = digests::prefix(body, start);
        if family.binds && !dropping && origins.iter().any(|(_, origin)| origin.prefix != prefix) {
            return Err(
                "Invalid signature in thinking block. The block is bound to a different conversation: the messages before it are \
                 not those it was made for. Send the history unchanged, or set thinking.block_binding."
                    .to_owned(),
            );
        }
        if latest == Some(at) {
            unmodified(at, &origins)?;
        }
        searches(message, at)?;
    }
    if let Some((at, message)) = latest.and_then(|at| Some((at, *messages.get(at)?))) {
        starts_with_thinking(body, &messages, message, at)?;
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
        origins.push((index, origin.ok_or_else(|| format!("{path}: Invalid `{name}` in `{kind}` block"))?));
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
            return Err(format!(
                "messages.{at}.content.{index}: `thinking` or `redacted_thinking` blocks in the latest assistant message cannot be \
                 modified. These blocks must remain as they were in the original response."
            ));
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
    Err(format!(
        "messages.{at}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{first}`. When `thinking` is \
         enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` and \
         `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this requirement, \
         disable `thinking`."
    ))
}

/// Every search is followed by its result and the text that cites it, all three as they were.
fn searches(message: &Value, at: usize) -> Checked {
    let content = items(message, "content");
    let place = |index: usize| format!("messages.{at}.content.{index}");
    for (index, block) in content.iter().enumerate() {
        match string(block, "type") {
            "web_search_tool_result" => {
                let id = string(block, "tool_use_id");
                let asked = content.iter().take(index).any(|one| string(one, "id") == id);
                if !asked {
                    return Err(format!(
                        "{}: `web_search_tool_result` block without a `server_tool_use` block of the id {id}",
                        place(index)
                    ));
                }
            }
            "server_tool_use" => {
                let three: Vec<&Value> = content.iter().skip(index).take(3).copied().collect();
                let sealed = three.get(1).and_then(|result| encrypted(result)).and_then(signatures::decrypted);
                let Some((digest, _)) = sealed else {
                    return Err(format!(
                        "{}: Invalid `encrypted_content` in `web_search_result` block",
                        place(index + 1)
                    ));
                };
                if digest != digests::blocks(&three) {
                    return Err(format!(
                        "{}: `server_tool_use` and `web_search_tool_result` blocks cannot be modified. These blocks must remain as \
                         they were in the original response.",
                        place(index)
                    ));
                }
            }
            _ => {}
        }
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
        Some(_) => Err("tools: a paused turn must be continued with the tools that it was begun with".to_owned()),
        None => Ok(()),
    }
}

//! The order of messages: calls and their results.

use std::collections::HashMap;

use serde_json::Value;

use super::chat::content;
use super::errors::bad_param;
use super::refusals::{IMAGE_TYPE, LONG_ID, MESSAGE_NAME, NULL_CONTENT, UNANSWERED, UNASKED};
use super::tools;
use crate::members::{items, string};
use crate::reply::Reply;

/// The most characters of a call's id.
const LONGEST_ID: usize = 40;

/// Every call has its result right behind it, and no result comes out of nothing.
pub(super) fn check(messages: &[&Value]) -> Result<(), Reply> {
    let mut open = Open::default();
    let mut asked_at = 0;
    for (at, message) in messages.iter().enumerate() {
        let role = string(message, "role");
        let id = string(message, "tool_call_id");
        strings(message, at)?;
        if role == "tool" {
            if !open.answer(id) {
                return Err(bad_param(&format!("messages.[{at}].role"), None, UNASKED.words));
            }
            continue;
        }
        unanswered(std::mem::take(&mut open), asked_at)?;
        asked_at = at;
        open = Open::of(message);
        if role == "assistant"
            && content(message).is_empty()
            && open.calls.is_empty()
            && string(message, "refusal").is_empty()
            && ["function_call", "audio"].iter().all(|name| message.get(name).is_none_or(Value::is_null))
            && message.get("content").is_none_or(Value::is_null)
        {
            let text = NULL_CONTENT.say(&[&at.to_string()]);
            return Err(bad_param(&format!("messages.[{at}].content"), None, &text));
        }
    }
    unanswered(open, asked_at)
}

/// The calls of a message, and how many of the same id have no result yet.
#[derive(Default)]
struct Open<'a> {
    calls: Vec<&'a str>,
    waiting: HashMap<&'a str, usize>,
    count: usize,
}

impl<'a> Open<'a> {
    fn of(message: &'a Value) -> Self {
        let calls: Vec<&str> = items(message, "tool_calls").into_iter().map(|call| string(call, "id")).collect();
        let mut waiting = HashMap::new();
        calls.iter().for_each(|id| *waiting.entry(*id).or_default() += 1);
        Self { count: calls.len(), calls, waiting }
    }

    /// Whether a call of this id waits; it does no more.
    fn answer(&mut self, id: &str) -> bool {
        let Some(waiting) = self.waiting.get_mut(id).filter(|waiting| **waiting > 0) else { return false };
        *waiting -= 1;
        self.count -= 1;
        true
    }

    /// The ids of the calls without a result: of equal ones the last.
    fn left(mut self) -> Vec<&'a str> {
        let mut left = Vec::with_capacity(self.count);
        for id in std::mem::take(&mut self.calls).into_iter().rev() {
            if self.answer(id) {
                left.push(id);
            }
        }
        left.reverse();
        left
    }
}

fn unanswered(open: Open<'_>, at: usize) -> Result<(), Reply> {
    if open.count == 0 {
        return Ok(());
    }
    let message = UNANSWERED.say(&[&open.left().join(", ")]);
    Err(bad_param(&format!("messages.[{at}].role"), None, &message))
}

/// Ids, names and URLs of a message.
fn strings(message: &Value, at: usize) -> Result<(), Reply> {
    short_id(string(message, "tool_call_id"), &format!("messages[{at}].tool_call_id"))?;
    for (index, call) in items(message, "tool_calls").into_iter().enumerate() {
        let path = format!("messages[{at}].tool_calls[{index}]");
        short_id(string(call, "id"), &format!("{path}.id"))?;
        if let Some(function) = call.get("function") {
            tools::name(string(function, "name"), &format!("{path}.function.name"))?;
        }
    }
    let name = string(message, "name");
    if !name.chars().all(|c| !c.is_whitespace() && !"<|\\/>".contains(c)) {
        let path = format!("messages[{at}].name");
        return Err(bad_param(&path, Some("invalid_value"), &MESSAGE_NAME.say(&[&path])));
    }
    for (index, part) in items(message, "content").into_iter().enumerate() {
        let url = part.pointer("/image_url/url").and_then(Value::as_str).unwrap_or_default();
        let kind = url.strip_prefix("data:").map(|rest| rest.split([';', ',']).next().unwrap_or_default());
        if let Some(kind) = kind.filter(|kind| !kind.starts_with("image/")) {
            let path = format!("messages[{at}].content[{index}].image_url.url");
            return Err(bad_param(&path, Some("invalid_value"), &IMAGE_TYPE.say(&[&path, kind])));
        }
    }
    Ok(())
}

fn short_id(id: &str, path: &str) -> Result<(), Reply> {
    let length = id.chars().count();
    if length <= LONGEST_ID {
        return Ok(());
    }
    Err(bad_param(path, Some("string_above_max_length"), &LONG_ID.say(&[path, &length.to_string()])))
}

//! Digests of what has to come back: the same for the same content, wherever its cache markers are.

use serde_json::Value;

use crate::hash;
use crate::members::{items, string};

/// The digest of the tools.
pub(super) fn tools(body: &Value) -> u64 {
    let mut out = String::new();
    write(body.get("tools").unwrap_or(&Value::Null), &mut out);
    hash::hash(&[out.as_bytes()])
}

/// The digest of the system prompt and of the messages before one of them.
///
/// Neighbours of one role count as one message, and a string as one text block. Thinking blocks do not count: whoever
/// leaves them out has not edited what was said.
pub(super) fn prefix(body: &Value, before: usize) -> u64 {
    let mut prefixes = Prefixes::new(body);
    items(body, "messages").into_iter().take(before).for_each(|message| prefixes.add(message));
    prefixes.digest()
}

/// As [`prefix`], before each message in turn.
pub(super) struct Prefixes<'a> {
    hasher: hash::Hasher,
    role: &'a str,
}

impl<'a> Prefixes<'a> {
    /// Before the first message.
    pub(super) fn new(body: &Value) -> Self {
        let mut out = String::new();
        content(body.get("system").unwrap_or(&Value::Null), &mut out);
        let mut hasher = hash::Hasher::new();
        hasher.add(out.as_bytes());
        Self { hasher, role: "" }
    }

    /// Goes on behind a message.
    pub(super) fn add(&mut self, message: &'a Value) {
        let mut out = String::new();
        let own = string(message, "role");
        if own != self.role {
            out.push_str(&format!("\n{own}:"));
            self.role = own;
        }
        content(message.get("content").unwrap_or(&Value::Null), &mut out);
        self.hasher.add(out.as_bytes());
    }

    pub(super) fn digest(&self) -> u64 {
        self.hasher.end()
    }
}

/// The digest of blocks. What is encrypted in them does not count: the digest goes there.
pub(super) fn blocks(blocks: &[&Value]) -> u64 {
    let mut out = String::new();
    blocks.iter().for_each(|block| write(block, &mut out));
    hash::hash(&[out.as_bytes()])
}

fn content(content: &Value, out: &mut String) {
    match content {
        Value::String(text) => write(&serde_json::json!({"type": "text", "text": text}), out),
        Value::Array(blocks) => {
            let thinks = |block: &&Value| matches!(string(block, "type"), "thinking" | "redacted_thinking");
            blocks.iter().filter(|block| !thinks(block)).for_each(|block| write(block, out));
        }
        _ => {}
    }
}

/// JSON with sorted members. Tool inputs keep their order, which the model chose.
fn write(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let mut members: Vec<_> = map.iter().filter(|(name, value)| counts(name, value)).collect();
            members.sort_unstable_by_key(|(name, _)| name.as_str());
            for (name, value) in members {
                out.push_str(&format!("{name:?}:"));
                if name == "input" {
                    out.push_str(&value.to_string())
                } else {
                    write(value, out)
                }
                out.push(',');
            }
            out.push(';');
        }
        Value::Array(items) => {
            out.push('[');
            items.iter().for_each(|item| write(item, out));
            out.push(']');
        }
        other => out.push_str(&other.to_string()),
    }
}

fn counts(name: &str, value: &Value) -> bool {
    let empty = value.is_null() || (name == "citations" && value.as_array().is_some_and(Vec::is_empty));
    !empty && !matches!(name, "cache_control" | "encrypted_content")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cache_markers_and_later_turns_are_no_edit() {
        let plain = json!({"system": "s", "messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]});
        let marked = json!({"system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}], "messages": [
            {"role": "user", "content": [{"text": "a", "type": "text", "cache_control": {"type": "ephemeral"}}]},
            {"role": "assistant", "content": [{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "b"}]},
            {"role": "user", "content": "c"}]});
        assert_eq!(prefix(&plain, 1), prefix(&marked, 1));
        assert_eq!(prefix(&plain, 2), prefix(&marked, 2));
        assert_ne!(prefix(&marked, 2), prefix(&marked, 3));
        for changed in [
            json!({"system": "S", "messages": [{"role": "user", "content": "a"}]}),
            json!({"system": "s", "messages": [{"role": "user", "content": "a "}]}),
            json!({"messages": [{"role": "user", "content": "a"}]}),
        ] {
            assert_ne!(prefix(&plain, 1), prefix(&changed, 1), "{changed}");
        }
    }
}

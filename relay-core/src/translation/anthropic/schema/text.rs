//! Schemas as text: what is written, and what becomes words.

use std::borrow::Cow;
use std::fmt::Write;

use crate::translation::json::compact;

/// Adds a keyword that can't be sent to the words of a description: `minimum: 1; maxItems: 5`.
pub(super) fn say(words: &mut String, keyword: &str, value: &str) {
    let separator = if words.is_empty() { "" } else { "; " };
    let text = serde_json::from_str::<String>(value).ok();
    let value = text.map_or_else(|| compact(value), Cow::Owned);
    let _ = write!(words, "{separator}{keyword}: {value}"); // a string takes everything
}

/// A description with words behind it, in parentheses.
pub(super) fn described(description: &str, words: &str) -> String {
    match (description, words) {
        (_, "") => description.to_owned(),
        ("", _) => format!("({words})"),
        _ => format!("{description} ({words})"),
    }
}

/// Writes a JSON object out of members that are JSON already.
pub(super) struct Members(String);

impl Members {
    pub(super) fn new() -> Self {
        Self("{".to_owned())
    }

    pub(super) fn add(&mut self, name: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    pub(super) fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A JSON list out of items that are JSON already.
pub(super) fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    let mut json = "[".to_owned();
    for item in items {
        if json.len() > 1 {
            json.push(',');
        }
        json.push_str(item.as_ref());
    }
    json.push(']');
    json
}

pub(super) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

//! What a schema says that only its description can tell.

use std::fmt::Write;

use serde_json::{Map, Value, json};

/// The types of JSON Schema.
const TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];
/// Other names of them, as languages write them.
const ALIASES: &[(&str, &str)] = &[
    ("str", "string"),
    ("text", "string"),
    ("int", "integer"),
    ("long", "integer"),
    ("float", "number"),
    ("double", "number"),
    ("bool", "boolean"),
    ("list", "array"),
    ("dict", "object"),
    ("none", "null"),
];

/// Keywords that move into the description: `(multipleOf: 5; format: uri)`.
#[derive(Debug, Default)]
pub(super) struct Words(String);

impl Words {
    /// Adds a keyword and its value.
    pub(super) fn add(&mut self, key: &str, value: &Value) {
        if !self.0.is_empty() {
            self.0.push_str("; ");
        }
        let _ = match value {
            Value::Null => write!(self.0, "{key}"),
            Value::String(text) => write!(self.0, "{key}: {text}"),
            value => write!(self.0, "{key}: {value}"),
        };
    }

    /// Puts the words behind the schema's own description.
    pub(super) fn describe(self, schema: &mut Map<String, Value>) {
        if self.0.is_empty() {
            return;
        }
        let own = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        let separator = if own.is_empty() { "" } else { " " };
        let description = format!("{own}{separator}({})", self.0);
        schema.insert("description".to_owned(), Value::String(description));
    }
}

/// Puts a schema's `type`, in the names that Gemini knows; others become words.
pub(super) fn put_type(schema: &mut Map<String, Value>, value: Value, words: &mut Words) {
    let known = match &value {
        Value::String(name) => type_named(name).map(|name| json!(name)),
        Value::Array(names) => {
            let mut found: Vec<&str> = Vec::with_capacity(names.len());
            for name in names.iter().filter_map(|name| type_named(name.as_str()?)) {
                if !found.contains(&name) {
                    found.push(name);
                }
            }
            match found.as_slice() {
                [] => None,
                [one] => Some(json!(one)),
                several => Some(json!(several)),
            }
        }
        _ => None,
    };
    match known {
        Some(known) => drop(schema.insert("type".to_owned(), known)),
        None => words.add("type", &value),
    }
}

fn type_named(name: &str) -> Option<&'static str> {
    let plain = TYPES.iter().find(|known| known.eq_ignore_ascii_case(name)).copied();
    plain.or_else(|| ALIASES.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, known)| *known))
}

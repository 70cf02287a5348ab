//! JSON schemas: a tool's parameters, which guide the model, and those that Anthropic compiles to constrain its output.
//!
//! A schema is edited as text: key order and the spelling of numbers stay as they came. What can't be sent becomes words in
//! the description.

mod compile;
mod hint;
mod pattern;
mod refs;

use std::borrow::Cow;
use std::fmt::Write;

use serde_json::value::RawValue;

pub(super) use self::compile::{Compiled, Use, compile};
use super::names::{self, Pairs};
use crate::error::RelayError;
use crate::translation::json::{Object, compact};

/// Keywords that Anthropic refuses at the root of a tool's parameters.
const UNIONS: &[&str] = &["oneOf", "anyOf", "allOf"];

/// A tool's parameters as they are sent.
#[derive(Debug)]
pub(super) struct Parameters<'a> {
    /// `input_schema`.
    pub(super) schema: Cow<'a, RawValue>,
    /// Names of properties that were changed.
    pub(super) renamed: Pairs,
}

/// A tool's parameters: an object schema with `properties` and without a union at its root. It is a hint: nothing in it fails
/// the request.
///
/// # Errors
/// Parameters that are not an object.
pub(super) fn parameters<'a>(parameters: Option<&'a RawValue>, path: &str) -> Result<Parameters<'a>, RelayError> {
    let Some(raw) = parameters else {
        let schema = raw_value(r#"{"type":"object","properties":{}}"#.to_owned()).map(Cow::Owned)?;
        return Ok(Parameters { schema, renamed: Pairs::new() });
    };
    let root = Object::from_raw(raw, path.to_owned())?;
    let has_union = root.members().any(|(name, _)| UNIONS.contains(&name));
    let is_object = root.get("type").is_some_and(|kind| kind.get() == "\"object\"");
    if is_object && !has_union && root.get("properties").is_some() && hint::is_plain(raw.get()) {
        return Ok(Parameters { schema: Cow::Borrowed(raw), renamed: Pairs::new() });
    }
    let merged = if has_union { Some(raw_value(hint::without_unions(&root, raw))?) } else { None };
    let given = raw;
    let raw = merged.as_deref().unwrap_or(given);
    let mut all = Vec::new();
    hint::property_names(raw, &mut all);
    let renamed = names::changed(&all);
    let written = hint::root(raw, &renamed);
    if merged.is_none() && compact(raw.get()) == written {
        return Ok(Parameters { schema: Cow::Borrowed(given), renamed });
    }
    Ok(Parameters { schema: raw_value(written).map(Cow::Owned)?, renamed })
}

fn raw_value(json: String) -> Result<Box<RawValue>, RelayError> {
    RawValue::from_string(json).map_err(RelayError::invalid_json)
}

/// What a keyword's value is, in JSON Schema 2020-12.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holds {
    Schema,
    ListOfSchemas,
    MapOfSchemas,
    /// The name of a type, or a list of them.
    Type,
    /// A list of names.
    Names,
    /// Lists of names, by a name.
    MapOfNames,
    Number,
    /// A whole number from 0 on.
    Count,
    Flag,
    Text,
    List,
    /// Anything.
    Data,
    /// Nothing that JSON Schema knows.
    Unknown,
}

fn holds(keyword: &str) -> Holds {
    match keyword {
        "items"
        | "contains"
        | "not"
        | "if"
        | "then"
        | "else"
        | "propertyNames"
        | "additionalProperties"
        | "unevaluatedItems"
        | "unevaluatedProperties"
        | "contentSchema" => Holds::Schema,
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => Holds::ListOfSchemas,
        "properties" | "patternProperties" | "$defs" | "definitions" | "dependentSchemas" => Holds::MapOfSchemas,
        "type" => Holds::Type,
        "required" => Holds::Names,
        "dependentRequired" => Holds::MapOfNames,
        "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf" => Holds::Number,
        "minLength" | "maxLength" | "minItems" | "maxItems" | "minProperties" | "maxProperties" | "minContains"
        | "maxContains" => Holds::Count,
        "uniqueItems" | "deprecated" | "readOnly" | "writeOnly" => Holds::Flag,
        "title" | "description" | "pattern" | "format" | "$ref" | "$id" | "$schema" | "$comment" | "$anchor"
        | "$dynamicRef" | "$dynamicAnchor" | "contentEncoding" | "contentMediaType" => Holds::Text,
        "enum" | "examples" => Holds::List,
        "default" | "const" | "example" | "nullable" => Holds::Data,
        _ => Holds::Unknown,
    }
}

/// The types of JSON Schema.
const TYPES: &[&str] = &["string", "number", "integer", "boolean", "object", "array", "null"];

/// The names of `type`: one or a list. Empty if it is neither.
fn types(value: Option<&RawValue>) -> Vec<Cow<'_, str>> {
    let Some(value) = value else { return Vec::new() };
    if let Ok(one) = serde_json::from_str::<String>(value.get()) {
        return vec![one.into()];
    }
    serde_json::from_str::<Vec<String>>(value.get()).unwrap_or_default().into_iter().map(Cow::Owned).collect()
}

/// Adds a keyword that can't be sent to the words of a description: `minimum: 1; maxItems: 5`.
fn say(words: &mut String, keyword: &str, value: &str) {
    let separator = if words.is_empty() { "" } else { "; " };
    let text = serde_json::from_str::<String>(value).ok();
    let value = text.map_or_else(|| compact(value), Cow::Owned);
    let _ = write!(words, "{separator}{keyword}: {value}"); // a string takes everything
}

/// A description with words behind it, in parentheses.
fn described(description: &str, words: &str) -> String {
    match (description, words) {
        (_, "") => description.to_owned(),
        ("", _) => format!("({words})"),
        _ => format!("{description} ({words})"),
    }
}

/// Writes a JSON object out of members that are JSON already.
struct Members(String);

impl Members {
    fn new() -> Self {
        Self("{".to_owned())
    }

    fn add(&mut self, name: &str, json: &str) {
        if self.0.len() > 1 {
            self.0.push(',');
        }
        self.0.push_str(&quoted(name));
        self.0.push(':');
        self.0.push_str(json);
    }

    fn is_empty(&self) -> bool {
        self.0.len() == 1
    }

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

/// A JSON list out of items that are JSON already.
fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
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

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

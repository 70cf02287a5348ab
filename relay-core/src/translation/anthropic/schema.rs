//! JSON schemas: a tool's parameters, and the cleaning for constrained output.
//!
//! A schema is edited as text: key order and the spelling of numbers stay as they came.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write;

use serde_json::value::RawValue;

use crate::error::RelayError;
use crate::translation::json::Object;

/// Larger schemas are not offered for constrained output; Anthropic's own limits are far tighter.
const MAX_CLEANED: usize = 256 << 10;
/// How many different `$ref`s are followed.
const MAX_REFS: usize = 200;

/// Keywords that the grammar can't enforce. They become words in the description.
const NOT_ENFORCED: &[&str] = &[
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "multipleOf",
    "minLength",
    "maxLength",
    "maxItems",
    "uniqueItems",
    "minProperties",
    "maxProperties",
];
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

/// A tool's parameters as `input_schema`: an object schema with `properties`, otherwise as it came.
///
/// # Errors
/// A root `oneOf`, `anyOf` or `allOf`, which Anthropic refuses.
pub(super) fn parameters<'a>(parameters: Option<&'a RawValue>, path: &str) -> Result<Cow<'a, RawValue>, RelayError> {
    let Some(raw) = parameters else {
        return raw_value(r#"{"type":"object","properties":{}}"#.to_owned()).map(Cow::Owned);
    };
    let schema = Object::from_raw(raw, path.to_owned())?;
    if schema.members().any(|(name, _)| matches!(name, "oneOf" | "anyOf" | "allOf")) {
        let message = format!("`{path}` must be an object schema without oneOf, anyOf or allOf at its root");
        return Err(RelayError::unsupported_value(path.to_owned(), message));
    }
    let is_object = schema.get("type").is_some_and(|kind| kind.get() == "\"object\"");
    if is_object && schema.get("properties").is_some() {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = Members::new();
    out.add("type", "\"object\"");
    for (name, value) in schema.members().filter(|(name, value)| *name != "type" && value.get() != "null") {
        out.add(name, value.get());
    }
    if schema.get("properties").is_none() {
        out.add("properties", "{}");
    }
    raw_value(out.end()).map(Cow::Owned)
}

fn raw_value(json: String) -> Result<Box<RawValue>, RelayError> {
    RawValue::from_string(json).map_err(RelayError::invalid_json)
}

/// Cleans a schema for Anthropic's constrained output: objects are closed, `oneOf` becomes `anyOf`, and what the grammar
/// can't enforce moves into descriptions. `description` is for the root, if it has none.
///
/// # Errors
/// In words, why the schema can't be used.
pub(super) fn clean(schema: &RawValue, description: Option<&str>) -> Result<Box<RawValue>, &'static str> {
    if schema.get().len() > MAX_CLEANED {
        return Err("it is too large");
    }
    References { root: schema, done: HashMap::new() }.follow("#")?;
    let mut out = String::with_capacity(schema.get().len() + 64);
    node(schema, description, &mut out)?;
    RawValue::from_string(out).map_err(|_| "it can't be read")
}

/// What a keyword's value holds.
enum Holds {
    Schema,
    ListOfSchemas,
    MapOfSchemas,
    Data,
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
        | "additionalItems"
        | "unevaluatedItems"
        | "unevaluatedProperties" => Holds::Schema,
        "anyOf" | "oneOf" | "allOf" | "prefixItems" => Holds::ListOfSchemas,
        "properties" | "$defs" | "definitions" | "dependentSchemas" => Holds::MapOfSchemas,
        _ => Holds::Data,
    }
}

/// Writes one schema, cleaned.
fn node(schema: &RawValue, description: Option<&str>, out: &mut String) -> Result<(), &'static str> {
    let Ok(object) = Object::from_raw(schema, String::new()) else {
        out.push_str(schema.get()); // `true` and `false` are schemas
        return Ok(());
    };
    let is_object = check_object(&object)?;
    let mut members = Members::new();
    let mut not_enforced = String::new();
    for (name, value) in object.members() {
        match name {
            "$schema" | "$id" | "description" | "additionalProperties" => {}
            _ if is_not_enforced(name, value) => {
                let separator = if not_enforced.is_empty() { "" } else { "; " };
                let _ = write!(not_enforced, "{separator}{name}: {}", value.get().trim_matches('"'));
            }
            _ => children(name, value, &mut members)?,
        }
    }
    if is_object {
        members.add("additionalProperties", "false");
    }
    let own = object.text("description").map_err(|_| "a description is not a string")?;
    let mut words = own.as_deref().or(description).unwrap_or_default().to_owned();
    if !not_enforced.is_empty() {
        let separator = if words.is_empty() { "" } else { " " };
        let _ = write!(words, "{separator}({not_enforced})");
    }
    if !words.is_empty() {
        members.add("description", &quoted(&words));
    }
    out.push_str(&members.end());
    Ok(())
}

/// Whether this schema is an object's; and whether it can be closed. Closing an open map would force `{}`.
fn check_object(object: &Object<'_>) -> Result<bool, &'static str> {
    const OPEN: &str = "an object has no fixed set of properties: Claude's constrained output needs `properties` and \
                        `additionalProperties: false`";
    let closed = object.get("additionalProperties").map(|value| value.get() == "false");
    if object.get("patternProperties").is_some() || closed == Some(false) {
        return Err(OPEN);
    }
    if object.get("oneOf").is_some() && object.get("anyOf").is_some() {
        return Err("oneOf and anyOf stand together");
    }
    let has_properties = object.get("properties").is_some();
    let is_object = object.get("type").is_some_and(|kind| kind.get().contains("\"object\""));
    if is_object && !has_properties && closed.is_none() {
        return Err(OPEN);
    }
    Ok(is_object || has_properties || closed.is_some())
}

fn is_not_enforced(name: &str, value: &RawValue) -> bool {
    match name {
        "minItems" => !matches!(value.get(), "0" | "1"),
        "format" => !FORMATS.contains(&value.get().trim_matches('"')),
        _ => NOT_ENFORCED.contains(&name),
    }
}

/// Writes one member of a schema, with the schemas in it cleaned.
fn children(name: &str, value: &RawValue, members: &mut Members) -> Result<(), &'static str> {
    let mut json = String::new();
    match holds(name) {
        Holds::Data => json.push_str(value.get()),
        Holds::Schema if !value.get().starts_with('[') => node(value, None, &mut json)?,
        Holds::Schema | Holds::ListOfSchemas => {
            let items: Vec<&RawValue> =
                serde_json::from_str(value.get()).map_err(|_| "a list of schemas is not one")?;
            json.push('[');
            for (i, item) in items.into_iter().enumerate() {
                json.push_str(if i > 0 { "," } else { "" });
                node(item, None, &mut json)?;
            }
            json.push(']');
        }
        Holds::MapOfSchemas => {
            let map = Object::from_raw(value, String::new()).map_err(|_| "a map of schemas is not one")?;
            let mut inner = Members::new();
            for (name, value) in map.members() {
                let mut schema = String::new();
                node(value, None, &mut schema)?;
                inner.add(name, &schema);
            }
            json = inner.end();
        }
    }
    members.add(if name == "oneOf" { "anyOf" } else { name }, &json);
    Ok(())
}

/// Follows `$ref`s to find cycles.
struct References<'a> {
    root: &'a RawValue,
    /// Where was looked; `false` while still inside.
    done: HashMap<String, bool>,
}

impl<'a> References<'a> {
    fn follow(&mut self, pointer: &str) -> Result<(), &'static str> {
        match self.done.get(pointer) {
            Some(true) => return Ok(()),
            Some(false) => return Err("it refers to itself: recursive schemas can't be used"),
            None if self.done.len() >= MAX_REFS => return Err("it has too many references"),
            None => {}
        }
        self.done.insert(pointer.to_owned(), false);
        let target = self.resolve(pointer).ok_or("a `$ref` leads to nothing within the schema")?;
        let mut found = Vec::new();
        references(target, &mut found);
        for reference in &found {
            self.follow(reference)?;
        }
        self.done.insert(pointer.to_owned(), true);
        Ok(())
    }

    /// The value at a JSON pointer in a fragment (`#/$defs/a`).
    fn resolve(&self, pointer: &str) -> Option<&'a RawValue> {
        let mut at = self.root;
        for step in pointer.strip_prefix('#')?.split('/').skip(1) {
            let name = step.replace("~1", "/").replace("~0", "~");
            at = match Object::from_raw(at, String::new()) {
                Ok(object) => object.get(&name)?,
                Err(_) => {
                    let items: Vec<&RawValue> = serde_json::from_str(at.get()).ok()?;
                    items.get(name.parse::<usize>().ok()?).copied()?
                }
            };
        }
        Some(at)
    }
}

/// All `$ref`s in a schema.
fn references<'a>(schema: &'a RawValue, found: &mut Vec<Cow<'a, str>>) {
    let Ok(object) = Object::from_raw(schema, String::new()) else { return };
    found.extend(object.text("$ref").ok().flatten());
    for (name, value) in object.members() {
        match holds(name) {
            Holds::Schema | Holds::ListOfSchemas if value.get().starts_with('[') => {
                let items: Vec<&RawValue> = serde_json::from_str(value.get()).unwrap_or_default();
                items.into_iter().for_each(|item| references(item, found));
            }
            Holds::Schema => references(value, found),
            Holds::MapOfSchemas => {
                let map = Object::from_raw(value, String::new()).unwrap_or_default();
                map.members().for_each(|(_, value)| references(value, found));
            }
            Holds::ListOfSchemas | Holds::Data => {}
        }
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

    fn end(mut self) -> String {
        self.0.push('}');
        self.0
    }
}

fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &str, want: Result<&str, &str>) {
        let raw = RawValue::from_string(schema.to_owned()).unwrap();
        match (clean(&raw, None), want) {
            (Ok(got), Ok(want)) => assert_eq!(got.get(), want),
            (Err(why), Err(word)) => assert!(why.contains(word), "{why}"),
            (got, want) => panic!("{got:?}, not {want:?}"),
        }
    }

    #[test]
    fn order_and_numbers_stay_and_data_is_no_schema() {
        check(
            r##"{"z":1.50,"const":{"$ref":"#","minimum":1},"enum":[{"oneOf":1}],"minimum":1e400}"##,
            Ok(
                r##"{"z":1.50,"const":{"$ref":"#","minimum":1},"enum":[{"oneOf":1}],"description":"(minimum: 1e400)"}"##,
            ),
        );
    }

    #[test]
    fn a_shared_definition_is_no_cycle() {
        check(
            r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/x"},"b":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}}}"##,
            Ok(
                r##"{"type":"object","properties":{"a":{"$ref":"#/$defs/x"},"b":{"$ref":"#/$defs/x"}},"$defs":{"x":{"type":"string"}},"additionalProperties":false}"##,
            ),
        );
    }

    #[test]
    fn what_the_grammar_can_not_express_is_named() {
        for (schema, word) in [
            (r##"{"$defs":{"a":{"items":{"$ref":"#/$defs/b"}},"b":{"not":{"$ref":"#/$defs/a"}}}}"##, "itself"),
            (r#"{"$ref":"https://example.com/x.json"}"#, "leads to nothing"),
            (r##"{"$ref":"#/$defs/none"}"##, "leads to nothing"),
            (r#"{"type":"object"}"#, "fixed set"),
            (r#"{"items":[{"type":["object","null"]}]}"#, "fixed set"),
            (r#"{"properties":{"a":{"patternProperties":{}}}}"#, "fixed set"),
            (r#"{"type":"object","properties":{},"additionalProperties":true}"#, "fixed set"),
        ] {
            check(schema, Err(word));
        }
    }

    #[test]
    fn a_long_chain_of_references_ends() {
        let defs: Vec<_> = (0..400).map(|i| format!("\"d{i}\":{{\"$ref\":\"#/$defs/d{}\"}}", i + 1)).collect();
        check(&format!("{{\"$defs\":{{{}}}}}", defs.join(",")), Err("too many"));
    }
}

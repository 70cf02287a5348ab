//! Whether a JSON Schema is one, by the meta-schema of draft 2020-12: keywords have values of their own types.

use std::collections::HashSet;

use serde_json::{Map, Value};

/// JSON Schema's types.
pub(super) const TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];

/// Keywords whose value is one schema.
pub(super) const ONE: &[&str] = &[
    "items",
    "additionalProperties",
    "propertyNames",
    "contains",
    "not",
    "if",
    "then",
    "else",
    "unevaluatedItems",
    "unevaluatedProperties",
];
/// Keywords whose value is a list of schemas.
pub(super) const LISTS: &[&str] = &["anyOf", "oneOf", "allOf", "prefixItems"];
/// Keywords whose value is a map of schemas.
pub(super) const MAPS: &[&str] = &["properties", "$defs", "definitions", "patternProperties", "dependentSchemas"];

const COUNTS: &[&str] =
    &["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties", "minContains", "maxContains"];
const NUMBERS: &[&str] = &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"];
const TEXTS: &[&str] = &["$ref", "$id", "$schema", "$comment", "title", "description", "format", "pattern"];
const FLAGS: &[&str] = &["uniqueItems", "deprecated", "readOnly", "writeOnly"];

/// A value that the meta-schema refuses, and what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Malformed {
    pub(super) value: Value,
    pub(super) wanted: &'static str,
}

/// The first value that the meta-schema refuses.
pub(super) fn check(schema: &Value) -> Result<(), Malformed> {
    let map = match schema {
        Value::Bool(_) => return Ok(()),
        Value::Object(map) => map,
        other => return refuse(other, "object"),
    };
    values(map)?;
    children(map).into_iter().try_for_each(check)
}

fn refuse(value: &Value, wanted: &'static str) -> Result<(), Malformed> {
    Err(Malformed { value: value.clone(), wanted })
}

fn values(map: &Map<String, Value>) -> Result<(), Malformed> {
    for (name, value) in map {
        let (fits, wanted) = match name.as_str() {
            "type" => (is_type(value), "type"),
            "required" => (is_names(value), "array"),
            "enum" => (value.is_array(), "array"),
            name if COUNTS.contains(&name) => {
                (value.as_u64().is_some() || value.as_f64().is_some_and(|n| n >= 0.0 && n.fract() == 0.0), "integer")
            }
            name if NUMBERS.contains(&name) => (value.is_number(), "number"),
            name if TEXTS.contains(&name) => (value.is_string(), "string"),
            name if FLAGS.contains(&name) => (value.is_boolean(), "boolean"),
            name if LISTS.contains(&name) => (value.as_array().is_some_and(|all| !all.is_empty()), "array"),
            name if MAPS.contains(&name) => (value.is_object(), "object"),
            _ => (true, ""),
        };
        if !fits {
            return refuse(value, wanted);
        }
    }
    Ok(())
}

/// Whether the meta-schema refuses a value for more than its type: a name that stands twice in a list (ComposioHQ/composio#2933),
/// a `multipleOf` that is not above 0, an id or an anchor with other characters.
pub(super) fn has_bad_value(schema: &Value) -> bool {
    let Some(map) = schema.as_object() else { return false };
    let is_bad = |(name, value): (&String, &Value)| match name.as_str() {
        "type" | "required" => has_repeats(value),
        "dependentRequired" => {
            !value.as_object().is_some_and(|map| map.values().all(|list| is_names(list) && !has_repeats(list)))
        }
        "dependencies" => !value.as_object().is_some_and(|map| map.values().all(is_dependency)),
        "multipleOf" => value.as_f64().is_some_and(|number| number <= 0.0),
        "$id" => value.as_str().is_some_and(|id| id.strip_suffix('#').unwrap_or(id).contains('#')),
        "$anchor" | "$dynamicAnchor" | "$recursiveAnchor" => !value.as_str().is_some_and(is_anchor),
        "$vocabulary" => !value.as_object().is_some_and(|map| map.values().all(Value::is_boolean)),
        _ => false,
    };
    map.iter().any(is_bad) || children(map).into_iter().any(has_bad_value)
}

fn has_repeats(value: &Value) -> bool {
    let mut seen = HashSet::new();
    !value.as_array().into_iter().flatten().filter_map(Value::as_str).all(|name| seen.insert(name))
}

fn is_dependency(value: &Value) -> bool {
    match value {
        Value::Array(_) => is_names(value) && !has_repeats(value),
        schema => check(schema).is_ok() && !has_bad_value(schema),
    }
}

fn is_anchor(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b))
}

fn is_type(value: &Value) -> bool {
    let known = |value: &Value| value.as_str().is_some_and(|name| TYPES.contains(&name));
    match value {
        Value::Array(all) => !all.is_empty() && all.iter().all(known),
        one => known(one),
    }
}

fn is_names(value: &Value) -> bool {
    value.as_array().is_some_and(|all| all.iter().all(Value::is_string))
}

/// All schemas directly inside of one.
pub(super) fn children(map: &Map<String, Value>) -> Vec<&Value> {
    let get = |name: &&str| map.get(*name);
    let one = ONE.iter().filter_map(get);
    let lists = LISTS.iter().filter_map(get).filter_map(Value::as_array).flatten();
    let maps = MAPS.iter().filter_map(get).filter_map(Value::as_object).flat_map(Map::values);
    one.chain(lists).chain(maps).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_schema_is_told_from_what_only_looks_like_one() {
        for schema in [
            json!(true),
            json!({}),
            json!({"type": ["string", "null"], "enum": [], "minLength": 1.0}),
            json!({"properties": {"type": {"type": "string"}, "required": false}, "required": ["x"]}),
        ] {
            assert_eq!(check(&schema), Ok(()), "{schema}");
        }
        for (schema, wanted) in [
            (json!([]), "object"),
            (json!({"type": "any"}), "type"),
            (json!({"type": []}), "type"),
            (json!({"required": true}), "array"),
            (json!({"items": [{}]}), "object"),
            (json!({"exclusiveMinimum": true}), "number"),
            (json!({"properties": {"a": {"minLength": -1}}}), "integer"),
            (json!({"anyOf": []}), "array"),
            (json!({"$defs": {"a": 1}}), "object"),
        ] {
            assert_eq!(check(&schema).unwrap_err().wanted, wanted, "{schema}");
        }
    }
}

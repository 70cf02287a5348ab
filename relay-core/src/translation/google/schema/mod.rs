//! JSON Schema as callers write it, to the part of it that Gemini takes.
//!
//! Keywords that Gemini can't check are left out, since callers' libraries write many that only they check; what
//! would change the meaning of the rest (remote references, `allOf` of alternatives) is an error. Key order stays: Gemini
//! writes an answer's members in the order of the schema's.

mod enums;
mod refs;

use std::collections::HashSet;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::error::RelayError;

/// Limits of Relay, so that a schema can't keep it busy.
const MAX_DEPTH: usize = 32;
const MAX_BYTES: usize = 1 << 20;
/// Larger bounds of arrays answer "too many states for serving".
const MAX_ITEMS: u64 = 100;

/// Keywords that stay as they are.
const KEPT: &[&str] = &[
    "$id",
    "$anchor",
    "type",
    "title",
    "description",
    "minItems",
    "minimum",
    "maximum",
    "required",
    "propertyOrdering",
];
/// Values of `format` that Gemini knows.
const FORMATS: &[&str] = &["date-time", "date", "time", "email", "uuid", "int32", "int64", "float", "double"];

/// Converts a schema; `param` is where it stands in the request.
///
/// # Errors
/// `invalid_value` naming `param`.
pub(super) fn convert(raw: &RawValue, param: &str) -> Result<Map<String, Value>, RelayError> {
    let fail = |why: String| RelayError::invalid_value(param.to_owned(), format!("`{param}`: {why}"));
    if raw.get().len() > MAX_BYTES {
        return Err(fail(format!("a schema may have at most {MAX_BYTES} bytes")));
    }
    let source = match serde_json::from_str(raw.get()) {
        Ok(Value::Object(source)) => source,
        Ok(_) => return Err(fail("a schema must be an object".to_owned())),
        Err(error) => return Err(fail(error.to_string())),
    };
    let mut schema = Place { depth: 0, in_array: false }.object(source).map_err(fail)?;
    refs::release_recursion(&mut schema).map_err(fail)?;
    Ok(schema)
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    in_array: bool,
}

/// Why a schema can't be converted.
type Converted<T> = Result<T, String>;

impl Place {
    /// Converts a subschema. `None`: nothing can fit it (`false`).
    fn schema(self, value: Value) -> Converted<Option<Value>> {
        match value {
            Value::Bool(true) => Ok(Some(json!({}))),
            Value::Bool(false) => Ok(None),
            Value::Object(map) => Ok(Some(Value::Object(self.object(map)?))),
            _ => Err("a subschema must be an object or a boolean".to_owned()),
        }
    }

    fn object(self, source: Map<String, Value>) -> Converted<Map<String, Value>> {
        let inner = Self { depth: self.depth + 1, ..self };
        if inner.depth > MAX_DEPTH {
            return Err(format!("a schema may nest at most {MAX_DEPTH} levels deep"));
        }
        let source = merged(source)?;
        if source.contains_key("$ref") {
            return inner.reference(source);
        }
        let source = enums::listed(source);
        let mut out = Out { integer: is_of_type(&source, "integer"), ..Out::default() };
        for (key, value) in source {
            inner.keyword(&key, value, &mut out)?;
        }
        if let Some(Value::Array(required)) = out.map.get_mut("required") {
            required.retain(|name| !name.as_str().is_some_and(|name| out.impossible.contains(name)));
        }
        Ok(out.map)
    }

    /// Beside `$ref` only keys that begin with `$` may stand.
    fn reference(self, source: Map<String, Value>) -> Converted<Map<String, Value>> {
        let mut out = Out::default();
        for (key, value) in source {
            if key.starts_with('$') || key == "definitions" {
                self.keyword(&key, value, &mut out)?;
            }
        }
        Ok(out.map)
    }

    fn keyword(self, key: &str, value: Value, out: &mut Out) -> Converted<()> {
        let value = match key {
            "$ref" => refs::rewritten(&value)?,
            "$defs" | "definitions" => {
                let definitions = Self { in_array: false, ..self }.members(value, &mut HashSet::new())?;
                out.define(definitions);
                return Ok(());
            }
            "properties" => Value::Object(self.members(value, &mut out.impossible)?),
            "items" if value.is_array() => return self.list("prefixItems", value, out),
            "prefixItems" | "anyOf" | "oneOf" => return self.list(key, value, out),
            "items" => match (Self { in_array: true, ..self }).schema(value)? {
                Some(items) => items,
                None => return Ok(()),
            },
            "additionalProperties" => match value {
                Value::Object(schema) => Value::Object(self.object(schema)?),
                value => value,
            },
            "enum" => value,
            "maxItems" if !self.in_array && value.as_u64().is_some_and(|most| most <= MAX_ITEMS) => value,
            "format" if value.as_str().is_some_and(|format| FORMATS.contains(&format)) => value,
            "exclusiveMinimum" if out.integer => return out.bound("minimum", &value, 1),
            "exclusiveMaximum" if out.integer => return out.bound("maximum", &value, -1),
            _ if KEPT.contains(&key) => value,
            _ => return Ok(()),
        };
        out.map.insert(key.to_owned(), value);
        Ok(())
    }

    /// Named subschemas; the names of those that nothing fits go to `impossible`.
    fn members(self, value: Value, impossible: &mut HashSet<String>) -> Converted<Map<String, Value>> {
        let Value::Object(members) = value else {
            return Err("`properties` and `$defs` must be objects".to_owned());
        };
        let mut out = Map::new();
        for (name, member) in members {
            match self.schema(member)? {
                Some(member) => drop(out.insert(name, member)),
                None => drop(impossible.insert(name)),
            }
        }
        Ok(out)
    }

    fn list(self, key: &str, value: Value, out: &mut Out) -> Converted<()> {
        let Value::Array(branches) = value else { return Err(format!("`{key}` must be an array")) };
        let place = Self { in_array: self.in_array || key == "prefixItems", ..self };
        let mut taken = Vec::with_capacity(branches.len());
        for branch in branches {
            taken.extend(place.schema(branch)?);
        }
        out.map.insert(key.to_owned(), Value::Array(taken));
        Ok(())
    }
}

/// A schema in the making.
#[derive(Default)]
struct Out {
    map: Map<String, Value>,
    /// Whether it is one of integers.
    integer: bool,
    /// Properties that are `false`.
    impossible: HashSet<String>,
}

impl Out {
    fn define(&mut self, definitions: Map<String, Value>) {
        if let Some(Value::Object(known)) = self.map.get_mut("$defs") {
            known.extend(definitions);
        } else {
            self.map.insert("$defs".to_owned(), Value::Object(definitions));
        }
    }

    /// `exclusiveMinimum: 3` on integers is `minimum: 4`. The tighter of two bounds counts.
    fn bound(&mut self, key: &str, value: &Value, step: i64) -> Converted<()> {
        let Some(value) = value.as_i64().map(|value| value.saturating_add(step)) else { return Ok(()) };
        let tighter = match self.map.get(key).and_then(Value::as_i64) {
            Some(other) if step > 0 => other.max(value),
            Some(other) => other.min(value),
            None => value,
        };
        self.map.insert(key.to_owned(), json!(tighter));
        Ok(())
    }
}

/// Whether `type` is, or allows beside null, this type.
fn is_of_type(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(own)) => own == name,
        Some(Value::Array(names)) => names.iter().all(|own| own == name || own == "null"),
        _ => false,
    }
}

/// `allOf` merged into the schema that it stands in.
fn merged(mut source: Map<String, Value>) -> Converted<Map<String, Value>> {
    while let Some(all) = source.get("allOf") {
        let Value::Array(entries) = all.clone() else { return Err("`allOf` must be an array".to_owned()) };
        let several = entries.len() > 1;
        let mut out = Map::new();
        for (key, value) in source {
            if key != "allOf" {
                combine(&mut out, key, value, true);
                continue;
            }
            for entry in &entries {
                let Value::Object(entry) = entry else { return Err("`allOf` must hold objects".to_owned()) };
                if several && !(is_of_type(entry, "object") || entry.contains_key("properties")) {
                    return Err("`allOf` with several entries is only known for objects".to_owned());
                }
                entry.clone().into_iter().for_each(|(key, value)| combine(&mut out, key, value, false));
            }
        }
        source = out;
    }
    Ok(source)
}

/// Adds a keyword to a merged schema: properties and `required` are joined, of the rest the outer one (`wins`) counts.
fn combine(out: &mut Map<String, Value>, key: String, value: Value, wins: bool) {
    match (key.as_str(), out.get_mut(&key), value) {
        ("properties" | "$defs" | "definitions", Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
        ("required", Some(Value::Array(known)), Value::Array(more)) => {
            let names: HashSet<Value> = known.iter().cloned().collect();
            known.extend(more.into_iter().filter(|name| !names.contains(name)));
        }
        (_, Some(known), value) if wins => *known = value,
        (_, Some(_), _) => {}
        (_, None, value) => drop(out.insert(key, value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(source: &Value, want: &Value) {
        let raw = serde_json::value::to_raw_value(source).unwrap();
        let got = convert(&raw, "p").map(|map| Value::Object(map).to_string());
        assert_eq!(got.map_err(|error| error.message().to_owned()), Ok(want.to_string()), "{source}");
    }

    #[track_caller]
    fn refused(source: &Value) {
        let raw = serde_json::value::to_raw_value(source).unwrap();
        assert_eq!(convert(&raw, "p").unwrap_err().param(), Some("p"), "{source}");
    }

    #[test]
    fn enums_are_of_strings_or_numbers() {
        check(&json!({"const": 3}), &json!({"type": "integer", "enum": [3]}));
        check(&json!({"const": null}), &json!({"type": "null"}));
        check(&json!({"enum": ["a", null]}), &json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}));
        check(
            &json!({"type": "boolean", "enum": [true, false], "description": "D."}),
            &json!({"type": "boolean", "description": "D. Allowed values: [true,false]"}),
        );
        check(&json!({"enum": ["a", 1]}), &json!({"description": "Allowed values: [\"a\",1]"}));
        check(
            &json!({"type": "string", "nullable": true, "enum": ["a"]}),
            &json!({"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "null"}]}),
        );
    }

    #[test]
    fn nullable_becomes_a_type() {
        check(&json!({"type": "string", "nullable": true}), &json!({"type": ["string", "null"]}));
        check(&json!({"type": "string", "nullable": false}), &json!({"type": "string"}));
    }

    #[test]
    fn all_of_is_merged_or_refused() {
        check(
            &json!({"allOf": [{"$ref": "#/$defs/A"}], "description": "d", "$defs": {"A": {"type": "string"}}}),
            &json!({"$ref": "#/$defs/A", "$defs": {"A": {"type": "string"}}}),
        );
        check(
            &json!({"allOf": [
                {"type": "object", "properties": {"a": {}}, "required": ["a"]},
                {"properties": {"b": {"type": "string"}}, "required": ["b", "a"]}]}),
            &json!({"type": "object", "properties": {"a": {}, "b": {"type": "string"}}, "required": ["a", "b"]}),
        );
        refused(&json!({"allOf": [{"type": "string"}, {"minLength": 2}]}));
    }

    #[test]
    fn bounds_that_gemini_lacks_are_translated_or_left_out() {
        check(&json!({"type": "integer", "exclusiveMinimum": 0}), &json!({"type": "integer", "minimum": 1}));
        check(&json!({"type": "number", "exclusiveMinimum": 0}), &json!({"type": "number"}));
        check(&json!({"type": "array", "maxItems": 5}), &json!({"type": "array", "maxItems": 5}));
        check(
            &json!({"type": "array", "maxItems": 500, "items": {"type": "array", "maxItems": 2}}),
            &json!({"type": "array", "items": {"type": "array"}}),
        );
        check(&json!({"type": "string", "format": "uri", "pattern": "^a", "x-y": 1}), &json!({"type": "string"}));
    }

    #[test]
    fn boolean_schemas_and_tuples_are_rewritten() {
        check(
            &json!({"type": "object", "properties": {"a": true, "b": false}, "required": ["a", "b"]}),
            &json!({"type": "object", "properties": {"a": {}}, "required": ["a"]}),
        );
        check(
            &json!({"type": "array", "items": [{"type": "string"}, true]}),
            &json!({"type": "array", "prefixItems": [{"type": "string"}, {}]}),
        );
    }

    #[test]
    fn references_out_of_the_schema_are_refused() {
        for target in ["https://example.com/x", "#/properties/a", "#/$defs/A/properties/b", "#/$defs/Nope", "#a"] {
            refused(&json!({"type": "object", "properties": {"a": {"$ref": target}}, "$defs": {"A": {}}}));
        }
    }

    #[test]
    fn recursion_leaves_required_where_it_happens() {
        check(
            &json!({"$ref": "#/$defs/A", "$defs": {
                "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}, "c": {}}, "required": ["b", "c"]},
                "B": {"type": "object", "properties": {"in": {"type": "object",
                    "properties": {"a": {"$ref": "#/$defs/A"}}, "required": ["a"]}}, "required": ["in"]}}}),
            &json!({"$ref": "#/$defs/A", "$defs": {
                "A": {"type": "object", "properties": {"b": {"$ref": "#/$defs/B"}, "c": {}}, "required": ["c"]},
                "B": {"type": "object", "properties": {"in": {"type": "object",
                    "properties": {"a": {"$ref": "#/$defs/A"}}, "required": []}}, "required": ["in"]}}}),
        );
    }

    #[test]
    fn depth_and_size_are_bounded() {
        let mut deep = json!({});
        for _ in 0..33 {
            deep = json!({"type": "array", "items": deep});
        }
        refused(&deep);
        refused(&json!({"title": "x".repeat(MAX_BYTES)}));
        refused(&json!([1]));
    }
}

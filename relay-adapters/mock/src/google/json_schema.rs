//! What Google takes of JSON Schema in `parametersJsonSchema` and `responseJsonSchema`.

use serde_json::{Map, Value};

use super::errors::Checked;
use super::refusals::{
    EMPTY_ENUM, ENUM_KIND, RECURSION, REFERENCE, REFERENCE_SIBLINGS, REQUIRED_DEFINED, SCHEMA_DEPTH, SCHEMA_KEYWORDS,
    SCHEMA_KIND, SCHEMA_TYPE, UNDEFINED_REFERENCE,
};

/// Keywords that exist.
const KEYWORDS: &[&str] = &[
    "$id",
    "$defs",
    "$ref",
    "$anchor",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "pattern",
    "uniqueItems",
    "default",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
    "propertyOrdering",
];
const TYPES: &[&str] = &["string", "number", "integer", "boolean", "array", "object", "null"];
/// The deepest nesting.
const DEPTH: usize = 32;
/// The longest chain of references.
const REFERENCES: usize = 600;

/// Checks a schema; `path` is its place in the request.
pub(super) fn check(schema: &Value, path: &str) -> Checked {
    node(schema, path, 0)?;
    let mut walk = Walk { root: schema, path, open: Vec::new(), done: Vec::new() };
    walk.follow("#".to_owned())?;
    let defined = schema.get("$defs").and_then(Value::as_object);
    defined.into_iter().flat_map(Map::keys).try_for_each(|name| walk.follow(format!("#/$defs/{name}")))
}

fn node(schema: &Value, path: &str, depth: usize) -> Checked {
    let Some(map) = schema.as_object() else { return Err(SCHEMA_KIND.say(&[path])) };
    if depth > DEPTH {
        return Err(SCHEMA_DEPTH.say(&[path]));
    }
    if let Some(name) = map.keys().find(|name| !KEYWORDS.contains(&name.as_str())) {
        return Err(SCHEMA_KEYWORDS.say(&[path, name]));
    }
    if let Some(target) = map.get("$ref") {
        if map.keys().any(|name| !name.starts_with('$')) {
            return Err(REFERENCE_SIBLINGS.say(&[path]));
        }
        if !target.as_str().is_some_and(is_local) {
            return Err(REFERENCE.say(&[path, &target.to_string()]));
        }
    }
    let types: Vec<&Value> = match map.get("type") {
        Some(Value::Array(types)) => types.iter().collect(),
        one => one.into_iter().collect(),
    };
    if let Some(kind) = types.into_iter().find(|kind| !kind.as_str().is_some_and(|kind| TYPES.contains(&kind))) {
        return Err(SCHEMA_TYPE.say(&[path, &kind.to_string()]));
    }
    let values = map.get("enum").and_then(Value::as_array);
    if values.is_some_and(|values| values.iter().any(|value| !value.is_string() && !value.is_number())) {
        return Err(ENUM_KIND.say(&[path]));
    }
    node_rules(map, path)?;
    children(map).into_iter().try_for_each(|(name, child)| node(child, &format!("{path}.{name}"), depth + 1))
}

/// What both kinds of schema want: required properties exist, and no value of an enum is empty.
pub(super) fn node_rules(map: &Map<String, Value>, path: &str) -> Checked {
    let properties = map.get("properties").and_then(Value::as_object);
    let defined = |name: &Value| name.as_str().is_some_and(|name| properties.is_some_and(|all| all.contains_key(name)));
    let place = |name: &str, fits: &dyn Fn(&Value) -> bool| {
        map.get(name).and_then(Value::as_array).and_then(|all| all.iter().position(|one| !fits(one)))
    };
    if let Some(at) = place("required", &defined) {
        return Err(REQUIRED_DEFINED.say(&[path, &at.to_string()]));
    }
    match place("enum", &|value| value != "") {
        Some(at) => Err(EMPTY_ENUM.say(&[path, &at.to_string()])),
        None => Ok(()),
    }
}

fn is_local(target: &str) -> bool {
    target == "#" || target.strip_prefix("#/$defs/").is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// All schemas directly inside of one.
fn children(map: &Map<String, Value>) -> Vec<(String, &Value)> {
    let named = ["properties", "$defs"].into_iter().flat_map(|name| {
        map.get(name)
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(move |(key, value)| (format!("{name}.{key}"), value))
    });
    named.chain(listed(map)).collect()
}

/// The same without those that have names of their own.
fn listed(map: &Map<String, Value>) -> Vec<(String, &Value)> {
    let lists = ["prefixItems", "anyOf", "oneOf"].into_iter().flat_map(|name| {
        map.get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .enumerate()
            .map(move |(at, value)| (format!("{name}[{at}]"), value))
    });
    let single =
        ["items", "additionalProperties"].into_iter().filter_map(|name| Some((name.to_owned(), map.get(name)?)));
    lists.chain(single.filter(|(_, value)| !value.is_boolean())).collect()
}

/// A walk along everything that a value must have: properties that are not required are left out.
struct Walk<'a> {
    root: &'a Value,
    path: &'a str,
    open: Vec<String>,
    done: Vec<String>,
}

impl Walk<'_> {
    /// A schema may contain itself only through properties that are not required.
    fn follow(&mut self, target: String) -> Checked {
        if self.done.contains(&target) {
            return Ok(());
        }
        if self.open.contains(&target) {
            return Err(RECURSION.say(&[self.path, &target]));
        }
        let Some(found) = self.root.pointer(target.strip_prefix('#').unwrap_or(&target)) else {
            return Err(UNDEFINED_REFERENCE.say(&[self.path]));
        };
        if self.open.len() > REFERENCES {
            return Err(SCHEMA_DEPTH.say(&[self.path]));
        }
        self.open.push(target);
        self.inside(found)?;
        self.done.extend(self.open.pop());
        Ok(())
    }

    fn inside(&mut self, schema: &Value) -> Checked {
        let Some(map) = schema.as_object() else { return Ok(()) };
        if let Some(target) = map.get("$ref").and_then(Value::as_str) {
            return self.follow(target.to_owned());
        }
        let required = map.get("required").and_then(Value::as_array);
        let properties = map.get("properties").and_then(Value::as_object).into_iter().flatten();
        let needed = properties.filter(|(name, _)| required.is_some_and(|all| all.iter().any(|one| one == *name)));
        let inner = needed.map(|(_, value)| value).chain(listed(map).into_iter().map(|(_, value)| value));
        inner.collect::<Vec<_>>().into_iter().try_for_each(|child| self.inside(child))
    }
}

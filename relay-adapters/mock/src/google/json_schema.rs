//! What Google takes of JSON Schema in `parametersJsonSchema` and `responseJsonSchema`.

use serde_json::{Map, Value};

use super::errors::Checked;

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

/// Checks a schema; `path` is its place in the request.
pub(super) fn check(schema: &Value, path: &str) -> Checked {
    node(schema, path, 0)?;
    let mut walk = Walk { root: schema, path, open: Vec::new(), done: Vec::new() };
    walk.follow("#".to_owned())?;
    let defined = schema.get("$defs").and_then(Value::as_object);
    defined.into_iter().flat_map(Map::keys).try_for_each(|name| walk.follow(format!("#/$defs/{name}")))
}

fn node(schema: &Value, path: &str, depth: usize) -> Checked {
    let refuse = |what: &str| Err(format!("* GenerateContentRequest.{path}: {what}\n"));
    let Some(map) = schema.as_object() else { return refuse("schema should be an object") };
    if depth > DEPTH {
        return refuse("schema is nested too deeply");
    }
    if let Some(name) = map.keys().find(|name| !KEYWORDS.contains(&name.as_str())) {
        return refuse(&format!("unsupported JSON Schema keyword \"{name}\""));
    }
    if let Some(target) = map.get("$ref") {
        if map.keys().any(|name| !name.starts_with('$')) {
            return refuse("a schema with $ref may have no other keywords but those that begin with $");
        }
        if !target.as_str().is_some_and(is_local) {
            return refuse(&format!("unsupported $ref {target}: only # and #/$defs/... are"));
        }
    }
    let types: Vec<&Value> = match map.get("type") {
        Some(Value::Array(types)) => types.iter().collect(),
        one => one.into_iter().collect(),
    };
    if let Some(kind) = types.into_iter().find(|kind| !kind.as_str().is_some_and(|kind| TYPES.contains(&kind))) {
        return refuse(&format!("unknown type {kind}"));
    }
    let values = map.get("enum").and_then(Value::as_array);
    if values.is_some_and(|values| values.iter().any(|value| !value.is_string() && !value.is_number())) {
        return refuse("enum values must be strings or numbers");
    }
    children(map).into_iter().try_for_each(|(name, child)| node(child, &format!("{path}.{name}"), depth + 1))
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
        let refuse = |what: &str| Err(format!("* GenerateContentRequest.{}: {what}\n", self.path));
        if self.done.contains(&target) {
            return Ok(());
        }
        if self.open.contains(&target) {
            return refuse(&format!(
                "cyclic $ref \"{target}\" is only allowed within properties that are not required"
            ));
        }
        let Some(found) = self.root.pointer(target.strip_prefix('#').unwrap_or(&target)) else {
            return refuse(&format!("$ref \"{target}\" leads nowhere"));
        };
        if self.open.len() > DEPTH {
            return refuse("schema is nested too deeply");
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

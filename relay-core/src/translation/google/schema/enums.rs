//! `const`, `enum` and `nullable` of a JSON Schema, in the forms that Gemini takes.

use std::collections::HashSet;

use serde_json::{Map, Value, json};

use super::words::Words;

/// A schema whose `const` or `enum`, if any, is an `enum` of strings or of numbers. Null is a branch of its own; what can't
/// be listed becomes words.
pub(super) fn listed(source: Map<String, Value>, words: &mut Words) -> Map<String, Value> {
    let nullable = source.get("nullable") == Some(&Value::Bool(true));
    let values = match (source.get("const"), source.get("enum")) {
        (Some(value), Some(Value::Array(others))) if !others.contains(value) => {
            words.add("enum", &json!(others));
            vec![value.clone()]
        }
        (Some(value), _) => vec![value.clone()],
        (None, Some(Value::Array(values))) if !values.is_empty() => values.clone(),
        _ if nullable => return nullable_type(source),
        _ => return source,
    };
    let with_null = nullable || values.contains(&Value::Null);
    let mut rest: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
    without_repeats(&mut rest);
    let declared = source.get("type");
    let own = declared.and_then(plain_type).or_else(|| common_type(&rest));
    let fits = |value: &Value| own.as_ref().and_then(Value::as_str).is_none_or(|name| is_of(value, name));
    // Google's own schemas refuse an empty string in a list.
    let is_list = !rest.is_empty()
        && rest.iter().all(fits)
        && (rest.iter().all(|value| value.as_str().is_some_and(|text| !text.is_empty()))
            || rest.iter().all(Value::is_number));
    if !is_list && !rest.is_empty() {
        let null = (with_null && own.is_none()).then_some(Value::Null);
        words.add("allowed values", &rest.iter().cloned().chain(null).collect());
    }
    let mut choice = Map::new();
    if rest.is_empty() {
        choice.insert("type".to_owned(), json!("null"));
        return rebuilt(source, choice);
    }
    let is_plain = declared.is_some_and(Value::is_string);
    if let Some(own) = own.as_ref().filter(|_| with_null || !is_plain) {
        choice.insert("type".to_owned(), own.clone());
    }
    if is_list {
        choice.insert("enum".to_owned(), Value::Array(rest));
    }
    if let Some(own) = own.as_ref().filter(|_| with_null && source.contains_key("anyOf")) {
        // There are alternatives already.
        if let Some(values) = choice.remove("enum") {
            words.add("allowed values", &values);
        }
        choice.insert("type".to_owned(), json!([own, "null"]));
    } else if with_null && own.is_some() {
        let either = json!([Value::Object(choice), { "type": "null" }]);
        choice = Map::from_iter([("anyOf".to_owned(), either)]);
    }
    rebuilt(source, choice)
}

/// Leaves each value once, where it stands first.
pub(super) fn without_repeats(values: &mut Vec<Value>) {
    let mut known: HashSet<Value> = HashSet::with_capacity(values.len());
    values.retain(|value| known.insert(value.clone()));
}

/// The schema with `choice` in the place of `const` or `enum`.
fn rebuilt(source: Map<String, Value>, choice: Map<String, Value>) -> Map<String, Value> {
    let typed = choice.contains_key("type") || choice.contains_key("anyOf");
    let mut out = Map::new();
    for (key, value) in source {
        match key.as_str() {
            "const" | "enum" => choice.iter().for_each(|(key, value)| {
                out.entry(key.clone()).or_insert_with(|| value.clone());
            }),
            "type" if typed => {}
            "nullable" => {}
            _ => drop(out.insert(key, value)),
        }
    }
    out
}

/// Whether a value is of a type.
fn is_of(value: &Value, name: &str) -> bool {
    match name {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => true,
    }
}

/// OpenAPI's `nullable` as a type array, or as one more branch of `anyOf`.
fn nullable_type(mut source: Map<String, Value>) -> Map<String, Value> {
    if let Some(own) = source.get_mut("type") {
        match own {
            Value::String(name) if name != "null" => *own = json!([name.clone(), "null"]),
            Value::Array(names) if !names.iter().any(|name| name == "null") => names.push(json!("null")),
            _ => {}
        }
    } else if let Some(key) = ["anyOf", "oneOf"].into_iter().find(|key| source.contains_key(*key))
        && let Some(Value::Array(branches)) = source.get_mut(key)
    {
        branches.push(json!({ "type": "null" }));
    }
    source
}

/// The one type beside null, if there is just one.
fn plain_type(own: &Value) -> Option<Value> {
    let Value::Array(names) = own else { return (own != "null").then(|| own.clone()) };
    let mut names = names.iter().filter(|name| *name != "null");
    match (names.next(), names.next()) {
        (Some(name), None) => Some(name.clone()),
        _ => None,
    }
}

/// The type that all values have.
fn common_type(values: &[Value]) -> Option<Value> {
    let name = match values.first()? {
        _ if values.iter().all(Value::is_number) && values.iter().any(Value::is_f64) => "number",
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let same = |value: &Value| {
        std::mem::discriminant(value) == values.first().map_or(std::mem::discriminant(value), std::mem::discriminant)
    };
    values.iter().all(same).then(|| json!(name))
}

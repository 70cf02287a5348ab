//! `const`, `enum` and `nullable` of a JSON Schema, in the forms that Gemini takes.

use serde_json::{Map, Value, json};

/// A schema whose `const` or `enum`, if any, is an `enum` of strings or of numbers. Null is a branch of its own; what can't
/// be listed goes into the description.
pub(super) fn listed(source: Map<String, Value>) -> Map<String, Value> {
    let nullable = source.get("nullable") == Some(&Value::Bool(true));
    let values = match (source.get("const"), source.get("enum")) {
        (Some(value), _) => vec![value.clone()],
        (None, Some(Value::Array(values))) => values.clone(),
        _ if nullable => return nullable_type(source),
        _ => return source,
    };
    let count = values.len();
    let rest: Vec<Value> = values.into_iter().filter(|value| !value.is_null()).collect();
    let with_null = nullable || rest.len() < count;
    let own = source.get("type").and_then(plain_type).or_else(|| common_type(&rest));
    let list = rest.iter().all(Value::is_string) || rest.iter().all(Value::is_number);
    let hidden = !list && (rest.len() > 1 || rest.iter().any(|value| value.is_object() || value.is_array()));
    let lost = hidden.then(|| Value::Array(rest.clone()).to_string());
    let mut choice = Map::new();
    if rest.is_empty() {
        choice.insert("type".to_owned(), json!("null"));
    } else {
        if let Some(own) = own.as_ref().filter(|_| with_null || !source.contains_key("type")) {
            choice.insert("type".to_owned(), own.clone());
        }
        if list {
            choice.insert("enum".to_owned(), Value::Array(rest));
        }
        if with_null && own.is_some() {
            let either = json!([Value::Object(choice), { "type": "null" }]);
            choice = Map::from_iter([("anyOf".to_owned(), either)]);
        }
    }
    rebuilt(source, choice, lost)
}

/// The schema with `choice` in the place of `const` or `enum`, and `lost` values in its description.
fn rebuilt(source: Map<String, Value>, choice: Map<String, Value>, lost: Option<String>) -> Map<String, Value> {
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
    if let Some(values) = lost {
        let text = out.get("description").and_then(Value::as_str).unwrap_or_default();
        let description = format!("{text} Allowed values: {values}").trim_start().to_owned();
        out.insert("description".to_owned(), Value::String(description));
    }
    out
}

/// OpenAPI's `nullable` as a type array, or as one more branch of `anyOf`.
fn nullable_type(mut source: Map<String, Value>) -> Map<String, Value> {
    if let Some(own) = source.get_mut("type") {
        match own {
            Value::String(name) if name != "null" => *own = json!([name.clone(), "null"]),
            Value::Array(names) if !names.iter().any(|name| name == "null") => names.push(json!("null")),
            _ => {}
        }
    } else if let Some(Value::Array(branches)) = source.get_mut("anyOf") {
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

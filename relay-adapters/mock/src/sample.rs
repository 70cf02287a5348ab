//! Values made from a JSON Schema.

use serde_json::{Map, Value, json};

/// A value that fits a JSON Schema (or Google's older `Schema`): strings are `text`, numbers 1, flags `true`.
pub(super) fn sample(schema: &Value) -> Value {
    sample_in(schema, schema, 0)
}

fn sample_in(root: &Value, schema: &Value, depth: usize) -> Value {
    if depth > 8 {
        return Value::Null;
    }
    if let Some(target) = schema.get("$ref").and_then(Value::as_str) {
        let target = target.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        return target.map_or(Value::Null, |target| sample_in(root, target, depth + 1));
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
        return first.clone();
    }
    for branches in ["anyOf", "oneOf"] {
        let branches = schema.get(branches).and_then(Value::as_array);
        if let Some(branch) = branches.and_then(|all| all.iter().find(|one| kind(one) != "null")) {
            return sample_in(root, branch, depth + 1);
        }
    }
    match kind(schema).as_str() {
        "string" => json!(sample_text(schema)),
        "integer" | "number" => {
            schema.get("minimum").filter(|min| min.as_f64() > Some(1.0)).cloned().unwrap_or(json!(1))
        }
        "boolean" => json!(true),
        "array" => match schema.get("items") {
            Some(items) => json!([sample_in(root, items, depth + 1)]),
            None => json!([]),
        },
        "null" => Value::Null,
        _ => sample_object(root, schema, depth),
    }
}

fn sample_object(root: &Value, schema: &Value, depth: usize) -> Value {
    let mut out = Map::new();
    let required = schema.get("required").and_then(Value::as_array);
    for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
        let wanted = required.is_some_and(|names| names.iter().any(|one| one == name));
        if wanted || depth < 5 {
            out.insert(name.clone(), sample_in(root, property, depth + 1));
        }
    }
    Value::Object(out)
}

fn sample_text(schema: &Value) -> &'static str {
    match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => "2026-01-02T03:04:05Z",
        Some("date") => "2026-01-02",
        Some("time") => "03:04:05Z",
        Some("email") => "user@example.com",
        Some("uri") => "https://example.com/",
        Some("uuid") => "00000000-0000-4000-8000-000000000000",
        _ => "text",
    }
}

/// The schema's type in lower case; the first that is not `null` of several; `object` if it has properties.
fn kind(schema: &Value) -> String {
    let named = match schema.get("type") {
        Some(Value::String(name)) => Some(name.as_str()),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).find(|name| *name != "null"),
        _ => None,
    };
    named.unwrap_or("object").to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_fits_its_schema() {
        let schema = json!({"type":"object","required":["a"],"properties":{
            "a":{"type":"string"},"n":{"type":["null","integer"],"minimum":5},"k":{"enum":["x","y"]},
            "l":{"type":"ARRAY","items":{"$ref":"#/$defs/P"}},"d":{"anyOf":[{"type":"null"},{"type":"boolean"}]}},
            "$defs":{"P":{"type":"object","properties":{"on":{"type":"string","format":"date"}}}}});
        assert_eq!(sample(&schema), json!({"a":"text","n":5,"k":"x","l":[{"on":"2026-01-02"}],"d":true}));
        let endless = json!({"type":"object","required":["next"],"properties":{"next":{"$ref":"#"}}});
        assert!(sample(&endless).is_object());
    }
}

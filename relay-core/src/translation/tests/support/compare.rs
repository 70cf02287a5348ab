//! When what came out is what a case expects: the rules of both specs' case files, in one place.
//!
//! JSON values are compared, so the order of keys is free, except in schemas, where providers heed it; what stands in a
//! string (`arguments` among them) is the same to the letter. Numbers may differ by 1e-6. Nothing may be missing, and
//! nothing be there that was not expected.

use std::collections::HashMap;

use serde_json::Value;

/// Members that hold a JSON schema.
const SCHEMAS: &[&str] = &["parametersJsonSchema", "responseJsonSchema", "input_schema", "schema"];

/// What is not compared in full.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rules {
    /// Of `headers` only those are looked at that the case lists (the Gemini cases).
    pub(crate) listed_headers: bool,
}

/// Says where the first difference is, and shows both.
pub(crate) fn same(want: &Value, got: &Value, rules: Rules) -> Result<(), String> {
    place(want, got, rules).map_err(|at| format!("at {at}\n  expected {want}\n  got      {got}"))
}

/// Says where the first difference is.
pub(crate) fn place(want: &Value, got: &Value, rules: Rules) -> Result<(), String> {
    Comparison { rules, found: HashMap::new() }.walk("", want, got)
}

struct Comparison {
    rules: Rules,
    /// What stood for each placeholder: it is the same everywhere in a case.
    found: HashMap<String, Value>,
}

impl Comparison {
    fn walk(&mut self, path: &str, want: &Value, got: &Value) -> Result<(), String> {
        let unless = |fine: bool| if fine { Ok(()) } else { Err(path.to_owned()) };
        match (want, got) {
            (Value::String(mark), _) if mark == "*" || mark == "__NONEMPTY__" => unless(is_text(got)),
            (Value::String(mark), _) if mark.starts_with("__") => unless(self.stands_for(mark, got)),
            (Value::Object(_), Value::Object(_)) if is_schema(path) => unless(format!("{want}") == format!("{got}")),
            (Value::Object(want), Value::Object(have)) => {
                let is_open = self.rules.listed_headers && path == ".headers";
                if let Some(name) = have.keys().find(|name| !is_open && !want.contains_key(*name)) {
                    return Err(format!("{path}.{name} (not expected)"));
                }
                for (name, value) in want {
                    let Some(found) = have.get(name) else { return Err(format!("{path}.{name} (missing)")) };
                    self.walk(&format!("{path}.{name}"), value, found)?;
                }
                Ok(())
            }
            (Value::Array(want), Value::Array(have)) => {
                for (i, (want, have)) in want.iter().zip(have).enumerate() {
                    self.walk(&format!("{path}[{i}]"), want, have)?;
                }
                if want.len() == have.len() { Ok(()) } else { Err(format!("{path} (length)")) }
            }
            (Value::Number(want), Value::Number(have)) => {
                unless((want.as_f64().unwrap() - have.as_f64().unwrap()).abs() < 1e-6)
            }
            _ => unless(want == got),
        }
    }

    fn stands_for(&mut self, mark: &str, got: &Value) -> bool {
        let fits = match mark {
            "__CREATED__" => got.is_u64(),
            "__ID__" => is_text(got),
            _ if mark.starts_with("__CALL_ID_") => got.as_str().is_some_and(|text| text.starts_with("call_")),
            _ => panic!("no such placeholder: {mark}"),
        };
        fits && self.found.entry(mark.to_owned()).or_insert_with(|| got.clone()) == got
    }
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn is_schema(path: &str) -> bool {
    path.rsplit('.').next().is_some_and(|name| SCHEMAS.contains(&name))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(want: Value, got: Value, fine: bool) {
        assert_eq!(same(&want, &got, Rules::default()).is_ok(), fine, "{want} {got}");
    }

    #[test]
    fn the_rules_can_fail() {
        check(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), true);
        check(json!({"a": 1}), json!({"a": 1, "b": null}), false);
        check(json!({"a": null}), json!({}), false);
        check(json!([1, 2]), json!([1]), false);
        check(json!("*"), json!("x"), true);
        check(json!("*"), json!(""), false);
        check(json!("__NONEMPTY__"), json!(null), false);
        check(json!(["__ID__", "__ID__"]), json!(["a", "a"]), true);
        check(json!(["__ID__", "__ID__"]), json!(["a", "b"]), false);
        check(json!("__CREATED__"), json!("1"), false);
        check(json!(["__CALL_ID_0__", "__CALL_ID_1__"]), json!(["call_a", "call_b"]), true);
        check(json!("__CALL_ID_0__"), json!("a"), false);
        check(json!(0.6), json!(0.600_000_01), true);
        check(json!(0.6), json!(0.61), false);
        check(json!({"schema": {"a": 1, "b": 2}}), json!({"schema": {"b": 2, "a": 1}}), false);
        check(json!({"arguments": "{\"a\":1}"}), json!({"arguments": "{\"a\": 1}"}), false);
        check(json!({"headers": {}}), json!({"headers": {"x": "y"}}), false);
        assert!(same(&json!({"headers": {}}), &json!({"headers": {"x": "y"}}), Rules { listed_headers: true }).is_ok());
    }
}

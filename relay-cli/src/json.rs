//! Reads JSON responses without trusting their form: a missing member is `null`, and never a panic.

use serde_json::Value;

/// The value at a JSON pointer (RFC 6901), such as `/choices/0/message`; `null` if nothing is there.
pub fn at<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The text at a JSON pointer.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Option<&'a str> {
    at(value, pointer).as_str()
}

/// The items of the array at a JSON pointer; empty if there is no array.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    at(value, pointer).as_array().map_or(&[], Vec::as_slice)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_missing_value_is_null_or_empty() {
        let value = json!({ "a": [{ "b": "c" }] });
        assert_eq!(text(&value, "/a/0/b"), Some("c"));
        assert_eq!(text(&value, "/a/1/b"), None);
        assert_eq!(at(&Value::Null, "/a"), &Value::Null);
        assert_eq!((list(&value, "/a").len(), list(&value, "/b").len()), (1, 0));
    }
}

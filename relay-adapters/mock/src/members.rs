//! Reading a body that was checked before: what is not there counts as empty.

use serde_json::Value;

/// A member that is a string.
pub(super) fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// A member that is `true`.
pub(super) fn flag(value: &Value, name: &str) -> bool {
    value.get(name).and_then(Value::as_bool).unwrap_or_default()
}

/// The elements of a member that is an array.
pub(super) fn items<'a>(value: &'a Value, name: &str) -> Vec<&'a Value> {
    value.get(name).and_then(Value::as_array).into_iter().flatten().collect()
}

//! The functions of a request, and the schema of its answer.

use serde_json::Value;

use super::errors::bad_param;
use super::refusals::{FUNCTION_NAME, LONG_NAME, UNIQUE_FUNCTIONS};
use super::schema_rules::Named;
use crate::members::{flag, items, string};
use crate::reply::Reply;

/// Checks functions and the schema of the answer.
pub(super) fn check(body: &Value) -> Result<(), Reply> {
    let mut names = Vec::new();
    for (at, tool) in items(body, "tools").into_iter().enumerate() {
        let Some(one) = tool.get("function").or(tool.get("custom")) else { continue };
        function(one, &format!("tools[{at}].function"))?;
        let own = string(one, "name");
        if names.contains(&own) {
            return Err(bad_param("tools", Some("invalid_value"), &UNIQUE_FUNCTIONS.say(&[own])));
        }
        names.push(own);
    }
    for (at, one) in items(body, "functions").into_iter().enumerate() {
        function(one, &format!("functions[{at}]"))?;
    }
    let Some(format) = body.pointer("/response_format/json_schema") else { return Ok(()) };
    let Some(schema) = format.get("schema") else { return Ok(()) };
    let owner = format!("response_format '{}'", string(format, "name"));
    let strict = flag(format, "strict");
    if !strict {
        return Ok(());
    }
    Named { schema, owner, param: "response_format".to_owned(), code: None, strict }.check()
}

fn function(one: &Value, path: &str) -> Result<(), Reply> {
    name(string(one, "name"), &format!("{path}.name"))?;
    let Some(schema) = one.get("parameters").filter(|schema| !schema.is_null()) else { return Ok(()) };
    let owner = format!("function '{}'", string(one, "name"));
    let param = format!("{path}.parameters");
    Named { schema, owner, param, code: Some("invalid_function_parameters"), strict: flag(one, "strict") }.check()
}

/// A name of a function: up to 64 letters, digits, `_` and `-`.
pub(super) fn name(name: &str, path: &str) -> Result<(), Reply> {
    if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) {
        return Err(bad_param(path, Some("invalid_value"), &FUNCTION_NAME.say(&[path])));
    }
    if name.len() > 64 {
        let message = LONG_NAME.say(&[path, &name.len().to_string()]);
        return Err(bad_param(path, Some("string_above_max_length"), &message));
    }
    Ok(())
}

//! The functions of a request, and the choice among them.

use serde_json::Value;

use super::errors::Checked;
use super::json_schema;
use super::models::Family;
use super::refusals::{
    ARRAY_ITEMS, BUILT_IN_TOOLS, CHOICE_MODE, CHOICE_UNKNOWN, CHOICE_WITHOUT_FUNCTIONS, EMPTY_PROPERTIES,
    FUNCTION_NAME, NO_FUNCTIONS, PARAMETERS_BOTH, PARAMETERS_TYPE, UNIQUE_FUNCTIONS,
};
use crate::members::{items, string};

/// Checks functions, their schemas, and the choice.
pub(super) fn check(body: &Value, family: &Family, model: &str) -> Checked {
    let mut names = Vec::new();
    for (at, tool) in items(body, "tools").into_iter().enumerate() {
        for (index, one) in items(tool, "functionDeclarations").into_iter().enumerate() {
            if !family.functions {
                return Err(NO_FUNCTIONS.say(&[model]));
            }
            declaration(one, &format!("tools[{at}].function_declarations[{index}]"))?;
            let name = string(one, "name");
            if names.contains(&name) {
                return Err(UNIQUE_FUNCTIONS.say(&[name]));
            }
            names.push(name);
        }
    }
    let searches = items(body, "tools").iter().any(|tool| tool.get("googleSearch").is_some());
    let mixes =
        body.pointer("/toolConfig/includeServerSideToolInvocations") == Some(&Value::Bool(true)) && family.signs;
    if searches && !names.is_empty() && !mixes {
        return Err(BUILT_IN_TOOLS.words.to_owned());
    }
    choice_fits(body, &names)
}

fn declaration(one: &Value, path: &str) -> Checked {
    let full = format!("GenerateContentRequest.{path}");
    if !is_name(string(one, "name")) {
        return Err(FUNCTION_NAME.say(&[&full]));
    }
    if one.get("parameters").is_some() && one.get("parametersJsonSchema").is_some() {
        return Err(PARAMETERS_BOTH.say(&[&full]));
    }
    let schema = one.get("parametersJsonSchema").or(one.get("parameters"));
    if schema.is_some_and(|schema| !string(schema, "type").eq_ignore_ascii_case("object")) {
        return Err(PARAMETERS_TYPE.say(&[&full]));
    }
    if let Some(schema) = one.get("parameters") {
        older(schema, &format!("{path}.parameters"))?;
    }
    match one.get("parametersJsonSchema") {
        Some(schema) => json_schema::check(schema, &format!("{path}.parameters_json_schema")),
        None => Ok(()),
    }
}

/// What the older `Schema` wants beside its members.
fn older(schema: &Value, path: &str) -> Checked {
    let full = format!("GenerateContentRequest.{path}");
    let kind = string(schema, "type").to_ascii_lowercase();
    if kind == "object" && schema.get("properties").and_then(Value::as_object).is_none_or(serde_json::Map::is_empty) {
        return Err(EMPTY_PROPERTIES.say(&[&full]));
    }
    if kind == "array" && schema.get("items").is_none() {
        return Err(ARRAY_ITEMS.say(&[&full]));
    }
    let Some(map) = schema.as_object() else { return Ok(()) };
    json_schema::node_rules(map, path)?;
    let named = map.get("properties").and_then(Value::as_object).into_iter().flatten();
    named
        .map(|(name, one)| (format!("{path}.properties[{name}]"), one))
        .chain(map.get("items").map(|one| (format!("{path}.items"), one)))
        .chain(items(schema, "anyOf").into_iter().map(|one| (format!("{path}.any_of"), one)))
        .try_for_each(|(path, one)| older(one, &path))
}

fn choice_fits(body: &Value, declared: &[&str]) -> Checked {
    let Some(config) = body.pointer("/toolConfig/functionCallingConfig") else { return Ok(()) };
    if declared.is_empty() {
        return Err(CHOICE_WITHOUT_FUNCTIONS.say(&[]));
    }
    let allowed = items(config, "allowedFunctionNames");
    if !allowed.is_empty() && !matches!(string(config, "mode"), "ANY" | "VALIDATED") {
        return Err(CHOICE_MODE.say(&[]));
    }
    let unknown = allowed.iter().find(|name| !name.as_str().is_some_and(|name| declared.contains(&name)));
    unknown.map_or(Ok(()), |name| Err(CHOICE_UNKNOWN.say(&[&name.to_string()])))
}

fn is_name(name: &str) -> bool {
    let first = name.bytes().next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    first && name.len() <= 128 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.:-".contains(&b))
}

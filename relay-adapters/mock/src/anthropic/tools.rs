//! The tools of a request, and the choice among them.

use serde_json::Value;

use super::compiled;
use super::conversation::is_id;
use super::describe::describe;
use super::errors::Checked;
use super::fields::{CUSTOM, SERVER};
use super::refusals::{
    CHOICE_UNKNOWN, CHOICE_WITHOUT_TOOLS, MISSING_MEMBER, PROPERTY_KEYS, TOOL_NAME, TOOL_SCHEMA_DRAFT,
    TOOL_SCHEMA_ROOT, TOOL_SCHEMA_TYPE, UNIQUE_TOOLS,
};
use crate::members::{items, string};
use crate::meta_schema;
use crate::schema::{Step, check as check_shape};

/// Checks tools, their schemas, and the choice.
pub(super) fn check(body: &Value) -> Checked {
    let tools = items(body, "tools");
    for (at, tool) in tools.iter().enumerate() {
        let server = tool.get("type").is_some_and(|kind| kind != "custom");
        let (kind, tag) = if server { (&SERVER, None) } else { (&CUSTOM, Some("custom")) };
        check_shape(kind, tool).map_err(|mut violation| {
            let start = [Step::Key("tools".into()), Step::Index(at)];
            violation.path.splice(0..0, start.into_iter().chain(tag.map(Step::Tag)));
            describe(&violation)
        })?;
        if !server {
            custom(tool, at)?;
        }
    }
    let mut names: Vec<&str> = tools.iter().map(|tool| string(tool, "name")).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(UNIQUE_TOOLS.say(&[]));
    }
    match body.pointer("/tool_choice/type").and_then(Value::as_str) {
        None | Some("none") => {}
        Some(_) if tools.is_empty() => return Err(CHOICE_WITHOUT_TOOLS.say(&[])),
        Some("tool") => {
            let name = body.pointer("/tool_choice/name").and_then(Value::as_str).unwrap_or_default();
            if !names.contains(&name) {
                return Err(CHOICE_UNKNOWN.say(&[name]));
            }
        }
        Some(_) => {}
    }
    compiled::check(body)
}

fn custom(tool: &Value, at: usize) -> Checked {
    let name = string(tool, "name");
    if !is_id(name) || name.len() > 128 {
        return Err(TOOL_NAME.say(&[&at.to_string()]));
    }
    let path = format!("tools.{at}.custom");
    let schema = tool.get("input_schema").unwrap_or(&Value::Null);
    match schema.get("type").map(|kind| kind == "object") {
        None => return Err(MISSING_MEMBER.say(&[&format!("{path}.input_schema.type")])),
        Some(false) => return Err(TOOL_SCHEMA_TYPE.say(&[&path])),
        Some(true) => {}
    }
    if ["oneOf", "allOf", "anyOf"].iter().any(|name| schema.get(name).is_some()) {
        return Err(TOOL_SCHEMA_ROOT.say(&[&path]));
    }
    if meta_schema::check(schema).is_err() || meta_schema::has_bad_value(schema) {
        return Err(TOOL_SCHEMA_DRAFT.say(&[&path]));
    }
    let mut keys = schema.get("properties").and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key);
    if keys.any(|key| !is_key(key)) { Err(PROPERTY_KEYS.say(&[&path])) } else { Ok(()) }
}

/// Whether a text can be the name of a tool's property.
fn is_key(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

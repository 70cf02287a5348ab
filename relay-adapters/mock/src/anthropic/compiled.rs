//! Schemas that Anthropic compiles into a grammar: the answer's, and those of strict tools.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::errors::Checked;
use super::refusals::{
    ADDITIONAL_PROPERTIES, ALL_OF_REFERENCE, ENUM_COMPLEX, ENUM_TYPE, LOOKAROUND, MIN_ITEMS, OPTIONAL_PARAMETERS,
    RECURSION, REFERENCE, SCHEMA_KEYWORDS, SCHEMA_KIND, STRICT_TOOLS, STRING_FORMAT, UNION_PARAMETERS,
};
use crate::members::{flag, items};
use crate::meta_schema::children;

/// Keywords that the compiler takes.
const KEYWORDS: &[&str] = &[
    "$schema",
    "$id",
    "$defs",
    "definitions",
    "$ref",
    "type",
    "enum",
    "const",
    "anyOf",
    "allOf",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "minItems",
    "format",
    "pattern",
    "title",
    "description",
    "default",
];
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];
/// What patterns can't have: look-around, word boundaries, backreferences.
const NO_PATTERN: &[&str] =
    &["(?=", "(?!", "(?<=", "(?<!", "\\b", "\\B", "\\1", "\\2", "\\3", "\\4", "\\5", "\\6", "\\7", "\\8", "\\9"];
/// The most strict tools in a request.
const MOST_TOOLS: usize = 20;
/// The most properties that are not required, in all compiled schemas together.
const MOST_OPTIONAL: usize = 24;
/// The most properties with `anyOf` or a list of types, in all compiled schemas together.
const MOST_UNIONS: usize = 16;

/// Checks all compiled schemas of a request, one by one and together.
pub(super) fn check(body: &Value) -> Checked {
    let tools = items(body, "tools");
    let strict: Vec<_> = tools.iter().enumerate().filter(|(_, tool)| flag(tool, "strict")).collect();
    if strict.len() > MOST_TOOLS {
        return Err(STRICT_TOOLS.say(&[&strict.len().to_string()]));
    }
    let format =
        body.pointer("/output_config/format/schema").map(|schema| ("output_config.format.schema".to_owned(), schema));
    let inputs = strict
        .iter()
        .filter_map(|(at, tool)| Some((format!("tools.{at}.custom.input_schema"), tool.get("input_schema")?)));
    let (mut optional, mut unions) = (0, 0);
    for (path, schema) in inputs.chain(format) {
        node(schema, &path)?;
        references(schema, &path)?;
        count(schema, &mut optional, &mut unions);
    }
    if optional > MOST_OPTIONAL {
        return Err(OPTIONAL_PARAMETERS.say(&[&optional.to_string()]));
    }
    if unions > MOST_UNIONS {
        return Err(UNION_PARAMETERS.say(&[&unions.to_string()]));
    }
    Ok(())
}

fn node(schema: &Value, path: &str) -> Checked {
    let Some(map) = schema.as_object() else { return Err(SCHEMA_KIND.say(&[path])) };
    let kind = map.get("type").and_then(Value::as_str);
    if let Some(name) = map.keys().find(|name| !KEYWORDS.contains(&name.as_str())) {
        let of = kind.map_or(String::new(), |kind| format!("For '{kind}' type, "));
        return Err(SCHEMA_KEYWORDS.say(&[path, &of, name]));
    }
    values(map, path)?;
    if (kind == Some("object") || map.contains_key("properties"))
        && map.get("additionalProperties") != Some(&Value::Bool(false))
    {
        return Err(ADDITIONAL_PROPERTIES.say(&[path]));
    }
    if map.get("minItems").and_then(Value::as_u64).is_some_and(|least| least > 1) {
        return Err(MIN_ITEMS.say(&[path]));
    }
    if let Some(format) = map.get("format").and_then(Value::as_str).filter(|format| !FORMATS.contains(format)) {
        return Err(STRING_FORMAT.say(&[path, format]));
    }
    let pattern = map.get("pattern").and_then(Value::as_str);
    if let Some(pattern) = pattern.filter(|pattern| NO_PATTERN.iter().any(|one| pattern.contains(one))) {
        return Err(LOOKAROUND.say(&[path, pattern]));
    }
    if items(schema, "allOf").iter().any(|one| one.get("$ref").is_some()) {
        return Err(ALL_OF_REFERENCE.say(&[path]));
    }
    let closed = |child: &&Value| **child != Value::Bool(false) || map.get("additionalProperties") != Some(*child);
    children(map).into_iter().filter(closed).try_for_each(|child| node(child, path))
}

/// The values of an `enum` are of the one type that is declared.
fn values(map: &Map<String, Value>, path: &str) -> Checked {
    let Some(values) = map.get("enum").and_then(Value::as_array) else { return Ok(()) };
    if values.iter().any(|value| value.is_object() || value.is_array()) {
        return Err(ENUM_COMPLEX.say(&[path]));
    }
    let Some(kind) = map.get("type") else { return Ok(()) };
    let fits = |value: &&Value| match kind.as_str() {
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => false,
    };
    match values.iter().find(|value| !fits(value)) {
        Some(value) => Err(ENUM_TYPE.say(&[path, &python(value), python(kind).trim_matches('\'')])),
        None => Ok(()),
    }
}

/// A value as Python prints it.
fn python(value: &Value) -> String {
    match value {
        Value::String(text) => format!("'{text}'"),
        Value::Null => "None".to_owned(),
        Value::Bool(true) => "True".to_owned(),
        Value::Bool(false) => "False".to_owned(),
        Value::Array(all) => format!("[{}]", all.iter().map(python).collect::<Vec<_>>().join(", ")),
        other => other.to_string(),
    }
}

/// References lead to a definition, and none leads to itself.
fn references(schema: &Value, path: &str) -> Checked {
    let mut names = Vec::new();
    collect(schema, &mut names);
    // Definitions that were entered, and whether they were left again: with all that they refer to.
    let mut left: HashMap<&str, bool> = HashMap::new();
    for name in names {
        let mut way = vec![(name, None)];
        while let Some((name, inner)) = way.last_mut() {
            let name = *name;
            let inner = match inner {
                Some(inner) => inner,
                None if left.get(name) == Some(&true) => {
                    way.pop();
                    continue;
                }
                None if left.insert(name, false).is_some() => return Err(RECURSION.say(&[path, name])),
                None => {
                    let Some(found) = definition(schema, name) else { return Err(REFERENCE.say(&[path, name])) };
                    let mut names = Vec::new();
                    collect(found, &mut names);
                    inner.insert(names)
                }
            };
            match inner.pop() {
                Some(next) => way.push((next, None)),
                None => {
                    left.insert(name, true);
                    way.pop();
                }
            }
        }
    }
    Ok(())
}

fn definition<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let rest = name.strip_prefix("#/$defs/").or_else(|| name.strip_prefix("#/definitions/"))?;
    if rest.contains('/') { None } else { schema.pointer(name.strip_prefix('#')?) }
}

/// The targets of all references in a schema.
fn collect<'a>(schema: &'a Value, names: &mut Vec<&'a str>) {
    let Some(map) = schema.as_object() else { return };
    names.extend(map.get("$ref").and_then(Value::as_str));
    children(map).into_iter().for_each(|child| collect(child, names));
}

/// Counts properties that are not required, and those of several types.
fn count(schema: &Value, optional: &mut usize, unions: &mut usize) {
    let Some(map) = schema.as_object() else { return };
    let required: HashSet<&str> = items(schema, "required").into_iter().filter_map(Value::as_str).collect();
    for (name, property) in map.get("properties").and_then(Value::as_object).into_iter().flatten() {
        *optional += usize::from(!required.contains(name.as_str()));
        let is_union = property.get("anyOf").is_some() || property.get("type").is_some_and(Value::is_array);
        *unions += usize::from(is_union);
    }
    children(map).into_iter().for_each(|child| count(child, optional, unions));
}

//! What OpenAI wants of the JSON Schemas of functions and of answers.

use serde_json::{Map, Value};

use super::errors::bad_param;
use super::refusals::{
    ARRAY_ITEMS, LOOKAROUND, SCHEMA_CLOSED, SCHEMA_EXTRA_REQUIRED, SCHEMA_KEYWORD, SCHEMA_REQUIRED, SCHEMA_ROOT,
    SCHEMA_VALUE,
};
use crate::meta_schema::{self, children};
use crate::reply::Reply;

/// Keywords that a strict schema can't have.
const NOT_STRICT: &[&str] = &[
    "allOf",
    "oneOf",
    "not",
    "if",
    "then",
    "else",
    "dependentRequired",
    "dependentSchemas",
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "unevaluatedItems",
    "contains",
    "minContains",
    "maxContains",
    "minProperties",
    "maxProperties",
    "uniqueItems",
    "default",
];

/// A schema in a request, and how OpenAI names it.
pub(super) struct Named<'a> {
    pub(super) schema: &'a Value,
    /// `function 'f'`
    pub(super) owner: String,
    pub(super) param: String,
    pub(super) code: Option<&'static str>,
    pub(super) strict: bool,
}

impl Named<'_> {
    /// Checks the schema: by the meta-schema, and if it is strict by the rules for that.
    pub(super) fn check(&self) -> Result<(), Reply> {
        meta_schema::check(self.schema).map_err(|malformed| {
            self.refuse(&SCHEMA_VALUE.say(&[&self.owner, &malformed.value.to_string(), malformed.wanted]))
        })?;
        let kind = self.schema.get("type").unwrap_or(&Value::Null);
        if kind != "object" {
            let shown = kind.as_str().map_or_else(|| "None".to_owned(), str::to_owned);
            return Err(self.refuse(&SCHEMA_ROOT.say(&[&self.owner, &shown])));
        }
        self.node(self.schema, &mut Vec::new())
    }

    fn refuse(&self, message: &str) -> Reply {
        bad_param(&self.param, self.code, message)
    }

    fn node(&self, schema: &Value, place: &mut Vec<String>) -> Result<(), Reply> {
        let Some(map) = schema.as_object() else { return Ok(()) };
        let at = || context(place);
        if map.get("type").is_some_and(|kind| kind == "array")
            && !["items", "prefixItems"].iter().any(|one| map.contains_key(*one))
        {
            return Err(self.refuse(&ARRAY_ITEMS.say(&[&self.owner, &at()])));
        }
        if self.strict {
            self.strict_node(map, &at(), place)?;
        }
        let named = meta_schema::MAPS.iter().filter_map(|name| Some((*name, map.get(*name)?.as_object()?)));
        for (name, all) in named {
            for (key, child) in all {
                place.extend([name.to_owned(), key.clone()]);
                self.node(child, place)?;
                place.truncate(place.len() - 2);
            }
        }
        let inside: Vec<&Value> = children(map);
        let in_maps: Vec<&Value> =
            meta_schema::MAPS.iter().filter_map(|name| map.get(*name)?.as_object()).flat_map(Map::values).collect();
        let rest = inside.into_iter().filter(|child| !in_maps.iter().any(|one| std::ptr::eq(*one, *child)));
        for child in rest {
            self.node(child, place)?;
        }
        Ok(())
    }

    fn strict_node(&self, map: &Map<String, Value>, at: &str, place: &[String]) -> Result<(), Reply> {
        if let Some(name) = NOT_STRICT.iter().find(|name| map.contains_key(**name)) {
            return Err(self.refuse(&SCHEMA_KEYWORD.say(&[&self.owner, at, name])));
        }
        let pattern = map.get("pattern").and_then(Value::as_str).unwrap_or_default();
        if ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|one| pattern.contains(one)) {
            let path = std::iter::once("$").chain(place.iter().map(String::as_str)).collect::<Vec<_>>().join(".");
            return Err(bad_param(&self.param, Some("invalid_json_schema"), &LOOKAROUND.say(&[&path])));
        }
        let properties = map.get("properties").and_then(Value::as_object);
        if map.get("type").is_none_or(|kind| kind != "object") && properties.is_none() {
            return Ok(());
        }
        if map.get("additionalProperties") != Some(&Value::Bool(false)) {
            return Err(self.refuse(&SCHEMA_CLOSED.say(&[&self.owner, at])));
        }
        let required: Vec<&str> =
            map.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut names = properties.into_iter().flatten().map(|(name, _)| name.as_str());
        if let Some(name) = names.find(|name| !required.contains(name)) {
            return Err(self.refuse(&SCHEMA_REQUIRED.say(&[&self.owner, at, name])));
        }
        match required.iter().find(|name| !properties.is_some_and(|all| all.contains_key(**name))) {
            Some(name) => Err(self.refuse(&SCHEMA_EXTRA_REQUIRED.say(&[&self.owner, at, name]))),
            None => Ok(()),
        }
    }
}

/// A place in a schema, as OpenAI writes it: a Python tuple.
fn context(place: &[String]) -> String {
    let all: Vec<String> = place.iter().map(|one| format!("'{one}'")).collect();
    match all.as_slice() {
        [] => "()".to_owned(),
        [one] => format!("({one},)"),
        all => format!("({})", all.join(", ")),
    }
}

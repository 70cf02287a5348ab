//! What OpenAI refuses in a request, so that a request is refused alike whichever provider it is for: with OpenAI's code and
//! `param`. OpenAI itself refuses its own; these are for providers whose format a request is translated to.
//!
//! Calls without results, and results without calls, are refused where the conversation is translated.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;

use memchr::memmem;
use serde_json::value::RawValue;

use crate::error::{Class, RelayError};
use crate::translation::json::Object;
use crate::translation::work::Work;

/// How deep a strict schema is looked at.
const MAX_DEPTH: usize = 64;

/// The names of a request's tools.
#[derive(Debug, Default)]
pub(crate) struct ToolNames<'a>(HashSet<Cow<'a, str>>);

impl<'a> ToolNames<'a> {
    /// Notes a tool's name.
    ///
    /// # Errors
    /// `invalid_value` for a name that is there already.
    pub(crate) fn add(&mut self, name: Cow<'a, str>) -> Result<(), RelayError> {
        if !self.0.contains(&name) {
            self.0.insert(name);
            return Ok(());
        }
        let name: String = name.chars().take(80).collect();
        let message = format!("`tools`: function names must be unique, but `{name}` is declared more than once");
        Err(RelayError::invalid_value("tools", message))
    }
}

/// Checks the parameters of a strict tool.
///
/// # Errors
/// `required` names without a property, and look-around in a `pattern`, which OpenAI does not compile.
pub(crate) fn strict_tool(function: &Object<'_>, name: &str, work: &Work) -> Result<(), RelayError> {
    let Some(parameters) = function.get("parameters") else { return Ok(()) };
    let param = function.path("parameters");
    strict(parameters, &format!("function '{name}'"), param, "invalid_function_parameters", work)
}

/// Checks the schema of an answer, if it is strict; `format` is the `json_schema` of `response_format`.
///
/// # Errors
/// As [`strict_tool`].
pub(crate) fn strict_answer(format: &Object<'_>, work: &Work) -> Result<(), RelayError> {
    let Some(schema) = format.get("schema").filter(|_| matches!(format.flag("strict"), Ok(Some(true)))) else {
        return Ok(());
    };
    let name = format.text("name")?.unwrap_or_default();
    strict(schema, &format!("response_format '{name}'"), "response_format".to_owned(), "", work)
}

/// Checks a strict schema. `code` is the one of a schema that can't be used, at `param`. What is beyond the budget is not
/// looked at.
fn strict(schema: &RawValue, owner: &str, param: String, code: &str, work: &Work) -> Result<(), RelayError> {
    let found = Finder { looks: memmem::find(schema.get().as_bytes(), b"(?").is_some(), work };
    match found.node(schema, &Place { around: None, step: Step::Root }, MAX_DEPTH) {
        None => Ok(()),
        Some(Problem::LookAround(place)) => {
            let message = format!("Invalid JSON schema: regex lookaround is not supported. Found at {place}.pattern.");
            Err(RelayError::passed_on(Class::InvalidRequest, "invalid_json_schema", "", message).with_param(param))
        }
        Some(Problem::Required(name)) => {
            let message =
                format!("Invalid schema for {owner}: `required` names `{name}`, which is not in `properties`");
            Err(RelayError::passed_on(Class::InvalidRequest, code, "", message).with_param(param))
        }
    }
}

enum Problem {
    /// In the `pattern` at this place.
    LookAround(String),
    /// This name of `required` is no property.
    Required(String),
}

/// Where the search is: a step, and the place before it. It is written only when something is found there.
struct Place<'p> {
    around: Option<&'p Self>,
    step: Step<'p>,
}

enum Step<'p> {
    Root,
    Member(&'p str),
    Item(usize),
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(around) = self.around {
            around.fmt(f)?;
        }
        match self.step {
            Step::Root => f.write_str("$"),
            Step::Member(name) => write!(f, ".{name}"),
            Step::Item(number) => write!(f, "[{number}]"),
        }
    }
}

struct Finder<'w> {
    /// Whether there can be any look-around.
    looks: bool,
    work: &'w Work,
}

impl Finder<'_> {
    fn node(&self, schema: &RawValue, place: &Place<'_>, left: usize) -> Option<Problem> {
        let object = self.work.object(schema).filter(|_| left > 0)?;
        if self.looks
            && let Ok(Some(pattern)) = object.text("pattern")
            && has_look_around(&pattern)
        {
            return Some(Problem::LookAround(place.to_string()));
        }
        if let Some(properties) = object.get("properties").and_then(|raw| self.work.object(raw)) {
            let required: Vec<String> = object.read("required", "a list").ok().flatten().unwrap_or_default();
            let known: HashSet<&str> = properties.members().map(|(name, _)| name).collect();
            let is_unknown = |name: &String| !known.contains(name.as_str());
            if let Some(name) = required.into_iter().find(is_unknown) {
                return Some(Problem::Required(name));
            }
        }
        object.members().find_map(|(keyword, value)| self.inside(keyword, value, place, left - 1))
    }

    fn inside(&self, keyword: &str, value: &RawValue, around: &Place<'_>, left: usize) -> Option<Problem> {
        let place = Place { around: Some(around), step: Step::Member(keyword) };
        let node = |schema: &RawValue, step: Step<'_>| self.node(schema, &Place { around: Some(&place), step }, left);
        match keyword {
            "properties" | "$defs" | "definitions" => {
                let map = self.work.object(value)?;
                map.members().find_map(|(name, schema)| node(schema, Step::Member(name)))
            }
            "anyOf" | "oneOf" | "allOf" | "prefixItems" => {
                let list = self.work.list(value)?;
                list.into_iter().enumerate().find_map(|(i, schema)| node(schema, Step::Item(i)))
            }
            "items" | "additionalProperties" => self.node(value, &place, left),
            _ => None,
        }
    }
}

/// Whether a regular expression looks ahead or behind. A bracket that is escaped, or in a class, is a character.
fn has_look_around(pattern: &str) -> bool {
    let (mut rest, mut in_class) = (pattern.chars(), false);
    while let Some(c) = rest.next() {
        match c {
            '\\' => {
                rest.next();
            }
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class => {
                let behind = rest.as_str();
                if ["?=", "?!", "?<=", "?<!"].iter().any(|start| behind.starts_with(start)) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// The code and the param of a refusal.
    fn refused(result: Result<(), RelayError>) -> Option<(String, String)> {
        let error = result.err()?;
        Some((error.code().to_owned(), error.param().unwrap_or_default().to_owned()))
    }

    #[test]
    fn two_tools_of_one_name_are_refused() {
        let mut names = ToolNames::default();
        let got = ["a", "b", "a"].map(|name| refused(names.add(name.into())));
        assert_eq!(got, [None, None, Some(("invalid_value".to_owned(), "tools".to_owned()))]);
    }

    #[test]
    fn a_strict_schema_is_refused_as_openai_refuses_it() {
        let around =
            |inner: Value| json!({ "type": "object", "properties": { "a": { "items": inner } }, "required": ["a"] });
        let extra = around(json!({ "anyOf": [{ "properties": { "b": {} }, "required": ["b", "c"] }] }));
        let looks = around(json!({ "type": "string", "pattern": "^(?!x)" }));
        let plain = around(json!({ "type": "string", "pattern": r"\(?=[(?!](?:a)", "required": ["x"] }));
        let at = |code: &str, param: &str| Some((code.to_owned(), param.to_owned()));
        for (schema, tool, answer) in [
            (&extra, at("invalid_function_parameters", "parameters"), at("", "response_format")),
            (&looks, at("invalid_json_schema", "parameters"), at("invalid_json_schema", "response_format")),
            (&plain, None, None),
        ] {
            let body = json!({ "name": "f", "parameters": schema }).to_string();
            assert_eq!(refused(strict_tool(&Object::parse(body.as_bytes()).unwrap(), "f", &Work::new())), tool);
            for is_strict in [true, false] {
                let body = json!({ "name": "n", "strict": is_strict, "schema": schema }).to_string();
                let want = answer.clone().filter(|_| is_strict);
                assert_eq!(refused(strict_answer(&Object::parse(body.as_bytes()).unwrap(), &Work::new())), want);
            }
        }
    }
}

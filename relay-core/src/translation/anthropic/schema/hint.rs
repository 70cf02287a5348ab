//! A tool's parameters that only guide the model. Anthropic refuses the whole request for one name that it does not take, and
//! for what is not JSON Schema 2020-12: older drafts, OpenAPI, and what languages make of empty maps.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::value::RawValue;

use super::keywords::{Holds, TYPES, holds, types};
use super::refs::resolve;
use super::text::{Members, described, list, quoted, say};
use crate::error::RelayError;
use crate::translation::anthropic::names::{self, Pairs};
use crate::translation::json::{MAX_DEPTH, Object, compact};

/// Keywords that Anthropic refuses at the root of a tool's parameters.
const UNIONS: &[&str] = &["oneOf", "anyOf", "allOf"];

/// A tool's parameters as they are sent.
#[derive(Debug)]
pub(in crate::translation::anthropic) struct Parameters<'a> {
    /// `input_schema`.
    pub(in crate::translation::anthropic) schema: Cow<'a, RawValue>,
    /// Names of properties that were changed.
    pub(in crate::translation::anthropic) renamed: Pairs,
}

/// A tool's parameters: an object schema with `properties` and without a union at its root. It is a hint: nothing in it fails
/// the request.
///
/// # Errors
/// Parameters that are not an object.
pub(in crate::translation::anthropic) fn parameters<'a>(
    parameters: Option<&'a RawValue>,
    path: &str,
) -> Result<Parameters<'a>, RelayError> {
    let Some(raw) = parameters else {
        let schema = raw_value(r#"{"type":"object","properties":{}}"#.to_owned()).map(Cow::Owned)?;
        return Ok(Parameters { schema, renamed: Pairs::new() });
    };
    let root = Object::from_raw(raw, path.to_owned())?;
    let has_union = root.members().any(|(name, _)| UNIONS.contains(&name));
    let is_object = root.get("type").is_some_and(|kind| kind.get() == "\"object\"");
    if is_object && !has_union && root.get("properties").is_some() && is_plain(raw.get()) {
        return Ok(Parameters { schema: Cow::Borrowed(raw), renamed: Pairs::new() });
    }
    let merged = if has_union { Some(raw_value(without_unions(&root, raw))?) } else { None };
    let given = raw;
    let raw = merged.as_deref().unwrap_or(given);
    let mut all = Vec::new();
    property_names(raw, &mut all);
    let renamed = names::changed(&all);
    let written = written(raw, &renamed);
    if merged.is_none() && compact(raw.get()) == written {
        return Ok(Parameters { schema: Cow::Borrowed(given), renamed });
    }
    Ok(Parameters { schema: raw_value(written).map(Cow::Owned)?, renamed })
}

fn raw_value(json: String) -> Result<Box<RawValue>, RelayError> {
    RawValue::from_string(json).map_err(RelayError::invalid_json)
}

/// How deep references and unions at the root are followed.
const MAX_FOLLOWED: usize = 8;

/// What the members of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Keywords,
    /// Names of properties.
    Properties,
    /// Names of other schemas.
    Schemas,
    Data,
}

/// Whether nothing in a schema has to be changed, by its names and by what each value begins with. Most schemas are plain,
/// and not read any further.
fn is_plain(schema: &str) -> bool {
    let bytes = schema.as_bytes();
    // For each open object: what its members are, and what those of an object in it are.
    let mut open = [(Level::Data, Level::Keywords); MAX_DEPTH + 2];
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr3(b'"', b'{', b'}', rest)) {
        let start = at + found;
        at = start + 1;
        match bytes.get(start) {
            Some(b'{') => {
                let inner = open.get(depth).map(|(_, inner)| *inner);
                depth += 1;
                let (Some(inner), Some(level)) = (inner, open.get_mut(depth)) else { return false };
                *level = (inner, Level::Data);
            }
            Some(b'}') => depth = depth.saturating_sub(1),
            _ => {
                let Some(end) = string_end(bytes, at) else { return false };
                let name = schema.get(at..end).unwrap_or_default();
                at = end + 1;
                let behind = bytes.get(at..).unwrap_or_default().trim_ascii_start();
                let (Some((b':', value)), Some((level, inner))) = (behind.split_first(), open.get_mut(depth)) else {
                    continue;
                };
                if !is_plain_member(*level, name, value.trim_ascii_start()) {
                    return false;
                }
                *inner = inside(*level, name);
            }
        }
    }
    true
}

/// What the members of the objects in a member are.
fn inside(level: Level, name: &str) -> Level {
    match level {
        Level::Data => Level::Data,
        Level::Properties | Level::Schemas => Level::Keywords,
        Level::Keywords => match holds(name) {
            Holds::Schema | Holds::ListOfSchemas => Level::Keywords,
            Holds::MapOfSchemas if name == "properties" => Level::Properties,
            Holds::MapOfSchemas => Level::Schemas,
            _ => Level::Data,
        },
    }
}

/// Where the string that begins at `start` ends.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

fn is_plain_member(level: Level, name: &str, value: &[u8]) -> bool {
    let first = value.first().copied().unwrap_or_default();
    let second = || value.get(1..).unwrap_or_default().trim_ascii_start().first().copied();
    let is_schema = matches!(first, b'{' | b't' | b'f');
    match level {
        Level::Data => return true,
        Level::Properties => return is_schema && names::is_taken(name),
        Level::Schemas => return is_schema,
        Level::Keywords => {}
    }
    match holds(name) {
        Holds::Schema => is_schema,
        Holds::ListOfSchemas => first == b'[' && second() == Some(b'{'),
        Holds::MapOfSchemas | Holds::MapOfNames => first == b'{',
        Holds::Type => is_plain_type(value),
        Holds::Names => is_plain_list(value),
        Holds::Number => first == b'-' || first.is_ascii_digit(),
        Holds::Count => {
            let end = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(0);
            end > 0 && !matches!(value.get(end), Some(b'.' | b'e' | b'E'))
        }
        Holds::Flag => matches!(first, b't' | b'f'),
        Holds::Text => first == b'"',
        Holds::List => first == b'[',
        Holds::Data | Holds::Unknown => true,
    }
}

/// Whether a value is a list of strings.
fn is_plain_list(value: &[u8]) -> bool {
    let Some(mut rest) = value.strip_prefix(b"[").map(<[u8]>::trim_ascii_start) else { return false };
    while let Some(string) = rest.strip_prefix(b"\"") {
        let Some(end) = string_end(string, 0) else { return false };
        rest = string.get(end + 1..).unwrap_or_default().trim_ascii_start();
        rest = rest.strip_prefix(b",").map_or(rest, <[u8]>::trim_ascii_start);
    }
    rest.first() == Some(&b']')
}

fn is_plain_type(value: &[u8]) -> bool {
    let begins_with_type = |value: &[u8]| {
        value.strip_prefix(b"\"").is_some_and(|rest| {
            TYPES.iter().any(|kind| rest.strip_prefix(kind.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'"')))
        })
    };
    match value.strip_prefix(b"[") {
        None => begins_with_type(value),
        Some(rest) => {
            let end = memchr::memchr(b']', rest).unwrap_or(0);
            let names = rest.get(..end).unwrap_or_default().split(|b| *b == b',');
            end > 0 && names.map(<[u8]>::trim_ascii_start).all(begins_with_type)
        }
    }
}

/// The names of all properties at every depth.
fn property_names(schema: &RawValue, found: &mut Vec<String>) {
    let Ok(object) = Object::from_raw(schema, String::new()) else { return };
    for (keyword, value) in object.members() {
        match holds(keyword) {
            Holds::Schema | Holds::ListOfSchemas => {
                if let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(value.get()) {
                    items.into_iter().for_each(|item| property_names(item, found));
                } else {
                    property_names(value, found);
                }
            }
            Holds::MapOfSchemas => {
                let map = Object::from_raw(value, String::new()).unwrap_or_default();
                for (name, inner) in map.members() {
                    if keyword == "properties" {
                        found.push(name.to_owned());
                    }
                    property_names(inner, found);
                }
            }
            _ => {}
        }
    }
}

/// A schema without unions at its root: properties of the alternatives become properties of the whole, and the alternatives
/// words.
fn without_unions(root: &Object<'_>, raw: &RawValue) -> String {
    let mut merged = Merged { root: raw, properties: Vec::new(), required: Vec::new(), words: String::new() };
    merged.take(root, true, MAX_FOLLOWED);
    let mut members = Members::new();
    for (name, value) in root.members() {
        if !UNIONS.contains(&name) && !matches!(name, "properties" | "required" | "description") {
            members.add(name, value.get());
        }
    }
    let mut properties = Members::new();
    for (name, value) in &merged.properties {
        properties.add(name, value.get());
    }
    members.add("properties", &properties.end());
    if !merged.required.is_empty() {
        members.add("required", &list(merged.required.iter().map(|name| quoted(name))));
    }
    let description = root.text("description").ok().flatten().unwrap_or_default();
    let description = described(&description, &merged.words);
    if !description.is_empty() {
        members.add("description", &quoted(&description));
    }
    members.end()
}

struct Merged<'a> {
    root: &'a RawValue,
    properties: Vec<(String, &'a RawValue)>,
    required: Vec<String>,
    words: String,
}

impl<'a> Merged<'a> {
    /// Takes what a schema at the root says of properties. `is_sure`: whether it holds for every value.
    fn take(&mut self, schema: &Object<'a>, is_sure: bool, left: usize) {
        let properties = schema.object("properties").ok().flatten().unwrap_or_default();
        for (name, value) in properties.members() {
            if !self.properties.iter().any(|(known, _)| known == name) {
                self.properties.push((name.to_owned(), value));
            }
        }
        if is_sure {
            let required = schema.read::<Vec<String>>("required", "a list").ok().flatten().unwrap_or_default();
            self.required.extend(required);
        }
        if left == 0 {
            return;
        }
        if let Some(target) = schema.text("$ref").ok().flatten().and_then(|to| resolve(self.root, &to)) {
            self.take_raw(target, is_sure, left - 1);
        }
        for union in UNIONS {
            let Some(raw) = schema.get(union) else { continue };
            let is_all = *union == "allOf";
            if !is_all && left == MAX_FOLLOWED {
                say(&mut self.words, union, raw.get());
            }
            for branch in serde_json::from_str::<Vec<&RawValue>>(raw.get()).unwrap_or_default() {
                self.take_raw(branch, is_sure && is_all, left - 1);
            }
        }
    }

    fn take_raw(&mut self, raw: &'a RawValue, is_sure: bool, left: usize) {
        if let Ok(schema) = Object::from_raw(raw, String::new()) {
            self.take(&schema, is_sure, left);
        }
    }
}

/// The root of a tool's parameters, with other names for those in `renamed`.
fn written(schema: &RawValue, renamed: &Pairs) -> String {
    let writer = Writer { renamed };
    let mut out = String::with_capacity(schema.get().len() + 64);
    writer.node(schema, true, &mut out);
    out
}

struct Writer<'p> {
    renamed: &'p Pairs,
}

impl Writer<'_> {
    fn name<'n>(&'n self, asked: &'n str) -> &'n str {
        self.renamed.iter().find(|(_, known)| known == asked).map_or(asked, |(sent, _)| sent)
    }

    fn node(&self, schema: &RawValue, is_root: bool, out: &mut String) {
        let Ok(object) = Object::from_raw(schema, String::new()) else {
            match schema.get() {
                json @ ("true" | "false") => out.push_str(json),
                "null" | "[]" => out.push_str("{}"),
                other => out.push_str(&format!("{{\"description\":{}}}", quoted(other.trim_matches('"')))),
            }
            return;
        };
        let (mut members, mut words) = (Vec::new(), String::new());
        let is_object = object.get("type").is_some_and(|kind| kind.get() == "\"object\"");
        if is_root && !is_object {
            members.push(("type", "\"object\"".to_owned()));
        }
        let mut has_properties = false;
        for (keyword, value) in object.members() {
            let is_said = is_root && keyword == "type" && !is_object;
            if is_said || (value.get() == "null" && !matches!(holds(keyword), Holds::Data)) {
                continue;
            }
            match self.member(keyword, value, &object) {
                Some((keyword, json)) => {
                    has_properties |= keyword == "properties";
                    members.push((keyword, json));
                }
                None => say(&mut words, keyword, value.get()),
            }
        }
        if is_root && !has_properties {
            members.push(("properties", "{}".to_owned()));
        }
        if !words.is_empty() {
            let own = object.text("description").ok().flatten().unwrap_or_default();
            let description = quoted(&described(&own, &words));
            match members.iter_mut().find(|(keyword, _)| *keyword == "description") {
                Some((_, own)) => *own = description,
                None => members.push(("description", description)),
            }
        }
        let mut written = Members::new();
        members.iter().for_each(|(keyword, json)| written.add(keyword, json));
        out.push_str(&written.end());
    }

    /// A member as JSON Schema 2020-12 has it; `None` if there it can't be.
    fn member<'k>(&self, keyword: &'k str, value: &RawValue, beside: &Object<'_>) -> Option<(&'k str, String)> {
        let json = value.get();
        let first = json.bytes().next().unwrap_or_default();
        let as_it_is = |fits: bool| fits.then(|| (keyword, json.to_owned()));
        match holds(keyword) {
            Holds::Schema if matches!(first, b'{' | b't' | b'f') => {
                let mut inner = String::new();
                self.node(value, false, &mut inner);
                Some((keyword, inner))
            }
            // A tuple, as older drafts write it.
            Holds::Schema if keyword == "items" && first == b'[' => Some(("prefixItems", self.nodes(value)?)),
            Holds::Schema => None,
            Holds::ListOfSchemas => Some((keyword, self.nodes(value)?)),
            Holds::MapOfSchemas => Some((keyword, self.map(keyword, value)?)),
            Holds::Type => Some((keyword, kind(value)?)),
            Holds::Names => Some((keyword, self.names(value)?)),
            Holds::MapOfNames => {
                let map = Object::from_raw(value, String::new()).ok()?;
                let mut members = Members::new();
                for (name, names) in map.members() {
                    members.add(self.name(name), &self.names(names)?);
                }
                Some((keyword, members.end()))
            }
            // Draft 4: `true` beside a `minimum` makes it exclusive.
            Holds::Number if matches!(json, "true" | "false") => None,
            Holds::Number => {
                let is_other = |other: &str| beside.get(other).is_some_and(|flag| flag.get() == "true");
                let exclusive = match keyword {
                    "minimum" if is_other("exclusiveMinimum") => "exclusiveMinimum",
                    "maximum" if is_other("exclusiveMaximum") => "exclusiveMaximum",
                    other => other,
                };
                let fits = first == b'-' || first.is_ascii_digit();
                fits.then(|| (exclusive, json.to_owned()))
            }
            Holds::Count => as_it_is(json.bytes().all(|b| b.is_ascii_digit())),
            Holds::Flag => as_it_is(matches!(json, "true" | "false")),
            Holds::Text => as_it_is(first == b'"'),
            Holds::List => as_it_is(first == b'['),
            Holds::Data | Holds::Unknown => as_it_is(true),
        }
    }

    fn nodes(&self, value: &RawValue) -> Option<String> {
        let items: Vec<&RawValue> = serde_json::from_str(value.get()).ok()?;
        let nodes = items.iter().map(|item| {
            let mut node = String::new();
            self.node(item, false, &mut node);
            node
        });
        (!items.is_empty()).then(|| list(nodes))
    }

    fn map(&self, keyword: &str, value: &RawValue) -> Option<String> {
        if value.get().starts_with('[') {
            return (value.get().len() == 2).then(|| "{}".to_owned()); // PHP's empty map
        }
        let map = Object::from_raw(value, String::new()).ok()?;
        let mut members = Members::new();
        for (name, schema) in map.members() {
            let mut node = String::new();
            self.node(schema, false, &mut node);
            let is_property = matches!(keyword, "properties" | "dependentSchemas");
            members.add(if is_property { self.name(name) } else { name }, &node);
        }
        Some(members.end())
    }

    fn names(&self, value: &RawValue) -> Option<String> {
        let names: Vec<String> = serde_json::from_str(value.get()).ok()?;
        let mut seen = HashSet::new();
        Some(list(names.iter().filter(|name| seen.insert(*name)).map(|name| quoted(self.name(name)))))
    }
}

/// `type` in JSON Schema's words, where languages have their own.
fn kind(value: &RawValue) -> Option<String> {
    let known = |name: &str| {
        let name = name.to_ascii_lowercase();
        let name = match name.as_str() {
            "str" | "text" => "string",
            "int" | "long" => "integer",
            "float" | "double" | "decimal" => "number",
            "bool" => "boolean",
            "dict" | "map" => "object",
            "list" | "tuple" => "array",
            "none" => "null",
            other => other,
        };
        TYPES.iter().find(|kind| **kind == name).copied()
    };
    let names = types(Some(value));
    let kinds: Vec<&str> = names.iter().map(|name| known(name)).collect::<Option<_>>()?;
    match kinds.as_slice() {
        [] => None,
        [one] if value.get().starts_with('"') => Some(quoted(one)),
        many => {
            let mut seen = HashSet::new();
            Some(list(many.iter().filter(|kind| seen.insert(**kind)).map(|kind| quoted(kind))))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, want: &str) {
        let raw = RawValue::from_string(given.to_owned()).unwrap();
        assert_eq!(parameters(Some(&raw), "p").unwrap().schema.get(), want);
    }

    #[test]
    fn a_good_schema_stays_byte_for_byte() {
        for schema in [
            r#"{ "type": "object", "properties": {"a": {"type":["string", "null"],"minLength":1}},"required":["a"], "additionalProperties":false}"#,
            r##"{"type":"object","properties":{"type":{"$ref":"#/$defs/x"},"b":{"items":{"enum":["$a",1]},"oneOf":[{"const":"$"},{"type":"null"}]}},"$defs":{"$x":true},"$schema":"http://json-schema.org/draft-07/schema#"}"##,
            r#"{"type":"object","description":"{","properties":{"title":{"default":{"$x":[{"type":1}]},"x-order":3},"required":{}}}"#,
        ] {
            assert!(is_plain(schema), "{schema}");
            check(schema, schema);
        }
        let plain =
            r#"{ "type":"object","description":"d","required":[ "a","b" ],"properties":{"a":{"minLength":10}} }"#;
        assert!(is_plain(plain));
        for (good, bad) in [("10", "\"1\""), ("10", "1.5"), ("\"b\"", "1"), ("\"b\"", "null"), ("[ ", "[ 1,")] {
            assert!(!is_plain(&plain.replace(good, bad)), "{bad}");
        }
    }

    #[test]
    fn older_drafts_and_other_languages_become_json_schema() {
        for (property, want) in [
            (
                r#"{"type":"number","minimum":0,"exclusiveMinimum":true}"#,
                r#"{"type":"number","exclusiveMinimum":0,"description":"(exclusiveMinimum: true)"}"#,
            ),
            (r#"{"type":"string","required":true}"#, r#"{"type":"string","description":"(required: true)"}"#),
            (r#"{"type":"array","items":[{"type":"Int"}]}"#, r#"{"type":"array","prefixItems":[{"type":"integer"}]}"#),
            (r#"{"type":"any","description":"x"}"#, r#"{"description":"x (type: any)"}"#),
            (r#"{"type":["String","none"],"enum":null}"#, r#"{"type":["string","null"]}"#),
            (r#"{"type":"object","properties":[]}"#, r#"{"type":"object","properties":{}}"#),
            (r#"{"anyOf":[],"type":"string"}"#, r#"{"type":"string","description":"(anyOf: [])"}"#),
            (r#""text""#, r#"{"description":"text"}"#),
            (r#"null"#, r#"{}"#),
            (r#"{"type":"array","items":"string"}"#, r#"{"type":"array","description":"(items: string)"}"#),
            (r#"{"type":"string","maxLength":"9"}"#, r#"{"type":"string","description":"(maxLength: 9)"}"#),
        ] {
            check(
                &format!(r#"{{"type":"object","properties":{{"a":{property}}}}}"#),
                &format!(r#"{{"type":"object","properties":{{"a":{want}}}}}"#),
            );
        }
    }

    #[test]
    fn a_root_is_an_object_without_unions() {
        check("{}", r#"{"type":"object","properties":{}}"#);
        check(r#"{"type":["object","null"],"x":1}"#, r#"{"type":"object","x":1,"properties":{}}"#);
        check(
            r##"{"type":"object","properties":{"a":{}},"required":["a"],"allOf":[{"$ref":"#/$defs/b"}],"$defs":{"b":{"properties":{"b":{}},"required":["b"]}}}"##,
            r##"{"type":"object","$defs":{"b":{"properties":{"b":{}},"required":["b"]}},"properties":{"a":{},"b":{}},"required":["a","b"]}"##,
        );
        check(
            r#"{"description":"d","anyOf":[{"properties":{"a":{}},"required":["a"]},{"properties":{"b":{}}}]}"#,
            r#"{"type":"object","properties":{"a":{},"b":{}},"description":"d (anyOf: [{\"properties\":{\"a\":{}},\"required\":[\"a\"]},{\"properties\":{\"b\":{}}}])"}"#,
        );
    }

    #[test]
    fn names_that_anthropic_refuses_are_changed_everywhere() {
        let raw = RawValue::from_string(
            r#"{"type":"object","properties":{"$top":{"type":"integer"},"a":{"items":{"properties":{"b[c]":{},"_top":{}},"required":["b[c]"]}}},"required":["a","$top"],"dependentRequired":{"$top":["a"]}}"#
                .to_owned(),
        )
        .unwrap();
        let made = parameters(Some(&raw), "p").unwrap();
        assert_eq!(
            made.schema.get(),
            r#"{"type":"object","properties":{"_top_2":{"type":"integer"},"a":{"items":{"properties":{"b_c_":{},"_top":{}},"required":["b_c_"]}}},"required":["a","_top_2"],"dependentRequired":{"_top_2":["a"]}}"#
        );
        assert_eq!(made.renamed, [("_top_2".to_owned(), "$top".to_owned()), ("b_c_".to_owned(), "b[c]".to_owned())]);
    }
}

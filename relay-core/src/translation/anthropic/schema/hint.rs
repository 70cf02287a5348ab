//! A tool's parameters that only guide the model. Anthropic refuses the whole request for one name that it does not take, and
//! for what is not JSON Schema 2020-12: older drafts, OpenAPI, and what languages make of empty maps.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::keywords::{Holds, TYPES, holds, is_anchor, is_id, is_positive, types};
use super::merge::{UNIONS, without_unions};
use super::plain::is_plain;
use super::text::{Members, described, list, quoted, say};
use crate::error::RelayError;
use crate::translation::anthropic::names::{self, Pairs};
use crate::translation::json::{Object, compact};
use crate::translation::work::Work;

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
    work: &Work,
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
    let merged = if has_union { Some(raw_value(without_unions(&root, raw, work))?) } else { None };
    let given = raw;
    let raw = merged.as_deref().unwrap_or(given);
    let mut all = Vec::new();
    property_names(raw, &mut all, work);
    let renamed = names::changed(&all);
    let written = written(raw, &renamed, work);
    if merged.is_none() && compact(raw.get()) == written {
        return Ok(Parameters { schema: Cow::Borrowed(given), renamed });
    }
    Ok(Parameters { schema: raw_value(written).map(Cow::Owned)?, renamed })
}

fn raw_value(json: String) -> Result<Box<RawValue>, RelayError> {
    RawValue::from_string(json).map_err(RelayError::invalid_json)
}

/// The names of all properties at every depth.
fn property_names(schema: &RawValue, found: &mut Vec<String>, work: &Work) {
    let Some(object) = work.object(schema) else { return };
    for (keyword, value) in object.members() {
        match holds(keyword) {
            Holds::Schema | Holds::ListOfSchemas => match work.list(value) {
                Some(items) => items.into_iter().for_each(|item| property_names(item, found, work)),
                None => property_names(value, found, work),
            },
            Holds::MapOfSchemas | Holds::Dependencies => {
                let map = work.object(value).unwrap_or_default();
                for (name, inner) in map.members() {
                    if keyword == "properties" {
                        found.push(name.to_owned());
                    }
                    property_names(inner, found, work);
                }
            }
            _ => {}
        }
    }
}

/// The root of a tool's parameters, with other names for those in `renamed`.
fn written(schema: &RawValue, renamed: &Pairs, work: &Work) -> String {
    let renamed = renamed.iter().map(|(sent, asked)| (asked.as_str(), sent.as_str())).collect();
    let writer = Writer { renamed, work };
    let mut out = String::with_capacity(schema.get().len() + 64);
    writer.node(schema, true, &mut out);
    out
}

struct Writer<'p> {
    /// Names as they are sent, by the caller's.
    renamed: HashMap<&'p str, &'p str>,
    work: &'p Work,
}

impl Writer<'_> {
    fn name<'n>(&'n self, asked: &'n str) -> &'n str {
        self.renamed.get(asked).copied().unwrap_or(asked)
    }

    fn node(&self, schema: &RawValue, is_root: bool, out: &mut String) {
        // What is read here is written again.
        self.work.spend(schema.get().len());
        let Some(object) = self.work.object(schema) else {
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
            Holds::Schema if keyword == "items" && first == b'[' => {
                beside.get("prefixItems").is_none().then_some(("prefixItems", self.nodes(value)?))
            }
            Holds::Schema => None,
            Holds::ListOfSchemas => Some((keyword, self.nodes(value)?)),
            Holds::MapOfSchemas => Some((keyword, self.map(keyword, value)?)),
            Holds::Type => Some((keyword, kind(value)?)),
            Holds::Names => Some((keyword, self.names(value)?)),
            Holds::MapOfNames => {
                let map = self.work.object(value)?;
                let mut members = Members::new();
                for (name, names) in map.members() {
                    members.add(self.name(name), &self.names(names)?);
                }
                Some((keyword, members.end()))
            }
            Holds::Dependencies => Some((keyword, self.dependencies(value)?)),
            Holds::MapOfFlags => {
                let flags = serde_json::from_str::<HashMap<Cow<'_, str>, bool>>(json);
                as_it_is(flags.is_ok())
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
                let is_number = first == b'-' || first.is_ascii_digit();
                let fits = is_number && (keyword != "multipleOf" || is_positive(json));
                fits.then(|| (exclusive, json.to_owned()))
            }
            Holds::Id => match serde_json::from_str::<String>(json).ok()? {
                id if is_id(&id) => as_it_is(true),
                // Older drafts: the name of a place.
                id => {
                    let name = id.strip_prefix('#').filter(|name| is_anchor(name))?;
                    beside.get("$anchor").is_none().then(|| ("$anchor", quoted(name)))
                }
            },
            Holds::Anchor => as_it_is(serde_json::from_str::<String>(json).is_ok_and(|name| is_anchor(&name))),
            Holds::Count => as_it_is(json.bytes().all(|b| b.is_ascii_digit())),
            Holds::Flag => as_it_is(matches!(json, "true" | "false")),
            Holds::Text => as_it_is(first == b'"'),
            Holds::List => as_it_is(first == b'['),
            Holds::Data | Holds::Unknown => as_it_is(true),
        }
    }

    fn nodes(&self, value: &RawValue) -> Option<String> {
        let items = self.work.list(value)?;
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
        let map = self.work.object(value)?;
        let mut members = Members::new();
        for (name, schema) in map.members() {
            let mut node = String::new();
            self.node(schema, false, &mut node);
            let is_property = matches!(keyword, "properties" | "dependentSchemas");
            members.add(if is_property { self.name(name) } else { name }, &node);
        }
        Some(members.end())
    }

    /// What older drafts have: by the name of a property, a schema or a list of names.
    fn dependencies(&self, value: &RawValue) -> Option<String> {
        let map = self.work.object(value)?;
        let mut members = Members::new();
        for (name, value) in map.members() {
            let json = match value.get().bytes().next()? {
                b'{' | b't' | b'f' => {
                    let mut node = String::new();
                    self.node(value, false, &mut node);
                    node
                }
                _ => self.names(value)?,
            };
            members.add(self.name(name), &json);
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
        assert_eq!(parameters(Some(&raw), "p", &Work::new()).unwrap().schema.get(), want);
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
    fn values_that_the_meta_schema_refuses_are_mended_or_said() {
        for (property, want) in [
            (r#"{"required":["a","b","a"]}"#, r#"{"required":["a","b"]}"#),
            (r#"{"required":["a","\u0061"]}"#, r#"{"required":["a"]}"#),
            (r#"{"type":["string","null","string"]}"#, r#"{"type":["string","null"]}"#),
            (r#"{"dependentRequired":{"a":["b","b"]}}"#, r#"{"dependentRequired":{"a":["b"]}}"#),
            (r#"{"dependentRequired":{"a":"b"}}"#, r#"{"description":"(dependentRequired: {\"a\":\"b\"})"}"#),
            (r#"{"multipleOf":0}"#, r#"{"description":"(multipleOf: 0)"}"#),
            (r#"{"multipleOf": -0.5}"#, r#"{"description":"(multipleOf: -0.5)"}"#),
            (r##"{"$id":"#addr"}"##, r#"{"$anchor":"addr"}"#),
            (r##"{"$id":"#1","$anchor":"a"}"##, r##"{"$anchor":"a","description":"($id: #1)"}"##),
            (r##"{"$id":"a#b"}"##, r##"{"description":"($id: a#b)"}"##),
            (r#"{"$anchor":"1 x"}"#, r#"{"description":"($anchor: 1 x)"}"#),
            (r#"{"$dynamicAnchor":"a/b"}"#, r#"{"description":"($dynamicAnchor: a/b)"}"#),
            (r#"{"$recursiveAnchor":true}"#, r#"{"description":"($recursiveAnchor: true)"}"#),
            (r#"{"$vocabulary":{"x":1}}"#, r#"{"description":"($vocabulary: {\"x\":1})"}"#),
            (r#"{"dependencies":{"b":5}}"#, r#"{"description":"(dependencies: {\"b\":5})"}"#),
            (
                r#"{"dependencies":{"a":["b","b"],"c":{"multipleOf":0}}}"#,
                r#"{"dependencies":{"a":["b"],"c":{"description":"(multipleOf: 0)"}}}"#,
            ),
            (r#"{"items":[{}],"prefixItems":[{}]}"#, r#"{"prefixItems":[{}],"description":"(items: [{}])"}"#),
        ] {
            check(
                &format!(r#"{{"type":"object","properties":{{"a":{property}}}}}"#),
                &format!(r#"{{"type":"object","properties":{{"a":{want}}}}}"#),
            );
        }
        for good in [
            r#"{"multipleOf":0.01}"#,
            r##"{"$id":"https://example.com/a#"}"##,
            r#"{"$id":"a","$anchor":"b-1","$vocabulary":{"x":true}}"#,
            r#"{"dependencies":{"a":["b"]},"dependentRequired":{"a":["b"]}}"#,
        ] {
            let schema = format!(r#"{{"type":"object","properties":{{"a":{good}}}}}"#);
            check(&schema, &schema);
        }
        let many: Vec<String> = (0..20_000).map(|i| format!("\"p{i}\"")).collect();
        let schema =
            |names: &[String]| format!(r#"{{"type":"object","properties":{{}},"required":[{}]}}"#, names.join(","));
        assert!(is_plain(&schema(&many)));
        check(&schema(&[&many[..], &many[19_999..]].concat()), &schema(&many));
    }

    #[test]
    fn what_all_of_demands_at_the_root_is_merged_or_said() {
        for (given, want) in [
            (
                r#"{"type":"object","properties":{"a":{}},"allOf":[{"if":{"required":["a"]},"then":{"required":["b"]}}]}"#,
                r#"{"type":"object","properties":{"a":{}},"description":"(allOf: [{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]}}])"}"#,
            ),
            (
                r#"{"type":"object","description":"d","allOf":[{"type":"object","properties":{"a":{}},"required":["a"]},{"required":["a"],"additionalProperties":false},{"additionalProperties":false}]}"#,
                r#"{"type":"object","properties":{"a":{}},"required":["a"],"description":"d (allOf: [{\"additionalProperties\":false}])"}"#,
            ),
            (
                r#"{"type":"object","properties":{"a":{}},"allOf":[{"properties":{"a":{"minLength":3}}},{"properties":{"a":{}}},{"not":{"required":["c"]}}]}"#,
                r#"{"type":"object","properties":{"a":{}},"description":"(allOf: [{\"properties\":{\"a\":{\"minLength\":3}}},{\"not\":{\"required\":[\"c\"]}}])"}"#,
            ),
            (
                r#"{"type":"object","properties":{"a":{}},"allOf":[{"allOf":[{"oneOf":[{"required":["a"]},{"properties":{"b":{}}}]}]}]}"#,
                r#"{"type":"object","properties":{"a":{},"b":{}},"description":"(allOf: [{\"oneOf\":[{\"required\":[\"a\"]},{\"properties\":{\"b\":{}}}]}])"}"#,
            ),
            (
                r##"{"type":"object","properties":{"a":{}},"allOf":[{"$ref":"#/$defs/b"},{"$ref":"#/$defs/none"},false],"$defs":{"b":{"minProperties":1}}}"##,
                r##"{"type":"object","$defs":{"b":{"minProperties":1}},"properties":{"a":{}},"description":"(allOf: [{\"minProperties\":1},{\"$ref\":\"#/$defs/none\"},false])"}"##,
            ),
            (
                r#"{"type":"object","properties":{"a":{}},"allOf":{"minProperties":1}}"#,
                r#"{"type":"object","properties":{"a":{}},"description":"(allOf: [{\"allOf\":{\"minProperties\":1}}])"}"#,
            ),
        ] {
            check(given, want);
        }
    }

    #[test]
    fn references_that_multiply_at_the_root_end() {
        let twenty = |name: &str| vec![format!(r##"{{"$ref":"#/$defs/{name}"}}"##); 20].join(",");
        let definitions: Vec<String> = (0..8)
            .map(|i| format!(r#""d{i}":{{"minProperties":{i},"allOf":[{}]}}"#, twenty(&format!("d{}", i + 1))))
            .collect();
        let schema = format!(r#"{{"type":"object","$defs":{{{}}},"allOf":[{}]}}"#, definitions.join(","), twenty("d0"));
        let raw = RawValue::from_string(schema.clone()).unwrap();
        let sent = parameters(Some(&raw), "p", &Work::new()).unwrap().schema;
        assert!(sent.get().len() < 3 * schema.len(), "{}", sent.get().len());
    }

    #[test]
    fn names_that_anthropic_refuses_are_changed_everywhere() {
        let raw = RawValue::from_string(
            r#"{"type":"object","properties":{"$top":{"type":"integer"},"a":{"items":{"properties":{"b[c]":{},"_top":{}},"required":["b[c]"]}}},"required":["a","$top"],"dependentRequired":{"$top":["a"]}}"#
                .to_owned(),
        )
        .unwrap();
        let made = parameters(Some(&raw), "p", &Work::new()).unwrap();
        assert_eq!(
            made.schema.get(),
            r#"{"type":"object","properties":{"_top_2":{"type":"integer"},"a":{"items":{"properties":{"b_c_":{},"_top":{}},"required":["b_c_"]}}},"required":["a","_top_2"],"dependentRequired":{"_top_2":["a"]}}"#
        );
        assert_eq!(made.renamed, [("_top_2".to_owned(), "$top".to_owned()), ("b_c_".to_owned(), "b[c]".to_owned())]);
    }
}

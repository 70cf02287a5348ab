//! Schemas that Anthropic compiles into a grammar: `response_format` and strict tools.
//!
//! The compiler refuses each keyword that it does not know, so what it is known to take stays and everything else becomes
//! words (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>, November 2026). Objects are closed,
//! `oneOf` becomes `anyOf`, `allOf` and what stands beside a `$ref` are merged.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use serde_json::Value;
use serde_json::value::RawValue;

use super::keywords::{TYPES, types};
use super::pattern::is_compilable;
use super::refs::{References, TOO_MANY_REFS, kept_reference};
use super::text::{Members, described, list, quoted, say};
use crate::translation::work::Work;

/// Larger schemas are not offered for constrained output; Anthropic's own limits are far tighter.
const MAX_COMPILED: usize = 256 << 10;
/// How much may be read to put references and `allOf` in place, in bytes of schemas: references to references multiply, and
/// what Anthropic compiles is far smaller.
const MAX_READ: usize = 4 << 20;
/// How deep a schema may nest, with its references put in place.
const MAX_DEPTH: usize = 64;
const FORMATS: &[&str] = &["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

const OPEN: &str = "an object has no fixed set of properties: Claude's constrained output needs `properties` and \
                    `additionalProperties: false`";

const TOO_LARGE: &str = "it is too large";
const TOO_DEEP: &str = "it nests too deeply";

/// Whether this is why a schema can't be compiled: a limit of Relay, rather than what the schema says.
pub(in crate::translation::anthropic) fn is_limit(why: &str) -> bool {
    [TOO_LARGE, TOO_DEEP, TOO_MANY_REFS].contains(&why)
}

/// What a schema constrains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::translation::anthropic) enum Use {
    /// The whole answer. What is open beside its properties is closed, since there is no other way.
    Answer,
    /// A call's arguments, which need not be constrained.
    Tool,
}

/// A schema for the compiler.
#[derive(Debug)]
pub(in crate::translation::anthropic) struct Compiled {
    pub(in crate::translation::anthropic) schema: Box<RawValue>,
    /// Properties that are not required. Anthropic bounds their number.
    pub(in crate::translation::anthropic) optional: usize,
    /// Properties with several types or alternatives. Anthropic bounds their number.
    pub(in crate::translation::anthropic) unions: usize,
    /// Whether it takes less than the caller's.
    pub(in crate::translation::anthropic) is_narrowed: bool,
}

/// Makes a schema that Anthropic compiles. `description` is for the root, if it has none.
///
/// # Errors
/// In words, why the schema can't be compiled.
pub(in crate::translation::anthropic) fn compile(
    schema: &RawValue,
    description: Option<&str>,
    usage: Use,
    work: &Work,
) -> Result<Compiled, &'static str> {
    if schema.get().len() > MAX_COMPILED {
        return Err(TOO_LARGE);
    }
    let references = References::new(schema, work)?;
    let mut compiler = Compiler {
        work,
        references,
        usage,
        written: 0,
        left_to_read: Cell::new(MAX_READ),
        optional: 0,
        unions: 0,
        is_narrowed: false,
    };
    let Node { json, .. } = compiler.node(schema, description, 0)?;
    let Compiler { optional, unions, is_narrowed, .. } = compiler;
    let schema = RawValue::from_string(json).map_err(|_| "it can't be read")?;
    Ok(Compiled { schema, optional, unions, is_narrowed })
}

struct Compiler<'a, 'w> {
    work: &'w Work,
    references: References<'a, 'w>,
    usage: Use,
    /// Bytes of all nodes so far: references that are put in place can multiply.
    written: usize,
    /// How much may still be read of schemas that are put in place, in bytes.
    left_to_read: Cell<usize>,
    optional: usize,
    unions: usize,
    is_narrowed: bool,
}

/// A schema as it is sent.
struct Node {
    json: String,
    /// Whether it has several types or alternatives.
    is_union: bool,
}

/// A schema with its references and `allOf` put in place.
#[derive(Default)]
struct Flat<'a> {
    /// In their order. `properties` and `required` stand for those below.
    members: Vec<(String, &'a RawValue)>,
    /// Where each is in `members`.
    places: HashMap<String, usize>,
    properties: Vec<(String, &'a RawValue)>,
    known: HashSet<String>,
    /// Each once.
    required: Vec<String>,
    is_required: HashSet<String>,
    /// What did not fit together.
    words: String,
}

impl<'a> Flat<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.members.get(*self.places.get(name)?).map(|(_, value)| *value)
    }

    fn add(&mut self, name: &str, value: &'a RawValue, work: &Work) {
        match name {
            "properties" => {
                let map = work.object(value).unwrap_or_default();
                for (name, schema) in map.members() {
                    if self.known.insert(name.to_owned()) {
                        self.properties.push((name.to_owned(), schema));
                    }
                }
            }
            "required" => {
                let names: Vec<String> = serde_json::from_str(value.get()).unwrap_or_default();
                self.required.extend(names.into_iter().filter(|name| self.is_required.insert(name.clone())));
            }
            _ => {}
        }
        match self.get(name) {
            None => {
                self.places.insert(name.to_owned(), self.members.len());
                self.members.push((name.to_owned(), value));
            }
            Some(own) if own.get() == value.get() => {}
            Some(_) if matches!(name, "properties" | "required" | "description" | "title" | "default") => {}
            Some(_) => say(&mut self.words, name, value.get()),
        }
    }

    fn is_a(&self, kind: &str) -> bool {
        types(self.get("type")).iter().any(|name| name == kind)
    }

    /// Whether keywords of this type can stand here.
    fn can_be(&self, kind: &str) -> bool {
        self.get("type").is_none() || self.is_a(kind)
    }

    fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.places.contains_key(*name))
    }
}

impl<'a> Compiler<'a, '_> {
    /// Puts references and `allOf` in place.
    fn flatten(&self, schema: &'a RawValue, flat: &mut Flat<'a>, left: usize) -> Result<(), &'static str> {
        if left == 0 {
            return Err(TOO_DEEP);
        }
        let left_to_read = self.left_to_read.get().checked_sub(schema.get().len()).ok_or(TOO_MANY_REFS)?;
        self.left_to_read.set(left_to_read);
        let Some(object) = self.work.object(schema) else { return Ok(()) };
        for (name, value) in object.members() {
            if value.get() != "null" || matches!(name, "const" | "default") {
                match name {
                    "$ref" | "allOf" => {}
                    _ => flat.add(name, value, self.work),
                }
            }
        }
        if let Some(target) = object.text("$ref").map_err(|_| "a `$ref` is not a string")? {
            let target = self.references.target(&target).ok_or("a `$ref` leads to nothing within the schema")?;
            self.flatten(target, flat, left - 1)?;
        }
        for branch in object.get("allOf").and_then(|raw| self.work.list(raw)).unwrap_or_default() {
            self.flatten(branch, flat, left - 1)?;
        }
        Ok(())
    }

    /// One schema.
    fn node(&mut self, schema: &'a RawValue, description: Option<&str>, depth: usize) -> Result<Node, &'static str> {
        if depth > MAX_DEPTH {
            return Err(TOO_DEEP);
        }
        if let Some(json) = self.reference(schema) {
            return Ok(Node { json, is_union: false });
        }
        let mut flat = Flat::default();
        self.flatten(schema, &mut flat, MAX_DEPTH)?;
        let is_object = self.close(&mut flat)?;
        let node = self.write(flat, is_object, description, depth)?;
        // What is written here is written again in what holds it.
        self.work.spend(2 * node.json.len());
        self.written += node.json.len();
        if self.written > 8 * MAX_COMPILED {
            return Err(TOO_LARGE);
        }
        Ok(node)
    }

    /// A schema that is only a reference to a definition, as it stays.
    fn reference(&self, schema: &RawValue) -> Option<String> {
        let pointer = kept_reference(&self.work.object(schema)?)?;
        self.references.keep(&pointer).then(|| format!("{{\"$ref\":{}}}", quoted(&pointer)))
    }

    /// Whether this is an object's schema. Closing an open map would force `{}`.
    fn close(&mut self, flat: &mut Flat<'a>) -> Result<bool, &'static str> {
        let more = flat.get("additionalProperties").filter(|value| value.get() != "false");
        let is_closed = flat.get("additionalProperties").is_some_and(|value| value.get() == "false")
            || flat.get("unevaluatedProperties").is_some_and(|value| value.get() == "false");
        let has_properties = flat.get("properties").is_some() && flat.can_be("object");
        let is_object = flat.is_a("object")
            || has_properties
            || (flat.get("additionalProperties").is_some() && flat.can_be("object"));
        let is_open = more.is_some() || flat.get("patternProperties").is_some();
        if is_open && (self.usage == Use::Tool || flat.properties.is_empty()) {
            return Err(OPEN);
        }
        if flat.is_a("object") && !has_properties && !is_closed {
            return Err(OPEN);
        }
        if let Some(more) = more {
            say(&mut flat.words, "additionalProperties", more.get());
        }
        self.is_narrowed |= is_open;
        Ok(is_object || ((is_closed || is_open) && flat.can_be("object")))
    }

    fn write(
        &mut self,
        flat: Flat<'a>,
        is_object: bool,
        description: Option<&str>,
        depth: usize,
    ) -> Result<Node, &'static str> {
        let (mut members, mut words) = (Members::new(), flat.words.clone());
        let (is_array, is_string) = (flat.can_be("array"), flat.can_be("string"));
        let values = Values::of(&flat);
        let has_union = flat.has_any(&["anyOf", "oneOf"]) && !is_object && !values.is_fixed() && !flat.is_a("array");
        let union = if has_union { self.union(&flat, &mut words, depth)? } else { None };
        let mut is_union = union.is_some();
        for (name, value) in &flat.members {
            match name.as_str() {
                "$schema" | "$id" | "$comment" | "description" | "additionalProperties" => {}
                "unevaluatedProperties" if value.get() == "false" => {}
                "$defs" | "definitions" => {
                    if depth == 0 {
                        self.definitions(name, value, &mut members)?;
                    }
                }
                "type" if values.is_fixed() || union.is_some() => {}
                "type" => is_union |= kinds(&types(Some(value)), &mut members)?,
                "properties" if is_object => self.properties(&flat, &mut members, depth)?,
                "required" if is_object && flat.get("properties").is_some() => {
                    let (known, unknown): (Vec<&String>, Vec<_>) =
                        flat.required.iter().partition(|name| flat.known.contains(*name));
                    members.add(name, &list(known.into_iter().map(|name| quoted(name))));
                    let unknown: Vec<_> = unknown.into_iter().map(|name| quoted(name)).collect();
                    if !unknown.is_empty() {
                        say(&mut words, name, &list(unknown));
                    }
                }
                "enum" | "const" => match values.kept(name) {
                    Some(json) => members.add(name, &json),
                    None => say(&mut words, name, value.get()),
                },
                "items" | "prefixItems" if is_array => {
                    self.items(name, value, &flat, &mut members, &mut words, depth)?
                }
                "anyOf" | "oneOf" => match &union {
                    Some((keyword, json)) if keyword == name => members.add("anyOf", json),
                    Some(_) | None => say(&mut words, name, value.get()),
                },
                "minItems" if is_array && matches!(value.get(), "0" | "1") => members.add(name, value.get()),
                "format" if is_string && FORMATS.contains(&value.get().trim_matches('"')) => {
                    members.add(name, value.get())
                }
                "pattern" if is_string && text(value).is_some_and(|pattern| is_compilable(&pattern)) => {
                    members.add(name, value.get())
                }
                "title" if value.get().starts_with('"') => members.add(name, value.get()),
                "default" => members.add(name, value.get()),
                _ => say(&mut words, name, value.get()),
            }
        }
        if flat.get("type").is_none() && !values.is_fixed() && union.is_none() {
            is_union |= self.missing_kind(&flat, is_object, &mut members)?;
        }
        if is_object {
            members.add("additionalProperties", "false");
        }
        let own = flat.get("description").and_then(text);
        let description = described(own.as_deref().or(description).unwrap_or_default(), &words);
        if !description.is_empty() {
            members.add("description", &quoted(&description));
        }
        Ok(Node { json: members.end(), is_union })
    }

    /// The type that the other keywords speak of. Without any, what the grammar has for "anything": it has no open objects.
    /// Returns whether there are several.
    fn missing_kind(&mut self, flat: &Flat<'a>, is_object: bool, members: &mut Members) -> Result<bool, &'static str> {
        let kind = if is_object {
            "object"
        } else if flat.has_any(&["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"]) {
            "array"
        } else if flat.has_any(&["pattern", "format", "minLength", "maxLength"]) {
            "string"
        } else if flat.has_any(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]) {
            "number"
        } else if self.usage == Use::Tool {
            return Err("a value may be anything");
        } else {
            self.is_narrowed = true;
            let kinds = ["string", "number", "boolean", "null"].map(|kind| format!("{{\"type\":\"{kind}\"}}"));
            members.add("anyOf", &list(kinds));
            return Ok(true);
        };
        members.add("type", &quoted(kind));
        Ok(false)
    }

    fn properties(&mut self, flat: &Flat<'a>, members: &mut Members, depth: usize) -> Result<(), &'static str> {
        let mut inner = Members::new();
        for (name, schema) in &flat.properties {
            if schema.get() == "false" {
                continue; // must not be there
            }
            self.optional += usize::from(!flat.is_required.contains(name));
            let node = self.node(schema, None, depth + 1)?;
            self.unions += usize::from(node.is_union);
            inner.add(name, &node.json);
        }
        members.add("properties", &inner.end());
        Ok(())
    }

    /// Definitions that something refers to. The others could fail to compile for nothing.
    fn definitions(&mut self, keyword: &str, map: &'a RawValue, members: &mut Members) -> Result<(), &'static str> {
        let map = self.work.object(map).ok_or("a map of schemas is not one")?;
        let mut inner = Members::new();
        for (name, schema) in map.members() {
            if self.references.keep(&format!("#/{keyword}/{name}")) {
                inner.add(name, &self.node(schema, None, 1)?.json);
            }
        }
        if !inner.is_empty() {
            members.add(keyword, &inner.end());
        }
        Ok(())
    }

    /// `items`. A tuple becomes a list of any of its schemas.
    fn items(
        &mut self,
        keyword: &str,
        value: &'a RawValue,
        flat: &Flat<'a>,
        members: &mut Members,
        words: &mut String,
        depth: usize,
    ) -> Result<(), &'static str> {
        if keyword == "items" && value.get().starts_with('{') {
            // `{}` takes anything, as no `items` does.
            if value.get().len() > 2 {
                members.add("items", &self.node(value, None, depth + 1)?.json);
            }
            return Ok(());
        }
        if value.get() == "true" {
            return Ok(());
        }
        say(words, keyword, value.get());
        let has_items = flat.get("items").is_some_and(|items| items.get().starts_with('{'));
        let Some(tuple) = self.work.list(value) else { return Ok(()) };
        let (mut schemas, mut seen): (Vec<String>, HashSet<String>) = Default::default();
        for schema in tuple.into_iter().filter(|_| !has_items) {
            let Node { json, .. } = self.node(schema, None, depth + 1)?;
            if seen.insert(json.clone()) {
                schemas.push(json);
            }
        }
        match schemas.as_slice() {
            [] => {}
            [one] => members.add("items", one),
            many => members.add("items", &format!("{{\"anyOf\":{}}}", list(many))),
        }
        Ok(())
    }

    /// The alternatives of `anyOf`, or of `oneOf`, with the keyword that they are from; `None` if they are not whole schemas.
    fn union(
        &mut self,
        flat: &Flat<'a>,
        words: &mut String,
        depth: usize,
    ) -> Result<Option<(&'static str, String)>, &'static str> {
        let keyword = if flat.has_any(&["anyOf"]) { "anyOf" } else { "oneOf" };
        let branches = flat.get(keyword).map(|raw| self.work.list(raw).ok_or("a list of schemas is not one"));
        let branches = branches.transpose()?.unwrap_or_default();
        let branches: Vec<_> = branches.into_iter().filter(|branch| branch.get() != "false").collect();
        let is_whole = |branch: &&'a RawValue| {
            let mut inner = Flat::default();
            let whole = ["type", "enum", "const", "properties", "anyOf", "oneOf", "items"];
            self.flatten(branch, &mut inner, MAX_DEPTH).is_ok() && inner.has_any(&whole)
        };
        if branches.is_empty() || (flat.get("type").is_some() && !branches.iter().all(is_whole)) {
            return Ok(None);
        }
        if let Some(kind) = flat.get("type") {
            say(words, "type", kind.get());
        }
        let mut schemas = Vec::with_capacity(branches.len());
        for branch in branches {
            schemas.push(self.node(branch, None, depth + 1)?.json);
        }
        Ok(Some((keyword, list(schemas))))
    }
}

/// `type`, with the types that there are. Returns whether there are several.
fn kinds(kinds: &[Cow<'_, str>], members: &mut Members) -> Result<bool, &'static str> {
    if kinds.is_empty() || !kinds.iter().all(|kind| TYPES.contains(&kind.as_ref())) {
        return Err("a `type` is none of JSON Schema's");
    }
    if let [one] = kinds {
        members.add("type", &quoted(one));
        return Ok(false);
    }
    members.add("type", &list(kinds.iter().map(|kind| quoted(kind))));
    Ok(true)
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}

/// The fixed values of a schema, `enum` and `const`, as far as they fit its `type`. The compiler takes neither lists nor
/// objects, and no `type` beside them that one of them is not of, so the type goes.
struct Values<'a> {
    values: Option<Vec<&'a RawValue>>,
    constant: Option<&'a RawValue>,
}

impl<'a> Values<'a> {
    fn of(flat: &Flat<'a>) -> Self {
        let kinds = types(flat.get("type"));
        let fits = |value: &&'a RawValue| kinds.is_empty() || kinds.iter().any(|kind| is_of(value, kind));
        let is_plain = |value: &&'a RawValue| !value.get().starts_with(['{', '[']);
        let all = flat.get("enum").and_then(|raw| serde_json::from_str::<Vec<&'a RawValue>>(raw.get()).ok());
        let values = all.filter(|all| all.iter().all(is_plain));
        let values = values.map(|all| all.into_iter().filter(fits).collect::<Vec<_>>());
        let constant = flat.get("const").filter(is_plain).filter(fits);
        Self { values: values.filter(|values| !values.is_empty()), constant }
    }

    fn is_fixed(&self) -> bool {
        self.values.is_some() || self.constant.is_some()
    }

    fn kept(&self, keyword: &str) -> Option<String> {
        match keyword {
            "enum" => self.values.as_ref().map(|values| list(values.iter().map(|value| value.get()))),
            _ => self.constant.map(|value| value.get().to_owned()),
        }
    }
}

fn is_of(value: &RawValue, kind: &str) -> bool {
    match serde_json::from_str::<Value>(value.get()) {
        Ok(Value::Null) => kind == "null",
        Ok(Value::Bool(_)) => kind == "boolean",
        Ok(Value::String(_)) => kind == "string",
        Ok(Value::Number(number)) => {
            kind == "number" || (kind == "integer" && number.as_f64().is_none_or(|number| number.fract() == 0.0))
        }
        Ok(Value::Array(_) | Value::Object(_)) | Err(_) => false,
    }
}

#[cfg(test)]
mod tests;

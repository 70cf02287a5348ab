//! JSON Schema as callers write it, to the part of it that Gemini takes.
//!
//! What Gemini is known to take stays as it is: the keywords that Google documents for `responseJsonSchema`
//! (<https://ai.google.dev/api/generate-content#GenerationConfig>), and those that it was seen to accept in recorded requests.
//! All other keywords move into the description, where the model can read them. References are kept to definitions only,
//! `allOf` is merged. Key order stays: Gemini writes an answer's members in the order of the schema's.

mod enums;
mod merge;
mod pointers;
mod recursion;
#[cfg(test)]
mod tests;
mod words;

use std::collections::HashSet;

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use self::pointers::{Document, Found};
use self::words::Words;
use crate::error::RelayError;
use crate::translation::work::{NODE, Work};

/// Limits of Relay, so that a schema can't keep it busy.
const MAX_DEPTH: usize = 32;
const MAX_BYTES: usize = 1 << 20;
/// How many schemas one may hold, after `allOf` was merged: more than fit into [`MAX_BYTES`].
const MAX_NODES: usize = 200_000;
/// Larger bounds of arrays answer "too many states for serving".
const MAX_ITEMS: u64 = 100;

/// Values of `format` that Gemini knows.
const FORMATS: &[&str] = &["date-time", "date", "time", "email", "uuid", "int32", "int64", "float", "double"];
/// Text that a schema with references holds: their keywords, or escapes that may spell one.
const REFERENCES: &[&str] = &["ref\"", "Ref\"", "\\u002", "\\u004", "\\u006", "\\u007"];
/// Keywords that say nothing of the values.
const SILENT: &[&str] = &["$schema", "$comment", "$vocabulary", "nullable"];
/// What may stand beside a reference without changing what fits it.
const ANNOTATIONS: &[&str] = &[
    "$schema",
    "$comment",
    "$vocabulary",
    "$id",
    "$anchor",
    "$defs",
    "definitions",
    "id",
    "title",
    "description",
    "default",
    "examples",
    "example",
    "deprecated",
    "readOnly",
    "writeOnly",
    "nullable",
];

/// How exactly a schema must be carried over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rigor {
    /// A tool that is not strict: nothing in it fails a request.
    Hint,
    /// The form of the answer: what can't be resolved is refused.
    Answer,
    /// As [`Self::Answer`], and with OpenAI's rules for strict schemas.
    Strict,
}

/// A schema's place in a request: its path, and whose it is, in words.
#[derive(Clone, Copy)]
pub(super) struct Owner<'o> {
    pub(super) param: &'o str,
    pub(super) owner: &'o str,
}

/// Converts a schema, which belongs to `owner`.
///
/// # Errors
/// `invalid_value` naming the place: what is no schema; unless it is a hint, what refers to the outside.
/// `schema_too_complex`: what is too large, or beyond the request's budget; unless it is a hint, what nests too deep.
pub(super) fn convert(
    raw: &RawValue,
    Owner { param, owner }: Owner<'_>,
    rigor: Rigor,
    work: &Work,
) -> Result<Map<String, Value>, RelayError> {
    let fail = |why: String| RelayError::invalid_value(param.to_owned(), format!("`{param}`: {why}"));
    let too_complex = |why: &str| RelayError::schema_too_complex(param.to_owned(), owner, why);
    if raw.get().len() > MAX_BYTES {
        return Err(too_complex(&format!("a schema may have at most {MAX_BYTES} bytes")));
    }
    // Read to a tree, copied once, and written.
    work.spend(raw.get().len().saturating_mul(4));
    work.check(param, owner)?;
    let source = match serde_json::from_str(raw.get()) {
        Ok(Value::Object(source)) => source,
        Ok(_) => return Err(fail("a schema must be an object".to_owned())),
        Err(error) => return Err(fail(error.to_string())),
    };
    // Few schemas refer to themselves; only they need the document beside its copy.
    let refers = REFERENCES.iter().any(|name| raw.get().contains(name));
    let document = Document::new(refers.then(|| Value::Object(source.clone())), work);
    let mut converter = Converter { document, work, rigor, nodes: 0, open: Open::default() };
    let converted = converter.root(source);
    work.check(param, owner)?;
    let mut schema = converted.map_err(|why| match why {
        Refused::Limit(why) => too_complex(&why),
        Refused::Invalid(why) => fail(why),
    })?;
    if refers {
        recursion::break_cycles(&mut schema);
    }
    Ok(schema)
}

/// What a converted root without properties says, in words: its description, and its other keywords.
pub(super) fn in_words(mut root: Map<String, Value>) -> Option<String> {
    const EMPTY: &[&str] = &["type", "title", "properties", "additionalProperties", "$id", "$anchor", "$defs"];
    let mut words = Words::default();
    for (key, value) in &root {
        let is_empty = value.as_array().is_some_and(Vec::is_empty);
        if key != "description" && !EMPTY.contains(&key.as_str()) && !is_empty {
            words.add(key, value);
        }
    }
    words.describe(&mut root);
    let description = root.get("description").and_then(Value::as_str);
    description.filter(|text| !text.is_empty()).map(str::to_owned)
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Place {
    depth: usize,
    in_array: bool,
}

impl Place {
    const ROOT: Self = Self { depth: 0, in_array: false };
    /// A definition is no deeper than the root: references to it are not followed.
    const DEFINITION: Self = Self { depth: 1, in_array: false };

    fn inside(self) -> Self {
        Self { depth: self.depth + 1, ..self }
    }

    fn in_array(self) -> Self {
        Self { in_array: true, ..self }
    }
}

/// Why a schema can't be converted.
enum Refused {
    /// What it says.
    Invalid(String),
    /// A limit of Relay.
    Limit(String),
}

impl From<String> for Refused {
    fn from(why: String) -> Self {
        Self::Invalid(why)
    }
}

type Converted<T> = Result<T, Refused>;

struct Converter<'w> {
    document: Document<'w>,
    work: &'w Work,
    rigor: Rigor,
    /// How many schemas were seen, and the weight of what was copied.
    nodes: usize,
    open: Open,
}

/// Places whose content is being merged into another schema.
#[derive(Default)]
struct Open {
    /// In the order in which they were opened.
    order: Vec<String>,
    all: HashSet<String>,
}

impl Open {
    fn contains(&self, place: &str) -> bool {
        self.all.contains(place)
    }

    fn push(&mut self, place: String) {
        self.all.insert(place.clone());
        self.order.push(place);
    }

    fn truncate(&mut self, length: usize) {
        for place in self.order.drain(length.min(self.order.len())..) {
            self.all.remove(&place);
        }
    }
}

/// A schema in the making.
#[derive(Default)]
struct Out {
    map: Map<String, Value>,
    /// Whether it is one of integers.
    integer: bool,
    /// Properties that are `false`.
    impossible: HashSet<String>,
    words: Words,
}

impl Converter<'_> {
    fn root(&mut self, source: Map<String, Value>) -> Converted<Map<String, Value>> {
        let mut schema = self.object(source, Place::ROOT)?;
        while let Some((name, definition)) = self.next_hoisted() {
            let converted = self.schema(definition, Place::DEFINITION)?.unwrap_or_else(|| json!({}));
            let definitions = schema.entry("$defs").or_insert_with(|| json!({}));
            if let Value::Object(definitions) = definitions {
                definitions.insert(name, converted);
            }
        }
        Ok(schema)
    }

    /// The next place that became a definition.
    fn next_hoisted(&mut self) -> Option<(String, Value)> {
        let (name, definition) = self.document.next_hoisted()?;
        let definition = match definition {
            Some(found) if pay(&mut self.nodes, self.work, pointers::weight(found)) => found.clone(),
            _ => Value::Bool(true),
        };
        Some((name, definition))
    }

    /// Converts a subschema. `None`: nothing can fit it (`false`).
    fn schema(&mut self, value: Value, place: Place) -> Converted<Option<Value>> {
        match value {
            Value::Bool(true) => Ok(Some(json!({}))),
            Value::Bool(false) => Ok(None),
            Value::Object(map) => Ok(Some(Value::Object(self.object(map, place)?))),
            other => {
                let mut words = Words::default();
                self.misfit("schema", &other, &mut words)?;
                let mut map = Map::new();
                words.describe(&mut map);
                Ok(Some(Value::Object(map)))
            }
        }
    }

    fn object(&mut self, source: Map<String, Value>, place: Place) -> Converted<Map<String, Value>> {
        if place.depth >= MAX_DEPTH || !pay(&mut self.nodes, self.work, 1) {
            return self.cut(source);
        }
        let open = self.open.order.len();
        let mut out = Out::default();
        let source = self.merged(source, place, &mut out.words)?;
        let converted = if source.contains_key("$ref") {
            self.reference(source, place, out)
        } else {
            let source = enums::listed(source, &mut out.words);
            out.integer = is_of_type(&source, "integer");
            let inside = place.inside();
            source.into_iter().try_for_each(|(key, value)| self.keyword(&key, value, inside, &mut out))?;
            self.close(out)
        };
        self.open.truncate(open);
        converted
    }

    /// What is left of a schema that is too deep or too large: its type and its description.
    fn cut(&self, source: Map<String, Value>) -> Converted<Map<String, Value>> {
        if self.rigor != Rigor::Hint {
            let why = format!("a schema may hold at most {MAX_NODES} others, {MAX_DEPTH} levels deep");
            return Err(Refused::Limit(why));
        }
        let mut out = Out::default();
        for (key, value) in source {
            match key.as_str() {
                "type" => words::put_type(&mut out.map, value, &mut out.words),
                "description" if value.is_string() => drop(out.map.insert(key, value)),
                _ => {}
            }
        }
        out.words.add("what it holds is too deep to show", &Value::Null);
        out.words.describe(&mut out.map);
        Ok(out.map)
    }

    /// Takes names out of `required` that are no properties, which Gemini refuses, and writes the description.
    fn close(&self, mut out: Out) -> Converted<Map<String, Value>> {
        if let Some(Value::Array(required)) = out.map.get("required") {
            let properties = out.map.get("properties").and_then(Value::as_object);
            let mut seen = HashSet::new();
            let (kept, lost): (Vec<&str>, Vec<&str>) = required
                .iter()
                .filter_map(Value::as_str)
                .filter(|name| seen.insert(*name))
                .partition(|name| properties.is_some_and(|known| known.contains_key(*name)));
            let lost: Vec<&str> = lost.into_iter().filter(|name| !out.impossible.contains(*name)).collect();
            if let (Some(name), Rigor::Strict) = (lost.first(), self.rigor) {
                let shown: String = name.chars().take(100).collect();
                return Err(format!("`required` names `{shown}`, which is not among the properties").into());
            }
            let (kept, is_empty) = (json!(kept), kept.is_empty() && !required.is_empty());
            if !lost.is_empty() {
                out.words.add("required", &json!(lost));
            }
            if is_empty {
                drop(out.map.shift_remove("required"))
            } else {
                drop(out.map.insert("required".to_owned(), kept))
            }
        }
        out.words.describe(&mut out.map);
        Ok(out.map)
    }

    /// A reference and what stands beside it. Gemini refuses most members beside `$ref`, so that those get a schema around it.
    fn reference(&mut self, source: Map<String, Value>, place: Place, mut out: Out) -> Converted<Map<String, Value>> {
        let mut around = Map::new();
        let nullable = source.get("nullable") == Some(&Value::Bool(true));
        for (key, value) in source {
            match key.as_str() {
                "$ref" => match self.document.find(value.as_str().unwrap_or_default()) {
                    Found::Definition(name) => drop(around.insert(key, Value::String(name))),
                    _ => self.unresolved(&value, &mut out.words)?,
                },
                "$defs" | "definitions" if place.depth > 0 => {}
                _ => {
                    out.map = around;
                    self.keyword(&key, value, place.inside(), &mut out)?;
                    around = std::mem::take(&mut out.map);
                }
            }
        }
        out.words.describe(&mut around);
        let has_more = nullable || around.keys().any(|key| !key.starts_with('$'));
        if has_more && let Some(target) = around.get("$ref").cloned() {
            let mut branches = vec![json!({ "$ref": target })];
            branches.extend(nullable.then(|| json!({ "type": "null" })));
            let rename = |(key, value): (String, Value)| match key.as_str() {
                "$ref" => ("anyOf".to_owned(), Value::Array(std::mem::take(&mut branches))),
                _ => (key, value),
            };
            around = around.into_iter().map(rename).collect();
        }
        Ok(around)
    }

    /// A reference to what is not there.
    fn unresolved(&self, target: &Value, words: &mut Words) -> Converted<()> {
        if self.rigor != Rigor::Hint {
            let shown: String = target.as_str().unwrap_or_default().chars().take(100).collect();
            return Err(format!("the reference `{shown}` leads nowhere in this schema").into());
        }
        words.add("$ref", target);
        Ok(())
    }

    fn keyword(&mut self, key: &str, value: Value, place: Place, out: &mut Out) -> Converted<()> {
        match (key, &value) {
            _ if SILENT.contains(&key) => return Ok(()),
            // References lead to the root's definitions, wherever they were.
            ("$defs" | "definitions", _) if place.depth > 1 => return Ok(()),
            ("$defs" | "definitions", Value::Object(_)) => return self.define(key, value, out),
            ("properties", Value::Object(_)) => {
                let properties = self.members(value, place, &mut out.impossible)?;
                out.map.insert(key.to_owned(), Value::Object(properties));
            }
            ("items", Value::Array(_)) => return self.list("prefixItems", value, place.in_array(), out),
            ("prefixItems", Value::Array(_)) => return self.list(key, value, place.in_array(), out),
            ("anyOf" | "oneOf", Value::Array(branches)) if !branches.is_empty() => {
                return self.list(key, value, place, out);
            }
            ("items" | "additionalItems", Value::Object(_) | Value::Bool(true)) if !out.map.contains_key("items") => {
                let items = self.schema(value, place.in_array())?.unwrap_or_default();
                out.map.insert("items".to_owned(), items);
            }
            ("additionalProperties", Value::Bool(_)) => drop(out.map.entry(key).or_insert(value)),
            ("additionalProperties", Value::Object(_)) => {
                let more = self.schema(value, place)?.unwrap_or_default();
                out.map.insert(key.to_owned(), more);
            }
            ("patternProperties", Value::Object(patterns)) if patterns.len() == 1 => self.pattern(value, place, out)?,
            ("type", _) => words::put_type(&mut out.map, value, &mut out.words),
            ("properties" | "items" | "anyOf" | "oneOf" | "prefixItems" | "$defs" | "definitions", _)
                if !value.is_boolean() =>
            {
                self.misfit(key, &value, &mut out.words)?;
            }
            ("minimum", Value::Number(_)) if out.integer && out.map.contains_key(key) => out.bound(key, &value, 0),
            ("maximum", Value::Number(_)) if out.integer && out.map.contains_key(key) => out.bound(key, &value, 0),
            ("exclusiveMinimum", Value::Number(_)) if out.integer => out.bound("minimum", &value, 1),
            ("exclusiveMaximum", Value::Number(_)) if out.integer => out.bound("maximum", &value, -1),
            _ if is_taken(key, &value, place) => drop(out.map.insert(key.to_owned(), value)),
            _ => out.words.add(key, &value),
        }
        Ok(())
    }

    /// A value that no schema can have there: an error, or words, where the schema is only a hint.
    fn misfit(&self, key: &str, value: &Value, words: &mut Words) -> Converted<()> {
        if self.rigor != Rigor::Hint {
            return Err(format!("`{key}` has a value of the wrong type").into());
        }
        words.add(key, value);
        Ok(())
    }

    fn define(&mut self, key: &str, value: Value, out: &mut Out) -> Converted<()> {
        let Value::Object(definitions) = value else { return Ok(()) };
        for (name, definition) in definitions {
            let name = self.document.definition(key, &name);
            let converted = self.schema(definition, Place::DEFINITION)?.unwrap_or_else(|| json!({}));
            if let Value::Object(known) = out.map.entry("$defs").or_insert_with(|| json!({})) {
                known.insert(name, converted);
            }
        }
        Ok(())
    }

    /// Names by a pattern, as names of any kind; the pattern is left to the description.
    fn pattern(&mut self, value: Value, place: Place, out: &mut Out) -> Converted<()> {
        let Value::Object(patterns) = value else { return Ok(()) };
        for (pattern, schema) in patterns {
            self.work.spend(pointers::weight(&schema).saturating_mul(NODE));
            let is_free = out.map.get("additionalProperties").is_none_or(|more| more == &Value::Bool(false));
            match self.schema(schema.clone(), place)? {
                Some(converted) if is_free => {
                    out.words.add("names of the additional properties fit", &Value::String(pattern));
                    out.map.insert("additionalProperties".to_owned(), converted);
                }
                _ => out.words.add("patternProperties", &json!({ pattern: schema })),
            }
        }
        Ok(())
    }

    /// Named subschemas; the names of those that nothing fits go to `impossible`.
    fn members(
        &mut self,
        value: Value,
        place: Place,
        impossible: &mut HashSet<String>,
    ) -> Converted<Map<String, Value>> {
        let Value::Object(members) = value else { return Ok(Map::new()) };
        let mut out = Map::new();
        for (name, member) in members {
            match self.schema(member, place)? {
                Some(member) => drop(out.insert(name, member)),
                None => drop(impossible.insert(name)),
            }
        }
        Ok(out)
    }

    fn list(&mut self, key: &str, value: Value, place: Place, out: &mut Out) -> Converted<()> {
        let Value::Array(branches) = value else { return Ok(()) };
        let mut taken = Vec::with_capacity(branches.len());
        for branch in branches {
            taken.extend(self.schema(branch, place)?);
        }
        if taken.is_empty() {
            out.words.add(key, &json!([false]));
        } else {
            out.map.insert(key.to_owned(), Value::Array(taken));
        }
        Ok(())
    }
}

/// Takes the cost of a copy of this weight; `false`: it is too much.
fn pay(nodes: &mut usize, work: &Work, weight: usize) -> bool {
    *nodes = nodes.saturating_add(weight);
    work.spend(weight.saturating_mul(NODE)) && *nodes <= MAX_NODES
}

impl Out {
    /// `exclusiveMinimum: 3` on integers is `minimum: 4`. The tighter of two bounds counts.
    fn bound(&mut self, key: &str, value: &Value, step: i64) {
        let is_least = key == "minimum";
        let Some(value) = value.as_i64().map(|value| value.saturating_add(step)) else {
            let name = match (step, is_least) {
                (0, _) => key,
                (_, true) => "exclusiveMinimum",
                (_, false) => "exclusiveMaximum",
            };
            return self.words.add(name, value);
        };
        let tighter = match self.map.get(key).and_then(Value::as_i64) {
            Some(other) if is_least => other.max(value),
            Some(other) => other.min(value),
            None => value,
        };
        self.map.insert(key.to_owned(), json!(tighter));
    }
}

/// Whether Gemini is known to take this keyword with this value.
fn is_taken(key: &str, value: &Value, place: Place) -> bool {
    match key {
        "$id" | "$anchor" | "title" | "description" => value.is_string(),
        "enum" => value.as_array().is_some_and(|values| !values.is_empty()),
        "required" | "propertyOrdering" => value.as_array().is_some_and(|names| names.iter().all(Value::is_string)),
        "minItems" | "minLength" | "maxLength" => value.is_u64(),
        "maxItems" => !place.in_array && value.as_u64().is_some_and(|most| most <= MAX_ITEMS),
        "minimum" | "maximum" => value.is_number(),
        "uniqueItems" => value.is_boolean(),
        "default" => true,
        "format" => value.as_str().is_some_and(|format| FORMATS.contains(&format)),
        "pattern" => value.as_str().is_some_and(|pattern| !looks_around(pattern) && !refers_back(pattern)),
        _ => false,
    }
}

/// Whether a regular expression looks around, which no automaton can do.
fn looks_around(pattern: &str) -> bool {
    ["(?=", "(?!", "(?<=", "(?<!"].iter().any(|look| pattern.contains(look))
}

/// Whether a regular expression refers to what it matched before.
fn refers_back(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let refers = escaped && (matches!(c, '1'..='9') || c == 'k');
        escaped = !escaped && c == '\\';
        refers
    })
}

/// Whether `type` is, or allows beside null, this type.
fn is_of_type(schema: &Map<String, Value>, name: &str) -> bool {
    match schema.get("type") {
        Some(Value::String(own)) => own == name,
        Some(Value::Array(names)) => names.iter().all(|own| own == name || own == "null"),
        _ => false,
    }
}

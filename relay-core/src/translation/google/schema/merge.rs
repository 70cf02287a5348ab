//! `allOf`, and what stands beside a reference: merged into one schema, since Gemini knows neither.

use std::collections::HashSet;

use serde_json::{Map, Number, Value, json};

use super::enums::without_repeats;
use super::words::Words;
use super::{ANNOTATIONS, Converted, Converter, MAX_NODES, Place, pay, pointers};
use crate::translation::work::{NODE, Work};

/// The most branches that two lists of alternatives are multiplied to.
const MAX_BRANCHES: usize = 16;
/// The longest list of values that is searched again and again.
const MAX_SEARCHED: usize = 64;

impl Converter<'_> {
    /// A schema without `allOf`, and with a `$ref` only where nothing beside it narrows what fits.
    pub(super) fn merged(
        &mut self,
        mut source: Map<String, Value>,
        place: Place,
        words: &mut Words,
    ) -> Converted<Map<String, Value>> {
        for name in ["$dynamicRef", "$recursiveRef"] {
            if let Some(target) = source.shift_remove(name) {
                source.entry("$ref").or_insert(target);
            }
        }
        loop {
            if let Some(all) = source.shift_remove("allOf") {
                self.all_of(&mut source, all, words)?;
            } else if self.is_mixed(&source, place)
                && let Some(target) = source.shift_remove("$ref")
            {
                self.follow(&mut source, &target, words)?;
            } else {
                break;
            }
        }
        if let Some(Value::Array(required)) = source.get_mut("required") {
            without_repeats(required);
        }
        Ok(source)
    }

    /// Whether the schema refers to another one and says more than that. Gemini wants a root without a reference.
    fn is_mixed(&self, source: &Map<String, Value>, place: Place) -> bool {
        let narrows = || source.keys().any(|key| key != "$ref" && !ANNOTATIONS.contains(&key.as_str()));
        source.contains_key("$ref") && (place.depth == 0 || narrows())
    }

    fn all_of(&mut self, source: &mut Map<String, Value>, all: Value, words: &mut Words) -> Converted<()> {
        let Value::Array(entries) = all else { return self.misfit("allOf", &all, words) };
        for entry in entries {
            match entry {
                Value::Bool(true) => {}
                Value::Object(mut entry) => {
                    let target = match entry.shift_remove("$ref") {
                        Some(target) if !source.contains_key("$ref") && is_annotated_only(source) => {
                            source.insert("$ref".to_owned(), target);
                            None
                        }
                        target => target,
                    };
                    self.combine(source, entry, words);
                    if let Some(target) = target {
                        self.follow(source, &target, words)?;
                    }
                }
                Value::Bool(false) => words.add("nothing fits", &Value::Null),
                other => self.misfit("allOf", &other, words)?,
            }
        }
        Ok(())
    }

    /// Merges what a reference leads to.
    fn follow(&mut self, source: &mut Map<String, Value>, target: &Value, words: &mut Words) -> Converted<()> {
        let Some((place, found)) = self.document.resolve(target.as_str().unwrap_or_default()) else {
            return self.unresolved(target, words);
        };
        let is_over = self.nodes > MAX_NODES || self.open.contains(&place);
        match found {
            _ if is_over || !pay(&mut self.nodes, self.work, pointers::weight(found)) => words.add("$ref", target),
            Value::Object(found) => {
                let found = found.iter().filter(|(key, _)| !place.is_empty() || !is_definitions(key));
                let found = found.map(|(key, value)| (key.clone(), value.clone())).collect();
                self.open.push(place);
                self.combine(source, found, words);
            }
            Value::Bool(true) => {}
            _ => words.add("nothing fits", &Value::Null),
        }
        Ok(())
    }

    /// Adds all keywords of one schema to another, so that what fits the sum fits both; what can't be added becomes words.
    fn combine(&mut self, out: &mut Map<String, Value>, mut more: Map<String, Value>, words: &mut Words) {
        for schema in [&mut *out, &mut more] {
            if let Some(only) = schema.shift_remove("const") {
                schema.insert("enum".to_owned(), json!([only]));
            }
        }
        for (key, value) in more {
            match out.get_mut(&key) {
                None => drop(out.insert(key, value)),
                Some(known) if *known == value => {}
                Some(known) => {
                    if let Some(lost) = both(&key, known, value, self.work) {
                        words.add(&key, &lost);
                    }
                }
            }
        }
    }
}

/// Whether what is there so far says nothing of the values.
fn is_annotated_only(source: &Map<String, Value>) -> bool {
    source.keys().all(|key| ANNOTATIONS.contains(&key.as_str()))
}

fn is_definitions(key: &str) -> bool {
    matches!(key, "$defs" | "definitions")
}

/// Puts two values of one keyword into the first; gives back what can't be said together.
fn both(key: &str, known: &mut Value, value: Value, work: &Work) -> Option<Value> {
    match (key, &mut *known, value) {
        ("properties", Value::Object(known), Value::Object(more)) => {
            for (name, schema) in more {
                match known.get_mut(&name) {
                    Some(own) if *own != schema => add(own, schema),
                    Some(_) => {}
                    None => drop(known.insert(name, schema)),
                }
            }
        }
        ("$defs" | "definitions", Value::Object(known), Value::Object(more)) => {
            for (name, schema) in more {
                known.entry(name).or_insert(schema);
            }
        }
        ("required", Value::Array(known), Value::Array(more)) => {
            known.extend(more);
        }
        ("allOf", Value::Array(known), Value::Array(more)) => known.extend(more),
        ("description", Value::String(known), Value::String(more)) => {
            known.push(' ');
            known.push_str(&more);
        }
        ("title" | "default" | "$id" | "$anchor" | "id" | "$schema" | "$comment", ..) => {}
        ("nullable", known, value) => *known = json!(*known == Value::Bool(true) && value == Value::Bool(true)),
        ("uniqueItems", known, Value::Bool(true)) => *known = Value::Bool(true),
        ("additionalProperties", Value::Bool(true), value) => *known = value,
        ("additionalProperties", Value::Bool(false), _) | ("additionalProperties", _, Value::Bool(true)) => {}
        ("additionalProperties", known, Value::Bool(false)) => *known = Value::Bool(false),
        ("items" | "additionalProperties" | "additionalItems", Value::Object(_), more @ Value::Object(_)) => {
            add(known, more);
        }
        (
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties",
            Value::Number(own),
            Value::Number(more),
        ) => {
            tighter(own, more, |more, own| more > own);
        }
        (
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties",
            Value::Number(own),
            Value::Number(more),
        ) => {
            tighter(own, more, |more, own| more < own);
        }
        ("type", known, value) => return common_type(known, value),
        ("enum", Value::Array(own), Value::Array(more)) => {
            let common: HashSet<&Value> = more.iter().collect();
            let fits: Vec<Value> = own.iter().filter(|value| common.contains(value)).cloned().collect();
            if fits.is_empty() {
                // The longer list becomes words: it would be searched again for each list that follows.
                if own.len() > MAX_SEARCHED.max(more.len()) {
                    return Some(Value::Array(std::mem::replace(own, more)));
                }
                return Some(Value::Array(more));
            }
            *own = fits;
        }
        ("anyOf" | "oneOf", Value::Array(own), Value::Array(more))
            if !own.is_empty() && own.len().saturating_mul(more.len()) <= MAX_BRANCHES && !more.is_empty() =>
        {
            // Each alternative gets a copy of what it is narrowed by.
            let weights = |all: &[Value]| all.iter().map(pointers::weight).fold(0, usize::saturating_add);
            let of_more = weights(&more).saturating_mul(own.len());
            let of_own = if more.len() == 1 { 0 } else { weights(own).saturating_mul(more.len()) };
            if !work.spend(of_more.saturating_add(of_own).saturating_mul(NODE)) {
                return Some(Value::Array(more));
            }
            match more.as_slice() {
                [only] => own.iter_mut().for_each(|one| add(one, only.clone())),
                _ => *own = own.iter().flat_map(|one| more.iter().map(move |other| sum(one, other))).collect(),
            }
        }
        (_, _, value) => return Some(value),
    }
    None
}

/// A schema that fits what both fit.
fn sum(one: &Value, other: &Value) -> Value {
    let mut sum = one.clone();
    add(&mut sum, other.clone());
    sum
}

/// Narrows a schema by another one. The list of what must fit stays flat: nested once for each of many entries, it would be
/// too deep to be walked.
fn add(own: &mut Value, more: Value) {
    if let Value::Object(members) = own
        && members.len() == 1
        && let Some(Value::Array(all)) = members.get_mut("allOf")
    {
        all.push(more);
    } else {
        *own = json!({ "allOf": [own.take(), more] });
    }
}

fn tighter(own: &mut Number, more: Number, is_tighter: fn(f64, f64) -> bool) {
    if more.as_f64().zip(own.as_f64()).is_some_and(|(more, own)| is_tighter(more, own)) {
        *own = more;
    }
}

/// The types that both allow; an integer is a number.
fn common_type(known: &mut Value, value: Value) -> Option<Value> {
    let own = names(known);
    let more: HashSet<&str> = names(&value).into_iter().collect();
    let mut common: Vec<&str> = Vec::new();
    for name in &own {
        let narrowed = match *name {
            name if more.contains(name) => Some(name),
            "number" if more.contains("integer") => Some("integer"),
            "integer" if more.contains("number") => Some("integer"),
            _ => None,
        };
        common.extend(narrowed);
    }
    let joined = match common.as_slice() {
        [] => return Some(value),
        [one] => json!(one),
        several => json!(several),
    };
    *known = joined;
    None
}

fn names(value: &Value) -> Vec<&str> {
    match value {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

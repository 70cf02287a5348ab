//! The root of a tool's parameters without unions, which Anthropic refuses there.

use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use super::refs::Places;
use super::text::{Members, described, list, quoted, say};
use crate::translation::json::Object;
use crate::translation::work::Work;

/// Keywords that Anthropic refuses at the root of a tool's parameters.
pub(super) const UNIONS: &[&str] = &["oneOf", "anyOf", "allOf"];
/// How deep references and unions at the root are followed.
const MAX_FOLLOWED: usize = 8;
/// How much is read for it, in bytes of schemas: references to references multiply.
const MAX_READ: usize = 4 << 20;

/// A schema without unions at its root: properties of the alternatives become properties of the whole, and everything else
/// words.
pub(super) fn without_unions(root: &Object<'_>, raw: &RawValue, work: &Work) -> String {
    let mut merged = Merged {
        work,
        places: Places::new(raw, work),
        left: MAX_READ,
        properties: Vec::new(),
        known: HashMap::new(),
        required: Vec::new(),
        is_required: HashSet::new(),
        rest: Vec::new(),
        said: HashSet::new(),
        words: String::new(),
    };
    merged.take(root, true, MAX_FOLLOWED);
    if !merged.rest.is_empty() {
        say(&mut merged.words, "allOf", &list(&merged.rest));
    }
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

struct Merged<'a, 'w> {
    work: &'w Work,
    places: Places<'a, 'w>,
    /// What may still be read, in bytes.
    left: usize,
    properties: Vec<(String, &'a RawValue)>,
    /// The same by name.
    known: HashMap<String, &'a RawValue>,
    required: Vec<String>,
    is_required: HashSet<String>,
    /// What `allOf` demands beside properties, each once.
    rest: Vec<String>,
    said: HashSet<String>,
    words: String,
}

impl<'a> Merged<'a, '_> {
    /// Takes what a schema at the root says of properties. `is_sure`: whether it holds for every value.
    fn take(&mut self, schema: &Object<'a>, is_sure: bool, left: usize) {
        let is_branch = left < MAX_FOLLOWED;
        let mut rest = Members::new();
        let others = self.take_properties(schema);
        if !others.is_empty() {
            rest.add("properties", &others.end());
        }
        if is_sure {
            let required = schema.read::<Vec<String>>("required", "a list").ok().flatten().unwrap_or_default();
            let new = required.into_iter().filter(|name| self.is_required.insert(name.clone()));
            self.required.extend(new);
        }
        if let Some(raw) = schema.get("$ref")
            && !self.follow(schema, is_sure, left)
        {
            rest.add("$ref", raw.get());
        }
        for union in UNIONS {
            let Some(raw) = schema.get(union) else { continue };
            let is_all = *union == "allOf";
            if !is_all && !is_branch {
                say(&mut self.words, union, raw.get());
            } else if !is_all {
                rest.add(union, raw.get());
            }
            let branches = self.work.list(raw).unwrap_or_default();
            if is_all && branches.is_empty() {
                rest.add(union, raw.get());
            }
            for branch in branches {
                self.take_raw(branch, is_sure && is_all, left);
            }
        }
        if is_sure {
            if is_branch {
                others_of(schema, &mut rest);
            }
            self.say_rest(rest);
        }
    }

    /// Takes the properties that are new; gives those that are another's by name and not the same.
    fn take_properties(&mut self, schema: &Object<'a>) -> Members {
        let mut others = Members::new();
        let properties = schema.get("properties").and_then(|raw| self.work.object(raw)).unwrap_or_default();
        for (name, value) in properties.members() {
            match self.known.get(name) {
                None => {
                    self.known.insert(name.to_owned(), value);
                    self.properties.push((name.to_owned(), value));
                }
                Some(own) if own.get() == value.get() => {}
                Some(_) => others.add(name, value.get()),
            }
        }
        others
    }

    /// Takes what a reference leads to; `false` if that is nothing.
    fn follow(&mut self, schema: &Object<'a>, is_sure: bool, left: usize) -> bool {
        let target = schema.text("$ref").ok().flatten().and_then(|to| self.places.find(&to));
        match target {
            Some(target) => {
                self.take_raw(target, is_sure, left);
                true
            }
            None => false,
        }
    }

    /// Takes a branch, unless there are too many: it becomes words.
    fn take_raw(&mut self, raw: &'a RawValue, is_sure: bool, left: usize) {
        let cost = self.left.checked_sub(raw.get().len());
        match (self.work.object(raw), left.checked_sub(1), cost) {
            (Some(schema), Some(left), Some(cost)) => {
                self.left = cost;
                self.take(&schema, is_sure, left);
            }
            _ if is_sure && !matches!(raw.get(), "true" | "null") => self.say_once(raw.get().to_owned()),
            _ => {}
        }
    }

    fn say_rest(&mut self, rest: Members) {
        if !rest.is_empty() {
            self.say_once(rest.end());
        }
    }

    fn say_once(&mut self, json: String) {
        if self.said.insert(json.clone()) {
            self.rest.push(json);
        }
    }
}

/// Adds what a branch holds beside what is merged.
fn others_of(schema: &Object<'_>, rest: &mut Members) {
    for (name, value) in schema.members() {
        let is_merged = match name {
            "properties" | "required" | "$ref" | "$defs" | "definitions" => true,
            "$schema" | "$comment" | "$id" | "$anchor" | "$dynamicAnchor" => true,
            "type" => value.get() == "\"object\"",
            "additionalProperties" | "unevaluatedProperties" => value.get() == "true",
            _ => UNIONS.contains(&name) || value.get() == "null",
        };
        if !is_merged {
            rest.add(name, value.get());
        }
    }
}

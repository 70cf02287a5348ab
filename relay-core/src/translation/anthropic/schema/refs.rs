//! References within a schema.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde_json::value::RawValue;

use crate::translation::json::Object;

/// How many different `$ref`s are followed.
const MAX_REFS: usize = 200;

/// The value at a JSON pointer in a fragment (`#/$defs/a`).
pub(super) fn resolve<'a>(root: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
    let mut at = root;
    for step in pointer.strip_prefix('#')?.split('/').skip(1) {
        let name = step.replace("~1", "/").replace("~0", "~");
        at = match Object::from_raw(at, String::new()) {
            Ok(object) => object.get(&name)?,
            Err(_) => {
                let items: Vec<&RawValue> = serde_json::from_str(at.get()).ok()?;
                items.get(name.parse::<usize>().ok()?).copied()?
            }
        };
    }
    Some(at)
}

/// The target of a schema that is a reference and nothing else, to a definition at the root: Anthropic's compiler finds no
/// other place, and takes nothing beside it.
pub(super) fn kept_reference<'a>(schema: &Object<'a>) -> Option<Cow<'a, str>> {
    let pointer = schema.text("$ref").ok()??;
    let is_alone = schema.members().all(|(name, _)| matches!(name, "$ref" | "$comment"));
    let name = ["#/$defs/", "#/definitions/"].iter().find_map(|start| pointer.strip_prefix(start));
    let is_definition = name.is_some_and(|name| !name.is_empty() && !name.contains(['/', '~', '%']));
    (is_alone && is_definition).then_some(pointer)
}

/// All references that a value can pass through.
pub(super) struct References<'a> {
    root: &'a RawValue,
    /// Where was looked; `false` while still inside.
    done: HashMap<String, bool>,
    /// Definitions to which a reference stays.
    kept: HashSet<String>,
}

impl<'a> References<'a> {
    /// Follows all references from the root.
    ///
    /// # Errors
    /// In words: a cycle, a reference to nothing, too many of them.
    pub(super) fn new(root: &'a RawValue) -> Result<Self, &'static str> {
        let mut references = Self { root, done: HashMap::new(), kept: HashSet::new() };
        references.follow("#")?;
        Ok(references)
    }

    /// Whether a reference to this place stays.
    pub(super) fn keep(&self, pointer: &str) -> bool {
        self.kept.contains(pointer)
    }

    fn follow(&mut self, pointer: &str) -> Result<(), &'static str> {
        match self.done.get(pointer) {
            Some(true) => return Ok(()),
            Some(false) => return Err("it refers to itself: recursive schemas can't be used"),
            None if self.done.len() >= MAX_REFS => return Err("it has too many references"),
            None => {}
        }
        self.done.insert(pointer.to_owned(), false);
        let target = resolve(self.root, pointer).ok_or("a `$ref` leads to nothing within the schema")?;
        let mut found = Vec::new();
        references(target, true, &mut found);
        for (reference, is_kept) in &found {
            if *is_kept {
                self.kept.insert(reference.to_string());
            }
            self.follow(reference)?;
        }
        self.done.insert(pointer.to_owned(), true);
        Ok(())
    }
}

/// The `$ref`s of a schema in keywords that are compiled, and whether they stay; what is in other keywords becomes words.
/// Those of `allOf` are put in place.
fn references<'a>(schema: &'a RawValue, stays: bool, found: &mut Vec<(Cow<'a, str>, bool)>) {
    let Ok(object) = Object::from_raw(schema, String::new()) else { return };
    match kept_reference(&object).filter(|_| stays) {
        Some(pointer) => found.push((pointer, true)),
        None => found.extend(object.text("$ref").ok().flatten().map(|pointer| (pointer, false))),
    }
    for (keyword, value) in object.members() {
        match keyword {
            "items" | "prefixItems" | "anyOf" | "oneOf" | "allOf" => match serde_json::from_str(value.get()) {
                Ok(items) => {
                    Vec::<&RawValue>::into_iter(items).for_each(|item| references(item, keyword != "allOf", found));
                }
                Err(_) => references(value, true, found),
            },
            "properties" => {
                let map = Object::from_raw(value, String::new()).unwrap_or_default();
                map.members().for_each(|(_, value)| references(value, true, found));
            }
            _ => {}
        }
    }
}

//! References within a schema.

use std::borrow::Cow;
use std::collections::HashMap;

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

/// Whether Anthropic's compiler finds the target: a definition at the root.
pub(super) fn is_definition(pointer: &str) -> bool {
    let name = ["#/$defs/", "#/definitions/"].iter().find_map(|start| pointer.strip_prefix(start));
    name.is_some_and(|name| !name.is_empty() && !name.contains(['/', '~', '%']))
}

/// All references that a value can pass through.
pub(super) struct References<'a> {
    root: &'a RawValue,
    /// Where was looked; `false` while still inside.
    done: HashMap<String, bool>,
}

impl<'a> References<'a> {
    /// Follows all references from the root.
    ///
    /// # Errors
    /// In words: a cycle, a reference to nothing, too many of them.
    pub(super) fn new(root: &'a RawValue) -> Result<Self, &'static str> {
        let mut references = Self { root, done: HashMap::new() };
        references.follow("#")?;
        Ok(references)
    }

    /// Whether anything refers to this place.
    pub(super) fn has(&self, pointer: &str) -> bool {
        self.done.contains_key(pointer)
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
        references(target, &mut found);
        for reference in &found {
            self.follow(reference)?;
        }
        self.done.insert(pointer.to_owned(), true);
        Ok(())
    }
}

/// The `$ref`s of a schema in keywords that are compiled; the others become words.
fn references<'a>(schema: &'a RawValue, found: &mut Vec<Cow<'a, str>>) {
    let Ok(object) = Object::from_raw(schema, String::new()) else { return };
    found.extend(object.text("$ref").ok().flatten());
    for (keyword, value) in object.members() {
        match keyword {
            "items" | "prefixItems" | "anyOf" | "oneOf" | "allOf" => match serde_json::from_str(value.get()) {
                Ok(items) => Vec::<&RawValue>::into_iter(items).for_each(|item| references(item, found)),
                Err(_) => references(value, found),
            },
            "properties" => {
                let map = Object::from_raw(value, String::new()).unwrap_or_default();
                map.members().for_each(|(_, value)| references(value, found));
            }
            _ => {}
        }
    }
}

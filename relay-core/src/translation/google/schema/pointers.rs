//! References within a schema: where they lead, and what the place is called among the definitions.
//!
//! Gemini is known to follow references to `#` and to definitions of the root. A reference to another place of the same schema
//! makes that place one more definition.

use std::collections::{HashMap, HashSet, VecDeque};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::translation::work::{NODE, Work};

/// The longest name of a definition, in characters.
const MAX_NAME: usize = 64;

/// Places deeper than this, in bytes of their pointer, are not found by name: a pointer is written once for each name below it.
const MAX_PLACE: usize = 1024;

/// The schema that references lead into.
pub(super) struct Document<'w> {
    work: &'w Work,
    root: Option<Value>,
    /// Places by `$anchor` (`#name`), by `$id`, and nested definitions by their name.
    index: Option<HashMap<String, String>>,
    /// What each definition is called, by its place.
    names: HashMap<String, String>,
    taken: HashSet<String>,
    /// Where the search for a free name goes on, by what the name begins with.
    numbers: HashMap<String, usize>,
    /// Places that became definitions and are not converted yet.
    hoisted: VecDeque<(String, String)>,
}

/// Where a reference leads.
pub(super) enum Found {
    /// To the root or a definition, as it is sent.
    Definition(String),
    /// Nowhere.
    Nothing,
}

impl<'w> Document<'w> {
    pub(super) fn new(root: Option<Value>, work: &'w Work) -> Self {
        let mut document = Self {
            work,
            root,
            index: None,
            names: HashMap::new(),
            taken: HashSet::new(),
            numbers: HashMap::new(),
            hoisted: VecDeque::new(),
        };
        // The root's own definitions keep their names, whatever else becomes one.
        let mut own = Vec::new();
        for key in ["$defs", "definitions"] {
            let definitions = document.root.as_ref().and_then(|root| root.get(key)).and_then(Value::as_object);
            own.extend(definitions.into_iter().flat_map(Map::keys).map(|name| place_of(key, name)));
        }
        for place in own {
            document.name(&place);
        }
        document
    }

    /// What the root's definition is called.
    pub(super) fn definition(&mut self, key: &str, name: &str) -> String {
        self.name(&place_of(key, name))
    }

    /// Where a reference leads; a place that is no definition of the root becomes one.
    pub(super) fn find(&mut self, reference: &str) -> Found {
        let Some(place) = self.place(reference) else { return Found::Nothing };
        if place.is_empty() {
            return Found::Definition("#".to_owned());
        }
        let is_new = !self.names.contains_key(&place);
        let name = self.name(&place);
        if is_new {
            self.hoisted.push_back((place, name.clone()));
        }
        Found::Definition(format!("#/$defs/{name}"))
    }

    /// The place that a reference leads to, and what stands there.
    pub(super) fn resolve(&mut self, reference: &str) -> Option<(String, &Value)> {
        let place = self.place(reference)?;
        let value = self.root.as_ref()?.pointer(&place)?;
        Some((place, value))
    }

    /// The next place that became a definition: its name, and the schema there.
    pub(super) fn next_hoisted(&mut self) -> Option<(String, Option<&Value>)> {
        let (place, name) = self.hoisted.pop_front()?;
        Some((name, self.root.as_ref().and_then(|root| root.pointer(&place))))
    }

    /// A JSON pointer to a schema of this document.
    fn place(&mut self, reference: &str) -> Option<String> {
        let root = self.root.as_ref()?;
        let own_id = root.get("$id").and_then(Value::as_str).map(|id| id.trim_end_matches('#'));
        let local = own_id.filter(|id| !id.is_empty()).and_then(|id| reference.strip_prefix(id));
        let local = match local.unwrap_or(reference) {
            "" if local.is_some() => "#",
            local => local,
        };
        let is_schema = |place: &str| root.pointer(place).is_some_and(|value| value.is_object() || value.is_boolean());
        if let Some(fragment) = local.strip_prefix('#') {
            let decoded = percent_decode_str(fragment).decode_utf8_lossy().into_owned();
            for place in [decoded.as_str(), fragment] {
                if (place.is_empty() || place.starts_with('/')) && is_schema(place) {
                    return Some(place.to_owned());
                }
            }
            // Written for a schema that was put into another one: its definitions lie deeper now.
            let name = decoded.strip_prefix("/$defs/").or_else(|| decoded.strip_prefix("/definitions/"));
            let key = name.map_or_else(|| format!("#{decoded}"), |name| format!("/{name}"));
            return self.indexed(&key);
        }
        self.indexed(local)
    }

    fn indexed(&mut self, key: &str) -> Option<String> {
        let root = self.root.as_ref()?;
        let index = self.index.get_or_insert_with(|| {
            let mut index = HashMap::new();
            self.work.spend(weight(root).saturating_mul(NODE));
            collect(root, &mut String::new(), &mut index);
            index
        });
        index.get(key).cloned()
    }

    /// The name of the definition at a place: letters, digits and underscores only.
    fn name(&mut self, place: &str) -> String {
        if let Some(name) = self.names.get(place) {
            return name.clone();
        }
        let own = place.strip_prefix("/$defs/").or_else(|| place.strip_prefix("/definitions/")).unwrap_or(place);
        let plain: String = own.trim_start_matches('/').replace("~1", "/").replace("~0", "~");
        let safe = |c: char| if c.is_ascii_alphanumeric() || c == '_' { c } else { '_' };
        let mut base: String = plain.chars().take(MAX_NAME).map(safe).collect();
        if base.is_empty() {
            base.push('_');
        }
        let mut name = base.clone();
        let count = self.numbers.entry(base.clone()).or_insert(1);
        while !self.taken.insert(name.clone()) {
            *count += 1;
            name = format!("{base}_{count}");
        }
        self.names.insert(place.to_owned(), name.clone());
        name
    }
}

/// How much a value costs to copy: one for each value in it, and for each 16 bytes of text.
pub(super) fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => 1 + text.len() / 16,
        Value::Array(items) => items.iter().map(weight).fold(1, usize::saturating_add),
        Value::Object(members) => {
            members.iter().map(|(key, value)| key.len() / 16 + weight(value)).fold(1, usize::saturating_add)
        }
        _ => 1,
    }
}

fn place_of(key: &str, name: &str) -> String {
    format!("/{key}/{}", escaped(name))
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// Collects what can be referred to by name. The first one of a name counts.
fn collect(value: &Value, place: &mut String, index: &mut HashMap<String, String>) {
    let length = place.len();
    if length > MAX_PLACE {
        return;
    }
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                let name = match (key.as_str(), member) {
                    ("$anchor" | "$dynamicAnchor", Value::String(name)) => Some(format!("#{name}")),
                    ("$id" | "id", Value::String(name)) => Some(name.clone()),
                    _ => None,
                };
                if let Some(name) = name {
                    index.entry(name).or_insert_with(|| place.clone());
                }
                place.push('/');
                place.push_str(&escaped(key));
                if let ("$defs" | "definitions", Value::Object(definitions)) = (key.as_str(), member) {
                    for name in definitions.keys() {
                        let name = escaped(name);
                        index.entry(format!("/{name}")).or_insert_with(|| format!("{place}/{name}"));
                    }
                }
                collect(member, place, index);
                place.truncate(length);
            }
        }
        Value::Array(items) => {
            for (i, item) in items.iter().enumerate() {
                place.push_str(&format!("/{i}"));
                collect(item, place, index);
                place.truncate(length);
            }
        }
        _ => {}
    }
}

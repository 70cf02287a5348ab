//! References within a schema.

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use serde_json::value::RawValue;

use super::keywords::{Holds, holds};
use crate::translation::json::Object;
use crate::translation::work::Work;

/// How many different `$ref`s are followed.
pub(super) const MAX_REFS: usize = 200;
/// Why a schema with more of them is refused.
pub(super) const TOO_MANY_REFS: &str = "it has too many references";
/// Places whose id is longer, in bytes, are not found by it: an id is written once for each place below it.
const MAX_ID: usize = 1024;

/// The places of a schema that a `$ref` can name: by a JSON pointer, by `$anchor` or by `$id`.
pub(super) struct Places<'a, 'w> {
    root: &'a RawValue,
    work: &'w Work,
    /// What pointers led through so far, by where its text begins: each value is read once.
    read: RefCell<HashMap<*const u8, Rc<Inside<'a>>>>,
    /// Read where a pointer from the root leads to nothing.
    named: OnceCell<Named<'a>>,
}

/// What a value holds.
enum Inside<'a> {
    Members(HashMap<String, &'a RawValue>),
    Items(Vec<&'a RawValue>),
}

/// Places by what their own keywords say.
#[derive(Default)]
struct Named<'a> {
    /// By `$id`, as it is written and with the one around it.
    ids: HashMap<String, &'a RawValue>,
    anchors: HashMap<String, &'a RawValue>,
    /// Definitions within a schema, by the pointer that would lead to them at the root. Whoever puts a schema into another
    /// often leaves its references as they were.
    definitions: HashMap<String, &'a RawValue>,
    /// The root's own.
    own_id: String,
}

impl<'a, 'w> Places<'a, 'w> {
    pub(super) fn new(root: &'a RawValue, work: &'w Work) -> Self {
        Self { root, work, read: RefCell::default(), named: OnceCell::new() }
    }

    /// What a `$ref` leads to.
    pub(super) fn find(&self, reference: &str) -> Option<&'a RawValue> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let start = if base.is_empty() { self.root } else { self.by_id(base)? };
        let plain = percent_encoding::percent_decode_str(fragment).decode_utf8_lossy();
        if !plain.is_empty() && !plain.starts_with('/') {
            return self.named().anchors.get(plain.as_ref()).copied();
        }
        let found = self.at(start, fragment).or_else(|| self.at(start, &plain));
        found.or_else(|| self.named().definitions.get(plain.as_ref()).copied())
    }

    fn by_id(&self, id: &str) -> Option<&'a RawValue> {
        let ids = &self.named().ids;
        ids.get(id).or_else(|| ids.get(&joined(&self.named().own_id, id))).copied()
    }

    fn named(&self) -> &Named<'a> {
        self.named.get_or_init(|| {
            let root = self.work.object(self.root).unwrap_or_default();
            let own_id = root.text("$id").ok().flatten().filter(|id| id.len() <= MAX_ID).unwrap_or_default();
            let mut named = Named { own_id: own_id.into_owned(), ..Named::default() };
            named.read(self.root, "", self.work);
            named
        })
    }

    /// The value at a JSON pointer.
    fn at(&self, root: &'a RawValue, pointer: &str) -> Option<&'a RawValue> {
        let mut at = root;
        self.work.spend(pointer.len());
        for step in pointer.split('/').skip(1) {
            let name = step.replace("~1", "/").replace("~0", "~");
            at = match &*self.inside(at)? {
                Inside::Members(members) => members.get(&name).copied().filter(|value| value.get() != "null")?,
                Inside::Items(items) => items.get(name.parse::<usize>().ok()?).copied()?,
            };
        }
        Some(at)
    }

    fn inside(&self, value: &'a RawValue) -> Option<Rc<Inside<'a>>> {
        let start = value.get().as_ptr();
        if let Some(known) = self.read.borrow().get(&start) {
            return Some(known.clone());
        }
        let inside = match self.work.object(value) {
            Some(object) => Inside::Members(object.members().map(|(name, value)| (name.to_owned(), value)).collect()),
            None => Inside::Items(self.work.list(value)?),
        };
        let inside = Rc::new(inside);
        self.read.borrow_mut().insert(start, inside.clone());
        Some(inside)
    }
}

impl<'a> Named<'a> {
    fn read(&mut self, schema: &'a RawValue, around: &str, work: &Work) {
        let Some(object) = work.object(schema) else { return };
        let mut base = Cow::Borrowed(around);
        for (keyword, value) in object.members() {
            let text = || serde_json::from_str::<String>(value.get()).ok();
            match keyword {
                "$anchor" | "$dynamicAnchor" => {
                    self.anchors.extend(text().map(|name| (name, schema)));
                }
                "$id" | "id" => {
                    let Some(id) = text() else { continue };
                    match id.strip_prefix('#') {
                        Some(name) => drop(self.anchors.insert(name.to_owned(), schema)),
                        None => {
                            let whole = joined(around, &id);
                            if whole.len() > MAX_ID {
                                continue;
                            }
                            self.ids.insert(id.trim_end_matches('#').to_owned(), schema);
                            self.ids.insert(whole.clone(), schema);
                            base = Cow::Owned(whole);
                        }
                    }
                }
                _ => {}
            }
        }
        for (keyword, value) in object.members() {
            match holds(keyword) {
                Holds::Schema | Holds::ListOfSchemas => match work.list(value) {
                    Some(items) => items.into_iter().for_each(|item| self.read(item, &base, work)),
                    None => self.read(value, &base, work),
                },
                Holds::MapOfSchemas | Holds::Dependencies => {
                    let map = work.object(value).unwrap_or_default();
                    for (name, inner) in map.members() {
                        if matches!(keyword, "$defs" | "definitions") {
                            self.definitions.entry(format!("/{keyword}/{name}")).or_insert(inner);
                        }
                        self.read(inner, &base, work);
                    }
                }
                _ => {}
            }
        }
    }
}

/// A URI within the one around it, without a fragment: as far as ids of schemas need it.
fn joined(base: &str, id: &str) -> String {
    let id = id.split('#').next().unwrap_or_default();
    let base = base.split('#').next().unwrap_or_default();
    let host = base.find("://").map_or(0, |at| at + 3);
    let path = base.get(host..).and_then(|rest| rest.find('/')).map_or(base.len(), |at| host + at);
    let end = match (id.contains(':'), id.starts_with('/')) {
        (true, _) => 0,
        (false, true) => path,
        (false, false) => base.rfind('/').map_or(0, |at| if at < host { base.len() } else { at + 1 }),
    };
    format!("{}{}", base.get(..end).unwrap_or_default(), id.trim_start_matches("./"))
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
pub(super) struct References<'a, 'w> {
    places: Places<'a, 'w>,
    /// Where was looked, and what is there; `false` while still inside.
    done: HashMap<String, (bool, &'a RawValue)>,
    /// Definitions to which a reference stays.
    kept: HashSet<String>,
}

impl<'a, 'w> References<'a, 'w> {
    /// Follows all references from the root.
    ///
    /// # Errors
    /// In words: a cycle, a reference to nothing, too many of them.
    pub(super) fn new(root: &'a RawValue, work: &'w Work) -> Result<Self, &'static str> {
        let mut references = Self { places: Places::new(root, work), done: HashMap::new(), kept: HashSet::new() };
        references.follow("#")?;
        Ok(references)
    }

    /// Whether a reference to this place stays.
    pub(super) fn keep(&self, pointer: &str) -> bool {
        self.kept.contains(pointer)
    }

    /// What a `$ref` leads to.
    pub(super) fn target(&self, reference: &str) -> Option<&'a RawValue> {
        self.done.get(reference).map(|(_, target)| *target).or_else(|| self.places.find(reference))
    }

    fn follow(&mut self, pointer: &str) -> Result<(), &'static str> {
        match self.done.get(pointer) {
            Some((true, _)) => return Ok(()),
            Some((false, _)) => return Err("it refers to itself: recursive schemas can't be used"),
            None if self.done.len() >= MAX_REFS => return Err(TOO_MANY_REFS),
            None => {}
        }
        let target = self.places.find(pointer).ok_or("a `$ref` leads to nothing within the schema")?;
        self.done.insert(pointer.to_owned(), (false, target));
        let mut found = Vec::new();
        references(target, true, &mut found, self.places.work);
        for (reference, is_kept) in &found {
            if *is_kept && self.places.at(self.places.root, reference).is_some() {
                self.kept.insert(reference.to_string());
            }
            self.follow(reference)?;
        }
        self.done.insert(pointer.to_owned(), (true, target));
        Ok(())
    }
}

/// The `$ref`s of a schema in keywords that are compiled, and whether they stay; what is in other keywords becomes words.
/// Those of `allOf` are put in place.
fn references<'a>(schema: &'a RawValue, stays: bool, found: &mut Vec<(Cow<'a, str>, bool)>, work: &Work) {
    let Some(object) = work.object(schema) else { return };
    match kept_reference(&object).filter(|_| stays) {
        Some(pointer) => found.push((pointer, true)),
        None => found.extend(object.text("$ref").ok().flatten().map(|pointer| (pointer, false))),
    }
    for (keyword, value) in object.members() {
        match keyword {
            "items" | "prefixItems" | "anyOf" | "oneOf" | "allOf" => match work.list(value) {
                Some(items) => items.into_iter().for_each(|item| references(item, keyword != "allOf", found, work)),
                None => references(value, true, found, work),
            },
            "properties" => {
                let map = work.object(value).unwrap_or_default();
                map.members().for_each(|(_, value)| references(value, true, found, work));
            }
            _ => {}
        }
    }
}

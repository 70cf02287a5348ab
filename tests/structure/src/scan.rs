//! Paths in code, and the modules that they lead to.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};

use crate::modules::{Module, ModulePath};

/// How many re-exports are followed before a path counts as outside of the crate.
const MAX_STEPS: usize = 32;

/// The modules of one crate.
pub(crate) type Modules = BTreeMap<ModulePath, Module>;

/// Which modules a module uses: all to which a path in it leads, itself left out.
pub(crate) fn used_by(modules: &Modules, place: &ModulePath) -> BTreeSet<ModulePath> {
    let Some(module) = modules.get(place) else { return BTreeSet::new() };
    let mut paths = BTreeSet::new();
    collect(module.code.clone(), &mut paths);
    paths.extend(module.imports.values().cloned());
    let found = paths.iter().filter_map(|path| Finder { modules, steps: 0 }.find(place, path));
    let globs = module.globs.iter().filter_map(|path| module_of(modules, place, path));
    found.chain(globs).filter(|found| found != place).collect()
}

/// All paths in the tokens, those inside of groups and macros too.
fn collect(tokens: TokenStream, paths: &mut BTreeSet<Vec<String>>) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                if colons != 2 {
                    flush(&mut path, paths);
                }
                path.push(ident.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
            TokenTree::Group(group) => {
                flush(&mut path, paths);
                colons = 0;
                collect(group.stream(), paths);
            }
            _ => {
                flush(&mut path, paths);
                colons = 0;
            }
        }
    }
    flush(&mut path, paths);
}

fn flush(path: &mut Vec<String>, paths: &mut BTreeSet<Vec<String>>) {
    if !path.is_empty() {
        paths.insert(std::mem::take(path));
    }
}

struct Finder<'a> {
    modules: &'a Modules,
    steps: usize,
}

impl Finder<'_> {
    /// The module that defines what a path in the module `from` names. `None`: not of this crate, or a module as such.
    fn find(&mut self, from: &ModulePath, path: &[String]) -> Option<ModulePath> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return None;
        }
        let (first, rest) = path.split_first()?;
        let module = self.modules.get(from)?;
        match first.as_str() {
            "crate" => self.walk(&Vec::new(), rest),
            "self" => self.walk(from, rest),
            "super" => self.walk(&parent(from)?, rest),
            name if module.children.contains(name) => self.walk(&child(from, name), rest),
            name if module.defines.contains(name) => None,
            name => {
                let mut full = module.imports.get(name)?.clone();
                // A crate of the same name as its import would be looked up in an endless loop.
                if full.first().is_some_and(|first| first == name) && full.len() == 1 {
                    return None;
                }
                full.extend(rest.iter().cloned());
                self.find(from, &full)
            }
        }
    }

    /// Follows the rest of a path from a module down. What the module does not define counts as its own: a macro made
    /// it.
    fn walk(&mut self, at: &ModulePath, rest: &[String]) -> Option<ModulePath> {
        let (name, _) = rest.split_first()?;
        let module = self.modules.get(at)?;
        match self.known(at, rest) {
            Some(found) => Some(found),
            None if module.imports.contains_key(name) || module.children.contains(name) => None,
            None => Some(at.clone()),
        }
    }

    /// As [`Self::walk`], for what is written in the module or re-exported from another one.
    fn known(&mut self, at: &ModulePath, rest: &[String]) -> Option<ModulePath> {
        self.steps += 1;
        if self.steps > MAX_STEPS {
            return None;
        }
        let module = self.modules.get(at)?;
        let (name, behind) = rest.split_first()?;
        match name.as_str() {
            "super" => self.walk(&parent(at)?, behind),
            "self" => self.walk(at, behind),
            name if module.children.contains(name) => self.walk(&child(at, name), behind),
            name if module.defines.contains(name) => Some(at.clone()),
            name => match module.imports.get(name) {
                Some(import) => {
                    let mut full = import.clone();
                    full.extend(behind.iter().cloned());
                    self.find(at, &full)
                }
                None => {
                    let globs = module.globs.iter().filter_map(|path| module_of(self.modules, at, path));
                    globs.collect::<Vec<_>>().iter().find_map(|glob| self.known(glob, rest))
                }
            },
        }
    }
}

/// The module that a path names as such.
fn module_of(modules: &Modules, from: &ModulePath, path: &[String]) -> Option<ModulePath> {
    let mut at = from.clone();
    for (place, name) in path.iter().enumerate() {
        at = match name.as_str() {
            "crate" => Vec::new(),
            "self" => at,
            "super" => parent(&at)?,
            name => {
                let module = modules.get(&at)?;
                match module.imports.get(name) {
                    Some(import) if place == 0 && !module.children.contains(name) => module_of(modules, &at, import)?,
                    _ => child(&at, name),
                }
            }
        };
    }
    modules.contains_key(&at).then_some(at)
}

fn parent(module: &ModulePath) -> Option<ModulePath> {
    let (_, above) = module.split_last()?;
    Some(above.to_vec())
}

fn child(module: &ModulePath, name: &str) -> ModulePath {
    let mut path = module.clone();
    path.push(name.to_owned());
    path
}

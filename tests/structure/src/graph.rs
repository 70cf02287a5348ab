//! The graph of a crate's modules: circles, and arrows between its rooms.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::modules::{self, ModulePath};
use crate::scan;

/// One file uses another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Arrow {
    /// The file that uses, from `src/`.
    pub from: String,
    /// The file that is used, from `src/`.
    pub to: String,
}

/// A crate's files and which uses which.
#[derive(Debug)]
pub struct Crate {
    files: BTreeMap<String, BTreeSet<String>>,
}

impl Crate {
    /// Reads a crate by its root file, `src/lib.rs` or `src/main.rs`.
    ///
    /// # Panics
    /// When a file can't be read or is not Rust.
    pub fn read(root: &Path) -> Self {
        let modules = modules::read(root);
        let file = |place: &ModulePath| modules.get(place).map(|module| module.file.display().to_string());
        let uses = |place| scan::used_by(&modules, place).iter().filter_map(file).collect::<BTreeSet<_>>();
        Self { files: modules.keys().filter_map(|place| Some((file(place)?, uses(place)))).collect() }
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// All arrows between files.
    pub fn arrows(&self) -> impl Iterator<Item = Arrow> {
        self.files.iter().flat_map(|(from, uses)| uses.iter().map(|to| Arrow { from: from.clone(), to: to.clone() }))
    }

    /// Groups of files that reach one another: each is a circle. The root file is left out, since it re-exports all.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let reach: BTreeMap<&str, BTreeSet<&str>> =
            self.files.keys().map(|file| (&**file, self.reached(file))).collect();
        let mut circles: Vec<Vec<String>> = Vec::new();
        for (file, reached) in &reach {
            if !reached.contains(file) || circles.iter().flatten().any(|known| known == file) {
                continue;
            }
            let back = |other: &&&str| reach.get(**other).is_some_and(|reached| reached.contains(file));
            circles.push(reached.iter().filter(back).map(|&other| other.to_owned()).collect());
        }
        circles
    }

    /// Arrows from a room to one that comes after it in `order`: those must not be.
    ///
    /// # Panics
    /// When `order` lacks a room, or names one that does not exist.
    pub fn arrows_up(&self, order: &[&str]) -> Vec<Arrow> {
        let known: BTreeSet<&str> = self.files.keys().filter_map(|file| room(file)).collect();
        assert_eq!(known, order.iter().copied().collect(), "the list of rooms and the rooms that exist differ");
        let rank = |file: &str| room(file).and_then(|room| order.iter().position(|known| *known == room));
        let up = |arrow: &Arrow| matches!((rank(&arrow.from), rank(&arrow.to)), (Some(from), Some(to)) if from < to);
        self.arrows().filter(up).collect()
    }

    /// Which room uses which other one.
    pub(crate) fn between_rooms(&self) -> BTreeSet<(String, String)> {
        let rooms = |arrow: Arrow| Some((room(&arrow.from)?.to_owned(), room(&arrow.to)?.to_owned()));
        self.arrows().filter_map(rooms).filter(|(from, to)| from != to).collect()
    }

    /// Every file that this one uses, directly or through others.
    fn reached<'a>(&'a self, file: &'a str) -> BTreeSet<&'a str> {
        let uses = |file: &str| self.files.get(file).into_iter().flatten().filter(|to| room(to).is_some());
        let mut found: BTreeSet<&str> = BTreeSet::new();
        let mut next: Vec<&str> = uses(file).map(|to| &**to).collect();
        while let Some(file) = next.pop() {
            if found.insert(file) {
                next.extend(uses(file).map(|to| &**to));
            }
        }
        found
    }
}

/// The room of a file: its first folder, or its own name. `None` for the crate's root.
fn room(file: &str) -> Option<&str> {
    match file.split_once('/') {
        Some((folder, _)) => Some(folder),
        None if matches!(file, "lib.rs" | "main.rs") => None,
        None => file.strip_suffix(".rs"),
    }
}

//! The modules of a crate: where each stands, what it defines, imports and re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{Attribute, Item, Meta, UseTree};

/// A module's path from the crate's root: `["relay", "stream"]`; empty for the root itself.
pub(crate) type ModulePath = Vec<String>;

/// One file's module.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// The file, from the crate's `src/`.
    pub(crate) file: PathBuf,
    /// Names that the file itself defines.
    pub(crate) defines: BTreeSet<String>,
    /// Child modules in files of their own.
    pub(crate) children: BTreeSet<String>,
    /// Names that `use` brings in, and the path as it was written.
    pub(crate) imports: BTreeMap<String, Vec<String>>,
    /// Paths of `use …::*`.
    pub(crate) globs: Vec<Vec<String>>,
    /// All code of the file but its `use` lines.
    pub(crate) code: TokenStream,
}

/// Reads a crate from its root file (`lib.rs` or `main.rs`).
pub(crate) fn read(root: &Path) -> BTreeMap<ModulePath, Module> {
    let src = root.parent().expect("a root file stands in a folder");
    let mut modules = BTreeMap::new();
    read_file(src, root, Vec::new(), &mut modules);
    modules
}

fn read_file(src: &Path, path: &Path, place: ModulePath, modules: &mut BTreeMap<ModulePath, Module>) {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut module = Module { file: path.strip_prefix(src).unwrap_or(path).to_owned(), ..Module::default() };
    read_items(&parsed.items, &mut module);
    for child in &module.children {
        let mut inner = place.clone();
        inner.push(child.clone());
        read_file(src, &file_of(path, child), inner, modules);
    }
    modules.insert(place, module);
}

/// Where the file of a child module is.
fn file_of(parent: &Path, child: &str) -> PathBuf {
    let folder = match parent.file_stem().and_then(|stem| stem.to_str()) {
        Some("lib" | "main" | "mod") => parent.with_file_name(""),
        _ => parent.with_extension(""),
    };
    let flat = folder.join(format!("{child}.rs"));
    if flat.exists() { flat } else { folder.join(child).join("mod.rs") }
}

fn read_items(items: &[Item], module: &mut Module) {
    for item in items.iter().filter(|item| !is_test(attributes(item))) {
        match item {
            Item::Use(item) => read_use(&item.tree, &mut Vec::new(), module),
            Item::Mod(item) => match &item.content {
                None => {
                    module.children.insert(item.ident.to_string());
                }
                // A module inside the file is part of it.
                Some((_, inner)) => {
                    module.defines.insert(item.ident.to_string());
                    read_items(inner, module);
                }
            },
            other => {
                module.defines.extend(name(other));
                module.code.extend(other.to_token_stream());
            }
        }
    }
}

fn read_use(tree: &UseTree, prefix: &mut Vec<String>, module: &mut Module) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            read_use(&path.tree, prefix, module);
            prefix.pop();
        }
        UseTree::Name(name) => import(&name.ident.to_string(), &name.ident.to_string(), prefix, module),
        UseTree::Rename(name) => import(&name.ident.to_string(), &name.rename.to_string(), prefix, module),
        UseTree::Glob(_) => module.globs.push(prefix.clone()),
        UseTree::Group(group) => group.items.iter().for_each(|tree| read_use(tree, prefix, module)),
    }
}

fn import(name: &str, known_as: &str, prefix: &[String], module: &mut Module) {
    let mut path = prefix.to_vec();
    let mut known_as = known_as.to_owned();
    if name == "self" {
        if known_as == "self" {
            known_as = path.last().cloned().unwrap_or_default();
        }
    } else {
        path.push(name.to_owned());
    }
    if known_as == "_" {
        known_as = format!("_ {}", path.join("::"));
    }
    module.imports.insert(known_as, path);
}

fn name(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Union(item) => item.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        _ => return None,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether the item is compiled for tests only.
fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) => list.path.is_ident("cfg") && list.tokens.to_string().split(' ').next() == Some("test"),
        _ => false,
    })
}

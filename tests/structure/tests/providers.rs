//! A provider is a row in relay-core's `domain/provider.rs`. Where else a product's source names one, the next row would
//! be forgotten.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use relay_core::Provider;
use syn::{Attribute, Item};

/// Sources of the product, from the repository's root.
const RUST: [&str; 5] =
    ["relay-core/src", "relay-adapters/src", "relay-adapters/mock/src", "relay-server/src", "relay-cli/src"];
const SCRIPTS: [&str; 2] = ["relay-server/widget/src", "relay-cli/assets/demo"];
/// The rows themselves, and what is one format's own.
const MAY_NAME_PROVIDERS: [&str; 7] = [
    "relay-core/src/domain/provider.rs",
    "relay-core/src/translation/anthropic/",
    "relay-core/src/translation/google/",
    "relay-adapters/mock/src/openai/",
    "relay-adapters/mock/src/anthropic/",
    "relay-adapters/mock/src/google/",
    // Attacks one provider's form as an example.
    "relay-cli/assets/demo/hostile.js",
];
/// OpenAI's format is spoken by others, too: there, not even a sentence may name one.
const SHARED_FORMAT: &str = "relay-core/src/translation/openai/";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// All files below these folders, as paths from the root.
fn files(folders: &[&str]) -> Vec<String> {
    let mut folders: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    found.retain(|path| !path.contains("/tests/") && !path.ends_with("/tests.rs") && !path.ends_with("_tests.rs"));
    found
}

/// The string literals of a source file, without tests and attributes (which doc comments are).
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    syn::parse_file(source).unwrap().items.into_iter().for_each(|item| read_item(item, &mut found));
    found
}

fn read_item(item: Item, found: &mut Vec<String>) {
    let is_test = |attributes: &[Attribute]| {
        attributes.iter().any(|one| one.path().is_ident("cfg") && one.to_token_stream().to_string().contains("test"))
    };
    match item {
        Item::Mod(module) if is_test(&module.attrs) => {}
        Item::Mod(module) => {
            let items = module.content.map(|(_, items)| items).unwrap_or_default();
            items.into_iter().for_each(|item| read_item(item, found));
        }
        item => read_tokens(item.to_token_stream(), found),
    }
}

fn read_tokens(tokens: TokenStream, found: &mut Vec<String>) {
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(punct) if punct.as_char() == '#' => {
                tokens.next_if(|next| matches!(next, TokenTree::Group(_)));
            }
            TokenTree::Group(group) => read_tokens(group.stream(), found),
            TokenTree::Literal(literal) => {
                if let Ok(syn::Lit::Str(text)) = syn::parse_str(&literal.to_string()) {
                    found.push(text.value());
                }
            }
            _ => {}
        }
    }
}

/// What a row holds that nothing else may repeat.
fn row_texts() -> Vec<&'static str> {
    let texts = |provider: &Provider| {
        let mut texts = vec![provider.name(), provider.label(), provider.base_url(), provider.key_url()];
        texts.extend(provider.key_prefixes());
        texts
    };
    Provider::ALL.iter().flat_map(texts).collect()
}

fn may_name_providers(path: &str) -> bool {
    MAY_NAME_PROVIDERS.iter().any(|allowed| path.starts_with(allowed))
}

#[test]
fn no_rust_source_repeats_what_a_row_says() {
    let (texts, mut wrong) = (row_texts(), Vec::new());
    for path in files(&RUST).into_iter().filter(|path| path.ends_with(".rs") && !may_name_providers(path)) {
        let source = std::fs::read_to_string(root().join(&path)).unwrap();
        for literal in literals(&source) {
            let named = path.starts_with(SHARED_FORMAT)
                && Provider::ALL.iter().any(|provider| literal.contains(provider.label()));
            if named || texts.contains(&literal.as_str()) {
                wrong.push(format!("{path}: {literal:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "take these from the provider's row:\n{}", wrong.join("\n"));
}

#[test]
fn no_script_repeats_what_a_row_says() {
    let (texts, mut wrong) = (row_texts(), Vec::new());
    for path in files(&SCRIPTS).into_iter().filter(|path| !may_name_providers(path)) {
        let Ok(source) = std::fs::read_to_string(root().join(&path)) else { continue };
        for line in source.lines().filter(|line| !line.trim_start().starts_with(['/', '*'])) {
            let quoted = line.split(['"', '\'', '`', '>', '<']).any(|part| texts.contains(&part));
            // The type is generated out of the rows; only one provider has workspaces.
            let allowed = line.starts_with("export type ProviderName = ") || line.contains("needs a workspace ID");
            if quoted && !allowed {
                wrong.push(format!("{path}: {}", line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "these come with GET /v1/registration or with the page:\n{}", wrong.join("\n"));
}

#[test]
fn a_planted_name_is_found() {
    let source = r##"
        #![doc = "openai"]
        /// "openai"
        fn f() { g("openai", concat!("x", "sk-")); }
        #[cfg(test)] mod tests { const T: &str = "google"; }
    "##;
    assert_eq!(literals(source), ["openai", "x", "sk-"]);
}

//! Function names that OpenAI takes and Gemini refuses, changed so that no two meet.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::messages::Content;
use super::tools::{Tools, is_plain};
use crate::translation::context::Renames;

/// The longest name that Gemini takes, in characters.
const MAX_NAME: usize = 128;

/// Whether Gemini takes a name: it begins with a letter or an underscore, and has at most 128 characters.
fn is_taken(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(is_plain)
}

/// Changes the names that Gemini refuses: in declarations, in the choice, in calls and in results. What was asked for is
/// left in `tools`, for the way back.
pub(super) fn settle<'a>(contents: &mut [Content<'a>], tools: &mut Tools<'a>) {
    let all = || tools.names().chain(contents.iter().flat_map(Content::names));
    if all().all(|name| is_taken(name)) {
        return;
    }
    let mut used: HashSet<String> = all().filter(|name| is_taken(name)).map(|name| name.to_string()).collect();
    // Where the search for a free number goes on: names that look alike would else be counted again and again.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut sent: HashMap<String, String> = HashMap::new();
    let mut renamed = BTreeMap::new();
    for name in all().filter(|name| !is_taken(name)) {
        if !sent.contains_key(name.as_ref()) {
            let new = free(name, &mut used, &mut numbers);
            renamed.insert(new.clone(), name.to_string());
            sent.insert(name.to_string(), new);
        }
    }
    let rename = |name: &mut Cow<'a, str>| {
        if let Some(new) = sent.get(name.as_ref()) {
            *name = Cow::Owned(new.clone());
        }
    };
    tools.names_mut().for_each(rename);
    contents.iter_mut().flat_map(Content::names_mut).for_each(rename);
    tools.renamed = Renames::new(renamed);
}

/// A name like this one that Gemini takes and nobody has.
fn free(name: &str, used: &mut HashSet<String>, numbers: &mut HashMap<String, usize>) -> String {
    let plain: String =
        name.chars().map(|c| if c.is_ascii() && is_plain(c as u8) { c } else { '_' }).take(MAX_NAME - 8).collect();
    let begins = plain.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let base = if begins { plain } else { format!("_{plain}") };
    let mut new = base.clone();
    let count = numbers.entry(base.clone()).or_insert(1);
    while !used.insert(new.clone()) {
        *count += 1;
        new = format!("{base}_{count}");
    }
    new
}

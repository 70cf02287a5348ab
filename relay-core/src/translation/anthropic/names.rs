//! Names of properties that Anthropic refuses in a tool (`^[a-zA-Z0-9_.-]{1,64}$`), such as `$top` or `filter[name]`: other
//! names are sent in their place, and mapped back in the model's calls. One name alone would fail the whole request.
//!
//! A changed name is none of the tool's other names at any depth, so a call's JSON is mapped without its schema.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::translation::context::Renames;

/// The longest name that Anthropic takes.
const MAX_NAME: usize = 64;
/// A member's name that is longer than this, as it stands in the JSON, is none that was changed here.
const MAX_HELD: usize = 4096;
/// How deep arrays and objects may nest where names are mapped.
const MAX_DEPTH: usize = 4096;

/// Whether Anthropic takes a property's name.
pub(super) fn is_taken(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-');
    !name.is_empty() && name.len() <= MAX_NAME && name.bytes().all(fits)
}

/// The changed names of one tool: (sent, asked for).
pub(super) type Pairs = Vec<(String, String)>;

/// Finds names to send in place of those that Anthropic does not take. `all` are the names of all of a tool's properties.
pub(super) fn changed(all: &[String]) -> Pairs {
    let mut taken: HashSet<String> = all.iter().cloned().collect();
    // Where the search for a free number goes on: names that look alike would else be counted again and again.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut known: HashSet<&str> = HashSet::new();
    let refused = all.iter().filter(|name| !is_taken(name) && known.insert(name));
    refused.map(|asked| (free_name(asked, &mut taken, &mut numbers), asked.clone())).collect()
}

/// A name of allowed characters that no other property has. It is taken from now on.
fn free_name(asked: &str, taken: &mut HashSet<String>, numbers: &mut HashMap<String, usize>) -> String {
    let allowed = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') { c } else { '_' };
    let base: String = asked.chars().take(MAX_NAME).map(allowed).collect();
    let base = if base.is_empty() { "_".to_owned() } else { base };
    if taken.insert(base.clone()) {
        return base;
    }
    let number = numbers.entry(base.clone()).or_insert(2);
    loop {
        let end = format!("_{number}");
        *number += 1;
        let mut sent: String = base.chars().take(MAX_NAME - end.len()).collect();
        sent.push_str(&end);
        if taken.insert(sent.clone()) {
            return sent;
        }
    }
}

/// The changed names of a request's tools.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By tool: the caller's name, by the one that is sent.
    to_asked: Vec<(String, Renames)>,
    /// The other way round.
    to_sent: HashMap<String, Renames>,
}

impl Names {
    /// Notes the changed names of a tool.
    pub(super) fn add(&mut self, tool: &str, pairs: Pairs) {
        if !pairs.is_empty() {
            let to_sent = pairs.iter().map(|(sent, asked)| (asked.clone(), sent.clone())).collect();
            self.to_sent.entry(tool.to_owned()).or_insert_with(|| Renames::new(to_sent));
            self.to_asked.push((tool.to_owned(), Renames::new(pairs.into_iter().collect())));
        }
    }

    /// The arguments of an earlier call with the names that are sent; `None` if the tool has none that were changed.
    pub(super) fn to_sent(&self, tool: &str, arguments: &str) -> Option<String> {
        Some(Renamer::new(self.to_sent.get(tool)?.clone()).whole(arguments))
    }

    /// For the way back.
    pub(super) fn into_renames(self) -> Vec<(String, Renames)> {
        self.to_asked
    }
}

/// Maps the names of a JSON text's members, at every depth. The text may come in pieces, cut anywhere.
#[derive(Debug)]
pub(super) struct Renamer {
    names: Renames,
    /// For each open array or object, whether it is an object.
    open: Vec<bool>,
    at: At,
    /// The name that is being read, as it stands in the text.
    name: String,
}

#[derive(Debug)]
enum At {
    /// Between tokens, or in a number or a word.
    Outside {
        expects_name: bool,
    },
    Name {
        escaped: bool,
    },
    String {
        escaped: bool,
    },
    /// Nested too deeply: the rest stays as it is.
    Lost,
}

impl Renamer {
    pub(super) fn new(names: Renames) -> Self {
        Self { names, open: Vec::new(), at: At::Outside { expects_name: false }, name: String::new() }
    }

    /// Maps a whole text.
    pub(super) fn whole(mut self, json: &str) -> String {
        let mut text = self.next(json);
        text.push_str(&self.rest());
        text
    }

    /// Takes the next piece, and gives what of the text can go out. A name goes out when it is complete.
    pub(super) fn next(&mut self, piece: &str) -> String {
        let mut out = String::with_capacity(piece.len());
        for c in piece.chars() {
            match &mut self.at {
                At::Outside { expects_name: true } if c == '"' => self.at = At::Name { escaped: false },
                At::Outside { .. } => {
                    out.push(c);
                    self.outside(c);
                }
                At::Name { escaped: false } if c == '"' => {
                    self.at = At::Outside { expects_name: false };
                    self.write_name(&mut out);
                }
                At::Name { escaped } => {
                    *escaped = c == '\\' && !*escaped;
                    self.name.push(c);
                    if self.name.len() > MAX_HELD {
                        let escaped = *escaped;
                        out.push_str(&self.rest());
                        self.at = At::String { escaped };
                    }
                }
                At::String { escaped } => {
                    out.push(c);
                    match c {
                        '"' if !*escaped => self.at = At::Outside { expects_name: false },
                        _ => *escaped = c == '\\' && !*escaped,
                    }
                }
                At::Lost => out.push(c),
            }
        }
        out
    }

    /// What is left when the text has ended: a name that was cut off.
    pub(super) fn rest(&mut self) -> String {
        if !matches!(self.at, At::Name { .. }) {
            return String::new();
        }
        self.at = At::Lost;
        format!("\"{}", std::mem::take(&mut self.name))
    }

    fn outside(&mut self, c: char) {
        let expects_name = match c {
            '"' => {
                self.at = At::String { escaped: false };
                return;
            }
            '{' | '[' => {
                self.open.push(c == '{');
                if self.open.len() > MAX_DEPTH {
                    self.at = At::Lost;
                    return;
                }
                c == '{'
            }
            '}' | ']' => {
                self.open.pop();
                false
            }
            ',' => self.open.last() == Some(&true),
            ' ' | '\t' | '\r' | '\n' => return,
            _ => false,
        };
        self.at = At::Outside { expects_name };
    }

    fn write_name(&mut self, out: &mut String) {
        let quoted = format!("\"{}\"", std::mem::take(&mut self.name));
        let plain = serde_json::from_str::<String>(&quoted).ok();
        match plain.and_then(|plain| self.names.get(&plain)) {
            Some(other) => out.push_str(&Value::from(other.as_str()).to_string()),
            None => out.push_str(&quoted),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn renamer(pairs: &Pairs) -> Renamer {
        Renamer::new(Renames::new(pairs.iter().cloned().collect()))
    }

    fn pairs(names: &[(&str, &str)]) -> Pairs {
        names.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
    }

    #[test]
    fn names_that_look_alike_are_counted_on() {
        let all: Vec<String> =
            (0..20_000).map(|n| format!("{}{}", "$".repeat(n % 60 + 1), "%".repeat(n / 60))).collect();
        let changed = changed(&all);
        let sent: HashSet<&str> = changed.iter().map(|(sent, _)| sent.as_str()).collect();
        assert_eq!(sent.len(), changed.len(), "each is another");
        assert!(sent.iter().all(|name| is_taken(name)));
    }

    #[test]
    fn a_changed_name_is_none_of_the_others() {
        let long = "x".repeat(70);
        let all = ["$top", "_top", "filter[a]", "filter_a_", "@top", "ok.a-b_1", "", long.as_str(), "é", "$top"];
        let all = all.map(str::to_owned);
        let changed = changed(&all);
        let cut = "x".repeat(64);
        assert_eq!(
            changed,
            pairs(&[
                ("_top_2", "$top"),
                ("filter_a__2", "filter[a]"),
                ("_top_3", "@top"),
                ("_", ""),
                (&cut, &long),
                ("__2", "é"),
            ])
        );
        assert!(changed.iter().all(|(sent, _)| is_taken(sent)));
    }

    #[test]
    fn names_are_mapped_at_every_depth_and_values_are_not() {
        let given = r#"{ "_top" : "_top", "a":[{"_top":1.50},"_top",{"b":{"\u005ftop":null}}],"_top2":{},"c":"{\"_top\":1}\\" ,"_top":[]}"#;
        let want = r#"{ "$top" : "_top", "a":[{"$top":1.50},"_top",{"b":{"$top":null}}],"_top2":{},"c":"{\"_top\":1}\\" ,"$top":[]}"#;
        let pairs = pairs(&[("_top", "$top"), ("q", "\"q\\")]);
        assert_eq!(renamer(&pairs).whole(given), want);
        assert_eq!(renamer(&pairs).whole(r#"{"q":0}"#), r#"{"\"q\\":0}"#);
        let characters: Vec<String> = given.chars().map(String::from).collect();
        for size in 1..20 {
            let mut renamer = renamer(&pairs);
            let got: String = characters.chunks(size).map(|piece| renamer.next(&piece.concat())).collect();
            assert_eq!(got + &renamer.rest(), want, "in pieces of {size}");
        }
    }

    #[test]
    fn what_is_no_json_goes_through() {
        for text in ["", "{\"_to", "{\"a\":\"_top", "}}]]\"", "{{\"x\"", "\\\"", "{\"a\\"] {
            assert_eq!(renamer(&pairs(&[("_top", "$top")])).whole(text), text, "{text}");
        }
        let deep = "[{".repeat(5000);
        assert_eq!(renamer(&Vec::new()).whole(&deep), deep);
        let long = format!("{{\"{}\":1}}", "x".repeat(9000));
        assert_eq!(renamer(&Vec::new()).whole(&long), long);
    }
}

//! Whether a tool's parameters can be sent as they are. Most can, and are not read any further.

use std::collections::HashSet;

use super::keywords::{Holds, TYPES, holds, is_positive};
use crate::translation::anthropic::names;
use crate::translation::json::MAX_DEPTH;

/// What the members of an object are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Keywords,
    /// Names of properties.
    Properties,
    /// Names of other schemas.
    Schemas,
    Data,
}

/// Whether nothing in a schema has to be changed, by its names and by what each value begins with. Most schemas are plain,
/// and not read any further.
pub(super) fn is_plain(schema: &str) -> bool {
    let bytes = schema.as_bytes();
    // For each open object: what its members are, and what those of an object in it are.
    let mut open = [(Level::Data, Level::Keywords); MAX_DEPTH + 2];
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr3(b'"', b'{', b'}', rest)) {
        let start = at + found;
        at = start + 1;
        match bytes.get(start) {
            Some(b'{') => {
                let inner = open.get(depth).map(|(_, inner)| *inner);
                depth += 1;
                let (Some(inner), Some(level)) = (inner, open.get_mut(depth)) else { return false };
                *level = (inner, Level::Data);
            }
            Some(b'}') => depth = depth.saturating_sub(1),
            _ => {
                let Some(end) = string_end(bytes, at) else { return false };
                let name = schema.get(at..end).unwrap_or_default();
                at = end + 1;
                let behind = bytes.get(at..).unwrap_or_default().trim_ascii_start();
                let (Some((b':', value)), Some((level, inner))) = (behind.split_first(), open.get_mut(depth)) else {
                    continue;
                };
                if !is_plain_member(*level, name, value.trim_ascii_start()) {
                    return false;
                }
                *inner = inside(*level, name);
            }
        }
    }
    true
}

/// What the members of the objects in a member are.
fn inside(level: Level, name: &str) -> Level {
    match level {
        Level::Data => Level::Data,
        Level::Properties | Level::Schemas => Level::Keywords,
        Level::Keywords => match holds(name) {
            Holds::Schema | Holds::ListOfSchemas => Level::Keywords,
            Holds::MapOfSchemas if name == "properties" => Level::Properties,
            Holds::MapOfSchemas => Level::Schemas,
            _ => Level::Data,
        },
    }
}

/// Where the string that begins at `start` ends.
fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some(found);
        }
        at = found + 2;
    }
}

fn is_plain_member(level: Level, name: &str, value: &[u8]) -> bool {
    let first = value.first().copied().unwrap_or_default();
    let second = || value.get(1..).unwrap_or_default().trim_ascii_start().first().copied();
    let is_schema = matches!(first, b'{' | b't' | b'f');
    match level {
        Level::Data => return true,
        Level::Properties => return is_schema && names::is_taken(name),
        Level::Schemas => return is_schema,
        Level::Keywords => {}
    }
    match holds(name) {
        Holds::Schema => is_schema,
        Holds::ListOfSchemas => first == b'[' && second() == Some(b'{'),
        Holds::MapOfSchemas => first == b'{',
        Holds::MapOfNames | Holds::MapOfFlags | Holds::Dependencies | Holds::Anchor => false,
        Holds::Type => is_plain_type(value),
        Holds::Names => is_plain_list(value),
        Holds::Number if name == "multipleOf" => {
            let end = value.iter().position(|b| matches!(b, b',' | b'}') || b.is_ascii_whitespace()).unwrap_or(0);
            value.get(..end).and_then(|number| std::str::from_utf8(number).ok()).is_some_and(is_positive)
        }
        Holds::Number => first == b'-' || first.is_ascii_digit(),
        Holds::Count => {
            let end = value.iter().position(|b| !b.is_ascii_digit()).unwrap_or(0);
            end > 0 && !matches!(value.get(end), Some(b'.' | b'e' | b'E'))
        }
        Holds::Flag => matches!(first, b't' | b'f'),
        Holds::Text => first == b'"',
        Holds::Id => value.strip_prefix(b"\"").is_some_and(|rest| {
            string_end(rest, 0)
                .is_some_and(|end| memchr::memchr2(b'#', b'\\', rest.get(..end).unwrap_or_default()).is_none())
        }),
        Holds::List => first == b'[',
        Holds::Data | Holds::Unknown => true,
    }
}

/// Whether a value is a list of different strings.
fn is_plain_list(value: &[u8]) -> bool {
    let Some(mut rest) = value.strip_prefix(b"[").map(<[u8]>::trim_ascii_start) else { return false };
    let mut seen = Seen::default();
    while let Some(string) = rest.strip_prefix(b"\"") {
        let Some(end) = string_end(string, 0) else { return false };
        if !seen.is_new(string.get(..end).unwrap_or_default()) {
            return false;
        }
        rest = string.get(end + 1..).unwrap_or_default().trim_ascii_start();
        rest = rest.strip_prefix(b",").map_or(rest, <[u8]>::trim_ascii_start);
    }
    rest.first() == Some(&b']')
}

/// How many strings of a list are compared one by one.
const FEW: usize = 16;

/// The strings of a list so far. Most lists are short.
#[derive(Default)]
struct Seen<'a> {
    few: [&'a [u8]; FEW],
    count: usize,
    more: HashSet<&'a [u8]>,
}

impl<'a> Seen<'a> {
    /// Adds a string; `false` if it is there, or is not written plainly and could be.
    fn is_new(&mut self, string: &'a [u8]) -> bool {
        let known = self.few.get(..self.count.min(FEW)).unwrap_or_default();
        if known.contains(&string) || memchr::memchr(b'\\', string).is_some() {
            return false;
        }
        let place = self.few.get_mut(self.count);
        self.count += 1;
        match place {
            Some(place) => {
                *place = string;
                true
            }
            None => self.more.insert(string),
        }
    }
}

/// Whether a value is the name of a type, or a list of different ones.
fn is_plain_type(value: &[u8]) -> bool {
    let kind = |value: &[u8]| {
        let rest = value.strip_prefix(b"\"")?;
        TYPES.iter().position(|kind| rest.strip_prefix(kind.as_bytes()).is_some_and(|rest| rest.first() == Some(&b'"')))
    };
    match value.strip_prefix(b"[") {
        None => kind(value).is_some(),
        Some(rest) => {
            let end = memchr::memchr(b']', rest).unwrap_or(0);
            let mut seen = [false; TYPES.len()];
            let mut is_new = |value: &[u8]| {
                let place = kind(value).and_then(|kind| seen.get_mut(kind));
                place.is_some_and(|seen| !std::mem::replace(seen, true))
            };
            end > 0
                && rest.get(..end).unwrap_or_default().split(|b| *b == b',').all(|name| is_new(name.trim_ascii_start()))
        }
    }
}

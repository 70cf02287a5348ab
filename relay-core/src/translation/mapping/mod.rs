//! What becomes of each member of a request, as data: one table a provider, beside its code.
//!
//! The rule of all rows: refuse what would change what is asked, its price or its safety; drop and name what only steers
//! style; be silent about what changes nothing. Members without a counterpart are decided here, by [`Mapping::check`].
//! What the translation itself decides is written down with a sample, and a test sends each sample through the
//! translation. `docs/providers.md` is made from the same rows.

use serde_json::value::RawValue;

pub(super) use crate::error::Code;
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// How many unknown members are reported by name, and how long a name may be: they end up in a header.
pub(super) const MAX_UNKNOWN: usize = 32;
const MAX_NAME: usize = 64;

/// A provider's table for one endpoint.
#[derive(Debug)]
pub(super) struct Mapping {
    /// The provider's name, for messages to the caller.
    pub(super) provider: &'static str,
    /// Rows by subject.
    pub(super) groups: &'static [Group],
    /// Objects of which all members are in the table; a member that is not is dropped and named. `""` is the request.
    pub(super) closed: &'static [&'static str],
}

/// Rows on one subject.
#[derive(Debug)]
pub(super) struct Group {
    /// The subject, as a heading.
    #[cfg_attr(not(test), expect(dead_code, reason = "for docs/providers.md"))]
    pub(super) title: &'static str,
    /// What belongs to it.
    pub(super) rows: &'static [MemberRow],
}

/// One member of the request.
#[derive(Debug)]
pub(super) struct MemberRow {
    /// Its name, as it stands in `x-relay-dropped-params`.
    pub(super) name: &'static str,
    /// Where it stands in the request: `tools[].function.strict`.
    pub(super) at: &'static str,
    /// What can become of it. The first one whose condition holds counts.
    pub(super) treatments: &'static [Treatment],
}

/// One thing that can become of a member.
#[derive(Debug)]
pub(super) struct Treatment {
    pub(super) effect: Effect,
    pub(super) when: When,
    /// Members of a request with which it happens, as JSON.
    #[cfg_attr(not(test), expect(dead_code, reason = "for the tests"))]
    pub(super) sample: &'static str,
}

/// What becomes of a member.
#[derive(Debug)]
#[cfg_attr(not(test), expect(dead_code, reason = "the words are for docs/providers.md"))]
pub(super) enum Effect {
    /// Reaches the provider at this place of its own request.
    Sent(&'static str),
    /// Becomes part of the path.
    InPath(&'static str),
    /// Not sent: Relay does this with the answer.
    Relay(&'static str),
    /// Sent, or not sent, otherwise than asked, and named in `x-relay-adjusted-params`.
    Adjusted(&'static str),
    /// Not sent, and named in `x-relay-dropped-params`.
    Dropped,
    /// Not sent and not named, since it changes nothing, for this reason.
    Silent(&'static str),
    /// A 400 with this code, that names this param (`""`: the member itself).
    Refused { code: Code, param: &'static str, why: &'static str },
}

/// When something becomes of a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct When {
    /// In words; empty: always.
    #[cfg_attr(not(test), expect(dead_code, reason = "for docs/providers.md"))]
    pub(super) words: &'static str,
    /// Whether this value meets it. `None`: the translation decides.
    pub(super) holds: Option<fn(&RawValue) -> bool>,
}

/// Whatever the value.
pub(super) const ALWAYS: When = value("", |_| true);
/// What an earlier row left.
pub(super) const OTHERWISE: When = value("otherwise", |_| true);
pub(super) const IF_ZERO: When = value("if 0", |raw| is_number(raw, 0.0));
pub(super) const IF_ONE: When = value("if 1", |raw| is_number(raw, 1.0));
pub(super) const IF_FALSE: When = value("if false", |raw| raw.get() == "false");
pub(super) const IF_EMPTY: When = value("if empty", is_empty);
pub(super) const IF_MEDIUM: When = value("if medium", |raw| raw.get() == "\"medium\"");
pub(super) const IF_TEXT_ONLY: When = value("if only text", is_text_only);

/// A condition on the value, decided by the table.
pub(super) const fn value(words: &'static str, holds: fn(&RawValue) -> bool) -> When {
    When { words, holds: Some(holds) }
}

/// A condition that the translation decides: "for models without sampling".
pub(super) const fn when(words: &'static str) -> When {
    When { words, holds: None }
}

/// A member that is its own name.
pub(super) const fn row(name: &'static str, treatments: &'static [Treatment]) -> MemberRow {
    MemberRow { name, at: name, treatments }
}

/// A member further inside of the request.
pub(super) const fn nested(name: &'static str, at: &'static str, treatments: &'static [Treatment]) -> MemberRow {
    MemberRow { name, at, treatments }
}

/// Reaches the provider at `to`.
pub(super) const fn sent(to: &'static str, words: &'static str, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::Sent(to), when: when(words), sample }
}

/// Is part of the path.
pub(super) const fn in_path(what: &'static str, words: &'static str, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::InPath(what), when: when(words), sample }
}

/// Is done by Relay itself.
pub(super) const fn by_relay(what: &'static str, words: &'static str, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::Relay(what), when: when(words), sample }
}

/// Becomes something else.
pub(super) const fn adjusted(to: &'static str, words: &'static str, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::Adjusted(to), when: when(words), sample }
}

/// Is left out and named.
pub(super) const fn dropped(when: When, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::Dropped, when, sample }
}

/// Is left out without a word.
pub(super) const fn silent(why: &'static str, when: When, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::Silent(why), when, sample }
}

/// Is refused by the table, which says why.
pub(super) const fn refused(code: Code, why: &'static str, when: When, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::Refused { code, param: "", why }, when, sample }
}

/// Is refused by the translation, at `param` (`""`: the member itself).
pub(super) const fn refuses(code: Code, param: &'static str, words: &'static str, sample: &'static str) -> Treatment {
    Treatment { effect: Effect::Refused { code, param, why: "" }, when: when(words), sample }
}

impl Mapping {
    /// Applies what the table itself decides. An explicit `null` counts as absent. Unknown members are never sent.
    ///
    /// # Errors
    /// Members that must not be left out.
    pub(super) fn check(&self, request: &Object<'_>, notes: &mut Notes) -> Result<(), RelayError> {
        let mut unknown = 0;
        for place in self.closed {
            if place.is_empty() {
                self.check_members(request, "", &mut unknown, notes)?;
            } else if let Some(object) = object_at(request, place) {
                self.check_members(&object, place, &mut unknown, notes)?;
            }
        }
        Ok(())
    }

    pub(super) fn rows(&self) -> impl Iterator<Item = &'static MemberRow> {
        self.groups.iter().flat_map(|group| group.rows)
    }

    fn check_members(
        &self,
        object: &Object<'_>,
        place: &str,
        unknown: &mut usize,
        notes: &mut Notes,
    ) -> Result<(), RelayError> {
        for row in self.rows() {
            let value = row.below(place).filter(|leaf| !leaf.contains('.')).and_then(|leaf| object.get(leaf));
            let Some(value) = value else { continue };
            let meets = |treatment: &&Treatment| treatment.when.holds.is_some_and(|holds| holds(value));
            match row.treatments.iter().find(meets).map(|treatment| &treatment.effect) {
                Some(Effect::Dropped) => notes.drop(row.name),
                Some(Effect::Refused { code, why, .. }) => return Err(self.refusal(row.at, *code, why)),
                _ => {}
            }
        }
        for (name, value) in object.members() {
            if *unknown == MAX_UNKNOWN {
                break;
            }
            if value.get() != "null" && !self.rows().any(|row| row.is_of(place, name)) {
                *unknown += 1;
                let name: String = name.chars().take(MAX_NAME).map(header_safe).collect();
                notes.drop(object.path(&name));
            }
        }
        Ok(())
    }

    fn refusal(&self, param: &'static str, code: Code, why: &str) -> RelayError {
        let message = format!("{} has no counterpart for this `{param}`: {why}", self.provider);
        RelayError::bad_member(code, param, message)
    }
}

impl MemberRow {
    /// Where it stands within the object at `place`, if it does.
    fn below(&self, place: &str) -> Option<&'static str> {
        if place.is_empty() { Some(self.at) } else { self.at.strip_prefix(place)?.strip_prefix('.') }
    }

    /// Whether it is the member `name` of the object at `place`, or lies within it.
    fn is_of(&self, place: &str, name: &str) -> bool {
        let rest = self.below(place).and_then(|leaf| leaf.strip_prefix(name));
        !name.is_empty()
            && !name.contains(['.', '['])
            && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    }
}

/// What is no object is refused by whoever reads it.
fn object_at<'a>(request: &Object<'a>, place: &str) -> Option<Object<'a>> {
    let mut steps = place.split('.');
    let mut object = request.object(steps.next()?).ok()??;
    for step in steps {
        object = object.object(step).ok()??;
    }
    Some(object)
}

fn header_safe(c: char) -> char {
    if c.is_ascii_graphic() && c != ',' { c } else { '_' }
}

fn is_number(value: &RawValue, wanted: f64) -> bool {
    serde_json::from_str::<f64>(value.get()).is_ok_and(|number| number == wanted)
}

/// `""`, `[]` or `{}`.
fn is_empty(value: &RawValue) -> bool {
    let mut inner = value.get().chars().filter(|c| !c.is_ascii_whitespace());
    matches!((inner.next(), inner.next(), inner.next()), (Some('"' | '[' | '{'), Some('"' | ']' | '}'), None))
}

fn is_text_only(value: &RawValue) -> bool {
    serde_json::from_str::<Vec<&RawValue>>(value.get())
        .is_ok_and(|words| words.iter().all(|word| word.get() == "\"text\""))
}

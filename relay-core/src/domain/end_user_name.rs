//! The name under which an end user knows their account: shown to people, never compared.

use std::fmt;

use crate::domain::ids::InvalidId;

/// The most marks in a row that stay on one letter: Vietnamese needs two. More of them would cover the lines around it.
const MARKS: usize = 3;

/// An end user's name, as their app wrote it: 1 to 80 characters of any language, on one line.
///
/// A developer often takes it from the user, who may have chosen it to deceive. So nothing in it can change the text
/// around it: characters that are not seen or that turn the direction of writing are removed. It never decides whose
/// account a key is for; the [label](crate::domain::ids::EndUser) does, and is shown beside it.
#[derive(Clone, PartialEq, Eq)]
pub struct EndUserName(Box<str>);

impl EndUserName {
    /// The longest name, in characters, before anything is removed.
    pub const MAX_CHARS: usize = 80;

    /// Cleans a name. `None` if nothing is left that can be seen.
    ///
    /// # Errors
    /// For a name of more than [`Self::MAX_CHARS`] characters.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidId> {
        if text.chars().count() > Self::MAX_CHARS {
            return Err(InvalidId("an end user name may have at most 80 characters"));
        }
        let mut name = String::with_capacity(text.len());
        let mut marks = 0;
        for c in text.chars().filter(|c| !is_hostile(*c)) {
            marks = if is_mark(c) { marks + 1 } else { 0 };
            match c {
                c if c.is_whitespace() && (name.is_empty() || name.ends_with(' ')) => {}
                c if c.is_whitespace() => name.push(' '),
                _ if marks > MARKS => {}
                c => name.push(c),
            }
        }
        let is_seen = |c: char| !c.is_whitespace() && !is_joiner(c) && !is_mark(c);
        let name = name.trim_end();
        Ok(name.chars().any(is_seen).then(|| Self(name.into())))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EndUserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndUserName(..)")
    }
}

/// Characters that are not seen, or that change how the text after them is written. White space is not one of them: it
/// becomes a space.
fn is_hostile(c: char) -> bool {
    match c {
        // Line breaks and tabs become spaces.
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' => false,
        _ if c.is_control() => true,
        // Soft hyphen, the direction marks, embeddings, overrides and isolates (Unicode Bidirectional Algorithm, 2).
        '\u{ad}' | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        // Without width: the zero-width space, the word joiner and the invisible operators, the byte order mark, fillers.
        '\u{200b}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{feff}' => true,
        '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{3164}'
        | '\u{ffa0}' => true,
        '\u{2800}' => true,
        // Annotations, the replaced object, private use, tags, noncharacters.
        '\u{fff0}'..='\u{fffc}' | '\u{fffe}'..='\u{ffff}' | '\u{e000}'..='\u{f8ff}' => true,
        // But for the selectors of the form of a Chinese character, which names have.
        '\u{e0100}'..='\u{e01ef}' => false,
        '\u{e0000}'..='\u{10ffff}' => true,
        _ => false,
    }
}

/// Zero-width joiners, which Persian, Indic scripts and emoji need, and the selectors of a character's form.
fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}')
}

/// Marks that are drawn over or under a letter. Those that belong to one script are left to it.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Option<String> {
        EndUserName::parse(text).unwrap().map(|name| name.as_str().to_owned())
    }

    #[test]
    fn names_of_all_languages_stay_as_they_are() {
        for good in [
            "Ana",
            "김지은",
            "Đặng Thị Ngọc",
            "محمد علی",
            "می‌خواهم",
            "प्रिया",
            "👩‍💻 Ana",
            "O’Neil-Smith, Jr. <x>",
            "e\u{301}\u{302}",
        ] {
            assert_eq!(name(good).as_deref(), Some(good));
        }
        assert_eq!(name("  Ana \t\n Kim  ").as_deref(), Some("Ana Kim"));
        assert_eq!(name(&"김".repeat(80)), Some("김".repeat(80)));
        assert!(EndUserName::parse(&"a".repeat(81)).is_err());
    }

    #[test]
    fn nothing_in_a_name_changes_the_text_around_it() {
        for (hostile, left) in [
            ("ana\u{202e}gnp", "anagnp"),
            ("\u{2066}ana\u{2069}", "ana"),
            ("a\u{200b}n\u{feff}a\u{ad}", "ana"),
            ("a\0n\u{7}a\u{1b}[31m", "ana[31m"),
            ("ana\u{2028}bo\u{2029}", "ana bo"),
            ("a\u{e0061}\u{f0000}\u{e001}na", "ana"),
            ("a\u{300}\u{301}\u{302}\u{303}\u{304}", "a\u{300}\u{301}\u{302}"),
        ] {
            assert_eq!(name(hostile).as_deref(), Some(left), "{hostile:?}");
        }
    }

    #[test]
    fn a_name_that_nobody_sees_is_none() {
        for empty in ["", "  ", "\u{200d}", "\u{3164}\u{2800}", "\u{301}", "\u{202e}\n"] {
            assert_eq!(name(empty), None, "{empty:?}");
        }
    }
}

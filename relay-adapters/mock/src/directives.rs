//! Directives: commands in double braces inside the user's text, which change the answer: `{{chunks=20}}`.
//!
//! What looks like a directive but is unknown or malformed is an error, so that no test passes because of a slip.

use std::time::Duration;

use crate::between::BETWEEN;

/// How a model shows that it thinks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ThinkingStyle {
    /// Before everything else.
    #[default]
    Plain,
    /// As data that nobody can read (Anthropic).
    Redacted,
    /// Twice, with a text in between (Anthropic).
    Interleaved,
}

/// The directives of a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Directives {
    /// `{{chunks=20}}`: the text in exactly this many pieces.
    pub(super) chunks: Option<usize>,
    /// `{{delay_ms=100}}`: a pause before each piece but the first, or before an answer in one piece.
    pub(super) delay: Option<Duration>,
    /// `{{silent}}`: headers and the first event, then nothing for ever.
    pub(super) silent: bool,
    /// `{{hang}}`: no answer at all.
    pub(super) hang: bool,
    /// `{{cut}}`: the body ends in the middle as if that were its end.
    pub(super) cut: bool,
    /// `{{break}}`: the connection breaks in the middle.
    pub(super) breaks: bool,
    /// `{{error_midstream}}`: an error event in the middle; `=bare`: JSON lines that are no event (Google); or the name of
    /// an error.
    pub(super) error_midstream: Option<String>,
    /// `{{between=cloudflare}}`: the answer of something before the provider.
    pub(super) between: Option<String>,
    /// `{{html}}`: a page with status 200.
    pub(super) html: bool,
    /// `{{garbage}}`: something that is not JSON, with status 200.
    pub(super) garbage: bool,
    /// `{{garbage=utf8}}`: bytes that are no UTF-8, inside a JSON string of an event.
    pub(super) bad_utf8: bool,
    /// `{{line_mib=64}}`: a text of that many MiB in one event.
    pub(super) line_mib: Option<usize>,
    /// `{{unknown}}`: events, blocks, parts and members that do not exist yet.
    pub(super) unknown: bool,
    /// `{{status=503}}`: an error with this status.
    pub(super) status: Option<u16>,
    /// `{{error=overloaded}}`: one of the provider's errors by its name.
    pub(super) error: Option<String>,
    /// `{{error_first=overloaded}}`: the same as the first event of a stream.
    pub(super) error_first: Option<String>,
    /// `{{finish=length}}`: how the answer ends: `length`, `filter`, or a word of the provider's own.
    pub(super) finish: Option<String>,
    /// `{{refuse}}`: the model declines.
    pub(super) refuse: bool,
    /// `{{think}}`: thinking, with a signature; `=redacted` or `=interleaved`.
    pub(super) think: Option<ThinkingStyle>,
    /// `{{steps=3}}`: tools are called in this many rounds. The user's directives count in all of them.
    pub(super) steps: usize,
    /// `{{search}}`: the answer searches the web, if it may (Anthropic).
    pub(super) search: bool,
    /// `{{pause=2}}`: the answer pauses this often while it searches (Anthropic).
    pub(super) pauses: usize,
    /// `{{continue=2}}`: the answer has to be continued this often (Google).
    pub(super) continues: usize,
}

/// The most pieces that a text can ask for.
const MAX_CHUNKS: u64 = 100_000;
/// The most rounds, pauses and continuations.
const MAX_ROUNDS: u64 = 64;
/// The longest directive, in characters.
const MAX_DIRECTIVE: usize = 200;
/// The longest line, in MiB.
const MAX_LINE: u64 = 1024;
/// The longest pause, in milliseconds: an hour.
const MAX_DELAY: u64 = 3_600_000;

/// Every directive, as `docs/mock.md` lists them.
const NAMES: [&str; 23] = [
    "chunks",
    "delay_ms",
    "silent",
    "hang",
    "cut",
    "break",
    "error_midstream",
    "between",
    "html",
    "garbage",
    "line_mib",
    "unknown",
    "status",
    "error",
    "error_first",
    "finish",
    "refuse",
    "think",
    "steps",
    "search",
    "pause",
    "continue",
    LITERAL,
];

/// Ends the directives: what comes behind it is text.
const LITERAL: &str = "literal";

impl Directives {
    /// Takes the directives out of a text. Double braces around anything but `name` or `name=value` stay in it.
    ///
    /// # Errors
    /// For a directive that does not exist or has a wrong value: which one, and why.
    pub(super) fn parse(text: &str) -> Result<(Self, String), String> {
        let mut directives = Self::default();
        let mut rest = text;
        let mut left = String::new();
        while let Some((before, behind)) = rest.split_once("{{") {
            left.push_str(before);
            match Braces::read(behind) {
                Braces::Directive { name: LITERAL, value: None, after, .. } => {
                    return Ok((directives, left.trim_start().to_owned() + after));
                }
                Braces::Directive { shown, name, value, after } => {
                    directives.set(name, value).map_err(|why| invalid(shown, &why))?;
                    rest = after;
                }
                Braces::Misspelt { shown, why } => return Err(invalid(shown, why)),
                Braces::Text => {
                    left.push_str("{{");
                    rest = behind;
                }
            }
        }
        left.push_str(rest);
        Ok((directives, left.trim().to_owned()))
    }

    fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), String> {
        match name {
            "chunks" => self.chunks = usize::try_from(number(value, 1, MAX_CHUNKS)?).ok(),
            "delay_ms" => self.delay = Some(Duration::from_millis(number(value, 0, MAX_DELAY)?)),
            "silent" => self.silent = flag(value)?,
            "hang" => self.hang = flag(value)?,
            "cut" => self.cut = flag(value)?,
            "break" => self.breaks = flag(value)?,
            "error_midstream" => self.error_midstream = Some(value.unwrap_or_default().to_owned()),
            "between" => self.between = Some(place_between(value)?),
            "html" => self.html = flag(value)?,
            "garbage" => match one_of(value, &["utf8"])? {
                None => self.garbage = true,
                Some(_) => self.bad_utf8 = true,
            },
            "line_mib" => self.line_mib = usize::try_from(number(value, 1, MAX_LINE)?).ok(),
            "unknown" => self.unknown = flag(value)?,
            "error" => self.error = Some(word(value)?),
            "error_first" => self.error_first = Some(word(value)?),
            "steps" => self.steps = rounds(value)?,
            "search" => self.search = flag(value)?,
            "pause" => self.pauses = rounds(value)?,
            "continue" => self.continues = rounds(value)?,
            "status" => self.status = u16::try_from(number(value, 400, 599)?).ok(),
            "finish" => self.finish = Some(word(value)?),
            "refuse" => self.refuse = flag(value)?,
            "think" => {
                self.think = Some(match one_of(value, &["redacted", "interleaved"])? {
                    Some("redacted") => ThinkingStyle::Redacted,
                    Some(_) => ThinkingStyle::Interleaved,
                    None => ThinkingStyle::Plain,
                });
            }
            LITERAL => drop(flag(value)?),
            _ => return Err(unknown(name)),
        }
        Ok(())
    }
}

/// What follows two opening braces.
enum Braces<'a> {
    /// `name}}` or `name=value}}`.
    Directive {
        /// All of it, for a message.
        shown: &'a str,
        name: &'a str,
        value: Option<&'a str>,
        after: &'a str,
    },
    /// The name of a directive, but not in the form of one.
    Misspelt { shown: &'a str, why: &'static str },
    /// Anything else.
    Text,
}

impl<'a> Braces<'a> {
    fn read(behind: &'a str) -> Self {
        let end = behind.char_indices().nth(MAX_DIRECTIVE).map_or(behind.len(), |(end, _)| end);
        let near = behind.get(..end).unwrap_or_default();
        let Some((inner, after)) = near.find("}}").and_then(|at| Some((behind.get(..at)?, behind.get(at + 2..)?)))
        else {
            return Self::unclosed(near);
        };
        let (name, value) = match inner.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (inner.trim(), None),
        };
        if is_name(name) {
            return Self::Directive { shown: inner.trim(), name, value, after };
        }
        match leading_name(inner) {
            Some(rest) if rest.is_empty() || rest.starts_with(['=', ':']) => {
                let why = "directives are lower-case, with `=` before the value, like `{{status=503}}`";
                Self::Misspelt { shown: inner.trim(), why }
            }
            _ => Self::Text,
        }
    }

    /// A known name with its value, or at the end of the text, without the braces behind it.
    fn unclosed(near: &'a str) -> Self {
        match leading_name(near) {
            Some(rest) if rest.is_empty() || rest.starts_with(['=', '}']) => {
                let shown = near.split([' ', '\n']).next().unwrap_or_default();
                Self::Misspelt { shown, why: "the braces `}}` behind it are missing" }
            }
            _ => Self::Text,
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// What comes behind the name of a directive, in whatever case, at the start of `text`; `None` without a name.
fn leading_name(text: &str) -> Option<&str> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '-')).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    let name = name.replace('-', "_");
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(&name)).then(|| rest.trim_start())
}

/// The message about a directive.
fn invalid(shown: &str, why: &str) -> String {
    let shown: String = shown.chars().take(60).collect();
    format!(
        "mock: {{{{{shown}}}}}: {why}. docs/mock.md lists all directives. If it is meant as text, put {{{{literal}}}} in \
         front of it"
    )
}

fn unknown(name: &str) -> String {
    let near = NAMES.iter().map(|known| (distance(name, known), known)).min();
    match near {
        Some((1..=2, known)) => format!("there is no directive `{name}`; did you mean `{known}`?"),
        _ => format!("there is no directive `{name}`"),
    }
}

/// How many characters have to be inserted, removed or replaced to make one name the other.
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, byte) in one.bytes().enumerate() {
        let mut next = vec![at + 1];
        for ((known, before), above) in other.bytes().zip(&row).zip(row.iter().skip(1)) {
            let left = next.last().copied().unwrap_or_default();
            next.push((before + usize::from(byte != known)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn flag(value: Option<&str>) -> Result<bool, String> {
    match value {
        None => Ok(true),
        Some(_) => Err("it takes no value".to_owned()),
    }
}

fn number(value: Option<&str>, least: u64, most: u64) -> Result<u64, String> {
    let digits = value.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let number = digits.and_then(|text| text.parse().ok()).filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("its value must be a number from {least} to {most}"))
}

fn rounds(value: Option<&str>) -> Result<usize, String> {
    number(value, 1, MAX_ROUNDS).map(|rounds| usize::try_from(rounds).unwrap_or_default())
}

fn word(value: Option<&str>) -> Result<String, String> {
    value.filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| "its value is missing".to_owned())
}

/// The name of an answer of something between Relay and the provider.
fn place_between(value: Option<&str>) -> Result<String, String> {
    let name = word(value)?;
    if BETWEEN.iter().any(|row| row.name == name) {
        return Ok(name);
    }
    let names: Vec<_> = BETWEEN.iter().map(|row| row.name).collect();
    Err(format!("its value must be one of: {}", names.join(", ")))
}

/// The value, if there is one: only these are allowed.
fn one_of<'a>(value: Option<&'a str>, allowed: &[&str]) -> Result<Option<&'a str>, String> {
    match value {
        Some(text) if !allowed.contains(&text) => {
            Err(format!("its value may be left out or be one of: {}", allowed.join(", ")))
        }
        value => Ok(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> (Directives, String) {
        Directives::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
    }

    #[test]
    fn documented_directives_exist_and_the_other_way_round() {
        let docs = include_str!("../../../docs/mock.md");
        let rows: Vec<_> = docs.lines().filter_map(|line| line.strip_prefix("| `{{")?.split_once("}}`")).collect();
        for (directive, _) in &rows {
            let got = parse(&format!("{{{{{directive}}}}}")).0;
            assert_eq!(got == Directives::default(), *directive == LITERAL, "{directive}");
        }
        let documented: std::collections::BTreeSet<_> =
            rows.iter().map(|(directive, _)| directive.split('=').next().unwrap()).collect();
        assert_eq!(documented, NAMES.into());
    }

    #[test]
    fn directives_are_taken_out_of_the_text() {
        let (directives, text) = parse("{{chunks=20}} 안녕 {{ think }}{{status = 503}}{{Nonsense}} {{ x");
        assert_eq!(text, "안녕 {{Nonsense}} {{ x");
        assert_eq!(
            (directives.chunks, directives.think, directives.status),
            (Some(20), Some(ThinkingStyle::Plain), Some(503))
        );
        assert_eq!(parse("plain").0, Directives::default());
    }

    #[test]
    fn what_does_not_look_like_a_directive_is_text() {
        for text in [
            "{{}}",
            "{{ }}",
            "{{user.name}}",
            "{{ user.name | upper }}",
            "{{Name}}",
            "{{#each items}}",
            "{{/each}}",
            "{{{name}}}",
            "{{이름}}",
            "{{1}}",
            "{{search for cats}}",
            "{{break the ice}}",
            "{{first-name}}",
            "{{=5}}",
            "{{",
            "}}",
            "{{ x",
            "{{statusbar",
            "{ {status=503} }",
            "{{a\nb}}",
        ] {
            assert_eq!(parse(text), (Directives::default(), text.to_owned()));
        }
    }

    #[test]
    fn slips_are_errors_that_name_the_directive() {
        for (text, shown, why) in [
            ("{{statu=503}}", "{{statu=503}}", "did you mean `status`?"),
            ("{{staus}}", "{{staus}}", "did you mean `status`?"),
            ("a {{nonsense}} b", "{{nonsense}}", "no directive `nonsense`"),
            ("{{x=1}}", "{{x=1}}", "no directive `x`"),
            ("{{status=abc}}", "{{status=abc}}", "a number from 400 to 599"),
            ("{{status=200}}", "{{status=200}}", "a number from 400 to 599"),
            ("{{status=600}}", "{{status=600}}", "a number from 400 to 599"),
            ("{{status=+503}}", "{{status=+503}}", "a number from 400 to 599"),
            ("{{status=}}", "{{status=}}", "a number from 400 to 599"),
            ("{{status}}", "{{status}}", "a number from 400 to 599"),
            ("{{status:503}}", "{{status:503}}", "with `=` before the value"),
            ("{{Status=503}}", "{{Status=503}}", "lower-case"),
            ("{{HANG}}", "{{HANG}}", "lower-case"),
            ("{{delay-ms=5}}", "{{delay-ms=5}}", "lower-case"),
            ("{{status=503} x", "{{status=503}}}", "are missing"),
            ("{{silent", "{{silent}}", "are missing"),
            ("{{chunks=0}}", "{{chunks=0}}", "a number from 1 to 100000"),
            ("{{chunks=100001}}", "{{chunks=100001}}", "a number from 1 to 100000"),
            ("{{chunks=-1}}", "{{chunks=-1}}", "a number from 1"),
            ("{{chunks=1.5}}", "{{chunks=1.5}}", "a number from 1"),
            ("{{delay_ms=soon}}", "{{delay_ms=soon}}", "a number from 0"),
            ("{{delay_ms=99999999999999999999}}", "{{delay_ms=99999999999999999999}}", "a number from 0"),
            ("{{line_mib=1025}}", "{{line_mib=1025}}", "a number from 1 to 1024"),
            ("{{steps=65}}", "{{steps=65}}", "a number from 1 to 64"),
            ("{{pause=x}}", "{{pause=x}}", "a number from 1 to 64"),
            ("{{continue=0}}", "{{continue=0}}", "a number from 1 to 64"),
            ("{{silent=1}}", "{{silent=1}}", "takes no value"),
            ("{{hang=}}", "{{hang=}}", "takes no value"),
            ("{{literal=1}}", "{{literal=1}}", "takes no value"),
            ("{{garbage=utf16}}", "{{garbage=utf16}}", "one of: utf8"),
            ("{{think=hard}}", "{{think=hard}}", "one of: redacted, interleaved"),
            ("{{between=nowhere}}", "{{between=nowhere}}", "one of: cloudflare, "),
            ("{{between}}", "{{between}}", "its value is missing"),
            ("{{error}}", "{{error}}", "its value is missing"),
            ("{{finish=}}", "{{finish=}}", "its value is missing"),
            ("{{chunks=3}} {{nonsense}}", "{{nonsense}}", "no directive"),
        ] {
            let error = Directives::parse(text).expect_err(text);
            for part in ["mock: ", shown, why, "docs/mock.md", "{{literal}}"] {
                assert!(error.contains(part), "{text}: {error}");
            }
        }
        let long = Directives::parse(&format!("{{{{x={}}}}}", "y".repeat(150))).unwrap_err();
        assert!(long.len() < 300, "{long}");
    }

    #[test]
    fn behind_literal_all_is_text() {
        for (text, left) in [
            ("{{literal}}{{status=503}} {{x}}", "{{status=503}} {{x}}"),
            ("{{literal}} Dear {{name}}, ", " Dear {{name}}, "),
            ("a {{ literal }}{{literal}}", "a {{literal}}"),
            ("{{literal}}", ""),
        ] {
            assert_eq!(parse(text), (Directives::default(), left.to_owned()));
        }
        let (directives, text) = parse(" {{chunks=3}} {{literal}}{{chunks=0}}");
        assert_eq!((directives.chunks, text.as_str()), (Some(3), "{{chunks=0}}"));
    }
}

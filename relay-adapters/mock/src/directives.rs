//! Directives: commands in double braces inside the user's text, which change the answer: `{{chunks=20}}`.

use std::time::Duration;

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
const MAX_CHUNKS: usize = 100_000;
/// The most rounds, pauses and continuations.
const MAX_ROUNDS: usize = 64;
/// The longest directive, in characters.
const MAX_DIRECTIVE: usize = 200;
/// The longest line, in MiB.
const MAX_LINE: usize = 1024;

impl Directives {
    /// Takes the directives out of a text. Ones that are not known stay in it.
    pub(super) fn parse(text: &str) -> (Self, String) {
        let mut directives = Self::default();
        let mut rest = text;
        let mut left = String::new();
        while let Some((before, behind)) = rest.split_once("{{") {
            left.push_str(before);
            let end = behind.char_indices().nth(MAX_DIRECTIVE).map_or(behind.len(), |(end, _)| end);
            let near = behind.get(..end).unwrap_or_default();
            match near.find("}}").and_then(|at| Some((behind.get(..at)?, behind.get(at + 2..)?))) {
                Some((directive, after)) if directives.take(directive.trim()) => rest = after,
                _ => {
                    left.push_str("{{");
                    rest = behind;
                }
            }
        }
        left.push_str(rest);
        (directives, left.trim().to_owned())
    }

    fn take(&mut self, directive: &str) -> bool {
        let (name, value) =
            directive.split_once('=').map_or((directive, ""), |(name, value)| (name.trim(), value.trim()));
        let rounds = || value.parse().ok().filter(|count| *count <= MAX_ROUNDS).unwrap_or_default();
        match name {
            "chunks" => self.chunks = value.parse().ok().filter(|count| (1..=MAX_CHUNKS).contains(count)),
            "delay_ms" => self.delay = value.parse().ok().map(Duration::from_millis),
            "silent" => self.silent = true,
            "hang" => self.hang = true,
            "cut" => self.cut = true,
            "break" => self.breaks = true,
            "error_midstream" => self.error_midstream = Some(value.to_owned()),
            "between" => self.between = Some(value.to_owned()),
            "html" => self.html = true,
            "garbage" if value == "utf8" => self.bad_utf8 = true,
            "garbage" => self.garbage = true,
            "line_mib" => self.line_mib = value.parse().ok().filter(|mib| (1..=MAX_LINE).contains(mib)),
            "unknown" => self.unknown = true,
            "error" => self.error = Some(value.to_owned()),
            "error_first" => self.error_first = Some(value.to_owned()),
            "steps" => self.steps = rounds(),
            "search" => self.search = true,
            "pause" => self.pauses = rounds(),
            "continue" => self.continues = rounds(),
            "status" => self.status = value.parse().ok().filter(|status| (400..600).contains(status)),
            "finish" => self.finish = Some(value.to_owned()),
            "refuse" => self.refuse = true,
            "think" => {
                self.think = Some(match value {
                    "redacted" => ThinkingStyle::Redacted,
                    "interleaved" => ThinkingStyle::Interleaved,
                    _ => ThinkingStyle::Plain,
                });
            }
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documented_directives_exist() {
        let docs = include_str!("../../../docs/mock.md");
        let rows: Vec<_> = docs.lines().filter_map(|line| line.strip_prefix("| `{{")?.split_once("}}`")).collect();
        assert_eq!(rows.len(), 26);
        for (directive, _) in rows {
            assert_ne!(Directives::parse(&format!("{{{{{directive}}}}}")).0, Directives::default(), "{directive}");
        }
    }

    #[test]
    fn directives_are_taken_out_of_the_text() {
        let (directives, text) = Directives::parse("{{chunks=20}} 안녕 {{ think }}{{status=503}}{{nonsense}} {{ x");
        assert_eq!(text, "안녕 {{nonsense}} {{ x");
        assert_eq!(
            (directives.chunks, directives.think, directives.status),
            (Some(20), Some(ThinkingStyle::Plain), Some(503))
        );
        assert_eq!(Directives::parse("plain").0, Directives::default());
        assert_eq!(Directives::parse("{{chunks=0}}{{status=200}}").0, Directives::default());
    }
}

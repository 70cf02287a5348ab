//! Anthropic's limits on a request: its length, and all of its strict schemas together
//! (<https://platform.claude.com/docs/en/build-with-claude/structured-outputs>, November 2026). OpenAI has none like the latter.
//! A request beyond them fails as a whole, so the tools that come last lose `strict`.

use super::schema::Compiled;
use super::tools::Tool;
use crate::translation::Notes;

/// The longest request, in bytes.
pub(super) const MAX_BODY: usize = 32 << 20;
/// Strict tools.
const MAX_TOOLS: usize = 20;
/// Properties that are not required, in all of them.
const MAX_OPTIONAL: usize = 24;
/// Properties of several types, in all of them.
const MAX_UNIONS: usize = 16;

/// Whether an answer's schema stays within the limits by itself.
pub(super) fn allow(answer: &Compiled) -> bool {
    answer.optional <= MAX_OPTIONAL && answer.unions <= MAX_UNIONS
}

/// Takes `strict` from the tools that go beyond the limits. The answer's own schema counts, too.
pub(super) fn keep(tools: &mut [Tool<'_>], answer: Option<&Compiled>, notes: &mut Notes) {
    let mut count = 0;
    let (mut optional, mut unions) = answer.map_or((0, 0), |answer| (answer.optional, answer.unions));
    for tool in tools {
        let Some(compiled) = tool.compiled() else { continue };
        let more = (count + 1, optional + compiled.optional, unions + compiled.unions);
        if more.0 <= MAX_TOOLS && more.1 <= MAX_OPTIONAL && more.2 <= MAX_UNIONS {
            (count, optional, unions) = more;
        } else {
            tool.relax();
            notes.drop("tools.strict");
        }
    }
}

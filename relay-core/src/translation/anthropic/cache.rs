//! Prompt-cache markers: at most four in a request, and none for an hour behind one for five minutes, as Anthropic demands.

use super::blocks::{Block, Marker, Turn};
use super::tools::Tool;
use crate::translation::Notes;

/// Anthropic refuses more, the request's own among them.
const MAX_MARKERS: usize = 4;

/// Takes the markers out that are too many. Callers that mark each turn and forget the old marks have too many: of the
/// conversation's the last ones count, since each one covers all that stands before it.
pub(super) fn keep<'a>(
    own: bool,
    tools: &mut [Tool<'a>],
    system: &mut [Block<'a>],
    turns: &mut [Turn<'a>],
    notes: &mut Notes,
) {
    let in_turns = turns.iter_mut().flat_map(|turn| &mut turn.content).filter_map(Block::marker_mut);
    let in_head = tools.iter_mut().filter_map(Tool::marker_mut).chain(system.iter_mut().filter_map(Block::marker_mut));
    let (mut in_turns, mut in_head): (Vec<_>, Vec<_>) = (set(in_turns), set(in_head));
    if in_turns.is_empty() && in_head.is_empty() {
        return;
    }
    in_order(in_head.iter_mut().chain(in_turns.iter_mut()).map(|marker| &mut **marker), notes);
    let room = MAX_MARKERS - usize::from(own);
    let too_many = (in_turns.len() + in_head.len()).saturating_sub(room);
    if too_many == 0 {
        return;
    }
    // One is left for the conversation, which grows.
    let from_turns = too_many.min(in_turns.len().saturating_sub(1));
    let from_head = (too_many - from_turns).min(in_head.len());
    for marker in in_turns.iter_mut().take(from_turns).chain(in_head.iter_mut().take(from_head)) {
        **marker = None;
    }
    notes.drop("messages.cache_control");
}

/// A marker for an hour must not stand behind one for five minutes: it becomes one, too.
fn in_order<'m, 'a: 'm>(markers: impl Iterator<Item = &'m mut Option<Marker<'a>>>, notes: &mut Notes) {
    let mut is_short = false;
    for marker in markers {
        let is_long = matches!(marker, Some(Marker::Given(raw)) if raw.get().contains("\"1h\""));
        if is_long && is_short {
            *marker = Some(Marker::Ephemeral { r#type: "ephemeral" });
            notes.adjust("messages.cache_control");
        }
        is_short |= !is_long;
    }
}

fn set<'m, 'a: 'm>(markers: impl Iterator<Item = &'m mut Option<Marker<'a>>>) -> Vec<&'m mut Option<Marker<'a>>> {
    markers.filter(|marker| marker.is_some()).collect()
}

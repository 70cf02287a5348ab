//! The blocks of an answer: thinking, searches, text, calls.

use serde_json::{Value, json};

use super::digests;
use super::signatures::{self, Mark};
use crate::chat::{Ask, Finish, Turn};
use crate::directives::Manner;
use crate::text;

/// A block of the content.
pub(super) enum Block {
    Thinking {
        text: String,
        mark: Mark,
    },
    Redacted(Mark),
    Text {
        pieces: Vec<String>,
        citations: Vec<Value>,
    },
    /// Of the caller's tool, or of Anthropic's own.
    Call {
        kind: &'static str,
        id: String,
        name: String,
        input: Value,
    },
    /// One that is complete in its start.
    Whole(Value),
    /// One that does not exist yet.
    Future,
}

impl Block {
    fn said(said: &str) -> Self {
        Self::Text { pieces: text::word_pieces(said), citations: Vec::new() }
    }

    /// As part of a whole answer.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Thinking { text, mark } => {
                json!({"type": "thinking", "thinking": text, "signature": mark.signature(text)})
            }
            Self::Redacted(mark) => json!({"type": "redacted_thinking", "data": mark.data()}),
            Self::Text { pieces, citations } if citations.is_empty() => {
                json!({"type": "text", "text": pieces.concat()})
            }
            Self::Text { pieces, citations } => {
                json!({"type": "text", "text": pieces.concat(), "citations": citations})
            }
            Self::Call { kind, id, name, input } => json!({"type": kind, "id": id, "name": name, "input": input}),
            Self::Whole(block) => block.clone(),
            Self::Future => json!({"type": "future_block", "future": {"text": "not yet"}}),
        }
    }

    /// What `content_block_start` says.
    pub(super) fn start(&self) -> Value {
        match self {
            Self::Thinking { .. } => json!({"type": "thinking", "thinking": "", "signature": ""}),
            Self::Text { citations, .. } if citations.is_empty() => json!({"type": "text", "text": ""}),
            Self::Text { .. } => json!({"type": "text", "text": "", "citations": []}),
            Self::Call { kind, id, name, .. } => json!({"type": kind, "id": id, "name": name, "input": {}}),
            Self::Redacted(_) | Self::Whole(_) | Self::Future => self.json(),
        }
    }

    /// The deltas between start and stop.
    pub(super) fn deltas(&self) -> Vec<Value> {
        match self {
            Self::Thinking { text, mark } => {
                // Hidden thinking still has one delta, an empty one.
                let pieces = if text.is_empty() { vec![String::new()] } else { text::word_pieces(text) };
                let deltas = pieces.into_iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
                deltas.chain([json!({"type": "signature_delta", "signature": mark.signature(text)})]).collect()
            }
            Self::Text { pieces, citations } => {
                let cited = citations.iter().map(|citation| json!({"type": "citations_delta", "citation": citation}));
                cited.chain(pieces.iter().map(|piece| json!({"type": "text_delta", "text": piece}))).collect()
            }
            Self::Call { input, .. } => {
                let input = input.to_string();
                let pieces = if input == "{}" { Vec::new() } else { text::small_pieces(&input, 8) };
                // The first one is empty, and the only one for a call without arguments.
                let pieces = std::iter::once(String::new()).chain(pieces);
                pieces.map(|piece| json!({"type": "input_json_delta", "partial_json": piece})).collect()
            }
            Self::Future => vec![json!({"type": "future_delta", "text": "not yet", "partial_json": "{"})],
            Self::Redacted(_) | Self::Whole(_) => Vec::new(),
        }
    }

    /// Tokens of text, calls and searches.
    pub(super) fn tokens(&self) -> u64 {
        match self {
            Self::Text { pieces, .. } => text::words(&pieces.concat()),
            Self::Call { input, .. } => 1 + text::words(&input.to_string()),
            _ => 0,
        }
    }

    /// The mark of a thinking block.
    fn mark(&mut self) -> Option<&mut Mark> {
        match self {
            Self::Thinking { mark, .. } | Self::Redacted(mark) => Some(mark),
            _ => None,
        }
    }
}

/// An answer's blocks.
pub(super) struct Blocks {
    pub(super) list: Vec<Block>,
    /// It is not the end: the same request has to come again, with these blocks.
    pub(super) pauses: bool,
    /// Searches in it.
    pub(super) searches: usize,
}

/// What an interleaved answer says between its thoughts.
const PLAN: &str = "I'll go step by step. ";

impl Blocks {
    pub(super) fn of(ask: &Ask, turn: &Turn) -> Self {
        let mut list = if turn.unknown { vec![Block::Future] } else { Vec::new() };
        let refused = turn.finish == Finish::Refusal;
        let pauses = ask.bound.searches && ask.bound.pauses < turn.pauses && !refused;
        if let Some(thinking) = &turn.thinking {
            list.extend(thoughts(thinking, turn.manner));
        }
        let once = ask.bound.searches && turn.search && turn.pauses == 0 && !refused;
        if pauses {
            let said = format!("Search {} of {} is done.", ask.bound.pauses + 1, turn.pauses);
            list.extend(search(ask, turn, text::word_pieces(&said)));
        } else if once && turn.calls.is_empty() {
            list.extend(search(ask, turn, turn.pieces.clone()));
        } else {
            if once {
                list.extend(search(ask, turn, text::word_pieces("Now a tool.")));
            }
            if !turn.pieces.is_empty() && !refused {
                list.push(Block::Text { pieces: turn.pieces.clone(), citations: Vec::new() });
            }
            list.extend(turn.calls.iter().enumerate().map(|(at, call)| Block::Call {
                kind: "tool_use",
                id: text::id("toolu_01", ask.seed, &at.to_string(), 22),
                name: call.name.clone(),
                input: call.arguments.clone(),
            }));
        }
        mark(ask, &mut list);
        Self { list, pauses, searches: usize::from(pauses || once) }
    }
}

fn thoughts(thinking: &str, manner: Manner) -> Vec<Block> {
    let thought = |text: String| Block::Thinking { text, mark: Mark::default() };
    match manner {
        Manner::Plain => vec![thought(thinking.to_owned())],
        Manner::Redacted => vec![Block::Redacted(Mark::default())],
        Manner::Interleaved => {
            let second = if thinking.is_empty() { String::new() } else { format!("{thinking} And once more.") };
            vec![thought(thinking.to_owned()), Block::said(PLAN), thought(second)]
        }
    }
}

/// Tells each thinking block where it belongs.
fn mark(ask: &Ask, list: &mut [Block]) {
    let count = list.iter_mut().filter_map(Block::mark).count();
    let known = list.iter_mut().filter(|block| !matches!(block, Block::Future)).enumerate();
    let thoughts = known.filter_map(|(at, block)| Some((at, block.mark()?)));
    for (place, (at, mark)) in thoughts.enumerate() {
        let at = ask.bound.blocks + at;
        *mark = Mark { turn: ask.seed, prefix: ask.bound.prefix, at, place, count };
    }
}

/// A search, its result, and a text that cites it.
fn search(ask: &Ask, turn: &Turn, pieces: Vec<String>) -> [Block; 3] {
    let id = text::id("srvtoolu_01", ask.seed, "search", 22);
    let (url, title) = ("https://example.com/weather?q=한국", "날씨 — Weather");
    let citation = json!({"type": "web_search_result_location", "url": url, "title": title,
        "encrypted_index": text::id("", ask.seed, "index", 16), "cited_text": "It rains."});
    let call = Block::Call {
        kind: "server_tool_use",
        id: id.clone(),
        name: "web_search".into(),
        input: json!({"query": turn.said}),
    };
    let said = Block::Text { pieces, citations: vec![citation] };
    let result = |encrypted: String| {
        json!({"type": "web_search_tool_result", "tool_use_id": id, "content": [
            {"type": "web_search_result", "url": url, "title": title, "encrypted_content": encrypted, "page_age": "2 days ago"}]})
    };
    let digest = digests::blocks(&[&call.json(), &result(String::new()), &said.json()]);
    let result = Block::Whole(result(signatures::encrypted(digest, ask.bound.tools)));
    [call, result, said]
}

//! The blocks of an answer: thinking, searches, text, calls.

use serde_json::{Value, json};

use super::digests;
use super::signatures::{self, Origin};
use crate::chat::{ChatAnswer, ChatRequest, Finish};
use crate::directives::ThinkingStyle;
use crate::hash;
use crate::text;

/// A block of the content.
pub(super) enum Block {
    Thinking {
        text: String,
        origin: Origin,
    },
    Redacted(Origin),
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
    fn text(text: &str) -> Self {
        Self::Text { pieces: text::word_pieces(text), citations: Vec::new() }
    }

    /// As part of a whole answer.
    pub(super) fn json(&self) -> Value {
        match self {
            Self::Thinking { text, origin } => {
                json!({"type": "thinking", "thinking": text, "signature": origin.signature(text)})
            }
            Self::Redacted(origin) => json!({"type": "redacted_thinking", "data": origin.data()}),
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
            Self::Thinking { text, origin } => {
                // Hidden thinking still has one delta, an empty one.
                let pieces = if text.is_empty() { vec![String::new()] } else { text::word_pieces(text) };
                let deltas = pieces.into_iter().map(|piece| json!({"type": "thinking_delta", "thinking": piece}));
                deltas.chain([json!({"type": "signature_delta", "signature": origin.signature(text)})]).collect()
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
    fn origin(&mut self) -> Option<&mut Origin> {
        match self {
            Self::Thinking { origin, .. } | Self::Redacted(origin) => Some(origin),
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

/// The text between the two thoughts of an interleaved answer.
const PLAN: &str = "I'll go step by step. ";

impl Blocks {
    pub(super) fn of(chat: &ChatRequest, answer: &ChatAnswer) -> Self {
        let mut list = if answer.unknown { vec![Block::Future] } else { Vec::new() };
        let refused = answer.finish == Finish::Refusal;
        let pauses = chat.binding.searches && chat.binding.pauses < answer.pauses && !refused;
        if let Some(thinking) = &answer.thinking {
            list.extend(thoughts(thinking, answer.thinking_style));
        }
        let once = chat.binding.searches && answer.search && answer.pauses == 0 && !refused;
        if pauses {
            let progress = format!("Search {} of {} is done.", chat.binding.pauses + 1, answer.pauses);
            list.extend(search(chat, answer, text::word_pieces(&progress)));
        } else if once && answer.calls.is_empty() {
            list.extend(search(chat, answer, answer.pieces.clone()));
        } else {
            if once {
                list.extend(search(chat, answer, text::word_pieces("Now a tool.")));
            }
            if !answer.pieces.is_empty() && !refused {
                list.push(Block::Text { pieces: answer.pieces.clone(), citations: Vec::new() });
            }
            list.extend(answer.calls.iter().enumerate().map(|(at, call)| Block::Call {
                kind: "tool_use",
                id: hash::id("toolu_01", chat.seed, &at.to_string(), 22),
                name: call.name.clone(),
                input: call.arguments.clone(),
            }));
        }
        origin(chat, &mut list);
        Self { list, pauses, searches: usize::from(pauses || once) }
    }
}

fn thoughts(thinking: &str, thinking_style: ThinkingStyle) -> Vec<Block> {
    let thought = |text: String| Block::Thinking { text, origin: Origin::default() };
    match thinking_style {
        ThinkingStyle::Plain => vec![thought(thinking.to_owned())],
        ThinkingStyle::Redacted => vec![Block::Redacted(Origin::default())],
        ThinkingStyle::Interleaved => {
            let second = if thinking.is_empty() { String::new() } else { format!("{thinking} And once more.") };
            vec![thought(thinking.to_owned()), Block::text(PLAN), thought(second)]
        }
    }
}

/// Tells each thinking block where it belongs.
fn origin(chat: &ChatRequest, list: &mut [Block]) {
    let count = list.iter_mut().filter_map(Block::origin).count();
    let known = list.iter_mut().filter(|block| !matches!(block, Block::Future)).enumerate();
    let thoughts = known.filter_map(|(at, block)| Some((at, block.origin()?)));
    for (place, (at, origin)) in thoughts.enumerate() {
        let at = chat.binding.blocks + at;
        *origin = Origin { answer: chat.seed, prefix: chat.binding.prefix, at, place, count };
    }
}

/// A search, its result, and a text that cites it.
fn search(chat: &ChatRequest, answer: &ChatAnswer, pieces: Vec<String>) -> [Block; 3] {
    let id = hash::id("srvtoolu_01", chat.seed, "search", 22);
    let (url, title) = ("https://example.com/weather?q=한국", "날씨 — Weather");
    let citation = json!({"type": "web_search_result_location", "url": url, "title": title,
        "encrypted_index": hash::id("", chat.seed, "index", 16), "cited_text": "It rains."});
    let call = Block::Call {
        kind: "server_tool_use",
        id: id.clone(),
        name: "web_search".into(),
        input: json!({"query": answer.user_text}),
    };
    let cited = Block::Text { pieces, citations: vec![citation] };
    let result = |encrypted: String| {
        json!({"type": "web_search_tool_result", "tool_use_id": id, "content": [
            {"type": "web_search_result", "url": url, "title": title, "encrypted_content": encrypted, "page_age": "2 days ago"}]})
    };
    let digest = digests::blocks(&[&call.json(), &result(String::new()), &cited.json()]);
    let result = Block::Whole(result(signatures::encrypted(digest, chat.binding.tools)));
    [call, result, cited]
}

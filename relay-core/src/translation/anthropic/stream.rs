//! The streamed answer: Anthropic's events to OpenAI's chunks. All state of a stream changes in this file only.

use std::borrow::Cow;

use serde_json::value::{RawValue, to_raw_value};

use super::blocks::Block as Sent;
use super::collect::Collector;
use super::event::{Change, Event};
use super::names::Renamer;
use super::response::{self, Layout, unreadable};
use super::wire::{self, Block, Citation, Counts, Message};
use super::{continuation, error, response::DECLINED};
use crate::domain::TokenUsage;
use crate::error::RelayError;
use crate::ports::WireRequest;
use crate::translation::answer_budget::{AnswerBudget, too_long};
use crate::translation::limits::MAX_BLOCKS;
use crate::translation::surface::chat_completions::chunk::{ChunkChoice, ChunkWriter, Delta};
use crate::translation::surface::chat_completions::completion::{Annotation, Function, ToolCall};
use crate::translation::surrogates;
use crate::translation::{ChatContext, Continuation, ProviderError, StreamCollector, StreamTranslator};

/// Translates one stream.
pub(super) struct Translator {
    context: ChatContext,
    model: Option<String>,
    counts: Option<Counts>,
    /// Counts of the requests before this one.
    earlier: Option<Counts>,
    stop_reason: Option<String>,
    refusal: Option<String>,
    /// Blocks between their start and their stop, by Anthropic's index.
    open: Vec<(u64, Open)>,
    /// Thinking blocks in the order of their starts.
    thinking: Vec<Sent<'static>>,
    layout: Layout,
    /// They go out in one delta: of several, Node's helper keeps the last one and Python's fails.
    annotations: Vec<Annotation<'static>>,
    /// Unicode scalar values of text so far.
    text_length: usize,
    block_count: usize,
    /// What is held of thinking, inputs and citations.
    budget: AnswerBudget,
    tool_count: u32,
    has_reasoning: bool,
    has_foreign: bool,
    continued: Continued,
    done: bool,
}

/// The requests of one turn. Unused unless a server tool may pause it.
#[derive(Default)]
struct Continued {
    /// What is collected of this one, in order to send it back.
    collector: Option<Collector>,
    /// The contents of those before.
    contents: Vec<Box<RawValue>>,
    phase: Phase,
}

#[derive(Default, PartialEq, Eq)]
enum Phase {
    /// The answer comes.
    #[default]
    Running,
    /// It paused; the next request was not asked for yet.
    Paused,
    /// The next answer has not begun.
    Requested,
}

/// What must be remembered of a block until it stops.
enum Open {
    Text {
        start: usize,
        citations: Vec<(String, String)>,
    },
    /// `input` is the start's, as long as no other JSON has come.
    Tool {
        index: u32,
        input: Option<String>,
        arguments: Arguments,
    },
    /// Its place among the thinking blocks, and whether any of its text was sent.
    Thinking {
        place: usize,
        begun: bool,
    },
    Other,
}

/// A call's arguments on their way to the caller.
#[derive(Default)]
struct Arguments {
    halves: surrogates::Pieces,
    /// Where names of properties were changed.
    renamer: Option<Renamer>,
}

impl Arguments {
    /// What can go out now that this piece has come.
    fn next<'p>(&mut self, piece: &'p str) -> Cow<'p, str> {
        let piece = self.halves.next(piece);
        match &mut self.renamer {
            Some(renamer) => Cow::Owned(renamer.next(&piece)),
            None => piece,
        }
    }

    /// What is left at the end.
    fn rest(&mut self) -> String {
        let rest = self.halves.rest();
        match &mut self.renamer {
            Some(renamer) => renamer.next(&rest) + &renamer.rest(),
            None => rest,
        }
    }
}

impl Translator {
    pub(super) fn new(context: ChatContext) -> Self {
        let continued = Continued { collector: context.may_continue.then(Collector::default), ..Continued::default() };
        Self {
            context,
            model: None,
            counts: None,
            earlier: None,
            stop_reason: None,
            refusal: None,
            open: Vec::new(),
            thinking: Vec::new(),
            layout: Layout::default(),
            annotations: Vec::new(),
            text_length: 0,
            block_count: 0,
            budget: AnswerBudget::default(),
            tool_count: 0,
            has_reasoning: false,
            has_foreign: false,
            continued,
            done: false,
        }
    }

    fn event(&mut self, data: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError> {
        let Some(event) = Event::read(data)? else { return Ok(()) };
        if let Some(collector) = &mut self.continued.collector {
            collector.feed(data)?;
        }
        match event.kind() {
            "error" => return Err(error::in_answer(data)),
            "message_start" => self.start(event.message, out)?,
            _ if !out.has_begun() || self.continued.phase != Phase::Running => {}
            "content_block_delta" => self.change(event.index, event.delta.unwrap_or_default(), out)?,
            "content_block_start" => {
                if let Some(block) = event.content_block {
                    self.block_count += 1;
                    if self.block_count > MAX_BLOCKS {
                        return Err(too_long(&format!("has more than {MAX_BLOCKS} blocks")).into());
                    }
                    self.budget.add(block.get().len())?;
                    self.open(event.index, Block::read(block).map_err(unreadable)?, out);
                }
            }
            "content_block_stop" => {
                if let Some(place) = self.open.iter().rposition(|(index, _)| *index == event.index) {
                    let (_, block) = self.open.remove(place);
                    self.close(block, out);
                }
            }
            "message_delta" => self.message_delta(event.delta.unwrap_or_default(), event.usage),
            "message_stop" if self.pauses() => self.continued.phase = Phase::Paused,
            "message_stop" => self.complete(out),
            _ => {}
        }
        Ok(())
    }

    /// Whether the turn goes on with another request.
    fn pauses(&self) -> bool {
        let is_paused = self.stop_reason.as_deref() == Some("pause_turn");
        is_paused
            && self.continued.collector.is_some()
            && self.continued.contents.len() < continuation::MAX_CONTINUATIONS
    }

    /// Whether the caller has any of the answer.
    fn has_output(&self) -> bool {
        self.text_length > 0 || self.tool_count > 0
    }

    /// The next answer of the turn begins: its indexes are its own, all else goes on.
    fn resume(&mut self, message: Option<&RawValue>) {
        self.continued.phase = Phase::Running;
        self.stop_reason = None;
        let counts = self.counts.take().unwrap_or_default();
        self.earlier = Some(self.earlier.unwrap_or_default().plus(counts));
        let message = message.and_then(|raw| serde_json::from_str::<Message<'_>>(raw.get()).ok());
        if let Some(usage) = message.and_then(|message| message.usage) {
            self.counts.get_or_insert_default().take(usage);
        }
    }

    /// The counts of all requests so far.
    fn total(&self) -> Option<Counts> {
        match (self.earlier, self.counts) {
            (Some(earlier), counts) => Some(earlier.plus(counts.unwrap_or_default())),
            (None, counts) => counts,
        }
    }

    fn start(&mut self, message: Option<&RawValue>, out: &mut ChunkWriter) -> Result<(), RelayError> {
        if self.continued.phase == Phase::Requested {
            self.close_all(out);
            self.resume(message);
            return Ok(());
        }
        if out.has_begun() {
            return Ok(());
        }
        let json = message.map_or("{}", RawValue::get);
        let message: Message<'_> = serde_json::from_str(json).map_err(unreadable)?;
        let tier = message.usage.and_then(|usage| self.counts.get_or_insert_default().take(usage));
        let id = response::answer_id(message.id.as_deref(), &self.context);
        let model = message.model.unwrap_or(Cow::Borrowed(&self.context.model)).into_owned();
        out.begin(&id, self.context.created, &model, tier, self.context.include_usage);
        self.model = Some(model);
        out.delta(0, Delta { role: Some("assistant"), content: Some(""), refusal: Some(None), ..Delta::default() });
        Ok(())
    }

    fn open(&mut self, index: u64, block: Block<'_>, out: &mut ChunkWriter) {
        let open = match block {
            Block::Text { text, citations } => {
                let start = self.text_length;
                self.text(&text, out);
                Open::Text { start, citations: citations.into_iter().map(owned).collect() }
            }
            Block::ToolUse { id, name, input, .. } => {
                let index = self.tool_count;
                self.tool_count += 1;
                self.layout.tool_use();
                let arguments = Arguments { renamer: response::renamer(&name, &self.context), ..Arguments::default() };
                self.call(index, id, name, out);
                Open::Tool { index, input: Some(response::arguments(input).into_owned()), arguments }
            }
            Block::Thinking { thinking, signature } => {
                let place = self.thinking.len();
                self.layout.thinking();
                let (text, signature) = (Cow::Owned(String::new()), Cow::Owned(signature.into_owned()));
                self.thinking.push(Sent::Thinking { thinking: text, signature });
                let begun = self.think(place, false, &thinking, out);
                Open::Thinking { place, begun }
            }
            Block::RedactedThinking { data } => {
                self.layout.thinking();
                self.thinking.push(Sent::RedactedThinking { data: Cow::Owned(data.into_owned()) });
                Open::Other
            }
            Block::Foreign => {
                self.has_foreign = true;
                Open::Other
            }
        };
        self.open.push((index, open));
    }

    fn change(&mut self, index: u64, change: Change<'_>, out: &mut ChunkWriter) -> Result<(), RelayError> {
        let Some(place) = self.open.iter().rposition(|(known, _)| *known == index) else { return Ok(()) };
        let Some((_, open)) = self.open.get_mut(place) else { return Ok(()) };
        if !matches!(open, Open::Text { .. } | Open::Tool { .. }) || change.citation.is_some() {
            self.budget.add(change.size())?;
        }
        match (open, change.r#type.as_deref().unwrap_or_default()) {
            (Open::Text { .. }, "text_delta") => self.text(&change.text.unwrap_or_default(), out),
            (Open::Text { citations, .. }, "citations_delta") => {
                citations.extend(change.citation.and_then(Citation::read).map(owned));
            }
            (Open::Tool { index, input, arguments }, "input_json_delta") => {
                let json = change.partial_json.unwrap_or_default();
                if !json.is_empty() {
                    *input = None;
                    let (index, json) = (*index, arguments.next(&json));
                    self.arguments(index, &json, out);
                }
            }
            (Open::Thinking { place: thought, begun }, "thinking_delta") => {
                let (thought, begun) = (*thought, *begun);
                let sent = self.think(thought, begun, &change.thinking.unwrap_or_default(), out);
                if let Some((_, Open::Thinking { begun, .. })) = self.open.get_mut(place) {
                    *begun |= sent;
                }
            }
            (Open::Thinking { place, .. }, "signature_delta") => {
                if let Some(Sent::Thinking { signature, .. }) = self.thinking.get_mut(*place) {
                    *signature = Cow::Owned(change.signature.unwrap_or_default().into_owned());
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, block: Open, out: &mut ChunkWriter) {
        match block {
            Open::Text { start, citations } => {
                self.layout.text(self.text_length - start);
                let citations =
                    citations.into_iter().map(|(title, url)| Citation { title: title.into(), url: url.into() });
                self.annotations.extend(response::annotations(citations.collect(), start, self.text_length));
            }
            Open::Tool { index, input, mut arguments } => {
                let now = input.map(|input| arguments.next(&input).into_owned()).unwrap_or_default();
                self.arguments(index, &(now + &arguments.rest()), out);
            }
            Open::Thinking { .. } | Open::Other => {}
        }
    }

    fn close_all(&mut self, out: &mut ChunkWriter) {
        for (_, block) in std::mem::take(&mut self.open) {
            self.close(block, out);
        }
    }

    fn message_delta(&mut self, change: Change<'_>, usage: Option<&RawValue>) {
        if let Some(reason) = change.stop_reason {
            self.stop_reason = Some(reason.into_owned());
        }
        if let Some(explanation) = change.stop_details.and_then(wire::explanation) {
            self.refusal = Some(explanation);
        }
        if let Some(usage) = usage {
            self.counts.get_or_insert_default().take(usage);
        }
    }

    fn text(&mut self, text: &str, out: &mut ChunkWriter) {
        if !text.is_empty() {
            self.text_length += text.chars().count();
            out.text(0, text);
        }
    }

    /// Writes a piece of thinking, with a blank line between two blocks; returns whether there was any text.
    fn think(&mut self, place: usize, begun: bool, text: &str, out: &mut ChunkWriter) -> bool {
        if text.is_empty() {
            return false;
        }
        if let Some(Sent::Thinking { thinking, .. }) = self.thinking.get_mut(place) {
            thinking.to_mut().push_str(text);
        }
        let shown = if self.has_reasoning && !begun { Cow::Owned(format!("\n\n{text}")) } else { Cow::Borrowed(text) };
        self.has_reasoning = true;
        out.reasoning(0, &shown);
        true
    }

    /// Writes the start of a tool call: its id and name.
    fn call(&self, index: u32, id: Cow<'_, str>, name: Cow<'_, str>, out: &mut ChunkWriter) {
        let function = Function { name: Some(name), arguments: Cow::Borrowed("") };
        if !self.context.legacy_functions {
            let call =
                ToolCall { index: Some(index), id: Some(id), r#type: Some("function"), function, extra_content: None };
            out.delta(0, Delta { tool_calls: Some([call]), ..Delta::default() });
        } else if index == 0 {
            out.delta(0, Delta { function_call: Some(function), ..Delta::default() });
        }
    }

    /// Writes more of a tool call's arguments.
    fn arguments(&self, index: u32, json: &str, out: &mut ChunkWriter) {
        if json.is_empty() {
            return;
        }
        if !self.context.legacy_functions {
            out.arguments(0, index, json);
        } else if index == 0 {
            let function = Function { name: None, arguments: Cow::Borrowed(json) };
            out.delta(0, Delta { function_call: Some(function), ..Delta::default() });
        }
    }

    /// Ends the answer: citations, refusal, finish, usage, `[DONE]`.
    fn complete(&mut self, out: &mut ChunkWriter) {
        self.close_all(out);
        let annotations = std::mem::take(&mut self.annotations);
        if !annotations.is_empty() {
            out.delta(0, Delta { annotations: Some(annotations), ..Delta::default() });
        }
        let stop_reason = self.stop_reason.as_deref();
        if stop_reason == Some("refusal") {
            let refusal = self.refusal.as_deref().unwrap_or(DECLINED);
            out.delta(0, Delta { refusal: Some(Some(refusal)), ..Delta::default() });
        }
        let mut delta = Delta::default();
        if !self.thinking.is_empty() && !self.has_foreign {
            delta.thinking_blocks = to_raw_value(&self.thinking).ok();
            delta.content_layout = self.layout.words();
        }
        let reason = response::finish_reason(stop_reason, self.tool_count > 0, self.context.legacy_functions);
        out.choice(&ChunkChoice { delta, finish_reason: Some(reason), ..ChunkChoice::default() });
        if let Some(counts) = self.total().filter(|_| self.context.include_usage) {
            out.usage(&counts.usage());
        }
        out.done();
        self.done = true;
    }
}

impl StreamTranslator for Translator {
    fn feed(&mut self, data: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError> {
        if self.done {
            return Ok(());
        }
        self.event(data, out).inspect_err(|_| self.done = true)
    }

    fn finish(&mut self, stray: &[u8], out: &mut ChunkWriter) -> Result<(), ProviderError> {
        if std::mem::replace(&mut self.done, true) {
            return Ok(());
        }
        // A later answer that never began leaves what there is, not an empty answer.
        let is_left = self.continued.phase != Phase::Requested || self.has_output();
        if self.stop_reason.is_some() && is_left {
            self.complete(out);
            return Ok(());
        }
        Err(if error::is_error(stray) { error::in_answer(stray) } else { RelayError::interrupted().into() })
    }

    fn continuation(&mut self, asked: &WireRequest) -> Option<Continuation> {
        if self.continued.phase != Phase::Paused {
            return None;
        }
        let mut collector = self.continued.collector.take()?;
        self.continued.collector = Some(collector.next());
        let message = collector.message()?;
        self.continued.contents.push(message.get("content")?.to_owned());
        let contents: Vec<&RawValue> = self.continued.contents.iter().map(AsRef::as_ref).collect();
        let wire = continuation::request(asked, &contents)?;
        self.continued.phase = Phase::Requested;
        Some(Continuation { wire, has_output: self.has_output() })
    }

    fn usage(&self) -> Option<TokenUsage> {
        self.total().map(|counts| counts.usage().metered())
    }

    fn model(&self) -> Option<&str> {
        self.model.as_deref()
    }
}

fn owned(citation: Citation<'_>) -> (String, String) {
    (citation.title.into_owned(), citation.url.into_owned())
}

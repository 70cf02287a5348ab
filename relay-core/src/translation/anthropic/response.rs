//! The whole answer: Anthropic's message to OpenAI's chat completion. What streams share with it is here too.

use std::borrow::Cow;

use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};

use super::blocks::Block as Sent;
use super::error;
use super::names::Renamer;
use super::wire::{self, Block, Citation, Counts, Message, TypeTag};
use crate::error::RelayError;
use crate::translation::json;
use crate::translation::surface::chat_completions::completion::{
    self, Annotation, Choice, Completion, Function, ToolCall, UrlCitation,
};
use crate::translation::{ChatContext, TranslatedAnswer};

/// Said when the model declines without a reason.
pub(super) const DECLINED: &str = "The model declined to answer this request.";

/// Translates an answer with status 200.
///
/// # Errors
/// An answer that can't be read, or that is an error after all.
pub(super) fn translate(body: &Bytes, context: &ChatContext) -> Result<TranslatedAnswer, RelayError> {
    let message: Message<'_> = serde_json::from_slice(body).map_err(unreadable)?;
    let Some(content) = message.content else {
        let kind = serde_json::from_slice::<TypeTag<'_>>(body).ok().and_then(|kind| kind.r#type);
        return Err(match kind.as_deref() {
            Some("error") => error::in_answer(body).error,
            _ => unreadable("it has no content"),
        });
    };
    let mut parts = Parts::default();
    for block in content {
        parts.add(Block::read(block).map_err(unreadable)?, context);
    }
    let stop_reason = message.stop_reason.as_deref();
    let refusal = (stop_reason == Some("refusal"))
        .then(|| message.stop_details.and_then(wire::explanation).map_or(Cow::Borrowed(DECLINED), Cow::Owned));
    let finish_reason = finish_reason(stop_reason, !parts.calls.is_empty(), context.legacy_functions);
    let mut counts = Counts::default();
    let service_tier = message.usage.and_then(|usage| counts.take(usage));
    let usage = message.usage.map(|_| counts.usage());
    let model = message.model.unwrap_or(Cow::Borrowed(&context.model));
    let completion = Completion {
        id: answer_id(message.id.as_deref(), context).into(),
        object: "chat.completion",
        created: context.created,
        model: Cow::Borrowed(model.as_ref()),
        choices: vec![Choice {
            index: 0,
            message: parts.message(refusal, context.legacy_functions),
            logprobs: None,
            finish_reason,
            native_finish_reason: None,
        }],
        usage,
        service_tier,
    };
    let body = serde_json::to_vec(&completion).map_err(unreadable)?;
    let usage = usage.map(|usage| usage.metered());
    Ok(TranslatedAnswer { body: body.into(), usage, model: Some(model.into_owned()), usage_estimated: false })
}

/// The provider's answer is not what it should be.
pub(super) fn unreadable(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> RelayError {
    RelayError::unusable_answer("Anthropic's answer can't be read").with_source(why)
}

/// `chatcmpl-` and what stands behind `msg_`.
pub(super) fn answer_id(id: Option<&str>, context: &ChatContext) -> String {
    match id.map(|id| id.strip_prefix("msg_").unwrap_or(id)) {
        Some(id) if !id.is_empty() => format!("chatcmpl-{id}"),
        _ => format!("chatcmpl-{}", context.id.unique(0, 24)),
    }
}

/// OpenAI's word for why the answer ends.
pub(super) fn finish_reason(stop_reason: Option<&str>, has_calls: bool, legacy: bool) -> &'static str {
    let called = if legacy { "function_call" } else { "tool_calls" };
    match stop_reason {
        Some("end_turn" | "stop_sequence") => "stop",
        Some("max_tokens" | "model_context_window_exceeded" | "pause_turn" | "compaction") => "length",
        Some("refusal") => "content_filter",
        _ if has_calls => called, // `tool_use`, and words of tomorrow
        _ => "stop",
    }
}

/// A tool call's `input` as OpenAI's `arguments`: compact, in its own key order.
pub(super) fn arguments(input: Option<&RawValue>) -> Cow<'_, str> {
    match input.map_or("{}", RawValue::get) {
        "null" => Cow::Borrowed("{}"),
        input => json::compact(input),
    }
}

/// What maps the names in this tool's arguments back, where some were changed.
pub(super) fn renamer(tool: &str, context: &ChatContext) -> Option<Renamer> {
    let (_, names) = context.renamed_properties.iter().find(|(name, _)| name == tool)?;
    Some(Renamer::new(names.clone()))
}

/// Annotations for the text from character `start` to `end` of `content`.
pub(super) fn annotations<'a>(
    citations: Vec<Citation<'a>>,
    start: usize,
    end: usize,
) -> impl Iterator<Item = Annotation<'a>> {
    citations.into_iter().map(move |Citation { title, url }| Annotation {
        r#type: "url_citation",
        url_citation: UrlCitation { start_index: start, end_index: end, title, url },
    })
}

/// The order of the blocks, kept when it is not the usual one: thinking, at most one text, tool calls.
#[derive(Debug, Default)]
pub(super) struct Layout(Vec<Piece>);

#[derive(Clone, Copy, Debug)]
enum Piece {
    Thinking,
    Text(usize),
    ToolUse,
}

impl Layout {
    pub(super) fn thinking(&mut self) {
        self.0.push(Piece::Thinking);
    }

    pub(super) fn tool_use(&mut self) {
        self.0.push(Piece::ToolUse);
    }

    /// A text block of this number of Unicode scalar values.
    pub(super) fn text(&mut self, length: usize) {
        if length > 0 {
            self.0.push(Piece::Text(length));
        }
    }

    /// The value of `content_layout`, where one is needed.
    pub(super) fn words(&self) -> Option<Vec<String>> {
        let rank = |piece: &Piece| match piece {
            Piece::Thinking => 0,
            Piece::Text(_) => 1,
            Piece::ToolUse => 2,
        };
        let is_sorted = self.0.iter().map(rank).is_sorted();
        let texts = self.0.iter().filter(|piece| matches!(piece, Piece::Text(_))).count();
        (!is_sorted || texts > 1).then(|| {
            let word = |piece: &Piece| match piece {
                Piece::Thinking => "thinking".to_owned(),
                Piece::Text(length) => format!("text:{length}"),
                Piece::ToolUse => "tool_use".to_owned(),
            };
            self.0.iter().map(word).collect()
        })
    }
}

/// The blocks of an answer, sorted into OpenAI's members.
#[derive(Default)]
struct Parts<'a> {
    text: Option<Cow<'a, str>>,
    text_length: usize,
    calls: Vec<(Cow<'a, str>, Function<'a>)>,
    annotations: Vec<Annotation<'a>>,
    thinking: Vec<Sent<'a>>,
    reasoning: String,
    layout: Layout,
    has_foreign: bool,
}

impl<'a> Parts<'a> {
    fn add(&mut self, block: Block<'a>, context: &ChatContext) {
        match block {
            Block::Text { text, citations } => {
                let (start, length) = (self.text_length, text.chars().count());
                self.text_length += length;
                self.annotations.extend(annotations(citations, start, self.text_length));
                self.layout.text(length);
                match &mut self.text {
                    Some(all) => all.to_mut().push_str(&text),
                    None => self.text = Some(text),
                }
            }
            Block::ToolUse { id, name, input, partial } => {
                self.layout.tool_use();
                let arguments = match (partial, renamer(&name, context)) {
                    (partial, None) => partial.unwrap_or_else(|| arguments(input)),
                    (partial, Some(renamer)) => renamer.whole(&partial.unwrap_or_else(|| arguments(input))).into(),
                };
                self.calls.push((id, Function { name: Some(name), arguments }));
            }
            Block::Thinking { thinking, signature } => {
                if !self.reasoning.is_empty() && !thinking.is_empty() {
                    self.reasoning.push_str("\n\n");
                }
                self.reasoning.push_str(&thinking);
                self.layout.thinking();
                self.thinking.push(Sent::Thinking { thinking, signature });
            }
            Block::RedactedThinking { data } => {
                self.layout.thinking();
                self.thinking.push(Sent::RedactedThinking { data });
            }
            Block::Foreign => self.has_foreign = true,
        }
    }

    fn message(self, refusal: Option<Cow<'a, str>>, legacy: bool) -> completion::Message<'a> {
        let is_silent = self.calls.is_empty() && refusal.is_none();
        let content = self.text.or(is_silent.then_some(Cow::Borrowed("")));
        let mut extensions = Vec::new();
        // Behind a server tool's blocks, which are not shown, the order could not be restored.
        if !self.thinking.is_empty() && !self.has_foreign {
            extensions.extend(to_raw_value(&self.thinking).ok().map(|blocks| ("thinking_blocks", blocks)));
            let words = self.layout.words().and_then(|words| to_raw_value(&words).ok());
            extensions.extend(words.map(|words| ("content_layout", words)));
        }
        let mut message = completion::Message {
            content,
            refusal,
            annotations: self.annotations,
            reasoning_content: (!self.reasoning.is_empty()).then_some(self.reasoning.into()),
            extensions,
            ..completion::Message::default()
        };
        let mut calls = self.calls.into_iter();
        if legacy {
            message.function_call = calls.next().map(|(_, function)| function);
        } else {
            message.tool_calls = calls
                .map(|(id, function)| ToolCall {
                    id: Some(id),
                    r#type: Some("function"),
                    function,
                    ..ToolCall::default()
                })
                .collect();
        }
        message
    }
}

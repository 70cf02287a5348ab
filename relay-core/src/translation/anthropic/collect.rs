//! Collects a stream into the one message that it amounts to, in Anthropic's own format.
//!
//! Long answers are asked for as a stream, since a connection that is silent for minutes gets cut, and turns that paused are
//! sent back as they were. Blocks and members that Relay does not know stay.

use std::borrow::Cow;

use serde_json::value::{RawValue, to_raw_value};

use super::error;
use super::event::{Change, Event};
use super::response::unreadable;
use crate::error::RelayError;
use crate::translation::answer_budget::{AnswerBudget, too_long};
use crate::translation::limits::MAX_BLOCKS;
use crate::translation::members::Members;
use crate::translation::{ProviderError, StreamCollector};

/// What a block is counted for beside its text, in bytes.
const BLOCK_SIZE: usize = 256;
/// The most members of a message, a block or a usage object. Each takes over ten times its bytes in memory, and is looked for
/// one by one.
const MAX_MEMBERS: usize = 128;

/// A message that is still coming.
#[derive(Debug, Default)]
pub(super) struct Collector {
    message: Option<Members>,
    /// The message's counts, as far as later events changed them.
    usage: Option<Members>,
    blocks: Vec<Block>,
    budget: AnswerBudget,
    has_begun: bool,
    is_stopped: bool,
}

/// A block: its start, and what its deltas add.
#[derive(Debug)]
struct Block {
    index: u64,
    start: Members,
    text: Option<String>,
    thinking: Option<String>,
    signature: Option<String>,
    json: String,
    citations: Vec<Box<RawValue>>,
}

impl Collector {
    fn event(&mut self, data: &[u8]) -> Result<(), ProviderError> {
        let Some(event) = Event::read(data)? else { return Ok(()) };
        match event.kind() {
            "error" => return Err(error::in_answer(data)),
            _ if self.is_stopped => {}
            "message_start" if self.message.is_none() => {
                let message = event.message.ok_or_else(|| unreadable("a message_start without a message"))?;
                self.budget.add(message.get().len())?;
                self.message = Some(few(Members::from_raw(message)?)?);
                self.has_begun = true;
            }
            "content_block_start" => {
                if let Some(block) = event.content_block {
                    if self.blocks.len() >= MAX_BLOCKS {
                        return Err(too_long(&format!("has more than {MAX_BLOCKS} blocks")).into());
                    }
                    self.budget.add(block.get().len() + BLOCK_SIZE)?;
                    self.blocks.push(Block::new(event.index, few(Members::from_raw(block)?)?));
                }
            }
            "content_block_delta" => {
                self.budget.add(event.delta.as_ref().map_or(0, Change::size))?;
                if let Some(block) = self.blocks.iter_mut().rev().find(|block| block.index == event.index) {
                    block.change(event.delta.unwrap_or_default());
                }
            }
            "message_delta" => {
                self.budget.add(data.len())?;
                self.message_delta(data, event.usage)?;
            }
            "message_stop" => self.is_stopped = true,
            _ => {}
        }
        Ok(())
    }

    /// `stop_reason` and its kin go over the message's own members, and counts over its counts.
    fn message_delta(&mut self, data: &[u8], usage: Option<&RawValue>) -> Result<(), RelayError> {
        #[derive(serde::Deserialize)]
        struct Raw<'a> {
            #[serde(borrow)]
            delta: Option<&'a RawValue>,
        }
        let Some(message) = &mut self.message else { return Ok(()) };
        if let Some(delta) = serde_json::from_slice::<Raw<'_>>(data).ok().and_then(|raw| raw.delta) {
            overlay(message, delta)?;
        }
        if let Some(usage) = usage {
            let counts = self.usage.get_or_insert_with(|| {
                message.get("usage").and_then(|own| Members::from_raw(own).ok()).unwrap_or_default()
            });
            overlay(counts, usage)?;
        }
        Ok(())
    }

    /// A collector for the turn's next message. The answer budget is shared.
    pub(super) fn next(&mut self) -> Self {
        Self { budget: std::mem::take(&mut self.budget), ..Self::default() }
    }

    /// The message; `None` if its end is missing.
    pub(super) fn message(&mut self) -> Option<Members> {
        let mut message = self.message.take()?;
        if !self.is_stopped && message.get("stop_reason").is_none() {
            return None;
        }
        let blocks: Vec<Members> = std::mem::take(&mut self.blocks).into_iter().map(Block::whole).collect();
        message.write("content", &blocks);
        if let Some(usage) = self.usage.take() {
            message.write("usage", &usage);
        }
        Some(message)
    }
}

impl StreamCollector for Collector {
    fn feed(&mut self, data: &[u8]) -> Result<(), ProviderError> {
        self.event(data)
    }

    fn is_complete(&self) -> bool {
        self.is_stopped
    }

    fn finish(&mut self, stray: &[u8]) -> Result<Vec<u8>, ProviderError> {
        match self.message() {
            Some(message) => Ok(message.to_bytes()),
            None if error::is_error(stray) => Err(error::in_answer(stray)),
            None if self.has_begun => Err(RelayError::interrupted().into()),
            None => Err(unreadable("it is not an event stream").into()),
        }
    }
}

fn few(members: Members) -> Result<Members, RelayError> {
    if members.len() > MAX_MEMBERS {
        return Err(too_long(&format!("has an object of more than {MAX_MEMBERS} members")));
    }
    Ok(members)
}

/// As [`Members::overlay`], of few members over few. A value that is not an object adds nothing.
fn overlay(own: &mut Members, more: &RawValue) -> Result<(), RelayError> {
    if let Ok(object) = Members::from_raw(more) {
        few(object)?;
        own.overlay(more);
        *own = few(std::mem::take(own))?;
    }
    Ok(())
}

impl Block {
    fn new(index: u64, start: Members) -> Self {
        let (text, thinking, signature) = (start.text("text"), start.text("thinking"), start.text("signature"));
        let citations = start.get("citations").and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default();
        Self { index, start, text, thinking, signature, json: String::new(), citations }
    }

    fn change(&mut self, change: Change<'_>) {
        let add = |own: &mut Option<String>, more: Option<Cow<'_, str>>| {
            own.get_or_insert_default().push_str(&more.unwrap_or_default());
        };
        match change.r#type.as_deref().unwrap_or_default() {
            "text_delta" => add(&mut self.text, change.text),
            "thinking_delta" => add(&mut self.thinking, change.thinking),
            "signature_delta" => self.signature = change.signature.map(Cow::into_owned),
            "input_json_delta" => self.json.push_str(&change.partial_json.unwrap_or_default()),
            "citations_delta" => self.citations.extend(change.citation.map(ToOwned::to_owned)),
            _ => {}
        }
    }

    /// The block with all that its deltas added. An input that is cut off can't be JSON: it stays text, in
    /// `partial_json`.
    fn whole(self) -> Members {
        let mut block = self.start;
        for (name, text) in [("text", &self.text), ("thinking", &self.thinking), ("signature", &self.signature)] {
            if let Some(text) = text {
                block.write(name, text);
            }
        }
        if !self.citations.is_empty() {
            block.write("citations", &self.citations);
        }
        if !self.json.is_empty() {
            match serde_json::from_str::<&RawValue>(&self.json) {
                Ok(input) => block.set("input", input.to_owned()),
                Err(_) => {
                    if let Ok(text) = to_raw_value(&self.json) {
                        block.set("partial_json", text);
                    }
                }
            }
        }
        block
    }
}

impl Change<'_> {
    /// Bytes that it adds to the collected answer.
    pub(super) fn size(&self) -> usize {
        [&self.text, &self.partial_json, &self.thinking, &self.signature]
            .into_iter()
            .map(|text| text.as_ref().map_or(0, |text| text.len()))
            .sum::<usize>()
            + self.citation.map_or(0, |raw| raw.get().len() + size_of::<Box<RawValue>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_thousands_of_members_is_refused() {
        let many: Vec<String> = (0..5_000).map(|i| format!("\"m{i}\":1")).collect();
        let many = format!("{{{}}}", many.join(","));
        for event in [
            format!(r#"{{"type":"message_start","message":{many}}}"#),
            format!(r#"{{"type":"content_block_start","index":0,"content_block":{many}}}"#),
            format!(r#"{{"type":"message_delta","delta":{many}}}"#),
            format!(r#"{{"type":"message_delta","delta":{{}},"usage":{many}}}"#),
        ] {
            let mut collector = Collector::default();
            if !event.contains("message_start") {
                collector.feed(br#"{"type":"message_start","message":{"id":"msg_1"}}"#).unwrap();
            }
            assert_eq!(
                collector.feed(event.as_bytes()).unwrap_err().error.code(),
                "upstream_error",
                "{}",
                &event[..40]
            );
        }
    }
}

//! An earlier answer, as the caller sends it back, to Anthropic blocks: thinking, text, tool calls, in their first order
//! where the caller sent `content_layout` back.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};

use serde_json::value::RawValue;

use super::blocks::{Block, Input};
use super::parts::{self, Content};
use crate::error::RelayError;
use crate::translation::json::Object;

/// Tool call ids in Anthropic's alphabet (`[a-zA-Z0-9_-]+`). Equal ids stay equal and different ones different, so a cached
/// prefix stays the same from call to call.
#[derive(Debug, Default)]
pub(super) struct ToolIds {
    sent: HashMap<String, String>,
    /// For each id in use, the number to try next on a collision.
    used: HashMap<String, u32>,
    /// Calls of the deprecated form, by function name, which wait for their result.
    open: HashMap<String, VecDeque<String>>,
}

impl ToolIds {
    /// The id to send for a caller's id.
    pub(super) fn wire_id(&mut self, id: &str) -> String {
        if let Some(known) = self.sent.get(id) {
            return known.clone();
        }
        let clean: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let base = if clean.is_empty() { "tool".to_owned() } else { clean };
        let mut free = base.clone();
        let mut number = self.used.get(&base).copied().unwrap_or(2);
        while self.used.contains_key(&free) {
            free = format!("{base}_{number}");
            number += 1;
        }
        self.used.insert(base, number);
        self.used.entry(free.clone()).or_insert(2);
        self.sent.insert(id.to_owned(), free.clone());
        free
    }

    /// Makes up the id of a deprecated function call in message `index`.
    fn function_id(&mut self, name: &str, index: usize) -> String {
        let id = self.wire_id(&format!("call_fn_{index}"));
        self.open.entry(name.to_owned()).or_default().push_back(id.clone());
        id
    }

    /// The id of the oldest function call of this name that has no result yet.
    pub(super) fn result_id(&mut self, name: &str) -> Option<String> {
        self.open.get_mut(name)?.pop_front()
    }
}

/// The blocks of the assistant message at `index`.
///
/// # Errors
/// Members that Anthropic has no counterpart for, by their path.
pub(super) fn blocks<'a>(message: &Object<'a>, index: usize, ids: &mut ToolIds) -> Result<Vec<Block<'a>>, RelayError> {
    if message.get("audio").is_some() {
        let text = "Anthropic can't continue from an audio answer; send its transcript as `content`";
        return Err(RelayError::unsupported_value(message.path("audio"), text));
    }
    let thinking = thinking(message)?;
    let calls = calls(message, index, ids)?;
    let content = parts::content(message)?;
    if let Content::Text(text) = &content
        && let Some(layout) = layout(message, text, thinking.len(), calls.len())
    {
        return Ok(arranged(&layout, text, thinking, calls));
    }
    let mut blocks = thinking;
    blocks.extend(texts(message, content)?);
    blocks.extend(calls);
    Ok(blocks)
}

fn texts<'a>(message: &Object<'a>, content: Content<'a>) -> Result<Vec<Block<'a>>, RelayError> {
    let mut texts = match content {
        Content::Nothing => Vec::new(),
        Content::Text(text) => vec![Block::Text { text, cache_control: parts::marker(message) }],
        Content::Parts(parts) => parts.iter().filter_map(|part| text_of(part).transpose()).collect::<Result<_, _>>()?,
    };
    if texts.is_empty()
        && let Some(refusal) = message.text("refusal")?.filter(|text| !parts::is_blank(text))
    {
        texts.push(Block::text(refusal));
    }
    Ok(texts)
}

fn text_of<'a>(part: &Object<'a>) -> Result<Option<Block<'a>>, RelayError> {
    match parts::kind(part)?.as_ref() {
        "text" => parts::text_part(part),
        "refusal" => Ok(part.text("refusal")?.filter(|text| !parts::is_blank(text)).map(Block::text)),
        _ => Err(parts::unsupported(part)),
    }
}

/// The signed blocks of `thinking_blocks`. Unsigned ones, and `reasoning_content`, would be refused upstream.
fn thinking<'a>(message: &Object<'a>) -> Result<Vec<Block<'a>>, RelayError> {
    let mut blocks = Vec::new();
    for block in message.objects("thinking_blocks")?.unwrap_or_default() {
        let kind = block.text("type")?.unwrap_or_default();
        if kind == "thinking" {
            let signature = block.text("signature")?.filter(|signature| !signature.is_empty());
            let thinking = block.text("thinking")?.unwrap_or_default();
            blocks.extend(signature.map(|signature| Block::Thinking { thinking, signature }));
        } else if kind == "redacted_thinking" {
            let data = block.text("data")?.filter(|data| !data.is_empty());
            blocks.extend(data.map(|data| Block::RedactedThinking { data }));
        }
    }
    Ok(blocks)
}

fn calls<'a>(message: &Object<'a>, index: usize, ids: &mut ToolIds) -> Result<Vec<Block<'a>>, RelayError> {
    let mut calls = Vec::new();
    for call in message.objects("tool_calls")?.unwrap_or_default() {
        if call.text("type")?.is_some_and(|kind| kind != "function") {
            return Err(parts::unsupported(&call));
        }
        let id = ids.wire_id(&call.text("id")?.unwrap_or_default());
        let function = call.object("function")?.unwrap_or_default();
        calls.push(Block::ToolUse { id, name: required_name(&function)?, input: input(&function)? });
    }
    if let Some(function) = message.object("function_call")? {
        let name = required_name(&function)?;
        let id = ids.function_id(&name, index);
        calls.push(Block::ToolUse { id, name, input: input(&function)? });
    }
    Ok(calls)
}

fn required_name<'a>(function: &Object<'a>) -> Result<Cow<'a, str>, RelayError> {
    let path = function.path("name");
    let message = format!("`{path}` is missing");
    function.text("name")?.ok_or_else(|| RelayError::invalid_value(path, message))
}

/// A call's `arguments`. Anything but a JSON object is wrapped, so that the model sees its own mistake.
fn input<'a>(function: &Object<'a>) -> Result<Input<'a>, RelayError> {
    let text = function.text("arguments")?.unwrap_or_default();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Input::Empty {});
    }
    let json = trimmed.starts_with('{').then(|| RawValue::from_string(trimmed.to_owned()).ok()).flatten();
    Ok(json.map_or_else(|| Input::Invalid { text }, Input::Json))
}

/// One entry of `content_layout`.
enum Entry {
    Thinking,
    /// So many characters of `content`.
    Text(usize),
    ToolUse,
}

/// The `content_layout` of a message, if it fits the message exactly.
fn layout(message: &Object<'_>, text: &str, thinking: usize, calls: usize) -> Option<Vec<Entry>> {
    let words: Vec<String> = message.read("content_layout", "an array").ok()??;
    let entry = |word: &String| match word.as_str() {
        "thinking" => Some(Entry::Thinking),
        "tool_use" => Some(Entry::ToolUse),
        other => other.strip_prefix("text:")?.parse().ok().map(Entry::Text),
    };
    let entries: Vec<Entry> = words.iter().map(entry).collect::<Option<_>>()?;
    let (mut left, mut characters) = ((thinking, calls), text.chars().count());
    for entry in &entries {
        match entry {
            Entry::Thinking => left.0 = left.0.checked_sub(1)?,
            Entry::ToolUse => left.1 = left.1.checked_sub(1)?,
            Entry::Text(length) => characters = characters.checked_sub(*length)?,
        }
    }
    (left == (0, 0) && characters == 0).then_some(entries)
}

fn arranged<'a>(
    layout: &[Entry],
    text: &Cow<'a, str>,
    thinking: Vec<Block<'a>>,
    calls: Vec<Block<'a>>,
) -> Vec<Block<'a>> {
    let (mut thinking, mut calls) = (thinking.into_iter(), calls.into_iter());
    let mut at = 0;
    let piece = |length: usize, at: &mut usize| {
        let rest = text.get(*at..).unwrap_or_default();
        let end = rest.char_indices().nth(length).map_or(rest.len(), |(end, _)| end);
        let range = *at..*at + end;
        *at = range.end;
        let piece = match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
        };
        (!parts::is_blank(&piece)).then(|| Block::text(piece))
    };
    let blocks = layout.iter().filter_map(|entry| match entry {
        Entry::Thinking => thinking.next(),
        Entry::ToolUse => calls.next(),
        Entry::Text(length) => piece(*length, &mut at),
    });
    blocks.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_ids_stay_equal_and_different_ones_different() {
        let mut ids = ToolIds::default();
        let sent = ["a:1", "a.1", "a_1", "a:1", "", "tool", "a_1_2"].map(|id| ids.wire_id(id));
        assert_eq!(sent, ["a_1", "a_1_2", "a_1_3", "a_1", "tool", "tool_2", "a_1_2_2"]);
    }

    #[test]
    fn arguments_keep_their_spelling() {
        let body = br#"{"arguments":"{ \"b\": 1.50, \"a\": 12345678901234567890123 }"}"#;
        let function = Object::parse(body).unwrap();
        let sent = serde_json::to_string(&input(&function).unwrap()).unwrap();
        assert_eq!(sent, r#"{ "b": 1.50, "a": 12345678901234567890123 }"#);
    }
}

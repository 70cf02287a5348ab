//! An earlier answer, as the caller sends it back, to Anthropic blocks: thinking, text, tool calls, in their first order
//! where the caller sent `content_layout` back.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::blocks::{Block, Input};
use super::names::Names;
use super::parts::{self, Content, Place};
use super::tool_ids::ToolIds;
use super::tools;
use crate::error::RelayError;
use crate::translation::json::{self, Object};
use crate::translation::surrogates;

/// What an answer is read with.
pub(super) struct Reader<'r, 'a> {
    pub(super) ids: &'r mut ToolIds<'a>,
    /// Names of properties that were changed.
    pub(super) names: &'r Names,
}

/// The blocks of the assistant message at `index`.
///
/// # Errors
/// Members that Anthropic has no counterpart for, by their path, if no later answer follows.
pub(super) fn blocks<'a>(
    message: &Object<'a>,
    index: usize,
    reader: &mut Reader<'_, 'a>,
    place: &mut Place<'_>,
) -> Result<Vec<Block<'a>>, RelayError> {
    let thinking = thinking(message, place)?;
    let calls = calls(message, index, reader, place)?;
    let content = parts::content(message)?;
    let layout = match &content {
        Content::Text(text) => layout(message, text, thinking.len(), calls.len()),
        _ => None,
    };
    let mut blocks = match (layout, content) {
        (Some(layout), Content::Text(text)) => arranged(&layout, &text, thinking, calls),
        (_, content) => {
            let mut blocks = thinking;
            blocks.extend(texts(message, content, place)?);
            blocks.extend(calls);
            blocks
        }
    };
    parts::mark_last(&mut blocks, parts::marker(message), place.notes);
    Ok(blocks)
}

/// The texts of an answer; of one without any, its refusal or what was said in its audio.
fn texts<'a>(message: &Object<'a>, content: Content<'a>, place: &mut Place<'_>) -> Result<Vec<Block<'a>>, RelayError> {
    let mut texts = parts::answer_blocks(content, place)?;
    if texts.is_empty()
        && let Some(refusal) = message.text("refusal")?.filter(|text| !parts::is_blank(text))
    {
        texts.push(Block::text(refusal));
    }
    if let Some(audio) = message.object("audio")? {
        place.notes.drop("messages.audio");
        if texts.is_empty() {
            let transcript = audio.text("transcript")?.filter(|text| !parts::is_blank(text));
            texts.push(Block::text(transcript.unwrap_or(Cow::Borrowed("[an answer in audio was left out]"))));
        }
    }
    Ok(texts)
}

/// The signed blocks of `thinking_blocks`. Unsigned ones, and `reasoning_content`, would be refused upstream.
fn thinking<'a>(message: &Object<'a>, place: &mut Place<'_>) -> Result<Vec<Block<'a>>, RelayError> {
    let mut blocks = Vec::new();
    for block in message.objects("thinking_blocks")?.unwrap_or_default() {
        if block.get("cache_control").is_some() {
            place.notes.drop("messages.cache_control");
        }
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

fn calls<'a>(
    message: &Object<'a>,
    index: usize,
    reader: &mut Reader<'_, 'a>,
    place: &mut Place<'_>,
) -> Result<Vec<Block<'a>>, RelayError> {
    let mut calls = Vec::new();
    for call in message.objects("tool_calls")?.unwrap_or_default() {
        let id = reader.ids.call(call.text("id")?.unwrap_or_default());
        let kind = call.text("type")?.unwrap_or(Cow::Borrowed("function"));
        let function = call.object("function")?.unwrap_or_default();
        let (name, input) = match kind.as_ref() {
            "function" => {
                let name = required_name(&function)?;
                let input = input(&function, &name, reader.names)?;
                (name, input)
            }
            // It has one text where a function has JSON.
            "custom" => {
                let custom = call.object("custom")?.unwrap_or_default();
                place.notes.adjust("messages.tool_calls");
                let input = custom.text("input")?.unwrap_or_default();
                (required_name(&custom)?, Input::Custom { input })
            }
            _ => return Err(parts::unsupported(&call)),
        };
        let name = taken_name(name, place);
        let cache_control = parts::marker(&call).or_else(|| parts::marker(&function));
        calls.push(Block::ToolUse { id, name, input, cache_control });
    }
    if let Some(function) = message.object("function_call")? {
        let name = required_name(&function)?;
        let id = reader.ids.function_call(name.clone(), index);
        let input = input(&function, &name, reader.names)?;
        let name = taken_name(name, place);
        calls.push(Block::ToolUse { id, name, input, cache_control: parts::marker(&function) });
    }
    Ok(calls)
}

/// A tool's name in Anthropic's alphabet. A tool that is offered has such a name; one of the history may have another.
fn taken_name<'a>(name: Cow<'a, str>, place: &mut Place<'_>) -> Cow<'a, str> {
    if tools::is_name(&name) {
        return name;
    }
    place.notes.adjust("messages.tool_calls");
    let allowed = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let name: String = name.chars().take(tools::MAX_NAME).map(allowed).collect();
    if name.is_empty() { Cow::Borrowed("_") } else { Cow::Owned(name) }
}

fn required_name<'a>(function: &Object<'a>) -> Result<Cow<'a, str>, RelayError> {
    let path = function.path("name");
    let message = format!("`{path}` is missing");
    function.text("name")?.ok_or_else(|| RelayError::invalid_value(path, message))
}

/// A call's `arguments`. Anything but a JSON object is wrapped, so that the model sees its own mistake.
fn input<'a>(function: &Object<'a>, tool: &str, names: &Names) -> Result<Input<'a>, RelayError> {
    let text = function.text("arguments")?.unwrap_or_default();
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Ok(Input::Empty {});
    }
    let value = (trimmed.starts_with('{') && json::can_be_nested(trimmed)).then(|| {
        let mended = surrogates::mended_text(Cow::Borrowed(trimmed));
        let json = names.to_sent(tool, &mended).map_or_else(|| mended.into_owned(), Into::into);
        RawValue::from_string(json).ok()
    });
    Ok(value.flatten().map_or_else(|| Input::Invalid { text }, Input::Json))
}

/// One entry of `content_layout`.
enum Entry {
    Thinking,
    /// This number of characters of `content`.
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
    fn arguments_that_no_provider_reads_stay_text() {
        let deep = format!("{}{}", "{\"a\":".repeat(200) + "1", "}".repeat(200));
        for arguments in ["{\"a\":1e999}", deep.as_str()] {
            let body = serde_json::json!({ "arguments": arguments }).to_string();
            let function = Object::parse(body.as_bytes()).unwrap();
            assert!(matches!(input(&function, "f", &Names::default()), Ok(Input::Invalid { .. })), "{arguments}");
        }
    }

    #[test]
    fn arguments_keep_their_spelling() {
        let body = br#"{"arguments":"{ \"b\": 1.50, \"a\": 12345678901234567890123 }"}"#;
        let function = Object::parse(body).unwrap();
        let sent = serde_json::to_string(&input(&function, "f", &Names::default()).unwrap()).unwrap();
        assert_eq!(sent, r#"{ "b": 1.50, "a": 12345678901234567890123 }"#);
    }
}

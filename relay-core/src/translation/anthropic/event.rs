//! One event of Anthropic's stream, as it comes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::response::unreadable;
use super::wire::{self, TypeTag};
use crate::error::RelayError;
use crate::translation::json::Text;

/// An event. One flat shape for all kinds, so that the hot path parses each byte once.
#[derive(Deserialize)]
pub(super) struct Event<'a> {
    #[serde(borrow, default, deserialize_with = "wire::text")]
    pub(super) r#type: Option<Cow<'a, str>>,
    #[serde(default)]
    pub(super) index: u64,
    #[serde(borrow)]
    pub(super) delta: Option<Change<'a>>,
    #[serde(borrow)]
    pub(super) content_block: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) usage: Option<&'a RawValue>,
}

/// The `delta` of a block, or of the message.
#[derive(Default, Deserialize)]
pub(super) struct Change<'a> {
    #[serde(borrow, default, deserialize_with = "wire::text")]
    pub(super) r#type: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "wire::text")]
    pub(super) text: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "wire::text")]
    pub(super) partial_json: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "wire::text")]
    pub(super) thinking: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "wire::text")]
    pub(super) signature: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) citation: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "wire::text")]
    pub(super) stop_reason: Option<Cow<'a, str>>,
    #[serde(borrow)]
    pub(super) stop_details: Option<&'a RawValue>,
}

impl<'a> Event<'a> {
    /// Reads an event; `None` if it is of a kind that Relay does not know, and so may skip.
    ///
    /// # Errors
    /// An event of a known kind that can't be read.
    pub(super) fn read(data: &'a [u8]) -> Result<Option<Self>, RelayError> {
        let text = std::str::from_utf8(data).map_err(unreadable)?;
        if let Some(event) = piece(text) {
            return Ok(Some(event));
        }
        match serde_json::from_str(text) {
            Ok(event) => Ok(Some(event)),
            Err(_) if is_new(data) => Ok(None),
            Err(why) => Err(unreadable(why)),
        }
    }

    /// Its kind; empty if it has none.
    pub(super) fn kind(&self) -> &str {
        self.r#type.as_deref().unwrap_or_default()
    }
}

/// A piece of a block in Anthropic's usual spelling, which is most of a stream: read without asking each member for its name.
/// `None`: it may be anything.
fn piece(json: &str) -> Option<Event<'_>> {
    let rest = json.strip_prefix(r#"{"type":"content_block_delta","index":"#)?;
    let (index, rest) = rest.split_once(r#","delta":{"type":""#)?;
    let is_plain = index.bytes().all(|byte| byte.is_ascii_digit()) && (index.len() == 1 || !index.starts_with('0'));
    let index = index.parse().ok().filter(|_| is_plain)?;
    let (kind, rest) = rest.split_once('"')?;
    let mut delta = Change::default();
    let (member, rest) = match kind {
        "text_delta" => (&mut delta.text, rest.strip_prefix(r#","text":"#)?),
        "input_json_delta" => (&mut delta.partial_json, rest.strip_prefix(r#","partial_json":"#)?),
        "thinking_delta" => (&mut delta.thinking, rest.strip_prefix(r#","thinking":"#)?),
        _ => return None,
    };
    let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<Text<'_>>();
    *member = Some(strings.next()?.ok()?.0);
    let end = rest.get(strings.byte_offset()..)?.strip_prefix('}')?;
    delta.r#type = Some(Cow::Borrowed(kind));
    let event = Event {
        r#type: Some(Cow::Borrowed("content_block_delta")),
        index,
        delta: Some(delta),
        content_block: None,
        message: None,
        usage: None,
    };
    (end.trim_ascii() == "}").then_some(event)
}

fn is_new(data: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Peek<'a> {
        #[serde(borrow, default, deserialize_with = "wire::text")]
        r#type: Option<Cow<'a, str>>,
        #[serde(borrow)]
        delta: Option<&'a RawValue>,
    }
    let Ok(peek) = serde_json::from_slice::<Peek<'_>>(data) else { return false };
    match peek.r#type.as_deref().unwrap_or_default() {
        "content_block_delta" => {
            let kind = peek.delta.and_then(|delta| serde_json::from_str::<TypeTag<'_>>(delta.get()).ok());
            let kind = kind.and_then(|kind| kind.r#type);
            let known = ["text_delta", "input_json_delta", "thinking_delta", "signature_delta", "citations_delta"];
            !kind.is_some_and(|kind| known.contains(&kind.as_ref()))
        }
        "message_start" | "content_block_start" | "content_block_stop" | "message_delta" | "message_stop" => false,
        _ => true,
    }
}

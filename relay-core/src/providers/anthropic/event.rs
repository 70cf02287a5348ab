//! One event of Anthropic's stream, as it comes.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::response::unreadable;
use super::wire::{self, Kind};
use crate::error::RelayError;

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
        match serde_json::from_slice(data) {
            Ok(event) => Ok(Some(event)),
            Err(_) if is_new(data) => Ok(None),
            Err(why) => Err(unreadable(why)),
        }
    }

    /// Its kind; empty where it says none.
    pub(super) fn kind(&self) -> &str {
        self.r#type.as_deref().unwrap_or_default()
    }
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
            let kind = peek.delta.and_then(|delta| serde_json::from_str::<Kind<'_>>(delta.get()).ok());
            let kind = kind.and_then(|kind| kind.r#type);
            let known = ["text_delta", "input_json_delta", "thinking_delta", "signature_delta", "citations_delta"];
            !kind.is_some_and(|kind| known.contains(&kind.as_ref()))
        }
        "message_start" | "content_block_start" | "content_block_stop" | "message_delta" | "message_stop" => false,
        _ => true,
    }
}

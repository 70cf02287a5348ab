//! Content blocks as Anthropic takes them. They borrow from the caller's body, so a large image is copied once.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

/// A message of the conversation.
#[derive(Debug, Serialize)]
pub(super) struct Turn<'a> {
    /// `user`, `assistant` or `system`.
    pub(super) role: &'static str,
    /// Never empty.
    pub(super) content: Vec<Block<'a>>,
}

/// One block of a message.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Block<'a> {
    Text {
        text: Cow<'a, str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Marker<'a>>,
    },
    Image {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Marker<'a>>,
    },
    Document {
        source: Source<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        title: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Marker<'a>>,
    },
    ToolUse {
        id: String,
        name: Cow<'a, str>,
        input: Input<'a>,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Marker<'a>>,
    },
    ToolResult {
        tool_use_id: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        content: Option<ResultContent<'a>>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        is_error: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        cache_control: Option<Marker<'a>>,
    },
    Thinking {
        thinking: Cow<'a, str>,
        signature: Cow<'a, str>,
    },
    RedactedThinking {
        data: Cow<'a, str>,
    },
}

impl<'a> Block<'a> {
    /// A text block without a cache marker.
    pub(super) fn text(text: impl Into<Cow<'a, str>>) -> Self {
        Self::Text { text: text.into(), cache_control: None }
    }

    /// Whether it is a thinking block of either kind.
    pub(super) fn is_thinking(&self) -> bool {
        matches!(self, Self::Thinking { .. } | Self::RedactedThinking { .. })
    }

    /// Its cache marker's place; `None` for thinking, which takes none.
    pub(super) fn marker_mut(&mut self) -> Option<&mut Option<Marker<'a>>> {
        match self {
            Self::Text { cache_control, .. }
            | Self::Image { cache_control, .. }
            | Self::Document { cache_control, .. }
            | Self::ToolUse { cache_control, .. }
            | Self::ToolResult { cache_control, .. } => Some(cache_control),
            Self::Thinking { .. } | Self::RedactedThinking { .. } => None,
        }
    }
}

/// Where an image or a document is.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Source<'a> {
    Base64 { media_type: &'static str, data: Cow<'a, str> },
    Url { url: Cow<'a, str> },
    File { file_id: Cow<'a, str> },
    Text { media_type: &'static str, data: String },
}

/// A prompt-cache marker.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Marker<'a> {
    /// As the caller wrote it, in Anthropic's own words.
    Given(&'a RawValue),
    /// For OpenAI's `prompt_cache_breakpoint`.
    Ephemeral { r#type: &'static str },
}

/// The input of a tool call in the history.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Input<'a> {
    /// A JSON object, as it came.
    Json(Box<RawValue>),
    /// The model did not write a JSON object: it sees its own text again.
    Invalid {
        #[serde(rename = "INVALID_JSON")]
        text: Cow<'a, str>,
    },
    /// The text that a custom tool was called with.
    Custom { input: Cow<'a, str> },
    /// `{}`.
    Empty {},
}

/// What a tool gave.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub(super) enum ResultContent<'a> {
    Text(Cow<'a, str>),
    Blocks(Vec<Block<'a>>),
}

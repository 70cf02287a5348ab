//! `reasoning_effort` and the extension `thinking`, to thinking and effort of the model at hand.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::value::RawValue;

use super::blocks::{Block, Turn};
use super::models::{ModelFamily, ThinkingOff};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;
use crate::translation::members::Members;

/// The beta that `block_binding` belongs to.
pub(super) const BINDING_BETA: &str = "thinking-binding-controls-2026-08-01";
/// Anthropic's least budget, and what must be left of `max_tokens` for the answer.
const LEAST_BUDGET: u64 = 1024;

/// What is sent.
#[derive(Debug, Default)]
pub(super) struct Reasoning<'a> {
    /// `thinking`.
    pub(super) thinking: Option<Thinking<'a>>,
    /// `output_config.effort`.
    pub(super) effort: Option<&'static str>,
    /// Whether the model thinks in this call, so that earlier thinking may be sent back.
    pub(super) is_on: bool,
    /// Whether `thinking` holds `block_binding`, which needs [`BINDING_BETA`].
    pub(super) has_binding: bool,
}

/// Anthropic's `thinking`.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(super) enum Thinking<'a> {
    /// The caller's own object.
    Given(Cow<'a, RawValue>),
    /// Made from `reasoning_effort`.
    Made {
        r#type: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        display: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        budget_tokens: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        block_binding: Option<BlockBinding>,
    },
}

/// What happens to thinking blocks whose history was edited: they are left out, instead of an error.
#[derive(Debug, Serialize)]
pub(super) struct BlockBinding {
    prefix_mismatch_behavior: &'static str,
}

const DROP_BLOCK: BlockBinding = BlockBinding { prefix_mismatch_behavior: "drop_block" };

impl Thinking<'_> {
    fn made(kind: &'static str) -> Self {
        Self::Made { r#type: kind, display: None, budget_tokens: None, block_binding: None }
    }

    fn adaptive() -> Self {
        // By default the newer models give no text.
        Self::Made { r#type: "adaptive", display: Some("summarized"), budget_tokens: None, block_binding: None }
    }
}

/// What of the call decides on thinking.
pub(super) struct Situation<'s, 'a> {
    pub(super) family: &'s ModelFamily,
    pub(super) turns: &'s [Turn<'a>],
    pub(super) max_tokens: u64,
    pub(super) forced_tool: bool,
}

/// Reads `thinking` and `reasoning_effort`.
///
/// # Errors
/// Values that OpenAI does not know either.
pub(super) fn read<'a>(
    request: &Object<'a>,
    situation: &Situation<'_, 'a>,
    notes: &mut Notes,
) -> Result<Reasoning<'a>, RelayError> {
    let family = situation.family;
    let mut reasoning = Reasoning::default();
    let effort = request.text("reasoning_effort")?;
    let given = request.object("thinking")?;
    if let Some(word) = effort.as_deref() {
        let level = Level::from_name(word)?;
        if family.budget {
            if given.is_none() {
                reasoning.thinking = budget(level, situation, notes);
            }
        } else if level != Level::None {
            reasoning.effort = Some(word_for(level, family, notes));
            reasoning.thinking = Some(Thinking::adaptive());
        } else if given.is_none() {
            turn_off(&mut reasoning, family, notes);
        }
    }
    let mut kind = match &reasoning.thinking {
        Some(Thinking::Made { r#type, .. }) => Some(Cow::Borrowed(*r#type)),
        _ => None,
    };
    if let (Some(given), Some(raw)) = (given, request.get("thinking")) {
        let own = own_thinking(&given, raw, situation, notes)?;
        kind = if own.is_some() { given.text("type")? } else { None };
        reasoning.has_binding = own.is_some() && given.get("block_binding").is_some();
        reasoning.thinking = own.map(Thinking::Given);
    }
    reasoning.is_on = match kind.as_deref() {
        Some("disabled" | "between_tools") => false,
        Some(_) => true,
        None => family.thinks_by_default(),
    };
    let replays = || situation.turns.iter().flat_map(|turn| &turn.content).any(Block::is_thinking);
    if family.binding && reasoning.is_on && !reasoning.has_binding && replays() {
        reasoning.thinking = Some(bound(reasoning.thinking.take()));
        reasoning.has_binding = true;
    }
    Ok(reasoning)
}

/// OpenAI's words, and Anthropic's `max`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

impl Level {
    fn from_name(word: &str) -> Result<Self, RelayError> {
        Ok(match word {
            "none" => Self::None,
            "minimal" => Self::Minimal,
            "low" => Self::Low,
            "medium" => Self::Medium,
            "high" => Self::High,
            "xhigh" => Self::Xhigh,
            "max" => Self::Max,
            _ => {
                let message = "`reasoning_effort` must be none, minimal, low, medium, high, xhigh or max";
                return Err(RelayError::invalid_value("reasoning_effort", message));
            }
        })
    }

    fn effort(self) -> &'static str {
        match self {
            Self::None | Self::Minimal | Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Xhigh => "xhigh",
            Self::Max => "max",
        }
    }

    fn budget(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Minimal => 1024,
            Self::Low => 2048,
            Self::Medium => 8192,
            Self::High => 16_384,
            Self::Xhigh => 24_576,
            Self::Max => 32_768,
        }
    }
}

fn word_for(level: Level, family: &ModelFamily, notes: &mut Notes) -> &'static str {
    let word = level.effort();
    if family.efforts.contains(&word) {
        return word;
    }
    notes.adjust("reasoning_effort");
    "high"
}

fn turn_off(reasoning: &mut Reasoning<'_>, family: &ModelFamily, notes: &mut Notes) {
    match family.off {
        ThinkingOff::Default => {}
        ThinkingOff::Disabled => reasoning.thinking = Some(Thinking::made("disabled")),
        ThinkingOff::BetweenTools => reasoning.thinking = Some(Thinking::made("between_tools")),
        ThinkingOff::Impossible => {
            reasoning.effort = Some("low");
            notes.adjust("reasoning_effort");
        }
    }
}

/// A budget for the older models, if there is room for one and the conversation allows it.
fn budget<'a>(level: Level, situation: &Situation<'_, '_>, notes: &mut Notes) -> Option<Thinking<'a>> {
    if level == Level::None {
        return None;
    }
    let tokens = level.budget().min(situation.max_tokens.saturating_sub(LEAST_BUDGET));
    if tokens < LEAST_BUDGET || situation.forced_tool || goes_on_without_thinking(situation.turns) {
        notes.adjust("reasoning_effort");
        return None;
    }
    Some(Thinking::Made { r#type: "enabled", display: None, budget_tokens: Some(tokens), block_binding: None })
}

/// The caller's own `thinking`, within what Anthropic takes: its budget must be smaller than `max_tokens`, and it does not go
/// with a forced call or an answer that goes on without its thinking. `None`: it can't be sent.
fn own_thinking<'a>(
    given: &Object<'a>,
    raw: &'a RawValue,
    situation: &Situation<'_, 'a>,
    notes: &mut Notes,
) -> Result<Option<Cow<'a, RawValue>>, RelayError> {
    let is_enabled = given.text("type")?.as_deref() == Some("enabled");
    let has_budget = given.get("budget_tokens").is_some();
    if !is_enabled {
        return Ok(Some(Cow::Borrowed(raw)));
    }
    if situation.forced_tool || goes_on_without_thinking(situation.turns) {
        notes.drop("thinking");
        return Ok(None);
    }
    let budget = given.integer("budget_tokens").ok().flatten().and_then(|budget| u64::try_from(budget).ok());
    if !has_budget || budget.is_none_or(|budget| budget < situation.max_tokens) {
        return Ok(Some(Cow::Borrowed(raw)));
    }
    let most = situation.max_tokens.saturating_sub(LEAST_BUDGET).max(LEAST_BUDGET);
    if most >= situation.max_tokens {
        notes.drop("thinking");
        return Ok(None);
    }
    notes.adjust("thinking");
    let mut members = Members::from_raw(raw)?;
    members.write("budget_tokens", &most);
    Ok(RawValue::from_string(String::from_utf8(members.to_bytes()).unwrap_or_default()).ok().map(Cow::Owned))
}

/// In a tool loop, and where the answer goes on, Anthropic wants the last assistant turn to begin with its thinking; some
/// callers drop it.
fn goes_on_without_thinking(turns: &[Turn<'_>]) -> bool {
    let goes_on = |turn: &Turn<'_>| {
        turn.role == "assistant" || turn.content.iter().any(|block| matches!(block, Block::ToolResult { .. }))
    };
    let in_loop = turns.last().is_some_and(goes_on);
    let last_answer = turns.iter().rev().find(|turn| turn.role == "assistant");
    in_loop && !last_answer.and_then(|turn| turn.content.first()).is_some_and(Block::is_thinking)
}

/// Adds `block_binding`, so that an edited history costs the old thinking and not the call.
fn bound(thinking: Option<Thinking<'_>>) -> Thinking<'_> {
    match thinking {
        None => {
            Thinking::Made { r#type: "adaptive", display: None, budget_tokens: None, block_binding: Some(DROP_BLOCK) }
        }
        Some(Thinking::Made { r#type, display, budget_tokens, .. }) => {
            Thinking::Made { r#type, display, budget_tokens, block_binding: Some(DROP_BLOCK) }
        }
        Some(Thinking::Given(raw)) => Thinking::Given(with_binding(raw)),
    }
}

fn with_binding(raw: Cow<'_, RawValue>) -> Cow<'_, RawValue> {
    let open = raw.get().trim_end().strip_suffix('}').unwrap_or_default().trim_end();
    let separator = if open.ends_with('{') { "" } else { "," };
    let json = format!("{open}{separator}\"block_binding\":{{\"prefix_mismatch_behavior\":\"drop_block\"}}}}");
    RawValue::from_string(json).map_or(raw, Cow::Owned)
}

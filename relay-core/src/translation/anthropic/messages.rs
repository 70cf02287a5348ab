//! The conversation: OpenAI's flat list of messages to Anthropic's system blocks and alternating turns.
//!
//! All that stands between two assistant turns is one user block. Tool results come first in it, as Anthropic demands.

use std::borrow::Cow;
use std::collections::HashMap;

use super::assistant;
use super::blocks::{Block, ResultContent, Turn};
use super::limits::MAX_BODY;
use super::models::ModelFamily;
use super::names::Names;
use super::parts::{self, Content, Place};
use super::tool_ids::ToolIds;
use crate::domain::Provider;
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// Stands for a last message without content. Claude takes no empty text, and would go on with its own answer if the
/// conversation ended with it.
const EMPTY_MESSAGE: &str = "(empty message)";

/// A translated conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// The leading system messages.
    pub(super) system: Vec<Block<'a>>,
    /// The rest.
    pub(super) turns: Vec<Turn<'a>>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    System,
    User,
    Assistant,
    Tool,
    Function,
}

/// Translates `messages`. `names` are the names of tools' properties that were changed.
///
/// # Errors
/// New messages that Anthropic has no counterpart for, and conversations that OpenAI refuses, too.
pub(super) fn read<'a>(
    request: &Object<'a>,
    family: &ModelFamily,
    names: &Names,
    notes: &mut Notes,
) -> Result<Conversation<'a>, RelayError> {
    let mut messages = Vec::new();
    for message in request.objects("messages")?.unwrap_or_default() {
        messages.push((role(&message)?, message));
    }
    let named = |(role, message): &(Role, Object<'_>)| {
        !matches!(role, Role::Tool | Role::Function) && message.get("name").is_some()
    };
    if messages.iter().any(named) {
        notes.drop("messages.name");
    }
    let lead = messages.iter().take_while(|(role, _)| *role == Role::System).count();
    let last_answer = messages.iter().rposition(|(role, _)| *role == Role::Assistant).unwrap_or(0);
    // The one message that a caller can still change: a turn that was refused before stays in the list of messages, and a
    // tool's result is nothing that an agent can take back.
    let newest = messages.iter().rposition(|(role, _)| *role == Role::User).filter(|at| *at >= last_answer);
    let mut conversation = Conversation::default();
    let mut is_end_empty = !messages.is_empty();
    for (index, (_, message)) in messages.iter().enumerate().take(lead) {
        let mut place = Place { is_history: index < last_answer, notes };
        conversation.system.extend(parts::system_blocks(message, &mut place)?);
    }
    if lead == messages.len() {
        let content = std::mem::take(&mut conversation.system);
        conversation.turns = if content.is_empty() { Vec::new() } else { vec![Turn { role: "user", content }] };
    } else {
        let mut builder = Builder {
            family,
            names,
            notes: &mut *notes,
            turns: Vec::new(),
            ids: ToolIds::default(),
            block: UserBlock::default(),
            shared: 0,
            is_end_empty: false,
        };
        let end = messages.len();
        for (index, (role, message)) in messages.iter().enumerate().skip(lead) {
            let is_answer = *role == Role::Assistant;
            let is_history = if is_answer { index + 1 < end } else { newest != Some(index) };
            builder.add(index, is_history, *role, message)?;
        }
        is_end_empty = builder.is_end_empty;
        conversation.turns = builder.finish()?;
    }
    end_without_thinking(&mut conversation.turns);
    let is_open = conversation.turns.last().is_none_or(|turn| turn.role == "assistant");
    if is_end_empty && is_open {
        push(&mut conversation.turns, "user", vec![Block::text(EMPTY_MESSAGE)]);
        notes.adjust("messages");
    }
    Ok(conversation)
}

/// Takes thinking off the ends of answers: it leads to nothing there, and Anthropic refuses an answer that ends so.
fn end_without_thinking(turns: &mut Vec<Turn<'_>>) {
    let ends_in_thinking = |turn: &Turn<'_>| turn.content.last().is_some_and(Block::is_thinking);
    if !turns.iter().any(ends_in_thinking) {
        return;
    }
    for mut turn in std::mem::take(turns) {
        if ends_in_thinking(&turn) {
            // Thinking of one answer comes back whole or not at all.
            turn.content.retain(|block| !block.is_thinking());
        }
        push(turns, turn.role, turn.content);
    }
}

fn role(message: &Object<'_>) -> Result<Role, RelayError> {
    Ok(match message.text("role")?.as_deref() {
        Some("system" | "developer") => Role::System,
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        Some("tool") => Role::Tool,
        Some("function") => Role::Function,
        _ => {
            let path = message.path("role");
            let text = format!("`{path}` must be system, developer, user, assistant, tool or function");
            return Err(RelayError::unsupported_value(path, text));
        }
    })
}

/// Rules on the last turn, and that there is one.
///
/// # Errors
/// Nothing to send; an answer to go on with, for a model that can't.
pub(super) fn check_end(turns: &mut [Turn<'_>], family: &ModelFamily) -> Result<(), RelayError> {
    let Some(last) = turns.last_mut() else {
        return Err(refused("there is no message with content"));
    };
    if last.role != "assistant" {
        return Ok(());
    }
    if !family.prefill {
        return Err(refused(
            "this model can't continue an assistant message: the conversation must end with a user message",
        ));
    }
    if let Some(Block::Text { text, .. }) = last.content.last_mut() {
        let end = text.trim_end().len();
        match text {
            Cow::Borrowed(text) => *text = text.get(..end).unwrap_or_default(),
            Cow::Owned(text) => text.truncate(end),
        }
    }
    Ok(())
}

fn refused(message: impl Into<Cow<'static, str>>) -> RelayError {
    RelayError::invalid_value("messages", message)
}

struct Builder<'a, 'f> {
    family: &'f ModelFamily,
    names: &'f Names,
    notes: &'f mut Notes,
    turns: Vec<Turn<'a>>,
    ids: ToolIds<'a>,
    block: UserBlock<'a>,
    /// Bytes of results that are written once more for another call.
    shared: usize,
    /// Whether the message that was added last has no content.
    is_end_empty: bool,
}

/// What stands between two assistant turns.
#[derive(Default)]
struct UserBlock<'a> {
    results: Vec<Block<'a>>,
    rest: Vec<(Role, Block<'a>)>,
}

impl<'a> Builder<'a, '_> {
    fn add(&mut self, index: usize, is_history: bool, role: Role, message: &Object<'a>) -> Result<(), RelayError> {
        let mut place = Place { is_history, notes: self.notes };
        self.is_end_empty = false;
        match role {
            Role::System => {
                let blocks = parts::system_blocks(message, &mut place)?;
                self.is_end_empty = blocks.is_empty();
                self.block.rest.extend(blocks.into_iter().map(|block| (role, block)));
            }
            Role::User => {
                let blocks = parts::user_blocks(message, &mut place)?;
                self.is_end_empty = blocks.is_empty();
                self.block.rest.extend(blocks.into_iter().map(|block| (role, block)));
            }
            Role::Tool => {
                let path = message.path("tool_call_id");
                let id = message.text("tool_call_id")?;
                let id = id.ok_or_else(|| RelayError::invalid_value(path.clone(), format!("`{path}` is missing")))?;
                let Some(sent) = self.ids.result(&id) else {
                    let message = "each tool result must answer one call of the assistant message before it";
                    return Err(refused(format!("{message}: see `{}`", cut(&id))));
                };
                self.block.results.push(result(sent, message, &mut place)?);
            }
            Role::Function => {
                let name = message.text("name")?.unwrap_or_default();
                let id = self.ids.function_result(&name).ok_or_else(|| {
                    refused(format!("messages[{index}]: no function call waits for a result of `{}`", cut(&name)))
                })?;
                self.block.results.push(result(id, message, &mut place)?);
            }
            Role::Assistant => self.add_answer(index, is_history, message)?,
        }
        Ok(())
    }

    fn add_answer(&mut self, index: usize, is_history: bool, message: &Object<'a>) -> Result<(), RelayError> {
        let mut reader = assistant::Reader { ids: &mut self.ids, names: self.names };
        let mut blocks = assistant::blocks(message, index, &mut reader, &mut Place { is_history, notes: self.notes })?;
        let images = self.images(message, is_history)?;
        if blocks.is_empty() && !images.is_empty() {
            blocks.push(Block::text("[an image]"));
        }
        self.is_end_empty = images.is_empty() && blocks.iter().all(Block::is_thinking);
        if blocks.is_empty() {
            return Ok(());
        }
        self.end_user_block()?;
        self.ids.begin_results();
        push(&mut self.turns, "assistant", blocks);
        self.block.rest.extend(images.into_iter().map(|image| (Role::User, image)));
        Ok(())
    }

    /// Pictures that another provider's model made. Claude takes none in its own turns, so they stand in the user's turn behind.
    fn images(&mut self, message: &Object<'a>, is_history: bool) -> Result<Vec<Block<'a>>, RelayError> {
        if message.get("images").is_none() {
            return Ok(Vec::new());
        }
        let Some(images) = message.objects("images").ok().flatten().filter(|_| is_history) else {
            self.notes.drop("messages.images");
            return Ok(Vec::new());
        };
        let mut place = Place { is_history, notes: self.notes };
        let mut blocks = Vec::with_capacity(images.len());
        for image in &images {
            blocks.push(parts::image(image, &mut place)?);
            parts::mark_last(&mut blocks, parts::part_marker(image), place.notes);
        }
        Ok(blocks)
    }

    fn end_user_block(&mut self) -> Result<(), RelayError> {
        let UserBlock { results, rest } = std::mem::take(&mut self.block);
        if results.is_empty() && rest.is_empty() {
            return Ok(());
        }
        let is_users = !results.is_empty() || rest.iter().any(|(role, _)| *role == Role::User);
        let keeps_role = self.family.mid_system && is_users;
        let mut content = results;
        self.end_calls(&mut content)?;
        let mut system = Vec::new();
        for (role, block) in rest {
            match role {
                Role::System if keeps_role => system.push(block),
                Role::System => content.push(marked_as_system(block)),
                _ => content.push(block),
            }
        }
        push(&mut self.turns, "user", content);
        push(&mut self.turns, "system", system);
        Ok(())
    }

    /// Every call of the last assistant turn must have a result. Calls that the caller sent twice, with equal ids, share one.
    fn end_calls(&mut self, results: &mut Vec<Block<'a>>) -> Result<(), RelayError> {
        let shared = self.ids.end_turn().map_err(|id| {
            refused(format!("the tool call `{}` has no result in the messages right behind it", cut(&id)))
        })?;
        if shared.is_empty() {
            return Ok(());
        }
        let mut places = HashMap::new();
        for (at, block) in results.iter().enumerate() {
            if let Block::ToolResult { tool_use_id, .. } = block {
                places.entry(tool_use_id.clone()).or_insert((at, None));
            }
        }
        for (call, other) in shared {
            let Some((at, size)) = places.get_mut(&other) else { continue };
            let Some(mut result) = results.get(*at).cloned() else { continue };
            // The same result is written once for each call.
            let size = *size.get_or_insert_with(|| serde_json::to_vec(&result).map_or(0, |json| json.len()));
            self.shared += size;
            if self.shared > MAX_BODY {
                return Err(RelayError::too_large_for(Provider::ANTHROPIC, "32 MB"));
            }
            if let Block::ToolResult { tool_use_id, cache_control, .. } = &mut result {
                *tool_use_id = call;
                *cache_control = None;
            }
            results.push(result);
            self.notes.adjust("messages");
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<Turn<'a>>, RelayError> {
        self.end_user_block()?;
        self.end_calls(&mut Vec::new())?;
        Ok(self.turns)
    }
}

/// A tool message as the result of the call `id`.
fn result<'a>(id: String, message: &Object<'a>, place: &mut Place<'_>) -> Result<Block<'a>, RelayError> {
    let (content, inner) = match parts::content(message)? {
        Content::Nothing => (None, None),
        Content::Text(text) => (Some(ResultContent::Text(text)), None),
        Content::Parts(parts) => {
            let (blocks, marker) = parts::result_blocks(message, &parts, place)?;
            ((!blocks.is_empty()).then_some(ResultContent::Blocks(blocks)), marker)
        }
    };
    let is_error = message.flag("is_error")?.unwrap_or_default();
    let cache_control = parts::marker(message).or(inner);
    Ok(Block::ToolResult { tool_use_id: id, content, is_error, cache_control })
}

/// Adds a turn, or adds to the last one if it has the same role. Turns without content vanish.
fn push<'a>(turns: &mut Vec<Turn<'a>>, role: &'static str, content: Vec<Block<'a>>) {
    match turns.last_mut() {
        _ if content.is_empty() => {}
        Some(last) if last.role == role => last.content.extend(content),
        _ => turns.push(Turn { role, content }),
    }
}

/// Takes thinking blocks out of the history: for a request without thinking they must not be there.
pub(super) fn remove_thinking(turns: &mut Vec<Turn<'_>>) {
    for turn in std::mem::take(turns) {
        push(turns, turn.role, turn.content.into_iter().filter(|block| !block.is_thinking()).collect());
    }
}

/// A system message in the place of a user text, for models that take the role only at the top. It is never moved to the
/// top, which would change the cached prefix and multiply the price.
fn marked_as_system(block: Block<'_>) -> Block<'_> {
    match block {
        Block::Text { text, cache_control } => {
            Block::Text { text: Cow::Owned(format!("[system message]\n{text}")), cache_control }
        }
        other => other,
    }
}

/// The start of a caller's id, for a message.
fn cut(id: &str) -> String {
    id.chars().take(80).collect()
}

//! The conversation: OpenAI's flat list of messages to Anthropic's system blocks and alternating turns.
//!
//! All that stands between two assistant turns is one user block. Tool results come first in it, as Anthropic demands.

use std::borrow::Cow;

use super::assistant::{self, ToolIds};
use super::blocks::{Block, ResultContent, Turn};
use super::models::ModelFamily;
use super::parts::{self, Content};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// A translated conversation.
#[derive(Debug, Default)]
pub(super) struct Conversation<'a> {
    /// The leading system messages.
    pub(super) system: Vec<Block<'a>>,
    /// The rest. Never empty, and the first is the user's.
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

/// Translates `messages`.
///
/// # Errors
/// What Anthropic has no counterpart for, and conversations that it would refuse.
pub(super) fn read<'a>(
    request: &Object<'a>,
    family: &ModelFamily,
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
    let mut conversation = Conversation::default();
    for (_, message) in messages.iter().take(lead) {
        conversation.system.extend(parts::system_blocks(message)?);
    }
    if lead == messages.len() {
        let content = std::mem::take(&mut conversation.system);
        conversation.turns = if content.is_empty() { Vec::new() } else { vec![Turn { role: "user", content }] };
    } else {
        let mut builder = Builder {
            family,
            turns: Vec::new(),
            open: Vec::new(),
            ids: ToolIds::default(),
            block: UserBlock::default(),
        };
        for (index, (role, message)) in messages.iter().enumerate().skip(lead) {
            builder.add(index, *role, message)?;
        }
        conversation.turns = builder.finish()?;
    }
    finish(&mut conversation.turns, family, notes)?;
    Ok(conversation)
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

/// Rules on the first and the last turn.
fn finish(turns: &mut Vec<Turn<'_>>, family: &ModelFamily, notes: &mut Notes) -> Result<(), RelayError> {
    let Some(first) = turns.first() else {
        return Err(refused("there is no message with content"));
    };
    if first.role == "assistant" {
        let content = vec![Block::text("(start of conversation)")];
        turns.insert(0, Turn { role: "user", content });
        notes.adjust("messages");
    }
    let Some(last) = turns.last_mut().filter(|turn| turn.role == "assistant") else { return Ok(()) };
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
    turns: Vec<Turn<'a>>,
    /// Ids of the last assistant turn's calls, until their results are there.
    open: Vec<String>,
    ids: ToolIds,
    block: UserBlock<'a>,
}

/// What stands between two assistant turns.
#[derive(Default)]
struct UserBlock<'a> {
    results: Vec<(String, Block<'a>)>,
    rest: Vec<(Role, Block<'a>)>,
}

impl<'a> Builder<'a, '_> {
    fn add(&mut self, index: usize, role: Role, message: &Object<'a>) -> Result<(), RelayError> {
        match role {
            Role::System => {
                let blocks = parts::system_blocks(message)?;
                self.block.rest.extend(blocks.into_iter().map(|block| (role, block)));
            }
            Role::User => {
                let blocks = parts::user_blocks(message)?;
                self.block.rest.extend(blocks.into_iter().map(|block| (role, block)));
            }
            Role::Tool => {
                let path = message.path("tool_call_id");
                let id = message.text("tool_call_id")?;
                let id = id.ok_or_else(|| RelayError::invalid_value(path.clone(), format!("`{path}` is missing")))?;
                let id = self.ids.wire_id(&id);
                self.add_result(id, message)?;
            }
            Role::Function => {
                let name = message.text("name")?.unwrap_or_default();
                let id = self.ids.result_id(&name).ok_or_else(|| {
                    refused(format!("messages[{index}]: no function call waits for a result of `{}`", cut(&name)))
                })?;
                self.add_result(id, message)?;
            }
            Role::Assistant => self.add_answer(index, message)?,
        }
        Ok(())
    }

    fn add_result(&mut self, id: String, message: &Object<'a>) -> Result<(), RelayError> {
        let content = match parts::content(message)? {
            Content::Nothing => None,
            Content::Text(text) => Some(ResultContent::Text(text)),
            Content::Parts(parts) => {
                let blocks = parts::result_blocks(&parts)?;
                (!blocks.is_empty()).then_some(ResultContent::Blocks(blocks))
            }
        };
        let is_error = message.flag("is_error")?.unwrap_or_default();
        let cache_control = parts::marker(message);
        let result = Block::ToolResult { tool_use_id: id.clone(), content, is_error, cache_control };
        self.block.results.push((id, result));
        Ok(())
    }

    fn add_answer(&mut self, index: usize, message: &Object<'a>) -> Result<(), RelayError> {
        let blocks = assistant::blocks(message, index, &mut self.ids)?;
        if blocks.is_empty() {
            return Ok(());
        }
        self.end_user_block()?;
        self.open.extend(blocks.iter().filter_map(|block| match block {
            Block::ToolUse { id, .. } => Some(id.clone()),
            _ => None,
        }));
        push(&mut self.turns, "assistant", blocks);
        Ok(())
    }

    fn end_user_block(&mut self) -> Result<(), RelayError> {
        let UserBlock { results, rest } = std::mem::take(&mut self.block);
        if results.is_empty() && rest.is_empty() {
            return Ok(());
        }
        self.check_results(&results)?;
        let is_users = !results.is_empty() || rest.iter().any(|(role, _)| *role == Role::User);
        let keeps_role = self.family.mid_system && is_users;
        let mut content: Vec<_> = results.into_iter().map(|(_, block)| block).collect();
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

    /// Every call of the last assistant turn has exactly one result, and there are no others.
    fn check_results(&mut self, results: &[(String, Block<'_>)]) -> Result<(), RelayError> {
        let mut called = std::mem::take(&mut self.open);
        let mut answered: Vec<_> = results.iter().map(|(id, _)| id.as_str()).collect();
        called.sort_unstable();
        answered.sort_unstable();
        if called == answered {
            return Ok(());
        }
        let missing = called.iter().find(|id| answered.binary_search(&id.as_str()).is_err());
        Err(refused(match missing {
            Some(id) => format!("the tool call `{}` has no result in the messages right behind it", cut(id)),
            None => {
                let stray = answered.iter().find(|id| called.binary_search_by(|known| known.as_str().cmp(id)).is_err());
                let id = stray.or(answered.first()).copied().unwrap_or_default();
                format!("each tool result must answer one call of the assistant message before it: see `{}`", cut(id))
            }
        }))
    }

    fn finish(mut self) -> Result<Vec<Turn<'a>>, RelayError> {
        self.end_user_block()?;
        self.check_results(&[])?;
        Ok(self.turns)
    }
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

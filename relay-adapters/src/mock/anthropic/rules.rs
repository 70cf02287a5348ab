//! What Anthropic accepts.

use serde_json::Value;

use super::super::peek::{items, string};
use super::super::reply::Reply;
use super::super::request::Request;
use super::super::schema::{Fault, Step, Type, What, check};
use super::super::text;
use super::super::turn::Ask;
use super::ask::{ask, content};
use super::families::{self, Family};
use super::fields::{COUNT, CREATE, CUSTOM, SERVER};
use super::{NEW_VERSION, error, invalid};

/// A 400, or what a rule found.
type Said = Result<(), String>;

/// Checks a request to `/v1/messages` or to count its tokens, and reads what the answer depends on.
pub(super) fn messages(request: &Request<'_>, count: bool) -> Result<Ask, Reply> {
    let refuse = |message: String| invalid(&message, request.seed);
    let body: Value = serde_json::from_slice(request.body)
        .map_err(|error| refuse(format!("The request body is not valid JSON: {error}")))?;
    version(request, &body).map_err(refuse)?;
    check(if count { &COUNT } else { &CREATE }, &body).map_err(|fault| refuse(words(&fault)))?;
    let model = string(&body, "model");
    let added = request.models.contains(&model).then_some(&families::ADDED);
    let Some(family) = families::find(model).or(added) else {
        return Err(error(404, "not_found_error", &format!("model: {model}"), request.seed));
    };
    tools(&body).map_err(refuse)?;
    abilities(request, &body, family).map_err(refuse)?;
    conversation(&body, family).map_err(refuse)?;
    Ok(ask(&body, request.seed))
}

/// With the new version sampling parameters do not exist.
fn version(request: &Request<'_>, body: &Value) -> Said {
    let gone = ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some());
    match gone {
        Some(name) if request.header("anthropic-version") == Some(NEW_VERSION) => {
            Err(format!("{name}: Extra inputs are not permitted"))
        }
        _ => Ok(()),
    }
}

fn tools(body: &Value) -> Said {
    let tools = items(body, "tools");
    for (at, tool) in tools.iter().enumerate() {
        let server = tool.get("type").is_some_and(|kind| kind != "custom");
        let (kind, tag) = if server { (&SERVER, None) } else { (&CUSTOM, Some("custom")) };
        check(kind, tool).map_err(|mut fault| {
            let start = [Step::Key("tools".into()), Step::Index(at)];
            fault.path.splice(0..0, start.into_iter().chain(tag.map(Step::Tag)));
            words(&fault)
        })?;
        if !server {
            custom_tool(tool, at)?;
        }
    }
    let mut names: Vec<&str> = tools.iter().map(|tool| string(tool, "name")).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err("tools: Tool names must be unique.".to_owned());
    }
    match body.pointer("/tool_choice/type").and_then(Value::as_str) {
        None | Some("none") => Ok(()),
        Some(_) if tools.is_empty() => Err("tool_choice: may only be specified while providing tools".to_owned()),
        Some("tool") => {
            let name = body.pointer("/tool_choice/name").and_then(Value::as_str).unwrap_or_default();
            if names.contains(&name) { Ok(()) } else { Err(format!("Tool '{name}' not found in provided tools")) }
        }
        Some(_) => Ok(()),
    }
}

fn custom_tool(tool: &Value, at: usize) -> Said {
    let name = string(tool, "name");
    if !is_id(name) || name.len() > 128 {
        return Err(format!("tools.{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'"));
    }
    let path = format!("tools.{at}.custom.input_schema");
    let schema = tool.get("input_schema").unwrap_or(&Value::Null);
    match schema.get("type").map(|kind| kind == "object") {
        None => return Err(format!("{path}.type: Field required")),
        Some(false) => return Err(format!("{path}.type: Input should be 'object'")),
        Some(true) => {}
    }
    if ["oneOf", "allOf", "anyOf"].iter().any(|name| schema.get(name).is_some()) {
        return Err(format!("{path}: input_schema does not support oneOf, allOf, or anyOf at the top level"));
    }
    Ok(())
}

/// What this family of models can't do.
fn abilities(request: &Request<'_>, body: &Value, family: &Family) -> Said {
    let sampled = ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some());
    if let Some(name) = sampled.filter(|_| !family.sampling) {
        return Err(format!("`{name}` is deprecated for this model."));
    }
    if body.get("temperature").is_some() && body.get("top_p").is_some() {
        return Err(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one.".to_owned()
        );
    }
    let forced = matches!(body.pointer("/tool_choice/type").and_then(Value::as_str), Some("any" | "tool"));
    if forced && !family.forced {
        return Err("tool_choice: type \"tool\" and \"any\" are not supported for this model.".to_owned());
    }
    let most = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(1);
    if most > family.most_output {
        let (model, limit) = (string(body, "model"), family.most_output);
        return Err(format!(
            "max_tokens: {most} > {limit}, which is the maximum allowed number of output tokens for {model}"
        ));
    }
    thinking(request, body, family, most, forced)
}

fn thinking(request: &Request<'_>, body: &Value, family: &Family, most: u64, forced: bool) -> Said {
    let Some(kind) = body.pointer("/thinking/type").and_then(Value::as_str) else { return Ok(()) };
    if !family.thinking.contains(&kind) {
        return Err(format!("\"thinking.type.{kind}\" is not supported for this model."));
    }
    let binding = body.pointer("/thinking/block_binding").is_some();
    let allowed = request.header("anthropic-beta").is_some_and(|beta| beta.contains("thinking-binding-controls-"));
    if binding && !allowed {
        return Err(format!("thinking.{kind}.block_binding: Extra inputs are not permitted"));
    }
    let budget = body.pointer("/thinking/budget_tokens").and_then(Value::as_u64);
    if budget.is_some_and(|budget| budget >= most) {
        return Err("`max_tokens` must be greater than `thinking.budget_tokens`.".to_owned());
    }
    if budget.is_some() && forced {
        return Err("Thinking may not be enabled when tool_choice forces tool use.".to_owned());
    }
    if budget.is_some() && body.get("temperature").and_then(Value::as_f64).is_some_and(|value| value != 1.0) {
        return Err("`temperature` may only be set to 1 when thinking is enabled.".to_owned());
    }
    Ok(())
}

/// The order of messages and of the blocks in them.
fn conversation(body: &Value, family: &Family) -> Said {
    let messages = items(body, "messages");
    let Some((first, last)) = messages.first().zip(messages.last()) else {
        return Err("messages: at least one message is required".to_owned());
    };
    if string(first, "role") == "assistant" {
        return Err("messages: first message must use the \"user\" role".to_owned());
    }
    for (at, message) in messages.iter().enumerate() {
        role(message, at, family)?;
        let is_prefill = at + 1 == messages.len() && string(message, "role") == "assistant";
        blocks(message, at, is_prefill)?;
    }
    pairs(&messages)?;
    rest(body, &messages)?;
    if string(last, "role") != "assistant" || family.prefill {
        let ends_blank = content(last).ends_with(char::is_whitespace) && string(last, "role") == "assistant";
        return if ends_blank {
            Err("messages: final assistant content cannot end with trailing whitespace".to_owned())
        } else {
            Ok(())
        };
    }
    // A turn that a server tool interrupted is continued, not prefilled.
    let paused = items(last, "content").iter().any(|block| string(block, "type") == "server_tool_use");
    if paused {
        return Ok(());
    }
    Err("This model does not support assistant message prefill. The conversation must end with a user message."
        .to_owned())
}

fn role(message: &Value, at: usize, family: &Family) -> Said {
    match string(message, "role") {
        "user" | "assistant" => Ok(()),
        "system" if family.system && at > 0 => Ok(()),
        "system" => Err(format!(
            "messages.{at}: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \
             \"system\" as an input message role."
        )),
        other => Err(format!("messages: Unexpected role \"{other}\". Allowed roles are \"user\" or \"assistant\".")),
    }
}

fn blocks(message: &Value, at: usize, is_prefill: bool) -> Said {
    let blocks = items(message, "content");
    if content(message).is_empty() && blocks.is_empty() && !is_prefill {
        return Err(format!(
            "messages.{at}: all messages must have non-empty content except for the optional final assistant message"
        ));
    }
    if message.get("content").and_then(Value::as_str).is_some_and(|text| !text.is_empty() && text.trim().is_empty()) {
        return Err("messages: text content blocks must contain non-whitespace text".to_owned());
    }
    for (index, block) in blocks.iter().enumerate() {
        let path = format!("messages.{at}.content.{index}");
        match string(block, "type") {
            "text" => text_block(string(block, "text"), "messages")?,
            "tool_result" => {
                for inner in items(block, "content").iter().filter(|inner| string(inner, "type") == "text") {
                    text_block(string(inner, "text"), "messages")?;
                }
                id(block, "tool_use_id", &format!("{path}.tool_result"))?;
            }
            "tool_use" => {
                id(block, "id", &format!("{path}.tool_use"))?;
                if string(message, "role") != "assistant" {
                    return Err(format!("messages.{at}: `tool_use` blocks can only be in `assistant` messages"));
                }
            }
            "thinking" if !text::signature_fits(string(block, "signature"), string(block, "thinking")) => {
                return Err(format!("{path}: Invalid `signature` in `thinking` block"));
            }
            _ => {}
        }
    }
    Ok(())
}

fn text_block(text: &str, path: &str) -> Said {
    if text.is_empty() {
        return Err(format!("{path}: text content blocks must be non-empty"));
    }
    if text.trim().is_empty() {
        return Err(format!("{path}: text content blocks must contain non-whitespace text"));
    }
    Ok(())
}

fn id(block: &Value, name: &str, path: &str) -> Said {
    if is_id(string(block, name)) {
        return Ok(());
    }
    Err(format!("{path}.{name}: String should match pattern '^[a-zA-Z0-9_-]+$'"))
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
}

/// Every `tool_use` has its `tool_result` at the beginning of the next message, and the other way round.
fn pairs(messages: &[&Value]) -> Said {
    let mut open: Vec<&str> = Vec::new();
    for (at, message) in messages.iter().enumerate() {
        let blocks = items(message, "content");
        let leading = blocks.iter().take_while(|block| string(block, "type") == "tool_result");
        let given: Vec<&str> = leading.map(|block| string(block, "tool_use_id")).collect();
        let all = blocks.iter().filter(|block| string(block, "type") == "tool_result").count();
        let missing: Vec<&str> = open.iter().copied().filter(|id| !given.contains(id)).collect();
        if !missing.is_empty() {
            return Err(unanswered(at - 1, &missing));
        }
        if let Some((index, id)) = given.iter().enumerate().find(|(_, id)| !open.contains(id)) {
            return Err(format!(
                "messages.{at}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` \
                 block must have a corresponding `tool_use` block in the previous message."
            ));
        }
        if given.len() > open.len() {
            return Err(format!(
                "messages.{at}: each tool_use must have a single result. Found multiple `tool_result` blocks with the same id"
            ));
        }
        if all > given.len() {
            return Err(format!("messages.{at}: `tool_result` blocks must come first in the content of a message"));
        }
        let asked = blocks.iter().filter(|block| string(block, "type") == "tool_use");
        open = asked.map(|block| string(block, "id")).collect();
        let mut sorted = open.clone();
        sorted.sort_unstable();
        if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err(format!("messages.{at}: `tool_use` ids must be unique"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err(unanswered(messages.len().saturating_sub(1), &open)) }
}

fn unanswered(at: usize, ids: &[&str]) -> String {
    format!(
        "messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must \
         have a corresponding `tool_result` block in the next message.",
        ids.join(", ")
    )
}

/// Rules about the whole body.
fn rest(body: &Value, messages: &[&Value]) -> Said {
    let uses_tools = messages
        .iter()
        .flat_map(|message| items(message, "content"))
        .any(|block| matches!(string(block, "type"), "tool_use" | "tool_result"));
    if uses_tools && items(body, "tools").is_empty() {
        return Err(
            "Requests which have `tool_use` or `tool_result` blocks in their messages must define tools".to_owned()
        );
    }
    for block in items(body, "system") {
        text_block(string(block, "text"), "system")?;
    }
    let markers = markers(body);
    if markers > 4 {
        return Err(format!("A maximum of 4 blocks with cache_control may be provided. Found {markers}."));
    }
    if items(body, "stop_sequences").iter().any(|stop| content(stop).trim().is_empty()) {
        return Err("stop_sequences: each stop sequence must contain non-whitespace".to_owned());
    }
    Ok(())
}

/// Cache markers, the schemas' members of that name apart.
fn markers(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(markers).sum(),
        Value::Object(map) => {
            let own = usize::from(map.get("cache_control").is_some_and(Value::is_object));
            let inside = map
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "input_schema" | "schema" | "input" | "cache_control"));
            own + inside.map(|(_, value)| markers(value)).sum::<usize>()
        }
        _ => 0,
    }
}

/// A fault in Anthropic's words.
fn words(fault: &Fault) -> String {
    let path = fault.steps();
    let said = match &fault.what {
        What::Missing => "Field required".to_owned(),
        What::Unknown => "Extra inputs are not permitted".to_owned(),
        What::Type { want, .. } => format!("Input should be a valid {}", name(*want)),
        What::Value { allowed, .. } => {
            let list = allowed.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>();
            match list.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("Input should be {} or {last}", rest.join(", ")),
                _ => format!("Input should be {}", list.concat()),
            }
        }
        What::Tag { tag, got, allowed } => {
            let list = allowed.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
            format!("Input tag '{got}' found using '{tag}' does not match any of the expected tags: {list}")
        }
        What::Low { min, .. } => format!("Input should be greater than or equal to {min}"),
        What::High { max, .. } => format!("Input should be less than or equal to {max}"),
        What::Short { min } => format!("List should have at least {min} item after validation, not 0"),
        What::Long { max, got } => format!("List should have at most {max} items after validation, not {got}"),
    };
    format!("{path}: {said}")
}

fn name(kind: Type) -> &'static str {
    match kind {
        Type::Null => "null",
        Type::Boolean => "boolean",
        Type::Integer => "integer",
        Type::Decimal => "number",
        Type::String => "string",
        Type::Array => "list",
        Type::Object => "dictionary",
    }
}

//! What Anthropic accepts.

use serde_json::Value;

use super::describe::describe;
use super::errors::{Checked, error, invalid};
use super::fields::{COUNT, CREATE};
use super::models::{self, Family};
use super::refusals::{
    BLOCK_BINDING, BUDGET, BUDGET_FORCED, BUDGET_TEMPERATURE, EFFORT, EFFORT_LESS, FORCED_TOOL, JSON, LONE_SURROGATE,
    MAX_TOKENS, MODEL, NO_EFFORT, SAMPLING, SAMPLING_BOTH, THINKING_KIND, UNKNOWN_MEMBER, USER_ID,
};
use super::{chat, conversation, history, markers, tools};
use crate::chat::ChatRequest;
use crate::json_text;
use crate::members::string;
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::check;

/// Versions that exist. The later one refuses sampling parameters.
pub(super) const VERSIONS: &[&str] = &["2023-06-01", NEW_VERSION];
const NEW_VERSION: &str = "2026-10-21";

/// Checks a request to `/v1/messages` or to count its tokens, and reads what the answer depends on.
pub(super) fn messages(request: &Request<'_>, count: bool) -> Result<ChatRequest, Reply> {
    let refuse = |message: String| invalid(&message, request.seed);
    let body = parse(request.body).map_err(refuse)?;
    version(request, &body).map_err(refuse)?;
    check(if count { &COUNT } else { &CREATE }, &body).map_err(|violation| refuse(describe(&violation)))?;
    let model = string(&body, "model");
    let added = request.models.contains(&model).then_some(&models::ADDED);
    let Some(family) = models::find(model).or(added) else {
        return Err(error(404, "not_found_error", &MODEL.say(&[model]), request.seed));
    };
    tools::check(&body).map_err(refuse)?;
    abilities(request, &body, family).map_err(refuse)?;
    conversation::check(&body, family).map_err(refuse)?;
    markers::check(&body).map_err(refuse)?;
    history::check(&body, family).map_err(refuse)?;
    Ok(chat::read(&body, family, request.seed))
}

/// The body as JSON. Half a character is no JSON for Anthropic.
fn parse(body: &[u8]) -> Result<Value, String> {
    let Some(lone) = json_text::lone_surrogate(body) else {
        return serde_json::from_slice(body).map_err(|error| JSON.say(&[&error.to_string()]));
    };
    let what = match (lone.is_low, lone.is_followed) {
        (true, _) => "invalid high surrogate",
        (false, true) => "invalid low surrogate",
        (false, false) => "no low surrogate",
    };
    let (line, column) = lone.place(body);
    Err(LONE_SURROGATE.say(&[what, &line.to_string(), &column.to_string(), &lone.at.to_string()]))
}

/// With the new version sampling parameters do not exist.
fn version(request: &Request<'_>, body: &Value) -> Checked {
    let gone = ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some());
    match gone {
        Some(name) if request.header("anthropic-version") == Some(NEW_VERSION) => Err(UNKNOWN_MEMBER.say(&[name])),
        _ => Ok(()),
    }
}

/// What this family of models can't do.
fn abilities(request: &Request<'_>, body: &Value, family: &Family) -> Checked {
    let sampled = ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some());
    if let Some(name) = sampled.filter(|_| !family.sampling) {
        return Err(SAMPLING.say(&[name]));
    }
    if body.get("temperature").is_some() && body.get("top_p").is_some() {
        return Err(SAMPLING_BOTH.say(&[]));
    }
    let forced = matches!(body.pointer("/tool_choice/type").and_then(Value::as_str), Some("any" | "tool"));
    if forced && !family.forced {
        return Err(FORCED_TOOL.say(&[]));
    }
    let most = body.get("max_tokens").and_then(Value::as_u64).unwrap_or(1);
    if most > family.most_output {
        return Err(MAX_TOKENS.say(&[&most.to_string(), &family.most_output.to_string(), string(body, "model")]));
    }
    let user = body.pointer("/metadata/user_id").and_then(Value::as_str).unwrap_or_default();
    if user.chars().count() > 256 {
        return Err(USER_ID.say(&[]));
    }
    thinking(request, body, family, most, forced)
}

/// The header that lets a request say what a changed history does to thinking blocks.
const BINDING_BETA: &str = "thinking-binding-controls-2026-08-01";

fn thinking(request: &Request<'_>, body: &Value, family: &Family, most: u64, forced: bool) -> Checked {
    let kind = body.pointer("/thinking/type").and_then(Value::as_str);
    effort(body, family, kind)?;
    let Some(kind) = kind else { return Ok(()) };
    if !family.thinking.contains(&kind) {
        return Err(THINKING_KIND.say(&[kind]));
    }
    let binding = body.pointer("/thinking/block_binding").is_some();
    let betas = request.header("anthropic-beta").unwrap_or_default();
    if binding && !betas.split(',').any(|beta| beta.trim() == BINDING_BETA) {
        return Err(BLOCK_BINDING.say(&[kind]));
    }
    let budget = body.pointer("/thinking/budget_tokens").and_then(Value::as_u64);
    if budget.is_some_and(|budget| budget >= most) {
        return Err(BUDGET.say(&[]));
    }
    let no_adaptive = !family.thinking.contains(&"adaptive");
    if budget.is_some() && forced || no_adaptive && kind != "disabled" && forced {
        return Err(BUDGET_FORCED.say(&[]));
    }
    let thinks = matches!(kind, "adaptive" | "enabled");
    if thinks && body.get("temperature").and_then(Value::as_f64).is_some_and(|value| value != 1.0) {
        return Err(BUDGET_TEMPERATURE.say(&[]));
    }
    Ok(())
}

fn effort(body: &Value, family: &Family, thinking: Option<&str>) -> Checked {
    let Some(effort) = body.pointer("/output_config/effort").and_then(Value::as_str) else { return Ok(()) };
    if family.efforts.is_empty() {
        return Err(NO_EFFORT.say(&[]));
    }
    if !family.efforts.contains(&effort) {
        return Err(EFFORT.say(&[effort, &family.efforts.join(", ")]));
    }
    let less = thinking.filter(|kind| matches!(*kind, "disabled" | "between_tools"));
    match less {
        Some(kind) if family.less_needs_high && matches!(effort, "xhigh" | "max") => {
            Err(EFFORT_LESS.say(&[kind, effort]))
        }
        _ => Ok(()),
    }
}

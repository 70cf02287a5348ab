//! What Anthropic accepts.

use serde_json::Value;

use super::chat;
use super::conversation::{self, is_id};
use super::errors::{Checked, error, invalid};
use super::fields::{COUNT, CREATE, CUSTOM, SERVER};
use super::history;
use super::models::{self, Family};
use crate::chat::ChatRequest;
use crate::members::{items, string};
use crate::reply::Reply;
use crate::request::Request;
use crate::schema::{Problem, Step, Type, Violation, check};

/// Versions that exist. The later one refuses sampling parameters.
pub(super) const VERSIONS: &[&str] = &["2023-06-01", NEW_VERSION];
const NEW_VERSION: &str = "2026-10-21";

/// Checks a request to `/v1/messages` or to count its tokens, and reads what the answer depends on.
pub(super) fn messages(request: &Request<'_>, count: bool) -> Result<ChatRequest, Reply> {
    let refuse = |message: String| invalid(&message, request.seed);
    let body: Value = serde_json::from_slice(request.body)
        .map_err(|error| refuse(format!("The request body is not valid JSON: {error}")))?;
    version(request, &body).map_err(refuse)?;
    check(if count { &COUNT } else { &CREATE }, &body).map_err(|violation| refuse(describe(&violation)))?;
    let model = string(&body, "model");
    let added = request.models.contains(&model).then_some(&models::ADDED);
    let Some(family) = models::find(model).or(added) else {
        return Err(error(404, "not_found_error", &format!("model: {model}"), request.seed));
    };
    tools(&body).map_err(refuse)?;
    abilities(request, &body, family).map_err(refuse)?;
    conversation::check(&body, family).map_err(refuse)?;
    history::check(&body, family).map_err(refuse)?;
    Ok(chat::read(&body, family, request.seed))
}

/// With the new version sampling parameters do not exist.
fn version(request: &Request<'_>, body: &Value) -> Checked {
    let gone = ["temperature", "top_p", "top_k"].into_iter().find(|name| body.get(name).is_some());
    match gone {
        Some(name) if request.header("anthropic-version") == Some(NEW_VERSION) => {
            Err(format!("{name}: Extra inputs are not permitted"))
        }
        _ => Ok(()),
    }
}

fn tools(body: &Value) -> Checked {
    let tools = items(body, "tools");
    for (at, tool) in tools.iter().enumerate() {
        let server = tool.get("type").is_some_and(|kind| kind != "custom");
        let (kind, tag) = if server { (&SERVER, None) } else { (&CUSTOM, Some("custom")) };
        check(kind, tool).map_err(|mut violation| {
            let start = [Step::Key("tools".into()), Step::Index(at)];
            violation.path.splice(0..0, start.into_iter().chain(tag.map(Step::Tag)));
            describe(&violation)
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

fn custom_tool(tool: &Value, at: usize) -> Checked {
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
fn abilities(request: &Request<'_>, body: &Value, family: &Family) -> Checked {
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

/// The header that lets a request say what a changed history does to thinking blocks.
const BINDING_BETA: &str = "thinking-binding-controls-2026-08-01";

fn thinking(request: &Request<'_>, body: &Value, family: &Family, most: u64, forced: bool) -> Checked {
    let kind = body.pointer("/thinking/type").and_then(Value::as_str);
    effort(body, family, kind)?;
    let Some(kind) = kind else { return Ok(()) };
    if !family.thinking.contains(&kind) {
        return Err(format!("\"thinking.type.{kind}\" is not supported for this model."));
    }
    let binding = body.pointer("/thinking/block_binding").is_some();
    let betas = request.header("anthropic-beta").unwrap_or_default();
    if binding && !betas.split(',').any(|beta| beta.trim() == BINDING_BETA) {
        return Err(format!("thinking.{kind}.block_binding: Extra inputs are not permitted"));
    }
    let budget = body.pointer("/thinking/budget_tokens").and_then(Value::as_u64);
    if budget.is_some_and(|budget| budget >= most) {
        return Err("`max_tokens` must be greater than `thinking.budget_tokens`.".to_owned());
    }
    let no_adaptive = !family.thinking.contains(&"adaptive");
    if budget.is_some() && forced || no_adaptive && kind != "disabled" && forced {
        return Err("Thinking may not be enabled when tool_choice forces tool use.".to_owned());
    }
    let thinks = matches!(kind, "adaptive" | "enabled");
    if thinks && body.get("temperature").and_then(Value::as_f64).is_some_and(|value| value != 1.0) {
        return Err("`temperature` may only be set to 1 when thinking is enabled.".to_owned());
    }
    Ok(())
}

fn effort(body: &Value, family: &Family, thinking: Option<&str>) -> Checked {
    let Some(effort) = body.pointer("/output_config/effort").and_then(Value::as_str) else { return Ok(()) };
    if family.efforts.is_empty() {
        return Err("This model does not support the effort parameter.".to_owned());
    }
    if !family.efforts.contains(&effort) {
        let words = family.efforts.join(", ");
        return Err(format!(
            "output_config.effort: \"{effort}\" is not supported for this model. Supported values are: {words}."
        ));
    }
    let less = thinking.filter(|kind| matches!(*kind, "disabled" | "between_tools"));
    match less {
        Some(kind) if family.less_needs_high && matches!(effort, "xhigh" | "max") => {
            Err(format!("\"thinking.type.{kind}\" is not supported with output_config.effort \"{effort}\"."))
        }
        _ => Ok(()),
    }
}

/// The message of Anthropic for a violation.
fn describe(violation: &Violation) -> String {
    let path = violation.steps();
    let message = match &violation.what {
        Problem::Missing => "Field required".to_owned(),
        Problem::Unknown => "Extra inputs are not permitted".to_owned(),
        Problem::Type { want, .. } => format!("Input should be a valid {}", name(*want)),
        Problem::Value { allowed, .. } => {
            let list = allowed.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>();
            match list.split_last() {
                Some((last, rest)) if !rest.is_empty() => format!("Input should be {} or {last}", rest.join(", ")),
                _ => format!("Input should be {}", list.concat()),
            }
        }
        Problem::Tag { tag, got, allowed } => {
            let list = allowed.iter().map(|one| format!("'{one}'")).collect::<Vec<_>>().join(", ");
            format!("Input tag '{got}' found using '{tag}' does not match any of the expected tags: {list}")
        }
        Problem::Low { min, .. } => format!("Input should be greater than or equal to {min}"),
        Problem::High { max, .. } => format!("Input should be less than or equal to {max}"),
        Problem::Short { min } => format!("List should have at least {min} item after validation, not 0"),
        Problem::Long { max, got } => format!("List should have at most {max} items after validation, not {got}"),
    };
    format!("{path}: {message}")
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

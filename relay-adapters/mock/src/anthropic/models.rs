//! The models that the simulated Anthropic has, and what each family of them can do.

use serde_json::{Value, json};

use super::errors::invalid;
use crate::reply::Reply;
use crate::request::Request;

/// Ways of thinking that a family takes in `thinking.type`.
const ADAPTIVE: &[&str] = &["adaptive"];
const ADAPTIVE_OR_LESS: &[&str] = &["adaptive", "between_tools"];
const ADAPTIVE_OR_NONE: &[&str] = &["adaptive", "disabled"];
const ALL: &[&str] = &["adaptive", "enabled", "disabled"];
const BUDGET: &[&str] = &["enabled", "disabled"];

const EFFORTS: &[&str] = &["low", "medium", "high", "xhigh", "max"];
const NO_XHIGH: &[&str] = &["low", "medium", "high", "max"];
const TO_HIGH: &[&str] = &["low", "medium", "high"];

/// A model family.
pub(super) struct Family {
    pub(super) name: &'static str,
    /// The id in the model list.
    pub(super) listed: &'static str,
    pub(super) most_output: u64,
    pub(super) thinking: &'static [&'static str],
    /// Thinks by default.
    pub(super) thinks: bool,
    /// Shows what it thinks by default.
    pub(super) shows: bool,
    /// Words for the effort.
    pub(super) efforts: &'static [&'static str],
    /// Less thinking than usual needs an effort of at most `high`.
    pub(super) less_needs_high: bool,
    /// Thinking blocks are bound to the messages before them.
    pub(super) binds: bool,
    /// `temperature`, `top_p`, `top_k`.
    pub(super) sampling: bool,
    /// Tool choice `any` and `tool`.
    pub(super) forced: bool,
    /// A trailing assistant message.
    pub(super) prefill: bool,
    /// System messages among the others.
    pub(super) system: bool,
}

/// A family of generation 5.
const fn new(name: &'static str, listed: &'static str, thinking: &'static [&'static str]) -> Family {
    Family {
        name,
        listed,
        most_output: 128_000,
        thinking,
        thinks: true,
        shows: false,
        efforts: EFFORTS,
        less_needs_high: true,
        binds: false,
        sampling: false,
        forced: true,
        prefill: false,
        system: true,
    }
}

const fn bound(family: Family) -> Family {
    Family { binds: true, ..family }
}

const fn unforced(family: Family) -> Family {
    Family { forced: false, ..bound(family) }
}

const fn no_system(family: Family) -> Family {
    Family { system: false, ..family }
}

/// Generation 4: no thinking unless asked for.
const fn quiet(family: Family) -> Family {
    Family { thinks: false, ..family }
}

const fn sampling(family: Family) -> Family {
    Family { sampling: true, shows: true, efforts: NO_XHIGH, ..quiet(no_system(family)) }
}

const fn old(family: Family, efforts: &'static [&'static str]) -> Family {
    Family { prefill: true, most_output: 64_000, efforts, ..sampling(family) }
}

/// The longest name first.
pub(super) const FAMILIES: &[Family] = &[
    unforced(new("claude-mythos-5-2", "claude-mythos-5-2", ADAPTIVE)),
    unforced(new("claude-mythos-5-1", "claude-mythos-5-1", ADAPTIVE)),
    unforced(new("claude-sonnet-5-5", "claude-sonnet-5-5", ADAPTIVE_OR_LESS)),
    unforced(new("claude-fable-5-2", "claude-fable-5-2", ADAPTIVE)),
    unforced(new("claude-fable-5-1", "claude-fable-5-1", ADAPTIVE)),
    unforced(new("claude-opus-5-5", "claude-opus-5-5", ADAPTIVE)),
    bound(new("claude-haiku-5-5", "claude-haiku-5-5", ADAPTIVE_OR_NONE)),
    old(new("claude-sonnet-4-5", "claude-sonnet-4-5-20250929", BUDGET), &[]),
    sampling(new("claude-sonnet-4-6", "claude-sonnet-4-6", ALL)),
    old(new("claude-haiku-4-5", "claude-haiku-4-5-20251001", BUDGET), &[]),
    no_system(quiet(new("claude-opus-4-7", "claude-opus-4-7", ADAPTIVE_OR_NONE))),
    quiet(new("claude-opus-4-8", "claude-opus-4-8", ADAPTIVE_OR_NONE)),
    sampling(new("claude-opus-4-6", "claude-opus-4-6", ALL)),
    old(new("claude-opus-4-5", "claude-opus-4-5-20251101", BUDGET), TO_HIGH),
    new("claude-mythos-5", "claude-mythos-5", ADAPTIVE),
    Family { less_needs_high: false, ..no_system(new("claude-sonnet-5", "claude-sonnet-5", ADAPTIVE_OR_NONE)) },
    new("claude-fable-5", "claude-fable-5", ADAPTIVE),
    new("claude-opus-5", "claude-opus-5", ADAPTIVE_OR_NONE),
];

/// A model that was added to the mock: it can do everything, and thinks when asked to.
pub(super) static ADDED: Family = Family {
    most_output: 1_000_000,
    thinking: &["adaptive", "enabled", "disabled", "between_tools"],
    sampling: true,
    prefill: true,
    less_needs_high: false,
    ..quiet(new("", "", &[]))
};

/// The family of a model: its name, or with a date or `-latest` behind.
pub(super) fn find(model: &str) -> Option<&'static Family> {
    let dated = |rest: &str| {
        rest.strip_prefix('-')
            .is_some_and(|date| date == "latest" || date.len() == 8 && date.bytes().all(|b| b.is_ascii_digit()))
    };
    FAMILIES.iter().find(|family| model.strip_prefix(family.name).is_some_and(|rest| rest.is_empty() || dated(rest)))
}

/// A page of the list: `limit` (20 by default, at most 1000), `after_id`, `before_id`.
pub(super) fn list(request: &Request<'_>) -> Result<Value, Reply> {
    let limit = match request.query("limit").map(str::parse::<usize>) {
        None => 20,
        Some(Ok(limit @ 1..=1000)) => limit,
        Some(Ok(0)) => return Err(invalid("limit: Input should be greater than or equal to 1", request.seed)),
        Some(Ok(_)) => return Err(invalid("limit: Input should be less than or equal to 1000", request.seed)),
        Some(Err(_)) => return Err(invalid("limit: Input should be a valid integer", request.seed)),
    };
    let names: Vec<&str> = FAMILIES.iter().map(|family| family.listed).chain(request.models.iter().copied()).collect();
    let place = |cursor: &str| names.iter().position(|name| *name == cursor);
    let unknown = |name: &str| invalid(&format!("{name}: unknown id"), request.seed);
    let (start, end) = match (request.query("after_id"), request.query("before_id")) {
        (Some(_), Some(_)) => return Err(invalid("after_id and before_id cannot both be specified", request.seed)),
        (Some(after), None) => (place(after).ok_or_else(|| unknown("after_id"))? + 1, names.len()),
        (None, Some(before)) => {
            let end = place(before).ok_or_else(|| unknown("before_id"))?;
            (end.saturating_sub(limit), end)
        }
        (None, None) => (0, names.len()),
    };
    let page: Vec<&str> = names.iter().copied().take(end).skip(start).take(limit).collect();
    let more = if request.query("before_id").is_some() { start > 0 } else { start + page.len() < names.len() };
    Ok(json!({
        "data": page.iter().map(|name| model(name)).collect::<Vec<_>>(),
        "has_more": more, "first_id": page.first(), "last_id": page.last(),
    }))
}

/// One model.
pub(super) fn model(name: &str) -> Value {
    let most = find(name).map_or(64_000, |family| family.most_output);
    json!({"type": "model", "id": name, "display_name": name.replace('-', " "), "created_at": "2026-02-01T00:00:00Z",
        "max_input_tokens": 200_000, "max_tokens": most, "lifecycle": "active"})
}

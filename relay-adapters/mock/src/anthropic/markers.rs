//! Cache markers: how many there are, in which order, and where they can't be.

use serde_json::Value;

use super::errors::Checked;
use super::refusals::{MARKER_ORDER, MARKERS, NESTED_CACHE_CONTROL};
use crate::members::items;

/// The most markers in a request.
const MOST: usize = 4;

/// Checks all markers of a request.
pub(super) fn check(body: &Value) -> Checked {
    nested(body)?;
    let mut found = Vec::new();
    // Blocks are processed in this order; a marker of the request itself counts as the last one.
    for name in ["tools", "system", "messages"] {
        body.get(name).into_iter().for_each(|value| collect(value, name, &mut found));
    }
    found.extend(body.get("cache_control").filter(|one| one.is_object()).map(|one| (String::new(), lasts(one))));
    if found.len() > MOST {
        return Err(MARKERS.say(&[&found.len().to_string()]));
    }
    let short = found.iter().position(|(_, long)| !long).unwrap_or(found.len());
    match found.iter().skip(short).find(|(path, long)| *long && !path.is_empty()) {
        Some((path, _)) => Err(MARKER_ORDER.say(&[path])),
        None => Ok(()),
    }
}

fn lasts(marker: &Value) -> bool {
    marker.get("ttl").is_some_and(|ttl| ttl == "1h")
}

/// The markers in a value with their places, the schemas' members of that name apart.
fn collect(value: &Value, path: &str, found: &mut Vec<(String, bool)>) {
    match value {
        Value::Array(all) => {
            all.iter().enumerate().for_each(|(at, one)| collect(one, &format!("{path}.{at}"), found));
        }
        Value::Object(map) => {
            let inside = map
                .iter()
                .filter(|(name, _)| !matches!(name.as_str(), "input_schema" | "schema" | "input" | "cache_control"));
            inside.for_each(|(name, one)| collect(one, &format!("{path}.{name}"), found));
            let own = map.get("cache_control").filter(|one| one.is_object());
            found.extend(own.map(|one| (path.to_owned(), lasts(one))));
        }
        _ => {}
    }
}

/// The parts of a tool's result carry no marker: the result does.
fn nested(body: &Value) -> Checked {
    for (at, message) in items(body, "messages").into_iter().enumerate() {
        for (index, block) in items(message, "content").into_iter().enumerate() {
            let marked =
                items(block, "content").iter().position(|part| part.get("cache_control").is_some_and(Value::is_object));
            if let Some(part) = marked.filter(|_| block.get("tool_use_id").is_some()) {
                return Err(NESTED_CACHE_CONTROL.say(&[&format!("messages.{at}.content.{index}.content.{part}")]));
            }
        }
    }
    Ok(())
}

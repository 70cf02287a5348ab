//! The order of contents, of the parts in them, and of calls and results.

use serde_json::Value;

use super::chat::with;
use super::errors::Checked;
use super::models::Family;
use super::refusals::{
    CALL_PLACE, EMPTY_PARTS, NO_CONTENTS, NO_DATA, NO_SYSTEM, PREFILL, RESPONSE_ALONE, RESPONSE_COUNT, RESPONSE_NAMES,
    RESPONSE_PLACE, ROLE, TWO_DATA,
};
use super::{media, signatures};
use crate::members::{items, string};

/// What a part can hold one of.
const DATA: &[&str] = &[
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

/// The order of contents, of the parts in them, and of calls and results.
pub(super) fn check(body: &Value, family: &Family, model: &str) -> Checked {
    let contents = items(body, "contents");
    if contents.is_empty() {
        return Err(NO_CONTENTS.say(&[]));
    }
    let system = body.get("systemInstruction").filter(|one| !one.is_null());
    if let Some(system) = system {
        if !family.system {
            return Err(NO_SYSTEM.say(&[model]));
        }
        parts(system, "system_instruction")?;
    }
    for one in &contents {
        let role = one.get("role").and_then(Value::as_str);
        if !matches!(role, None | Some("user" | "model")) || (role.is_none() && contents.len() > 1) {
            return Err(ROLE.say(&[]));
        }
    }
    for (at, one) in contents.iter().enumerate() {
        let path = format!("contents[{at}]");
        parts(one, &path)?;
        media::check(one, &path, family, model)?;
        signatures::check(one, family)?;
        exchange(&contents, at, family)?;
    }
    let ends_with_model = contents.last().is_some_and(|last| string(last, "role") == "model");
    if ends_with_model && !family.prefill {
        return Err(PREFILL.say(&[]));
    }
    signatures::required(&contents, family)
}

/// Each part has exactly one kind of data.
fn parts(one: &Value, path: &str) -> Checked {
    let parts = items(one, "parts");
    if parts.is_empty() {
        return Err(EMPTY_PARTS.say(&[path]));
    }
    for (at, part) in parts.iter().enumerate() {
        let mut data = DATA.iter().filter(|name| part.get(**name).is_some_and(|value| !value.is_null()));
        match (data.next(), data.next()) {
            (Some(_), None) => {}
            (Some(_), Some(second)) => {
                return Err(TWO_DATA.say(&[&format!("{path}.parts[{at}]"), second]));
            }
            _ => {
                return Err(NO_DATA.say(&[&format!("{path}.parts[{at}]")]));
            }
        }
    }
    Ok(())
}

/// Calls are followed by as many results, with the same names and ids.
fn exchange(contents: &[&Value], at: usize, family: &Family) -> Checked {
    let Some(one) = contents.get(at) else { return Ok(()) };
    let before = at.checked_sub(1).and_then(|at| contents.get(at)).copied().unwrap_or(&Value::Null);
    let after = contents.get(at + 1).copied().unwrap_or(&Value::Null);
    let (calls, results) = (with(one, "functionCall"), with(one, "functionResponse"));
    if !calls.is_empty() {
        if string(one, "role") != "model" || !matches!(string(before, "role"), "user") {
            return Err(CALL_PLACE.say(&[]));
        }
        if with(after, "functionResponse").is_empty() || string(after, "role") != "user" {
            return Err(RESPONSE_PLACE.say(&[]));
        }
    }
    if results.is_empty() {
        return Ok(());
    }
    if results.len() < items(one, "parts").len() {
        return Err(RESPONSE_ALONE.say(&[]));
    }
    let asked = with(before, "functionCall");
    if asked.len() != results.len() {
        return Err(RESPONSE_COUNT.say(&[]));
    }
    let mark = |one: &&Value| (string(one, "name").to_owned(), string(one, "id").to_owned());
    let (mut asked, mut given): (Vec<_>, Vec<_>) =
        (asked.iter().map(mark).collect(), results.iter().map(mark).collect());
    if !family.signs {
        asked.iter_mut().chain(given.iter_mut()).for_each(|(_, id)| id.clear());
    }
    asked.sort_unstable();
    given.sort_unstable();
    if asked == given { Ok(()) } else { Err(RESPONSE_NAMES.say(&[])) }
}

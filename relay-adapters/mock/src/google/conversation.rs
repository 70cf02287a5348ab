//! The order of contents, of the parts in them, and of calls and results.

use serde_json::Value;

use super::chat::with;
use super::errors::Checked;
use super::models::Family;
use super::signatures;
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
pub(super) fn check(body: &Value, family: &Family) -> Checked {
    let contents = items(body, "contents");
    if contents.is_empty() {
        return Err("* GenerateContentRequest.contents: contents is not specified\n".to_owned());
    }
    let system = body.get("systemInstruction").filter(|one| !one.is_null());
    if let Some(system) = system {
        parts(system, "system_instruction")?;
    }
    for one in &contents {
        let role = one.get("role").and_then(Value::as_str);
        if !matches!(role, None | Some("user" | "model")) || (role.is_none() && contents.len() > 1) {
            return Err("Please use a valid role: user, model.".to_owned());
        }
    }
    for (at, one) in contents.iter().enumerate() {
        parts(one, &format!("contents[{at}]"))?;
        signatures::check(one, family)?;
        exchange(&contents, at, family)?;
    }
    let ends_with_model = contents.last().is_some_and(|last| string(last, "role") == "model");
    if ends_with_model && !family.prefill {
        return Err("Requests ending with a model turn are not supported by this model. Please end with a user role."
            .to_owned());
    }
    if family.signs { signatures::required(&contents) } else { Ok(()) }
}

/// Each part has exactly one kind of data.
fn parts(one: &Value, path: &str) -> Checked {
    let parts = items(one, "parts");
    if parts.is_empty() {
        return Err(format!("* GenerateContentRequest.{path}.parts: contents.parts must not be empty.\n"));
    }
    for (at, part) in parts.iter().enumerate() {
        let mut data = DATA.iter().filter(|name| part.get(**name).is_some_and(|value| !value.is_null()));
        match (data.next(), data.next()) {
            (Some(_), None) => {}
            (Some(_), Some(second)) => {
                return Err(format!(
                    "Invalid value at '{path}.parts[{at}]' (oneof), oneof field 'data' is already set. Cannot set '{second}'"
                ));
            }
            _ => {
                return Err(format!(
                    "* GenerateContentRequest.{path}.parts[{at}].data: required oneof field 'data' must have one initialized field\n"
                ));
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
            return Err(
                "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
                    .to_owned(),
            );
        }
        if with(after, "functionResponse").is_empty() || string(after, "role") != "user" {
            return Err(
                "Please ensure that function response turn comes immediately after a function call turn.".to_owned()
            );
        }
    }
    if results.is_empty() {
        return Ok(());
    }
    if results.len() < items(one, "parts").len() {
        return Err("mock: function responses must not share a content with other parts".to_owned());
    }
    let asked = with(before, "functionCall");
    if asked.len() != results.len() {
        return Err(
            "Please ensure that the number of function response parts is equal to the number of function call parts of the \
             function call turn."
                .to_owned(),
        );
    }
    let mark = |one: &&Value| (string(one, "name").to_owned(), string(one, "id").to_owned());
    let (mut asked, mut given): (Vec<_>, Vec<_>) =
        (asked.iter().map(mark).collect(), results.iter().map(mark).collect());
    if !family.signs {
        asked.iter_mut().chain(given.iter_mut()).for_each(|(_, id)| id.clear());
    }
    asked.sort_unstable();
    given.sort_unstable();
    if asked == given {
        return Ok(());
    }
    Err("Please ensure that the function response parts have the names and ids of the function call parts of the function call turn.".to_owned())
}

//! Reading the members of a request.

use relay_core::RelayError;
use relay_core::translation::json::Object;

/// The body as an object.
pub(super) fn body(json: &[u8]) -> Result<Object<'_>, RelayError> {
    Object::parse(json)
}

/// Refuses unknown members, which would otherwise be ignored, and duplicates.
pub(super) fn known_only(object: &Object<'_>, known: &[&str]) -> Result<(), RelayError> {
    for (place, (name, _)) in object.members().enumerate() {
        let path = object.path(&shown(name));
        if !known.contains(&name) {
            return Err(RelayError::unknown_parameter(&path, known));
        }
        if object.members().take(place).any(|(earlier, _)| earlier == name) {
            return Err(invalid(path.clone(), format!("`{path}` appears twice; send it once")));
        }
    }
    Ok(())
}

/// A name, unless it may be something that was pasted into the wrong place.
fn shown(name: &str) -> String {
    let plain = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if plain { name.to_owned() } else { "?".to_owned() }
}

/// A member that is an integer from `least` to `most`.
pub(super) fn integer(object: &Object<'_>, name: &str, least: u32, most: u32) -> Result<Option<u32>, RelayError> {
    let wrong = || must(object, name, &format!("an integer from {least} to {most}"));
    let Some(number) = object.integer(name).map_err(|_| wrong())? else { return Ok(None) };
    let number = u32::try_from(number).ok().filter(|number| (least..=most).contains(number));
    number.map(Some).ok_or_else(wrong)
}

/// A member that is one of these words.
pub(super) fn one_of<T: Copy>(object: &Object<'_>, name: &str, words: &[(&str, T)]) -> Result<Option<T>, RelayError> {
    let all = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
    let wrong = || must(object, name, &format!("one of: {}", all()));
    let Some(text) = object.text(name).map_err(|_| wrong())? else { return Ok(None) };
    let found = words.iter().find(|(word, _)| *word == text);
    found.map(|(_, value)| Some(*value)).ok_or_else(wrong)
}

/// `path` must be `what`.
pub(super) fn must(object: &Object<'_>, name: &str, what: &str) -> RelayError {
    let path = object.path(name);
    let message = format!("`{path}` must be {what}");
    invalid(path, message)
}

pub(super) fn invalid(path: String, message: String) -> RelayError {
    RelayError::invalid_value(path, message)
}

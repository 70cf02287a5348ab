//! The members of a request's JSON object.

use relay_core::RelayError;
use relay_core::translation::json::Object;

/// Refuses unknown members, which would otherwise be ignored, and duplicates.
pub(crate) fn known_members_only(object: &Object<'_>, known: &[&str]) -> Result<(), RelayError> {
    for (place, (name, _)) in object.members().enumerate() {
        // A malformed name may be a key that was pasted into the wrong place: do not echo it.
        let plain = name.len() <= 32 && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let shown = if plain { name } else { "?" };
        if !known.contains(&name) {
            return Err(RelayError::unknown_parameter(shown, known));
        }
        if object.members().take(place).any(|(earlier, _)| earlier == name) {
            return Err(RelayError::invalid_value(shown.to_owned(), format!("`{shown}` appears twice; send it once")));
        }
    }
    Ok(())
}

//! What Relay reads of every request, whichever provider it goes to.

use crate::error::RelayError;
use crate::translation::json::Object;

/// The longest model name, in bytes.
const MAX_MODEL: usize = 256;

/// The model that the request names, as it was written.
///
/// # Errors
/// `invalid_value` if it is missing, or cannot be a model's name anywhere.
pub(crate) fn model(request: &Object<'_>) -> Result<String, RelayError> {
    let model = request.text("model")?.unwrap_or_default();
    if model.is_empty() {
        return Err(RelayError::invalid_value("model", "`model` is missing: name the model to use"));
    }
    must_be_model(&model)?;
    Ok(model.into_owned())
}

/// Checks that a text can be a model's name: of some provider, the name is part of a URL.
///
/// # Errors
/// `invalid_value` for other characters than letters, digits and `._:/-@+`, for `..`, and for more than 256 bytes.
pub(crate) fn must_be_model(name: &str) -> Result<(), RelayError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/-@+".contains(c);
    if name.is_empty() || name.len() > MAX_MODEL || !name.chars().all(plain) || has_dot_segment(name) {
        let message = "`model` is not a model's name: it has letters, digits and `._:/-@+`, no `.` or `..` between slashes, \
                       and at most 256 characters";
        return Err(RelayError::invalid_value("model", message));
    }
    Ok(())
}

/// Whether a name would lead elsewhere as part of a path.
fn has_dot_segment(name: &str) -> bool {
    name.contains("..") || name.split('/').any(|segment| segment == "." || segment.is_empty())
}

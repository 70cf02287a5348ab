//! What Relay reads of every request, whichever provider it goes to.

use crate::error::RelayError;
use crate::translation::json::Object;

/// The longest model name, in bytes.
const MAX_MODEL: usize = 256;

/// The model that the request names, as it was written.
///
/// # Errors
/// `invalid_value` if it is missing; `model_not_found` for what is not a model's name anywhere.
pub(crate) fn model(request: &Object<'_>) -> Result<String, RelayError> {
    let model = request.text("model")?.unwrap_or_default();
    if model.is_empty() {
        return Err(RelayError::invalid_value("model", "`model` is missing: name the model to use"));
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "._:/-@+".contains(c);
    if model.len() > MAX_MODEL || !model.chars().all(plain) || model.contains("..") {
        return Err(RelayError::model_not_found(&model));
    }
    Ok(model.into_owned())
}

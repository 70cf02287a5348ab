//! `extra_body.google.safety_settings`. Without it Google's own defaults hold.

use serde_json::value::RawValue;

use super::tools::required_text;
use crate::error::RelayError;
use crate::translation::json::Object;

const CATEGORIES: &[&str] = &[
    "HARM_CATEGORY_HARASSMENT",
    "HARM_CATEGORY_HATE_SPEECH",
    "HARM_CATEGORY_SEXUALLY_EXPLICIT",
    "HARM_CATEGORY_DANGEROUS_CONTENT",
    "HARM_CATEGORY_CIVIC_INTEGRITY",
];
const THRESHOLDS: &[&str] = &["BLOCK_LOW_AND_ABOVE", "BLOCK_MEDIUM_AND_ABOVE", "BLOCK_ONLY_HIGH", "BLOCK_NONE", "OFF"];

/// The settings as they came, if each is one of this API's.
///
/// # Errors
/// An unknown category, threshold or member.
pub(super) fn settings<'a>(google: &Object<'a>) -> Result<Option<&'a RawValue>, RelayError> {
    for setting in google.objects("safety_settings")?.unwrap_or_default() {
        for (name, known) in [("category", CATEGORIES), ("threshold", THRESHOLDS)] {
            if !known.contains(&required_text(&setting, name)?.as_ref()) {
                let why = format!("`{}` must be one of {}", setting.path(name), known.join(", "));
                return Err(RelayError::invalid_value(setting.path(name), why));
            }
        }
        if let Some((name, _)) = setting.members().find(|(name, _)| !matches!(*name, "category" | "threshold")) {
            let name: String = name.chars().take(50).collect();
            return Err(RelayError::invalid_value(
                setting.path(&name),
                "a safety setting has a category and a threshold",
            ));
        }
    }
    Ok(google.get("safety_settings"))
}

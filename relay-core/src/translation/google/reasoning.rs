//! `reasoning_effort` and Google's own `thinking_config`, to `thinkingConfig`.

use serde::Serialize;

use super::models::{Level, ModelFamily, Thinking};
use crate::error::RelayError;
use crate::translation::Notes;
use crate::translation::json::Object;

/// `generationConfig.thinkingConfig`. A budget and a level never go together.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThinkingConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_budget: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thinking_level: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    include_thoughts: Option<bool>,
}

/// What OpenAI calls an effort: the budget in tokens (Google's own numbers for `minimal` to `high`) and the level.
struct Effort {
    name: &'static str,
    budget: u32,
    level: Level,
}

const EFFORTS: &[Effort] = &[
    Effort { name: "none", budget: 0, level: Level::Minimal },
    Effort { name: "minimal", budget: 1024, level: Level::Minimal },
    Effort { name: "low", budget: 1024, level: Level::Low },
    Effort { name: "medium", budget: 8192, level: Level::Medium },
    Effort { name: "high", budget: 24_576, level: Level::High },
    Effort { name: "xhigh", budget: 32_768, level: Level::XHigh },
    Effort { name: "max", budget: 32_768, level: Level::XHigh },
];

const CONFIG: &str = "extra_body.google.thinking_config";

/// Reads both; `google` is `extra_body.google`.
///
/// # Errors
/// An unknown effort or level, or an effort beside a budget or a level.
pub(super) fn config(
    request: &Object<'_>,
    google: Option<&Object<'_>>,
    family: &ModelFamily,
    notes: &mut Notes,
) -> Result<Option<ThinkingConfig>, RelayError> {
    let own = google.map(|google| google.object("thinking_config")).transpose()?.flatten();
    let mut config = own.as_ref().map(explicit).transpose()?.unwrap_or_default();
    if let Some(name) = request.text("reasoning_effort")? {
        if config.thinking_budget.is_some() || config.thinking_level.is_some() {
            let why = format!("`reasoning_effort` and a budget or level in `{CONFIG}` exclude each other");
            return Err(RelayError::invalid_value("reasoning_effort", why));
        }
        let effort = EFFORTS.iter().find(|effort| effort.name == name).ok_or_else(|| {
            let names: Vec<&str> = EFFORTS.iter().map(|effort| effort.name).collect();
            let why = format!("`reasoning_effort` must be one of {}", names.join(", "));
            RelayError::invalid_value("reasoning_effort", why)
        })?;
        apply(effort, family, &mut config, notes);
    }
    Ok((config != ThinkingConfig::default()).then_some(config))
}

/// A budget or a level that the caller chose in Google's own words.
fn explicit(own: &Object<'_>) -> Result<ThinkingConfig, RelayError> {
    let thinking_budget = own.integer("thinking_budget")?;
    let level = own.text("thinking_level")?;
    if thinking_budget.is_some() && level.is_some() {
        let why = "`thinking_budget` and `thinking_level` exclude each other";
        return Err(RelayError::invalid_value(own.path("thinking_budget"), why));
    }
    let unknown = || {
        let why = "`thinking_level` must be MINIMAL, LOW, MEDIUM, HIGH or XHIGH";
        RelayError::invalid_value(own.path("thinking_level"), why)
    };
    let thinking_level = level.map(|name| Level::from_name(&name).ok_or_else(unknown)).transpose()?.map(Level::as_str);
    Ok(ThinkingConfig { thinking_budget, thinking_level, include_thoughts: own.flag("include_thoughts")? })
}

/// The nearest thing that the family can do; noted where it is not the same.
fn apply(effort: &Effort, family: &ModelFamily, config: &mut ThinkingConfig, notes: &mut Notes) {
    match family.thinking {
        Thinking::Never if effort.name == "none" => {}
        Thinking::Never => notes.drop("reasoning_effort"),
        Thinking::Budget { least, most } => {
            config.thinking_budget = Some(i64::from(effort.budget.clamp(least, most)));
            if !(least..=most).contains(&effort.budget) {
                notes.adjust("reasoning_effort");
            }
        }
        Thinking::Levels(levels) => {
            // The same level, or the next one above it, or the highest.
            let near = levels.iter().find(|level| **level >= effort.level).or(levels.last());
            config.thinking_level = near.map(|level| level.as_str());
            if effort.name == "none" || near != Some(&effort.level) {
                notes.adjust("reasoning_effort");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(model: &str, effort: &str, want: &str) {
        let body = format!("{{\"reasoning_effort\":\"{effort}\"}}");
        let request = Object::parse(body.as_bytes()).unwrap();
        let config = config(&request, None, ModelFamily::for_model(model), &mut Notes::default()).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), want, "{model} {effort}");
    }

    #[test]
    fn an_effort_becomes_the_nearest_that_the_class_can_do() {
        check("gemini-2.5-pro", "none", r#"{"thinkingBudget":128}"#);
        check("gemini-2.5-pro", "max", r#"{"thinkingBudget":32768}"#);
        check("gemini-2.5-flash", "xhigh", r#"{"thinkingBudget":24576}"#);
        check("gemini-2.5-flash-lite", "medium", r#"{"thinkingBudget":8192}"#);
        check("gemini-3-pro-preview", "medium", r#"{"thinkingLevel":"HIGH"}"#);
        check("gemini-3.6-flash", "none", r#"{"thinkingLevel":"MINIMAL"}"#);
        check("gemini-3.8-flash", "none", r#"{"thinkingLevel":"LOW"}"#);
        check("gemini-4-hydrogen", "max", r#"{"thinkingLevel":"XHIGH"}"#);
        check("gemini-2.0-flash", "high", "null");
    }

    #[test]
    fn an_unknown_effort_is_refused() {
        let request = Object::parse(b"{\"reasoning_effort\":\"huge\"}").unwrap();
        let error =
            config(&request, None, ModelFamily::for_model("gemini-2.5-pro"), &mut Notes::default()).unwrap_err();
        assert_eq!(error.param(), Some("reasoning_effort"));
    }
}

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
    let explicit = |own: &Object<'_>| explicit(own, family, notes);
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

/// A budget or a level that the caller chose in Google's own words; the nearest one where the family refuses it.
fn explicit(own: &Object<'_>, family: &ModelFamily, notes: &mut Notes) -> Result<ThinkingConfig, RelayError> {
    let budget = own.integer("thinking_budget")?;
    let level = own.text("thinking_level")?;
    if budget.is_some() && level.is_some() {
        let why = "`thinking_budget` and `thinking_level` exclude each other";
        return Err(RelayError::invalid_value(own.path("thinking_budget"), why));
    }
    let unknown = || {
        let why = "`thinking_level` must be MINIMAL, LOW, MEDIUM, HIGH or XHIGH";
        RelayError::invalid_value(own.path("thinking_level"), why)
    };
    let level = level.map(|name| Level::from_name(&name).ok_or_else(unknown)).transpose()?;
    let include_thoughts = own.flag("include_thoughts")?;
    if family.thinking == Thinking::Never {
        for name in ["thinking_budget", "thinking_level", "include_thoughts"] {
            if own.get(name).is_some_and(|value| !matches!(value.get(), "0" | "false")) {
                notes.drop(own.path(name));
            }
        }
        return Ok(ThinkingConfig::default());
    }
    let thinking_budget = budget.map(|budget| near_budget(budget, family));
    if thinking_budget != budget {
        notes.adjust(own.path("thinking_budget"));
    }
    let mut config = ThinkingConfig { thinking_budget, include_thoughts, ..ThinkingConfig::default() };
    if let Some(level) = level {
        config.set_level(level, family);
        if config.thinking_level != Some(level.as_str()) {
            notes.adjust(own.path("thinking_level"));
        }
    }
    Ok(config)
}

/// The budget nearest to this one that the family takes. -1 lets the model decide. Families with levels take any budget.
fn near_budget(budget: i64, family: &ModelFamily) -> i64 {
    let Thinking::Budget { least, most, off } = family.thinking else { return budget };
    if budget == -1 || (budget == 0 && off) { budget } else { budget.clamp(i64::from(least), i64::from(most)) }
}

impl ThinkingConfig {
    /// Sets the level, or what comes near it: the next one above, the highest one, a budget.
    fn set_level(&mut self, level: Level, family: &ModelFamily) {
        match family.thinking {
            Thinking::Levels(levels) => {
                let near = levels.iter().find(|other| **other >= level).or(levels.last());
                self.thinking_level = near.map(|level| level.as_str());
            }
            Thinking::Budget { .. } => {
                let effort = EFFORTS.iter().rev().find(|effort| effort.level == level);
                self.thinking_budget = effort.map(|effort| near_budget(i64::from(effort.budget), family));
            }
            Thinking::Never | Thinking::Unknown => self.thinking_level = Some(level.as_str()),
        }
    }
}

/// The nearest thing that the family can do; noted where it is not the same.
fn apply(effort: &Effort, family: &ModelFamily, config: &mut ThinkingConfig, notes: &mut Notes) {
    match family.thinking {
        Thinking::Never | Thinking::Unknown if effort.name == "none" => {}
        Thinking::Never | Thinking::Unknown => notes.drop("reasoning_effort"),
        Thinking::Budget { .. } => {
            let budget = i64::from(effort.budget);
            let near = near_budget(budget, family);
            config.thinking_budget = Some(near);
            if near != budget {
                notes.adjust("reasoning_effort");
            }
        }
        Thinking::Levels(_) => {
            config.set_level(effort.level, family);
            if effort.name == "none" || config.thinking_level != Some(effort.level.as_str()) {
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

    #[track_caller]
    fn check_own(model: &str, own: &str, want: &str, noted: &[&str]) {
        let body = format!("{{\"thinking_config\":{own}}}");
        let google = Object::from_raw(serde_json::from_str(&body).unwrap(), "google".to_owned()).unwrap();
        let (request, mut notes) = (Object::parse(b"{}").unwrap(), Notes::default());
        let config = config(&request, Some(&google), ModelFamily::for_model(model), &mut notes).unwrap();
        assert_eq!(serde_json::to_string(&config).unwrap(), want, "{model} {own}");
        assert_eq!([notes.dropped, notes.adjusted].concat(), noted, "{model} {own}");
    }

    #[test]
    fn googles_own_words_become_the_nearest_that_the_class_can_do() {
        let (budget, level) =
            (&["google.thinking_config.thinking_budget"][..], &["google.thinking_config.thinking_level"][..]);
        check_own("gemini-2.5-pro", r#"{"thinking_budget":0}"#, r#"{"thinkingBudget":128}"#, budget);
        check_own("gemini-2.5-pro", r#"{"thinking_budget":-1}"#, r#"{"thinkingBudget":-1}"#, &[]);
        check_own("gemini-2.5-flash", r#"{"thinking_budget":99999}"#, r#"{"thinkingBudget":24576}"#, budget);
        check_own("gemini-2.5-flash", r#"{"thinking_budget":0}"#, r#"{"thinkingBudget":0}"#, &[]);
        check_own("gemini-2.5-flash-lite", r#"{"thinking_budget":100}"#, r#"{"thinkingBudget":512}"#, budget);
        check_own("gemini-2.5-flash", r#"{"thinking_level":"high"}"#, r#"{"thinkingBudget":24576}"#, level);
        check_own("gemini-3.8-flash", r#"{"thinking_level":"minimal"}"#, r#"{"thinkingLevel":"LOW"}"#, level);
        check_own("gemini-3.8-flash", r#"{"thinking_budget":0}"#, r#"{"thinkingBudget":0}"#, &[]);
        check_own("gemini-2.0-flash", r#"{"thinking_budget":512}"#, "null", budget);
        check_own("gemini-2.0-flash", r#"{"thinking_budget":0,"include_thoughts":false}"#, "null", &[]);
    }

    #[test]
    fn an_unknown_effort_is_refused() {
        let request = Object::parse(b"{\"reasoning_effort\":\"huge\"}").unwrap();
        let error =
            config(&request, None, ModelFamily::for_model("gemini-2.5-pro"), &mut Notes::default()).unwrap_err();
        assert_eq!(error.param(), Some("reasoning_effort"));
    }
}

//! The model table: which providers there are, and which model names belong to which.
//!
//! Providers are rows. One that speaks a dialect we know (an OpenAI-compatible one) is one more row here.

use std::fmt;

use crate::translation::{Dialect, anthropic, google, openai};

/// One provider: a row of the table. Cheap to copy, compared by its row.
#[derive(Clone, Copy)]
pub struct Provider(&'static Row);

/// What Relay knows of a provider apart from its wire format.
struct Row {
    name: &'static str,
    label: &'static str,
    key_placeholder: &'static str,
    key_url: &'static str,
    billing_url: &'static str,
    key_prefixes: &'static [&'static str],
    serves: fn(&str) -> bool,
    embeds: bool,
    dialect: &'static dyn Dialect,
}

static OPENAI: Row = Row {
    name: "openai",
    label: "OpenAI",
    key_placeholder: "sk-proj-…",
    key_url: "https://platform.openai.com/api-keys",
    billing_url: "https://platform.openai.com/settings/organization/billing/overview",
    key_prefixes: &["sk-"],
    serves: is_openai_model,
    embeds: true,
    dialect: &openai::OpenAi,
};

static ANTHROPIC: Row = Row {
    name: "anthropic",
    label: "Anthropic",
    key_placeholder: "sk-ant-api03-…",
    key_url: "https://platform.claude.com/settings/keys",
    billing_url: "https://platform.claude.com/settings/billing",
    key_prefixes: &["sk-ant-"],
    serves: |model| model.starts_with("claude-"),
    embeds: false,
    dialect: &anthropic::Anthropic,
};

static GOOGLE: Row = Row {
    name: "google",
    label: "Google",
    key_placeholder: "AQ.… / AIza…",
    key_url: "https://aistudio.google.com/apikey",
    billing_url: "https://aistudio.google.com/billing",
    key_prefixes: &["AQ.", "AIza"],
    serves: is_google_model,
    embeds: true,
    dialect: &google::Google,
};

impl Provider {
    /// OpenAI.
    pub const OPENAI: Self = Self(&OPENAI);
    /// Anthropic.
    pub const ANTHROPIC: Self = Self(&ANTHROPIC);
    /// Google (the Gemini API).
    pub const GOOGLE: Self = Self(&GOOGLE);
    /// Every provider, in the order in which they are shown.
    pub const ALL: &'static [Self] = &[Self::OPENAI, Self::ANTHROPIC, Self::GOOGLE];

    /// The provider of that name (`openai`, `anthropic`, `google`).
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.name() == name)
    }

    /// Picks the provider by the model's name, and the model's name without a `openai/`, `anthropic/` or `google/` in front.
    pub fn of(model: &str) -> Option<(Self, &str)> {
        if let Some((name, rest)) = model.split_once('/')
            && let Some(provider) = Self::named(name)
            && !rest.is_empty()
        {
            return Some((provider, rest));
        }
        Self::ALL.iter().copied().find(|provider| (provider.0.serves)(model)).map(|provider| (provider, model))
    }

    /// The name in the API, the database and the model prefix.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name for people.
    pub fn label(self) -> &'static str {
        self.0.label
    }

    /// What a key looks like, for an empty input field.
    pub fn key_placeholder(self) -> &'static str {
        self.0.key_placeholder
    }

    /// The page where a user makes a key.
    pub fn key_url(self) -> &'static str {
        self.0.key_url
    }

    /// The page where a user pays: where to go when there is no credit left.
    pub fn billing_url(self) -> &'static str {
        self.0.billing_url
    }

    /// How keys begin today. A hint: no key is refused by its look.
    pub fn key_prefixes(self) -> &'static [&'static str] {
        self.0.key_prefixes
    }

    /// The place in [`Self::ALL`], to sort lists by.
    pub fn rank(self) -> usize {
        Self::ALL.iter().position(|other| *other == self).unwrap_or(Self::ALL.len())
    }

    /// Whether the provider has an embeddings API.
    pub fn embeds(self) -> bool {
        self.0.embeds
    }

    pub(crate) fn dialect(self) -> &'static dyn Dialect {
        self.0.dialect
    }
}

fn is_openai_model(model: &str) -> bool {
    const PREFIXES: &[&str] =
        &["gpt-", "chatgpt-", "codex-", "ft:", "text-embedding-3-", "text-embedding-ada-", "omni-moderation-"];
    let reasoning = model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    reasoning || PREFIXES.iter().any(|prefix| model.starts_with(prefix))
}

fn is_google_model(model: &str) -> bool {
    let model = model.strip_prefix("models/").unwrap_or(model);
    const PREFIXES: &[&str] = &["gemini-", "gemma-", "text-embedding-00", "embedding-00", "learnlm-"];
    PREFIXES.iter().any(|prefix| model.starts_with(prefix))
}

impl PartialEq for Provider {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}
impl Eq for Provider {}
impl std::hash::Hash for Provider {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
    }
}
impl PartialOrd for Provider {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Provider {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.name.cmp(other.0.name)
    }
}
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}
impl fmt::Display for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(model: &str, want: Option<(Provider, &str)>) {
        assert_eq!(Provider::of(model), want, "{model}");
    }

    #[test]
    fn the_model_name_picks_the_provider() {
        for model in [
            "gpt-4o-mini",
            "chatgpt-4o-latest",
            "o1",
            "o4-mini",
            "codex-mini",
            "ft:gpt-4o:x",
            "text-embedding-3-small",
            "text-embedding-ada-002",
        ] {
            check(model, Some((Provider::OPENAI, model)));
        }
        check("claude-haiku-4-5", Some((Provider::ANTHROPIC, "claude-haiku-4-5")));
        for model in
            ["gemini-2.5-flash", "gemma-3", "gemini-embedding-001", "text-embedding-004", "models/gemini-2.5-pro"]
        {
            check(model, Some((Provider::GOOGLE, model)));
        }
    }

    #[test]
    fn a_prefix_forces_a_provider_and_is_stripped() {
        check("anthropic/claude-x", Some((Provider::ANTHROPIC, "claude-x")));
        check("openai/my-model", Some((Provider::OPENAI, "my-model")));
        check("google/gpt-4", Some((Provider::GOOGLE, "gpt-4")));
    }

    #[test]
    fn an_unknown_name_has_no_provider() {
        for model in ["", "llama-3", "omega", "open", "mistral/x", "GPT-4", "openai/", "google/"] {
            check(model, None);
        }
    }
}

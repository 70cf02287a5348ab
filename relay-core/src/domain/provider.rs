//! The providers: one row of data for each.
//!
//! A provider with a format that Relay already supports, such as an OpenAI-compatible one, needs only a row here:
//! configuration, command line, widget, API description and documentation are derived from [`Provider::ALL`].
//! [`crate::translation::dialect`] has the behaviour of each format.

use std::fmt;

/// One provider: a row of the table. Cheap to copy, compared by its name.
#[derive(Clone, Copy)]
pub struct Provider(&'static ProviderRow);

/// The format of a provider's requests, answers and streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// OpenAI's Chat Completions and Embeddings, also spoken by OpenAI-compatible providers.
    OpenAi,
    /// Anthropic's Messages.
    Anthropic,
    /// Google's Gemini API.
    Google,
}

/// The request header that carries the provider key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialHeader {
    /// `Authorization: Bearer <key>`.
    Bearer,
    /// A header of the provider, in lower case, whose value is the key alone.
    Named(&'static str),
}

impl CredentialHeader {
    /// The header's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bearer => "authorization",
            Self::Named(name) => name,
        }
    }

    /// The prefix of the key in the header's value.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Bearer => "Bearer ",
            Self::Named(_) => "",
        }
    }
}

/// The headers that carry the ids of an account beside a key, in lower case; `None` where the provider has no such id.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct IdHeaders {
    /// The workspace's id.
    pub workspace: Option<&'static str>,
    /// The organization's id.
    pub organization: Option<&'static str>,
    /// The project's id.
    pub project: Option<&'static str>,
}

/// A host of a provider for the keys of one region: a row of a fixed list, so a provider's answer can't lead a key
/// anywhere else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Region(&'static RegionRow);

#[derive(Debug, PartialEq, Eq, Hash)]
struct RegionRow {
    /// The name in stores: lower-case letters.
    name: &'static str,
    /// The host, in lower case. HTTPS on the standard port.
    host: &'static str,
}

impl Region {
    /// The name in stores.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The host, in lower case.
    pub fn host(self) -> &'static str {
        self.0.host
    }
}

/// The data of one provider.
struct ProviderRow {
    /// The name in the API, the database, the configuration and the model prefix: lower-case letters and digits.
    name: &'static str,
    /// The name for people.
    label: &'static str,
    format: Format,
    /// Scheme and host, with a path if all its APIs are below one.
    base_url: &'static str,
    /// The path between the base URL and `/chat/completions`. Only [`Format::OpenAi`] uses it; the others have fixed
    /// paths.
    api_path: &'static str,
    credential: CredentialHeader,
    id_headers: IdHeaders,
    /// The hosts for regional keys, the default host among them. Empty for a provider without regions.
    regions: &'static [RegionRow],
    /// A mark of our own drawing that recalls the provider's: an SVG path in a box of 24 by 24, drawn as a line 2 wide.
    mark: &'static str,
    /// Its plan for people, which many take for API credit.
    subscription: &'static str,
    /// `gen_ai.provider.name` in OpenTelemetry's conventions.
    telemetry_name: &'static str,
    key_placeholder: &'static str,
    key_url: &'static str,
    billing_url: &'static str,
    key_prefixes: &'static [&'static str],
    models: ModelNames,
    /// A chat model that is cheap and well known, for examples and tests.
    example_model: &'static str,
    embeds: bool,
    /// Whether it accepts `stream_options`. Only [`Format::OpenAi`] uses it.
    stream_options: bool,
}

/// The model names that belong to a provider.
struct ModelNames {
    /// Their prefixes. Error messages show the first one as an example.
    prefixes: &'static [&'static str],
    /// Prefixes that must be followed by a digit: `o` for `o3-mini`.
    before_digit: &'static [&'static str],
    /// An optional path before any of them.
    path: &'static str,
}

impl ModelNames {
    fn contain(&self, model: &str) -> bool {
        let model = model.strip_prefix(self.path).unwrap_or(model);
        let digit_follows =
            |start: &&str| model.strip_prefix(start).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        self.prefixes.iter().any(|prefix| model.starts_with(prefix)) || self.before_digit.iter().any(digit_follows)
    }
}

static OPENAI: ProviderRow = ProviderRow {
    name: "openai",
    label: "OpenAI",
    format: Format::OpenAi,
    base_url: "https://api.openai.com",
    api_path: "/v1",
    credential: CredentialHeader::Bearer,
    // <https://developers.openai.com/api/reference/overview>
    id_headers: IdHeaders {
        workspace: None,
        organization: Some("openai-organization"),
        project: Some("openai-project"),
    },
    // <https://developers.openai.com/api/docs/guides/data-residency>
    regions: &[
        RegionRow { name: "us", host: "us.api.openai.com" },
        RegionRow { name: "eu", host: "eu.api.openai.com" },
        RegionRow { name: "au", host: "au.api.openai.com" },
        RegionRow { name: "ca", host: "ca.api.openai.com" },
        RegionRow { name: "jp", host: "jp.api.openai.com" },
        RegionRow { name: "in", host: "in.api.openai.com" },
        RegionRow { name: "sg", host: "sg.api.openai.com" },
        RegionRow { name: "kr", host: "kr.api.openai.com" },
        RegionRow { name: "gb", host: "gb.api.openai.com" },
        RegionRow { name: "ae", host: "ae.api.openai.com" },
        RegionRow { name: "global", host: "api.openai.com" },
    ],
    mark: "M8.5 6.5A3.5 3.5 0 0 1 15.5 6.5L15.5 17.5A3.5 3.5 0 0 1 8.5 17.5zM15.01 6.22A3.5 3.5 0 0 1 18.51 12.28L8.99 17.78A3.5 3.5 0 0 1 5.49 11.72zM18.51 11.72A3.5 3.5 0 0 1 15.01 17.78L5.49 12.28A3.5 3.5 0 0 1 8.99 6.22z",
    subscription: "ChatGPT Plus",
    telemetry_name: "openai",
    key_placeholder: "sk-proj-…",
    key_url: "https://platform.openai.com/api-keys",
    billing_url: "https://platform.openai.com/settings/organization/billing/overview",
    key_prefixes: &["sk-"],
    models: ModelNames {
        prefixes: &[
            "gpt-",
            "chatgpt-",
            "codex-",
            "ft:",
            "text-embedding-3-",
            "text-embedding-ada-",
            "omni-moderation-",
        ],
        before_digit: &["o"],
        path: "",
    },
    example_model: "gpt-4o-mini",
    embeds: true,
    stream_options: true,
};

static ANTHROPIC: ProviderRow = ProviderRow {
    name: "anthropic",
    label: "Anthropic",
    format: Format::Anthropic,
    base_url: "https://api.anthropic.com",
    api_path: "/v1",
    // Never together with `x-api-key`, which would take precedence.
    credential: CredentialHeader::Bearer,
    id_headers: IdHeaders { workspace: Some("anthropic-workspace-id"), organization: None, project: None },
    regions: &[],
    mark: "M2.5 19L8.5 5l6 14M4.7 14h7.6M14.5 5l6.5 14",
    subscription: "Claude Pro",
    telemetry_name: "anthropic",
    key_placeholder: "sk-ant-api03-…",
    key_url: "https://platform.claude.com/settings/keys",
    billing_url: "https://platform.claude.com/settings/billing",
    key_prefixes: &["sk-ant-"],
    models: ModelNames { prefixes: &["claude-"], before_digit: &[], path: "" },
    example_model: "claude-haiku-4-5",
    embeds: false,
    stream_options: false,
};

static GOOGLE: ProviderRow = ProviderRow {
    name: "google",
    label: "Google",
    format: Format::Google,
    base_url: "https://generativelanguage.googleapis.com",
    api_path: "/v1beta",
    // Never in the query, where it would end up in logs.
    credential: CredentialHeader::Named("x-goog-api-key"),
    id_headers: IdHeaders { workspace: None, organization: None, project: None },
    regions: &[],
    mark: "M18 6A8.5 8.5 0 1 0 20.5 12H12.5",
    subscription: "Google AI Pro",
    telemetry_name: "gcp.gemini",
    key_placeholder: "AQ.… / AIza…",
    key_url: "https://aistudio.google.com/apikey",
    billing_url: "https://aistudio.google.com/billing",
    key_prefixes: &["AQ.", "AIza"],
    models: ModelNames {
        prefixes: &["gemini-", "gemma-", "text-embedding-00", "embedding-00", "learnlm-"],
        before_digit: &[],
        path: "models/",
    },
    example_model: "gemini-2.5-flash",
    embeds: true,
    stream_options: false,
};

/// An OpenAI-compatible provider that differs from OpenAI in every column.
#[cfg(test)]
static ACME: ProviderRow = ProviderRow {
    name: "acme",
    label: "Acme AI",
    format: Format::OpenAi,
    base_url: "https://api.acme.example/inference",
    api_path: "/v4",
    credential: CredentialHeader::Named("x-acme-key"),
    id_headers: IdHeaders { workspace: None, organization: None, project: None },
    regions: &[],
    mark: "M4 12h16",
    subscription: "Acme Plus",
    telemetry_name: "acme",
    key_placeholder: "acme_…",
    key_url: "https://acme.example/keys",
    billing_url: "https://acme.example/billing",
    key_prefixes: &["acme_"],
    models: ModelNames { prefixes: &["acme-"], before_digit: &[], path: "" },
    example_model: "acme-large",
    embeds: false,
    stream_options: false,
};

impl Provider {
    /// OpenAI.
    pub const OPENAI: Self = Self(&OPENAI);
    /// Anthropic.
    pub const ANTHROPIC: Self = Self(&ANTHROPIC);
    /// Google (the Gemini API).
    pub const GOOGLE: Self = Self(&GOOGLE);
    /// Every provider, in display order.
    pub const ALL: &'static [Self] = &[Self::OPENAI, Self::ANTHROPIC, Self::GOOGLE];
    /// A provider for tests that is not OpenAI but uses its format. Not one of [`Self::ALL`].
    #[cfg(test)]
    pub(crate) const ACME: Self = Self(&ACME);

    /// The provider with this name (`openai`, `anthropic`, `google`).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|provider| provider.name() == name)
    }

    /// Picks the provider by the model's name. Returns the provider, and the model's name without a provider prefix.
    pub fn for_model(model: &str) -> Option<(Self, &str)> {
        if let Some((name, rest)) = model.split_once('/')
            && let Some(provider) = Self::from_name(name)
            && !rest.is_empty()
        {
            return Some((provider, rest));
        }
        Self::ALL.iter().copied().find(|provider| provider.0.models.contain(model)).map(|provider| (provider, model))
    }

    /// The name in the API, the database and the model prefix.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    /// The name for people.
    pub fn label(self) -> &'static str {
        self.0.label
    }

    /// The format of its requests, answers and streams.
    pub fn format(self) -> Format {
        self.0.format
    }

    /// The default base URL of its API: scheme and host, with a path if there is one, without a trailing slash.
    pub fn base_url(self) -> &'static str {
        self.0.base_url
    }

    /// The path of its API below [`Self::base_url`], such as `/v1`. Begins with a slash, or is empty.
    pub fn api_path(self) -> &'static str {
        self.0.api_path
    }

    /// The header that carries the key.
    pub fn credential(self) -> CredentialHeader {
        self.0.credential
    }

    /// The headers that carry ids of the account beside the key.
    pub fn id_headers(self) -> IdHeaders {
        self.0.id_headers
    }

    /// The hosts for the keys of one region, the default host last. Empty for a provider without regions.
    pub fn regions(self) -> impl Iterator<Item = Region> {
        self.0.regions.iter().map(Region)
    }

    /// The region with this name.
    pub fn region(self, name: &str) -> Option<Region> {
        self.regions().find(|region| region.name() == name)
    }

    /// The region whose host a text names.
    pub fn region_in(self, text: &str) -> Option<Region> {
        let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let words = || text.split(|c| !is_host(c)).map(|word| word.trim_matches('.'));
        self.regions().find(|region| words().any(|word| word.eq_ignore_ascii_case(region.host())))
    }

    /// A mark that recalls the provider's own: an SVG path in a box of 24 by 24, to be drawn as a line 2 wide.
    pub fn mark(self) -> &'static str {
        self.0.mark
    }

    /// Its plan for people (`ChatGPT Plus`), which has no API credit.
    pub fn subscription(self) -> &'static str {
        self.0.subscription
    }

    /// Its name in traces and metrics: `gen_ai.provider.name` of OpenTelemetry's conventions.
    pub fn telemetry_name(self) -> &'static str {
        self.0.telemetry_name
    }

    /// A placeholder for the input field of a key.
    pub fn key_placeholder(self) -> &'static str {
        self.0.key_placeholder
    }

    /// The page where a user creates a key.
    pub fn key_url(self) -> &'static str {
        self.0.key_url
    }

    /// The billing page, where a user adds credit.
    pub fn billing_url(self) -> &'static str {
        self.0.billing_url
    }

    /// The current prefixes of keys. They are hints: Relay refuses no key because of its prefix.
    pub fn key_prefixes(self) -> &'static [&'static str] {
        self.0.key_prefixes
    }

    /// The prefixes of its model names, the best known first.
    pub fn model_prefixes(self) -> &'static [&'static str] {
        self.0.models.prefixes
    }

    /// The names of its models as readable patterns: `gpt-*`, or `o<digit>*` if a digit must follow.
    pub fn model_patterns(self) -> impl Iterator<Item = String> {
        let names = &self.0.models;
        let plain = names.prefixes.iter().map(|prefix| format!("{prefix}*"));
        plain.chain(names.before_digit.iter().map(|start| format!("{start}<digit>*")))
    }

    /// A chat model that is cheap and well known, for examples and tests.
    pub fn example_model(self) -> &'static str {
        self.0.example_model
    }

    /// The index in [`Self::ALL`], to sort lists by.
    pub fn rank(self) -> usize {
        Self::ALL.iter().position(|other| *other == self).unwrap_or(Self::ALL.len())
    }

    /// Whether the provider has an embeddings API.
    pub fn embeds(self) -> bool {
        self.0.embeds
    }

    /// Whether a streamed chat request may have `stream_options`, the member that requests usage.
    pub fn takes_stream_options(self) -> bool {
        self.0.stream_options
    }
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
        assert_eq!(Provider::for_model(model), want, "{model}");
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
        for model in ["", "unheard-of-3", "omega", "open", "nobody/x", "GPT-4", "openai/", "google/"] {
            check(model, None);
        }
    }

    #[test]
    fn rows_are_well_formed() {
        for provider in Provider::ALL.iter().chain([&Provider::ACME]) {
            let plain = |name: &str| name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
            assert!(plain(provider.name()) && !provider.name().is_empty(), "{provider}: name");
            assert!(!provider.label().is_empty(), "{provider}: label");
            let is_path = |c: char| c.is_ascii_digit() || "MLHVCSQTAZmlhvcsqtaz .-".contains(c);
            assert!(provider.mark().starts_with('M') && provider.mark().chars().all(is_path), "{provider}: mark");
            assert!(!provider.subscription().is_empty(), "{provider}: subscription");
            for url in [provider.base_url(), provider.key_url(), provider.billing_url()] {
                assert!(url.starts_with("https://") && !url.ends_with('/'), "{provider}: {url}");
            }
            let path = provider.api_path();
            assert!(path.is_empty() || path.starts_with('/') && !path.ends_with('/'), "{provider}: {path}");
            assert!(!provider.model_prefixes().is_empty(), "{provider}: no model names");
            let header = provider.credential().name();
            assert!(header.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{header}");
        }
    }

    #[test]
    fn a_text_leads_only_to_a_host_of_the_list() {
        let openai = Provider::OPENAI;
        let found = |text: &str| openai.region_in(text).map(Region::name);
        let says = |host: &str| format!("incorrect regional hostname. Please make your request to {host}");
        assert_eq!(found(&says("us.api.openai.com")), Some("us"));
        assert_eq!(found(&says("https://EU.api.openai.com/v1.")), Some("eu"));
        assert_eq!(found(&says("api.openai.com")), Some("global"));
        for host in ["evil.example", "us.api.openai.com.evil.example", "xus.api.openai.com", "us-api.openai.com", "a@b"]
        {
            assert_eq!(found(&says(host)), None, "{host}");
        }
        assert_eq!(Provider::GOOGLE.region_in("us.api.openai.com"), None);
        for region in openai.regions() {
            assert!(region.host().ends_with("api.openai.com"));
            assert_eq!(openai.region(region.name()), Some(region));
        }
        assert_eq!(
            openai.regions().last().map(|region| format!("https://{}", region.host())).as_deref(),
            Some(openai.base_url())
        );
    }

    #[test]
    fn no_two_rows_claim_the_same_name_or_models() {
        for (at, provider) in Provider::ALL.iter().enumerate() {
            assert_eq!(Provider::from_name(provider.name()), Some(*provider));
            assert_eq!(provider.rank(), at);
            assert_eq!(Provider::for_model(provider.example_model()), Some((*provider, provider.example_model())));
            for prefix in provider.model_prefixes() {
                let model = format!("{prefix}x");
                assert_eq!(Provider::for_model(&model), Some((*provider, model.as_str())), "{model}");
            }
        }
    }
}

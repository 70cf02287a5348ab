//! The state of a connection's key, and everything that a provider can say to change it.
//!
//! | what | where |
//! | --- | --- |
//! | the states | [`ConnectionState`] |
//! | what an answer can mean for a key, and the state that follows | [`KeySignal`] |
//! | which answers mean it | [`KEY_ROWS`]: a row for each, with its source |
//!
//! An answer that no row describes says nothing about the key. Neither does an answer that is not in the provider's own
//! error format: proxies, firewalls and content delivery networks answer with 401 and 403 too. The dialects check the
//! format before they ask for a row.

use crate::domain::provider::{Format, Region};

/// The state of a connection's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionState {
    /// The provider accepts it.
    Active,
    /// The provider could not be reached at registration.
    Unverified,
    /// Valid, but without all permissions.
    Restricted,
    /// Valid, but its account has no credit or quota left.
    NoCredit,
    /// The provider refuses it.
    Invalid,
    /// The provider revoked it, for example because it leaked.
    Revoked,
}

impl ConnectionState {
    /// All states, for stores that store their names.
    pub const ALL: [Self; 6] =
        [Self::Active, Self::Unverified, Self::Restricted, Self::NoCredit, Self::Invalid, Self::Revoked];

    /// The name in the API and in stores.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Unverified => "unverified",
            Self::Restricted => "restricted",
            Self::NoCredit => "no_credit",
            Self::Invalid => "invalid",
            Self::Revoked => "revoked",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    /// Whether a call must fail fast, without asking the provider.
    pub fn refuses_calls(self) -> bool {
        matches!(self, Self::Invalid | Self::Revoked)
    }
}

/// What real traffic, or a check, revealed about a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KeySignal {
    /// The provider answered a call.
    Works,
    /// The provider knows the key, but did not do what was asked: a rate limit.
    Accepted,
    /// The provider reported the key as invalid.
    Invalid,
    /// The provider reported the key as revoked.
    Revoked,
    /// The key lacks a permission.
    Restricted,
    /// No credit left.
    NoCredit,
    /// The account has reached its spending limit.
    SpendLimit,
    /// The key needs a workspace id.
    NeedsWorkspace,
    /// The key needs an organization id, or another one.
    NeedsOrganization,
    /// The key needs a project id, or another one.
    NeedsProject,
    /// The account is disabled or on hold.
    Disabled,
    /// The key's owner allows other IP addresses than Relay's. The key itself is good.
    IpNotAllowed,
    /// The key works at a regional host only, which the provider may have named. The key itself is good.
    WrongRegion(Option<Region>),
}

impl KeySignal {
    /// Applies this signal to a state; `refusals` counts `Invalid` and `Revoked` answers in a row.
    ///
    /// One refusal is not proof, so `invalid` and `revoked` need two in a row; a single one is enough if `checked` is
    /// set (a validation call). A successful answer resets every state to `active`. What is not the key's fault changes
    /// nothing.
    pub fn apply(self, state: ConnectionState, refusals: u32, checked: bool) -> (ConnectionState, u32) {
        let count = refusals.saturating_add(1);
        match self {
            Self::Works => (ConnectionState::Active, 0),
            Self::Accepted if state == ConnectionState::Unverified || state.refuses_calls() => {
                (ConnectionState::Active, 0)
            }
            Self::Accepted => (state, 0),
            Self::Invalid if checked || count >= 2 => (ConnectionState::Invalid, count),
            Self::Revoked if checked || count >= 2 => (ConnectionState::Revoked, count),
            Self::Invalid | Self::Revoked => (state, count),
            Self::NoCredit | Self::SpendLimit => (ConnectionState::NoCredit, 0),
            Self::Restricted | Self::NeedsWorkspace | Self::NeedsOrganization | Self::NeedsProject | Self::Disabled => {
                (ConnectionState::Restricted, 0)
            }
            Self::IpNotAllowed | Self::WrongRegion(_) => (state, refusals),
        }
    }
}

/// The parts of a provider's own error that tell what it means for the key. Lists of [`KeyRow`] match them as they are;
/// only the message is in lower case.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyAnswer<'a> {
    /// The HTTP status, or the one that an error inside a stream implies.
    pub(crate) status: u16,
    /// OpenAI's and Anthropic's `error.type`; Google's `error.status`.
    pub(crate) kind: &'a str,
    /// OpenAI's `error.code`; Anthropic's `details.error_code`; Google's `ErrorInfo.reason`.
    pub(crate) code: &'a str,
    /// The message in lower case; with Google also the names of exhausted quotas.
    pub(crate) message: &'a str,
}

/// A row of [`KEY_ROWS`]: an answer that says something about a key. Each list that is not empty must match.
#[derive(Debug)]
pub(crate) struct KeyRow {
    format: Format,
    statuses: &'static [u16],
    kinds: &'static [&'static str],
    codes: &'static [&'static str],
    /// The message begins so.
    starts: &'static str,
    /// The message has one of these.
    says: &'static [&'static str],
    /// The message has one of these, too.
    also: &'static [&'static str],
    /// The message has none of these.
    unless: &'static [&'static str],
    /// What it means.
    pub(crate) signal: KeySignal,
    /// `error.reason`: a stable word for what the signal alone does not say.
    pub(crate) reason: Option<&'static str>,
    /// Where the provider documents the answer, or where it was seen.
    #[cfg_attr(not(test), expect(dead_code, reason = "for readers, and for the test that each row has one"))]
    source: &'static str,
}

impl KeyRow {
    const fn of(format: Format, source: &'static str, signal: KeySignal) -> Self {
        Self {
            format,
            statuses: &[],
            kinds: &[],
            codes: &[],
            starts: "",
            says: &[],
            also: &[],
            unless: &[],
            signal,
            reason: None,
            source,
        }
    }

    const fn status(self, statuses: &'static [u16]) -> Self {
        Self { statuses, ..self }
    }

    const fn kind(self, kinds: &'static [&'static str]) -> Self {
        Self { kinds, ..self }
    }

    const fn code(self, codes: &'static [&'static str]) -> Self {
        Self { codes, ..self }
    }

    const fn starts(self, starts: &'static str) -> Self {
        Self { starts, ..self }
    }

    const fn says(self, says: &'static [&'static str]) -> Self {
        Self { says, ..self }
    }

    const fn also(self, also: &'static [&'static str]) -> Self {
        Self { also, ..self }
    }

    const fn unless(self, unless: &'static [&'static str]) -> Self {
        Self { unless, ..self }
    }

    const fn reason(self, reason: &'static str) -> Self {
        Self { reason: Some(reason), ..self }
    }

    /// The first row that describes this answer in the provider's own format.
    pub(crate) fn find(format: Format, answer: &KeyAnswer<'_>) -> Option<&'static Self> {
        KEY_ROWS.iter().find(|row| row.format == format && row.fits(answer))
    }

    fn fits(&self, answer: &KeyAnswer<'_>) -> bool {
        let is_in = |list: &[&str], text: &str| list.is_empty() || list.contains(&text);
        let has = |list: &[&str]| list.iter().any(|words| answer.message.contains(words));
        (self.statuses.is_empty() || self.statuses.contains(&answer.status))
            && is_in(self.kinds, answer.kind)
            && is_in(self.codes, answer.code)
            && answer.message.starts_with(self.starts)
            && (self.says.is_empty() || has(self.says))
            && (self.also.is_empty() || has(self.also))
            && !has(self.unless)
    }
}

const OPENAI_CODES: &str = "https://developers.openai.com/api/docs/guides/error-codes";
const ANTHROPIC_ERRORS: &str = "https://docs.claude.com/en/api/errors";
const GOOGLE_ERRORS: &str = "https://ai.google.dev/gemini-api/docs/troubleshooting";
const GOOGLE_REASONS: &str = "https://github.com/googleapis/googleapis/blob/master/google/api/error_reason.proto";

const fn openai(source: &'static str, signal: KeySignal) -> KeyRow {
    KeyRow::of(Format::OpenAi, source, signal)
}

const fn anthropic(source: &'static str, signal: KeySignal) -> KeyRow {
    KeyRow::of(Format::Anthropic, source, signal)
}

const fn google(source: &'static str, signal: KeySignal) -> KeyRow {
    KeyRow::of(Format::Google, source, signal)
}

/// How Azure refuses a key for OpenAI's models, in lower case. Its error has no more than these words and a code.
pub(crate) const AZURE_REFUSES: &str = "access denied due to invalid subscription key";

/// What an Anthropic 403 is about if it is not about the key: the content, a model, a file.
const ABOUT_THE_REQUEST: &[&str] = &[
    "content filtering policy",
    "content filter",
    "content policy",
    "claude-",
    "the model",
    "this model",
    "access to model",
    "model:",
    " file",
    "file_",
];

/// The same, or one feature that the account lacks.
const ABOUT_A_FEATURE: &[&str] = &[
    "content filtering policy",
    "content filter",
    "content policy",
    "claude-",
    "the model",
    "this model",
    "access to model",
    "model:",
    " file",
    "file_",
    "access to",
    "permission to",
    "permission for",
    "permissions to",
    "permissions for",
    "allowed to use",
    "authorized to use",
    "eligible",
    "entitled",
    "enabled",
    "available",
    "feature",
    "beta",
];

/// Words about the key, what it belongs to, or where it is used from.
const ABOUT_THE_KEY: &[&str] = &[
    " key ",
    " key.",
    " key's",
    "api key",
    "ip address",
    "your ip",
    "workspace",
    "specified resource",
    "oauth",
    "access to claude.",
    "access to claude,",
    "access to anthropic",
    "access to the api",
    "access to this api",
    "access to this organization",
    "access to the organization",
];

/// What a Google 403 without a reason is about if it is not about the key: a cache, a file, a model.
const ONE_THING: &[&str] = &[
    "cache content",
    "cachedcontent",
    "cached content",
    "the file ",
    "file files/",
    "files/",
    "file not found",
    "to access the file",
    "file_uri",
    "fileuri",
    "resource file",
    "the video",
    "youtube",
    "models/",
    "model ",
    "model:",
    "tunedmodels/",
];

/// Every answer that says something about a key. The first row that fits counts.
pub(crate) const KEY_ROWS: &[KeyRow] = &[
    // OpenAI: money.
    openai(OPENAI_CODES, KeySignal::NoCredit).code(&[
        "insufficient_quota",
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
    ]),
    openai(OPENAI_CODES, KeySignal::NoCredit).kind(&["insufficient_quota"]),
    openai(OPENAI_CODES, KeySignal::SpendLimit).code(&[
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    ]),
    // OpenAI: where the key may be used. The key itself is good.
    openai("https://github.com/agent-ecosystem/skill-validator/issues/70", KeySignal::WrongRegion(None))
        .status(&[401, 403, 404, 421])
        .code(&["incorrect_hostname"]),
    openai("https://github.com/jlegewie/beaver-zotero/issues/383", KeySignal::WrongRegion(None))
        .status(&[401, 403, 404, 421])
        .says(&["incorrect regional host"]),
    openai("https://developers.openai.com/api/docs/guides/ip-allowlist", KeySignal::IpNotAllowed)
        .status(&[401, 403])
        .code(&["ip_not_authorized"]),
    openai(OPENAI_CODES, KeySignal::IpNotAllowed).status(&[401, 403]).says(&["not authorized", "allowlist"]).also(&[
        "ip address",
        "your ip",
        "request ip",
    ]),
    // OpenAI: whom the call is for.
    openai("https://github.com/openai/codex/issues/1000", KeySignal::NeedsOrganization)
        .status(&[400, 401, 403, 404])
        .code(&["mismatched_organization", "invalid_organization", "organization_not_found"]),
    openai("https://github.com/Aider-AI/aider/issues/3717", KeySignal::NeedsOrganization)
        .status(&[400, 401, 403, 404])
        .says(&["openai-organization header should match", "no such organization"]),
    openai("https://developers.openai.com/api/reference/overview", KeySignal::NeedsProject)
        .status(&[400, 401, 403, 404])
        .code(&["mismatched_project", "invalid_project"]),
    openai("https://developers.openai.com/api/reference/overview", KeySignal::NeedsProject)
        .status(&[400, 401, 403, 404])
        .says(&["openai-project header should match", "no such project"]),
    // OpenAI: the account and the key.
    openai(OPENAI_CODES, KeySignal::Disabled)
        .status(&[401, 403])
        .code(&["account_deactivated", "organization_deactivated"])
        .reason("account_disabled"),
    openai("https://github.com/ayaka14732/ChatGPTAPIFree/issues/42", KeySignal::Disabled)
        .status(&[401, 403])
        .kind(&["access_terminated"])
        .reason("account_disabled"),
    openai(OPENAI_CODES, KeySignal::Invalid)
        .status(&[401, 403, 404])
        .code(&["project_archived", "archived_project", "project_is_archived"])
        .reason("project_archived"),
    openai(OPENAI_CODES, KeySignal::Invalid)
        .status(&[401, 403, 404])
        .says(&["archived"])
        .also(&["project"])
        .reason("project_archived"),
    openai(OPENAI_CODES, KeySignal::Invalid)
        .status(&[401, 403])
        .code(&["expired_api_key", "api_key_expired", "key_expired", "expired_key", "token_expired", "expired"])
        .reason("expired"),
    openai(OPENAI_CODES, KeySignal::Invalid)
        .status(&[401, 403])
        .says(&["expired"])
        .also(&["key", "token"])
        .reason("expired"),
    openai(OPENAI_CODES, KeySignal::Invalid).status(&[401, 403]).code(&[
        "invalid_api_key",
        "invalid_issuer",
        "invalid_authentication",
    ]),
    openai(OPENAI_CODES, KeySignal::Restricted).status(&[401, 403]).code(&[
        "missing_scope",
        "insufficient_permissions",
        "organization_membership_required",
    ]),
    openai(OPENAI_CODES, KeySignal::Restricted).status(&[401, 403]).says(&[
        "insufficient permissions",
        "missing scopes",
        "member of an organization",
    ]),
    openai(OPENAI_CODES, KeySignal::Invalid).status(&[401]).says(&[
        "incorrect api key",
        "invalid api key",
        "invalid authentication",
    ]),
    // "Invalid Authentication": OpenAI gives no code for it.
    openai(OPENAI_CODES, KeySignal::Invalid)
        .status(&[401])
        .kind(&["invalid_request_error", "authentication_error"])
        .code(&[""])
        .unless(&["access to model", "verified to use the model"]),
    // OpenAI's models on Azure, as recorded.
    openai("https://github.com/traceloop/openllmetry", KeySignal::Invalid)
        .status(&[401])
        .code(&["401"])
        .starts(AZURE_REFUSES),
    openai(OPENAI_CODES, KeySignal::Accepted).status(&[429]),
    // Anthropic: money.
    anthropic(ANTHROPIC_ERRORS, KeySignal::NoCredit).status(&[402]),
    anthropic(ANTHROPIC_ERRORS, KeySignal::NoCredit).kind(&["billing_error"]),
    anthropic(ANTHROPIC_ERRORS, KeySignal::NoCredit).says(&["credit balance is too low"]),
    anthropic(ANTHROPIC_ERRORS, KeySignal::SpendLimit)
        .code(&["enforced_spend_limit_reached", "contract_spend_limit_reached"]),
    anthropic(ANTHROPIC_ERRORS, KeySignal::SpendLimit)
        .says(&["reached your specified api usage limits", "workspace api usage limits"]),
    // Anthropic: whom the call is for.
    anthropic(ANTHROPIC_ERRORS, KeySignal::NeedsWorkspace).status(&[400, 404]).starts("anthropic-workspace-id"),
    anthropic(ANTHROPIC_ERRORS, KeySignal::NeedsWorkspace)
        .status(&[400, 404])
        .starts("workspace ")
        .says(&["not found"]),
    // Anthropic: the account and the key.
    anthropic(ANTHROPIC_ERRORS, KeySignal::Disabled).code(&["organization_on_hold"]).reason("account_disabled"),
    anthropic(ANTHROPIC_ERRORS, KeySignal::Disabled)
        .says(&["this organization has been disabled"])
        .reason("account_disabled"),
    anthropic(ANTHROPIC_ERRORS, KeySignal::Invalid)
        .status(&[401])
        .kind(&["authentication_error"])
        .says(&["expired"])
        .reason("expired"),
    anthropic(ANTHROPIC_ERRORS, KeySignal::Invalid)
        .status(&[401])
        .kind(&["authentication_error"])
        .unless(&["cors requests are not allowed"]),
    anthropic(ANTHROPIC_ERRORS, KeySignal::Restricted)
        .status(&[403])
        .kind(&["permission_error"])
        .says(ABOUT_THE_KEY)
        .unless(ABOUT_THE_REQUEST),
    anthropic(ANTHROPIC_ERRORS, KeySignal::Restricted)
        .status(&[403])
        .kind(&["permission_error"])
        .unless(ABOUT_A_FEATURE),
    anthropic(ANTHROPIC_ERRORS, KeySignal::Accepted).status(&[429]).kind(&["rate_limit_error"]),
    // Google: the key.
    google(GOOGLE_ERRORS, KeySignal::Invalid).status(&[400, 401, 403]).says(&["api key expired"]).reason("expired"),
    google(GOOGLE_REASONS, KeySignal::Invalid).code(&["API_KEY_INVALID"]),
    google(GOOGLE_ERRORS, KeySignal::Invalid).status(&[400]).says(&["api key not valid"]),
    google(GOOGLE_REASONS, KeySignal::Invalid).code(&[
        "ACCESS_TOKEN_TYPE_UNSUPPORTED",
        "CREDENTIALS_MISSING",
        "ACCESS_TOKEN_EXPIRED",
        "JWT_TOKEN_INVALID",
        "CREDENTIAL_TYPE_UNSUPPORTED",
        "OVERLOADED_CREDENTIALS",
    ]),
    google(GOOGLE_ERRORS, KeySignal::Invalid).status(&[401]),
    google(GOOGLE_ERRORS, KeySignal::Revoked).status(&[403]).says(&["reported as leaked"]).reason("leaked"),
    google(GOOGLE_REASONS, KeySignal::Revoked).code(&["CONSUMER_SUSPENDED", "GCP_SUSPENDED", "ACCOUNT_STATE_INVALID"]),
    // Google: money.
    google(GOOGLE_REASONS, KeySignal::NoCredit).code(&["BILLING_DISABLED"]),
    google(GOOGLE_ERRORS, KeySignal::NoCredit).status(&[429]).says(&[
        "perday",
        "prepayment credits are depleted",
        "spend cap",
        "spend limit",
        "spending",
        "limit: 0",
    ]),
    // Google: what the key, or its project, may do.
    google(GOOGLE_REASONS, KeySignal::Restricted).status(&[403]).code(&[
        "API_KEY_SERVICE_BLOCKED",
        "API_KEY_HTTP_REFERRER_BLOCKED",
        "API_KEY_IP_ADDRESS_BLOCKED",
        "API_KEY_ANDROID_APP_BLOCKED",
        "API_KEY_IOS_APP_BLOCKED",
        "SERVICE_DISABLED",
        "CONSUMER_INVALID",
        "USER_PROJECT_DENIED",
    ]),
    google(GOOGLE_ERRORS, KeySignal::Restricted)
        .status(&[403])
        .says(&["project has been denied access", "account has been", "account is "])
        .unless(ONE_THING)
        .reason("account_disabled"),
    google(GOOGLE_ERRORS, KeySignal::Restricted)
        .status(&[403])
        .code(&[""])
        .says(&[
            "has not been used in project",
            "requests from referer",
            "requests to this api",
            "ip address restriction",
        ])
        .unless(ONE_THING),
    google(GOOGLE_ERRORS, KeySignal::Accepted).status(&[429]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_source_and_can_be_reached() {
        for (at, row) in KEY_ROWS.iter().enumerate() {
            assert!(row.source.starts_with("https://"), "{row:?}");
            let message = [&[row.starts], row.says, row.also].map(|list| list.first().copied().unwrap_or_default());
            let message = if row.starts.is_empty() { message[1..].join(" ") } else { message.concat() };
            let first = |list: &[&'static str]| list.first().copied().unwrap_or_default();
            let status = row.statuses.first().copied().unwrap_or(418);
            let answer = KeyAnswer { status, kind: first(row.kinds), code: first(row.codes), message: &message };
            let found = KEY_ROWS.iter().position(|other| other.format == row.format && other.fits(&answer));
            assert_eq!(found, Some(at), "another row hides {row:?}");
        }
    }

    #[test]
    fn an_answer_that_no_row_describes_says_nothing() {
        for format in [Format::OpenAi, Format::Anthropic, Format::Google] {
            for status in [200, 302, 400, 403, 404, 407, 408, 409, 413, 422, 451, 500, 502, 503, 504, 511, 529] {
                let answer = KeyAnswer { status, kind: "x", code: "something_new", message: "not allowed here" };
                assert!(KeyRow::find(format, &answer).is_none(), "{format:?} {status}");
            }
        }
    }
}

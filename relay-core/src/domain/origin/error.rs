//! Why a text is not an origin, and what to write instead.

use std::fmt;

use super::public_suffix::PublicSuffix;

/// The most characters of a refused text that its error repeats.
const SHOWN: usize = 100;

/// A text that is not an origin. `Display` quotes it and suggests what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidOrigin {
    text: String,
    reason: Reason,
}

/// What is wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    Any,
    Null,
    TooLong,
    NoScheme,
    Scheme,
    Extension,
    AppHost,
    UserInfo,
    MoreThanOrigin,
    Host,
    Port,
    AnyPort,
    Wildcard,
    WildcardHost,
    PublicSuffix(PublicSuffix),
}

impl InvalidOrigin {
    pub(super) fn new(text: &str, reason: Reason) -> Self {
        // The text may be printed to a terminal, and must not contain a password.
        let text = text.rsplit('@').next().unwrap_or_default();
        let shown = text.chars().take(SHOWN).map(|c| if c.is_control() { '?' } else { c });
        Self { text: shown.collect(), reason }
    }

    /// The public suffix, if that is the only problem: [`super::PublicSuffixes::Allowed`] would accept the list.
    pub fn public_suffix(&self) -> Option<&PublicSuffix> {
        match &self.reason {
            Reason::PublicSuffix(suffix) => Some(suffix),
            _ => None,
        }
    }
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match &self.reason {
            Reason::Any => "is not an origin; to allow every origin, omit the list",
            Reason::Null => "stands for every page without an origin of its own, such as a file, and cannot be allowed",
            Reason::TooLong => "is longer than an origin can be",
            Reason::NoScheme => "is not an origin; write it with its scheme, such as https://app.example.com",
            Reason::Scheme => "is not an origin; it must begin with https://, http:// or an app's own scheme",
            Reason::Extension => {
                "is an extension's page, which can't load the widget; open `connectUrl` in a window of its own instead"
            }
            Reason::AppHost => {
                "has no valid host after an app's own scheme; write it as the app's pages send it, such as capacitor://localhost"
            }
            Reason::UserInfo => {
                "has a user name or password; write only scheme, host and port, such as https://app.example.com"
            }
            Reason::MoreThanOrigin => {
                "has more than an origin; leave out everything after the host and port: https://app.example.com"
            }
            Reason::Host => "has no valid host name; write an origin such as https://app.example.com",
            Reason::Port => "has no valid port; write a number from 1 to 65535, or leave it out",
            Reason::AnyPort => "has a wildcard as its port; list each port as a separate origin",
            Reason::Wildcard => {
                "has a wildcard in the wrong place; `*` can only be the first label, as in https://*.example.com"
            }
            Reason::WildcardHost => "has a wildcard before an IP address; only host names have subdomains",
            Reason::PublicSuffix(suffix) => {
                return write!(f, "`{}` would allow {suffix}; list your own hosts instead", self.text);
            }
        };
        write!(f, "`{}` {why}", self.text)
    }
}

impl std::error::Error for InvalidOrigin {}

//! Wildcards that match beyond one owner's hosts: every page of a scheme, or every host below a public suffix.

use std::fmt;

/// What a wildcard matches beyond one owner's hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicSuffix {
    /// Every host.
    EveryHost,
    /// Every host below this suffix, where anyone can get a host.
    Below(String),
}

impl fmt::Display for PublicSuffix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EveryHost => f.write_str("the pages of every host on the web"),
            Self::Below(suffix) => {
                write!(f, "everybody's pages: anyone can get a host below the public suffix {suffix}")
            }
        }
    }
}

/// Whether hosts below `domain` (in lower case and punycode) have many owners, by the Public Suffix List
/// (<https://publicsuffix.org>). A name of one label that is not on the list counts too, as it does in browsers;
/// `localhost` does not, since it always is this machine (RFC 6761, 6.3).
pub(super) fn is_public(domain: &str) -> bool {
    if domain == "localhost" || domain.ends_with(".localhost") {
        return false;
    }
    // The list also has rules such as `*.compute.estate`, which make each host below a suffix with an owner of its own.
    let below = format!("x.{domain}");
    is_suffix(domain) || is_suffix(&below)
}

fn is_suffix(domain: &str) -> bool {
    psl::suffix(domain.as_bytes()).is_some_and(|suffix| suffix.as_bytes() == domain.as_bytes())
}

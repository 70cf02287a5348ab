//! One entry of a list of origins.

use std::fmt;

use url::{Host as UrlHost, Url};

use super::error::{InvalidOrigin, Reason};
use super::host::is_loopback;
use super::public_suffix::{PublicSuffix, is_public};

/// The longest origin, in bytes: a host name of 255 with scheme and port.
const MAX_LEN: usize = 270;

/// An origin (`https://app.example.com`), or a wildcard for the origins below a domain (`https://*.example.com`).
///
/// `Display` writes the origin as browsers send it, and the wildcard as CSP does. [`Self::parse`] reads both back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginPattern {
    scheme: Scheme,
    host: Host,
    /// `None`: the scheme's default port.
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Scheme {
    Https,
    Http,
    /// An app's own, such as `capacitor` or `tauri`, whose pages come with the app.
    App(Box<str>),
}

/// Schemes that no list can name: their pages have no origin, or run what their address says.
const REFUSED: [&str; 11] =
    ["about", "blob", "data", "file", "filesystem", "ftp", "javascript", "vbscript", "view-source", "ws", "wss"];

#[derive(Clone, Debug, PartialEq, Eq)]
enum Host {
    /// Exactly this name or address.
    Exactly(Box<str>),
    /// One or more labels below this name.
    Below(Box<str>),
    /// Any name, but no IP address, as in CSP (Level 3, 6.7.2.9).
    AnyName,
}

/// One origin of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(OriginPattern);

impl Origin {
    /// Parses an origin, in any form that a browser would accept. A wildcard is not an origin.
    ///
    /// # Errors
    /// Unless the text has exactly scheme, host and port.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let pattern = OriginPattern::parse(text)?;
        match (&pattern.scheme, &pattern.host) {
            (Scheme::App(_), _) => Err(InvalidOrigin::new(text, Reason::Scheme)),
            (_, Host::Exactly(_)) => Ok(Self(pattern)),
            (_, Host::Below(_) | Host::AnyName) => Err(InvalidOrigin::new(text, Reason::Host)),
        }
    }

    /// Whether nobody can read data that is sent there: it is `https:`, or on this machine.
    pub fn is_private(&self) -> bool {
        self.0.scheme == Scheme::Https || matches!(&self.0.host, Host::Exactly(host) if is_loopback(host))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl OriginPattern {
    /// Parses an origin or a wildcard, in any form that a browser would accept.
    ///
    /// # Errors
    /// Unless the text has exactly scheme, host and port; for a wildcard that is not the first label.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        Self::read(text).map_err(|reason| InvalidOrigin::new(text, reason))
    }

    fn read(text: &str) -> Result<Self, Reason> {
        let (scheme, authority) = split(text)?;
        if let Scheme::App(_) = scheme {
            return if are_labels(authority) {
                Ok(Self { scheme, host: Host::Exactly(authority.into()), port: None })
            } else {
                Err(Reason::AppHost)
            };
        }
        let (is_wildcard, authority) = match authority.strip_prefix('*') {
            None => (false, authority),
            Some(rest) => (true, rest),
        };
        if authority.ends_with(":*") {
            return Err(Reason::AnyPort);
        }
        if authority.contains('*') {
            return Err(Reason::Wildcard);
        }
        if is_wildcard && (authority.is_empty() || authority.starts_with(':')) {
            // The host is a placeholder, so that the URL parser reads the port.
            let (_, port) = host_and_port(&scheme, &format!("any{authority}"))?;
            return Ok(Self { scheme, host: Host::AnyName, port });
        }
        if !is_wildcard {
            let (host, port) = host_and_port(&scheme, authority)?;
            return Ok(Self { scheme, host: Host::Exactly(host.to_string().into()), port });
        }
        match host_and_port(&scheme, authority.strip_prefix('.').ok_or(Reason::Wildcard)?)? {
            (UrlHost::Domain(name), port) if are_labels(&name) => {
                Ok(Self { scheme, host: Host::Below(name.into()), port })
            }
            (UrlHost::Domain(_), _) => Err(Reason::Host),
            (UrlHost::Ipv4(_) | UrlHost::Ipv6(_), _) => Err(Reason::WildcardHost),
        }
    }

    /// Whether the pattern matches a page's origin, in the form that browsers send. Any other form does not match.
    pub(crate) fn permits(&self, origin: &str) -> bool {
        let Some(authority) = origin.strip_prefix(self.scheme.name()).and_then(|rest| rest.strip_prefix("://")) else {
            return false;
        };
        let host = match self.port {
            None => authority,
            Some(port) => match authority.strip_suffix(&format!(":{port}")) {
                Some(host) => host,
                None => return false,
            },
        };
        match &self.host {
            Host::Exactly(known) => host == &**known,
            Host::Below(domain) => {
                let labels = host.strip_suffix(&**domain).and_then(|host| host.strip_suffix('.'));
                labels.is_some_and(are_labels)
            }
            Host::AnyName => are_labels(host) && !is_address(host),
        }
    }

    /// Whether this pattern matches every page that `other` matches.
    pub fn covers(&self, other: &Self) -> bool {
        self.narrowed_by(other).as_ref() == Some(other)
    }

    /// The pages that both match; `None` if there are none.
    pub(crate) fn narrowed_by(&self, other: &Self) -> Option<Self> {
        if (&self.scheme, self.port) != (&other.scheme, other.port) {
            return None;
        }
        let narrower = match (&self.host, &other.host) {
            (mine, theirs) if mine.reaches(theirs) => other,
            (mine, theirs) if theirs.reaches(mine) => self,
            _ => return None,
        };
        Some(narrower.clone())
    }

    /// What the pattern matches beyond one owner's hosts; `None` for an origin, and for a wildcard below a registered
    /// domain.
    ///
    /// Limit: the list has no entry for a domain like `amazonaws.com`, which nobody can register and which has public
    /// suffixes below it. `https://*.amazonaws.com` is therefore `None`.
    pub fn public_suffix(&self) -> Option<PublicSuffix> {
        match &self.host {
            Host::AnyName => Some(PublicSuffix::EveryHost),
            Host::Below(domain) if is_public(domain) => Some(PublicSuffix::Below(domain.to_string())),
            Host::Below(_) | Host::Exactly(_) => None,
        }
    }
}

impl Host {
    /// Whether this matches everything that `other` matches.
    fn reaches(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Exactly(name), Self::Exactly(other)) => name == other,
            (Self::Exactly(_), _) | (Self::Below(_), Self::AnyName) => false,
            (Self::Below(domain), Self::Exactly(name)) => {
                let labels = name.strip_suffix(&**domain).and_then(|name| name.strip_suffix('.'));
                labels.is_some_and(are_labels)
            }
            (Self::Below(domain), Self::Below(other)) => {
                domain == other || other.strip_suffix(&**domain).is_some_and(|rest| rest.ends_with('.'))
            }
            (Self::AnyName, Self::Exactly(name)) => are_labels(name) && !is_address(name),
            (Self::AnyName, _) => true,
        }
    }
}

impl Scheme {
    fn name(&self) -> &str {
        match self {
            Self::Https => "https",
            Self::Http => "http",
            Self::App(name) => name,
        }
    }

    fn parse(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase();
        let is_scheme = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.'));
        match &*name {
            "https" => Some(Self::Https),
            "http" => Some(Self::Http),
            _ if is_scheme && !REFUSED.contains(&&*name) && !name.ends_with("-extension") => {
                Some(Self::App(name.into()))
            }
            _ => None,
        }
    }
}

impl fmt::Display for OriginPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme.name())?;
        match &self.host {
            Host::Exactly(name) => f.write_str(name)?,
            Host::Below(domain) => write!(f, "*.{domain}")?,
            Host::AnyName => f.write_str("*")?,
        }
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// The scheme, and the text between it and the end or a single trailing slash.
fn split(text: &str) -> Result<(Scheme, &str), Reason> {
    match text {
        "*" => return Err(Reason::Any),
        "null" => return Err(Reason::Null),
        _ if text.len() > MAX_LEN => return Err(Reason::TooLong),
        _ => {}
    }
    let (scheme, rest) = text.split_once("://").ok_or(Reason::NoScheme)?;
    let scheme = Scheme::parse(scheme)
        .ok_or_else(|| if scheme.ends_with("-extension") { Reason::Extension } else { Reason::Scheme })?;
    // An origin that is copied from the address bar ends in a slash.
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#', '\\']) {
        return Err(Reason::MoreThanOrigin);
    }
    if rest.contains('@') {
        return Err(Reason::UserInfo);
    }
    Ok((scheme, rest))
}

/// The host, and the port unless it is the scheme's default, as browsers parse them.
fn host_and_port(scheme: &Scheme, authority: &str) -> Result<(UrlHost<String>, Option<u16>), Reason> {
    // Browsers remove line breaks and tabs from a URL, and decode percent signs.
    if authority.contains(|c: char| c.is_control() || c.is_whitespace() || c == '%') {
        return Err(Reason::Host);
    }
    let url = Url::parse(&format!("{}://{authority}/", scheme.name())).map_err(|error| match error {
        url::ParseError::InvalidPort => Reason::Port,
        _ => Reason::Host,
    })?;
    let port = url.port();
    if port == Some(0) {
        return Err(Reason::Port);
    }
    match url.host().ok_or(Reason::Host)?.to_owned() {
        // A host may end in a dot: for browsers that is a different origin.
        UrlHost::Domain(name) if !are_labels(name.strip_suffix('.').unwrap_or(&name)) => Err(Reason::Host),
        host => Ok((host, port)),
    }
}

/// Whether this is one or more labels of a host name, separated by dots. Browsers accept more characters, such as `;`,
/// which must not get into a header.
fn are_labels(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_');
    text.split('.').all(|label| !label.is_empty() && label.bytes().all(plain))
}

/// Whether a host is an IPv4 address: browsers treat every host whose last label is a number as one.
fn is_address(host: &str) -> bool {
    host.rsplit('.').next().is_some_and(|label| label.bytes().all(|b| b.is_ascii_digit()))
}

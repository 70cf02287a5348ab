//! A request as any provider sees it.

use bytes::Bytes;
use relay_core::Provider;
use relay_core::domain::provider::Format;
use relay_core::domain::secret::ProviderKey;

use crate::calls::Recorded;
use crate::hash::hash;
use crate::rejection::Rejection;
use crate::seen::{self, SeenRequest};
use crate::settings::Settings;
use crate::text;

/// A request as it came, for [`crate::Mock::handle`].
#[derive(Clone)]
pub struct Incoming {
    /// The provider that it is for.
    pub provider: Provider,
    /// `GET`, `POST`, …
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Lower-case names, with the credential.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

impl std::fmt::Debug for Incoming {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Neither headers nor query: a key may be in them.
        f.debug_struct("Incoming")
            .field("provider", &self.provider)
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

/// Whether a header carries a key, for this provider or another one.
fn is_credential(name: &str) -> bool {
    name == "x-api-key" || Provider::ALL.iter().any(|provider| provider.credential().name() == name)
}

impl Incoming {
    /// The key in the header where this provider wants it.
    pub(super) fn credential(&self) -> Result<&str, Rejection<'static>> {
        let mut sent = self.headers.iter().filter(|(name, _)| is_credential(name));
        let (Some((name, value)), rest) = (sent.next(), sent.next()) else { return Err(Rejection::NoKey) };
        if rest.is_some() {
            return Err(Rejection::ManyKeys);
        }
        let wanted = self.provider.credential();
        match name.as_str() {
            "x-api-key" if self.provider.format() == Format::Anthropic => Some(value.as_str()),
            name if name == wanted.name() => value.strip_prefix(wanted.prefix()),
            _ => None,
        }
        .ok_or(Rejection::NoKey)
    }

    /// The request for the record, with the key only where it prints nothing.
    pub(super) fn recorded(&self, key: Option<&str>) -> Recorded {
        let hide = |(name, value): &(String, String)| {
            let hidden = match value.split_once(' ') {
                _ if !is_credential(name) => value.clone(),
                Some((scheme, _)) => format!("{scheme} <key>"),
                None => "<key>".to_owned(),
            };
            (name.clone(), hidden)
        };
        let path = match self.target.split_once("key=") {
            Some((before, _)) if before.ends_with(['?', '&']) => format!("{before}key=<key>"),
            _ => self.target.clone(),
        };
        Recorded {
            provider: self.provider,
            method: self.method.clone(),
            path,
            headers: self.headers.iter().map(hide).collect(),
            body: self.body.clone(),
            key: key.and_then(|key| ProviderKey::parse(key.to_owned()).ok()),
        }
    }
}

/// Parameters of a query that may hold a key.
const KEY_PARAMETERS: [&str; 3] = ["key", "api_key", "access_token"];

/// The shortest secret that is looked for: shorter ones stand in other words by chance.
const MIN_SECRET: usize = 8;

/// What is shown of a call to whoever controls the mock.
impl Incoming {
    /// The request for the log of calls: no form of its key is in it, wherever it was sent.
    pub(super) fn seen(&self, key: Option<&str>) -> SeenRequest {
        let secrets = self.secrets();
        let header = |(name, value): &(String, String)| {
            let value = match (name.as_str(), value.split_once(' ')) {
                ("cookie" | "proxy-authorization", _) => "<hidden>".to_owned(),
                (name, Some((scheme, _))) if is_credential(name) => format!("{scheme} <key>"),
                (name, None) if is_credential(name) => "<key>".to_owned(),
                _ => seen::hidden(value, &secrets),
            };
            (name.clone(), value)
        };
        SeenRequest {
            provider: self.provider,
            method: self.method.clone(),
            path: seen::hidden(&self.target, &secrets),
            headers: self.headers.iter().map(header).collect(),
            body: seen::beginning(&self.body, &secrets),
            body_bytes: self.body.len(),
            last4: key.and_then(seen::last4).map(str::to_owned),
        }
    }

    /// The values that may be keys, as they were sent.
    fn secrets(&self) -> Vec<&str> {
        let credentials = self.headers.iter().filter(|(name, _)| is_credential(name));
        let credentials =
            credentials.flat_map(|(_, value)| [value.as_str(), value.rsplit(' ').next().unwrap_or(value)]);
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let parameters = pairs.filter(|(name, _)| KEY_PARAMETERS.contains(name)).map(|(_, value)| value);
        credentials.chain(parameters).filter(|secret| secret.len() >= MIN_SECRET).collect()
    }
}

/// A request taken apart.
pub(super) struct Request<'a> {
    pub(super) provider: Provider,
    pub(super) method: &'a str,
    /// Without percent encoding.
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: &'a [(String, String)],
    pub(super) body: &'a Bytes,
    /// Made from path and body: the same request has the same ids.
    pub(super) seed: u64,
    /// Models that were added.
    pub(super) models: Vec<&'a str>,
}

/// Headers that give Relay's caller away, or that Relay must not use. A dash at the end makes it a prefix.
const FOREIGN: &[&str] = &[
    "cookie",
    "origin",
    "referer",
    "via",
    "forwarded",
    "x-forwarded-",
    "x-real-ip",
    "x-relay-",
    "x-stainless-",
    "proxy-authorization",
    "idempotency-key",
];

impl<'a> Request<'a> {
    pub(super) fn new(incoming: &'a Incoming, settings: &'a Settings) -> Self {
        let (path, query) = incoming.target.split_once('?').unwrap_or((&incoming.target, ""));
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (text::percent_decoded(name), text::percent_decoded(value))
        };
        let own = settings.models.iter().filter(|(provider, _)| *provider == incoming.provider);
        Self {
            provider: incoming.provider,
            method: &incoming.method,
            path: text::percent_decoded(path),
            query: query.split('&').filter(|part| !part.is_empty()).map(pair).collect(),
            headers: &incoming.headers,
            body: &incoming.body,
            seed: hash(&[incoming.target.as_bytes(), &incoming.body]),
            models: own.map(|(_, name)| name.as_str()).collect(),
        }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Refuses what no provider refuses, but Relay must not send.
    pub(super) fn refuse_foreign_headers(&self) -> Result<(), String> {
        if self.query.iter().any(|(name, _)| KEY_PARAMETERS.contains(&name.as_str())) {
            return Err("mock: never put keys in URLs".to_owned());
        }
        for (name, value) in self.headers {
            let foreign = FOREIGN.iter().any(|one| name == one || (one.ends_with('-') && name.starts_with(one)));
            if foreign {
                return Err(format!("mock: the header `{name}` must not reach a provider"));
            }
            if name == "accept-encoding" && value != "identity" {
                return Err("mock: no content coding must be asked for".to_owned());
            }
        }
        let json = self.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if self.method == "POST" && !json {
            return Err("mock: the content type of a body must be application/json".to_owned());
        }
        Ok(())
    }
}

//! `[server]`

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use relay_core::domain::origin::Origin;

use super::metrics::MetricsConfig;
use super::options::{Options, RequestLimits};
use super::proxies::TrustedProxies;
use super::reader::Reader;

/// The HTTP server's settings.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen.
    pub listen: SocketAddr,
    /// The URL under which browsers and backends reach this server, without a trailing slash.
    pub public_url: Option<String>,
    /// The reverse proxies that are believed about the address of a client.
    pub trusted_proxies: TrustedProxies,
    /// Worker threads; 0: one per processor.
    pub workers: usize,
    /// Connections of all workers.
    pub max_connections: usize,
    /// Connections from one address; 0: half of all.
    pub max_connections_per_address: usize,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// After this long without an event a stream sends a comment.
    pub ping: Duration,
    /// The largest chat or embeddings body, in bytes.
    pub max_body: usize,
    /// The memory of all bodies of more than 64 KiB together, in bytes.
    pub body_budget: usize,
    /// The share of the memory for bodies that one project may hold, in percent.
    pub body_share: u8,
    /// How long running calls may take to end after a stop.
    pub drain: Duration,
    /// How long the listener stays open after a stop.
    pub drain_delay: Duration,
    /// Whether core dumps and debuggers are allowed.
    pub allow_core_dumps: bool,
}

impl ServerConfig {
    pub(super) fn read(reader: &mut Reader, variables: &BTreeMap<String, String>) -> Self {
        let default = Options::default();
        let seconds =
            |reader: &mut Reader, name, range, default| reader.number(name, range).map_or(default, Duration::from_secs);
        let max_body_mib = reader.number("server.max_body_mib", 1..=256).unwrap_or(32);
        Self {
            listen: listen(reader, variables),
            public_url: reader.get("server.public_url", public_url),
            trusted_proxies: trusted_proxies(reader),
            workers: small(reader.number("server.workers", 0..=1024), 0),
            max_connections: small(reader.number("server.max_connections", 1..=1_000_000), default.max_connections),
            max_connections_per_address: small(
                reader.number("server.max_connections_per_address", 0..=1_000_000),
                default.max_connections_per_address,
            ),
            keep_alive: seconds(reader, "server.keep_alive_seconds", 1..=3600, default.keep_alive),
            ping: seconds(reader, "server.ping_seconds", 1..=3600, default.limits.ping),
            max_body: small(Some(max_body_mib), 32) << 20,
            // At least one of the largest bodies must fit; by default eight do.
            body_budget: small(
                reader.number("server.body_budget_mib", max_body_mib..=65_536).or(Some(256.max(8 * max_body_mib))),
                256,
            ) << 20,
            body_share: reader
                .number("server.body_share_percent", 1..=100)
                .and_then(|percent| u8::try_from(percent).ok())
                .unwrap_or(default.limits.body_share_percent),
            drain: seconds(reader, "server.drain_seconds", 0..=3600, default.drain),
            drain_delay: seconds(reader, "server.drain_delay_seconds", 0..=300, default.drain_delay),
            allow_core_dumps: reader.flag("server.allow_core_dumps").unwrap_or(false),
        }
    }

    /// The options of [`serve`](crate::serve).
    pub fn options(&self, metrics: &MetricsConfig) -> Options {
        Options {
            listen: self.listen,
            workers: self.workers,
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            metrics_listen: metrics.listen,
            metrics_token: metrics.token.clone(),
            limits: RequestLimits {
                inference_body: self.max_body,
                bodies_at_once: self.body_budget,
                body_share_percent: self.body_share,
                ping: self.ping,
                ..RequestLimits::default()
            },
            drain: self.drain,
            drain_delay: self.drain_delay,
            keep_alive: self.keep_alive,
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            ..Options::default()
        }
    }
}

/// `server.listen`; where nothing sets it, all interfaces with the port in `PORT`, as hosting platforms expect it.
fn listen(reader: &mut Reader, variables: &BTreeMap<String, String>) -> SocketAddr {
    let default = SocketAddr::from((Ipv4Addr::LOCALHOST, 8080));
    if reader.is_set("server.listen") {
        let parse = |text: &str| {
            text.parse().map_err(|_| "must be an IP address and a port, such as \"127.0.0.1:8080\"".to_owned())
        };
        return reader.get("server.listen", parse).unwrap_or(default);
    }
    let Some(port) = variables.get("PORT").map(|port| port.trim()).filter(|port| !port.is_empty()) else {
        return default;
    };
    match port.parse() {
        Ok(port) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
        Err(_) => {
            reader.general_error(format!("PORT: must be a port, not `{port}`; or set `server.listen`"));
            default
        }
    }
}

fn trusted_proxies(reader: &mut Reader) -> TrustedProxies {
    let proxies: TrustedProxies = reader.get("server.trusted_proxies", str::parse).unwrap_or_default();
    proxies.with_header(reader.get("server.client_address_header", str::parse).unwrap_or_default())
}

/// A number whose range was checked.
fn small(number: Option<u64>, default: usize) -> usize {
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(default)
}

/// `https://host[:port][/path]`, or `http://` on this machine. Without a slash at the end.
fn public_url(text: &str) -> Result<String, String> {
    let authority = text.find("://").map_or(0, |at| at + 3);
    let path = text.get(authority..).and_then(|rest| rest.find('/')).map_or(text.len(), |at| authority + at);
    let (origin, path) = text.split_at(path);
    let origin = Origin::parse(origin).map_err(|error| error.to_string())?;
    if !origin.is_private() {
        return Err("must begin with https:// unless it is on this machine, because keys are sent there".to_owned());
    }
    let path = path.trim_end_matches('/');
    let is_plain = |segment: &str| {
        !segment.is_empty()
            && !segment.bytes().all(|b| b == b'.')
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
    };
    if !path.split('/').skip(1).all(is_plain) {
        return Err("may have a path of letters, digits and `-._~`, and nothing after it".to_owned());
    }
    Ok(format!("{origin}{path}"))
}

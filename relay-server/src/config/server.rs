//! `[server]`

use std::net::SocketAddr;
use std::time::Duration;

use relay_core::domain::origin::Origin;

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
    pub(super) fn read(reader: &mut Reader) -> Self {
        let default = Options::default();
        let seconds =
            |reader: &mut Reader, name, range, default| reader.number(name, range).map_or(default, Duration::from_secs);
        let max_body_mib = reader.number("server.max_body_mib", 1..=256).unwrap_or(32);
        Self {
            listen: reader
                .get("server.listen", |text| {
                    text.parse().map_err(|_| "must be an IP address and a port, such as \"127.0.0.1:8080\"".to_owned())
                })
                .unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            public_url: reader.get("server.public_url", public_url),
            trusted_proxies: reader.get("server.trusted_proxies", str::parse).unwrap_or_default(),
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
    pub fn options(&self, metrics_listen: Option<SocketAddr>) -> Options {
        Options {
            listen: self.listen,
            workers: self.workers,
            public_url: self.public_url.clone(),
            trusted_proxies: self.trusted_proxies.clone(),
            metrics_listen,
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
        }
    }
}

/// A number whose range was checked.
fn small(number: Option<u64>, default: usize) -> usize {
    number.and_then(|number| usize::try_from(number).ok()).unwrap_or(default)
}

/// `https://host[:port]`, or `http://` on this machine.
fn public_url(text: &str) -> Result<String, String> {
    let origin = Origin::parse(text).map_err(|error| error.to_string())?;
    if !origin.is_private() {
        return Err("must begin with https:// unless it is on this machine, because keys are sent there".to_owned());
    }
    Ok(origin.to_string())
}

//! The options of [`serve`](crate::serve).

use std::net::SocketAddr;
use std::time::Duration;

use super::metrics::MetricsToken;
use super::proxies::TrustedProxies;
use super::simulator::Simulator;

/// The options of [`serve`](crate::serve). [`Options::default`] suits tests: loopback, any free port, one worker.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// Worker threads; 0: one per processor.
    pub workers: usize,
    /// The URL under which browsers and backends reach this server, without a trailing slash; it may have a path. `None`:
    /// `listen`, unless that stands for all interfaces: then no links can be made.
    pub public_url: Option<String>,
    /// The reverse proxies that are believed about the address of a client.
    pub trusted_proxies: TrustedProxies,
    /// The address for Prometheus metrics. `None`: no metrics.
    pub metrics_listen: Option<SocketAddr>,
    /// The bearer token that a scraper of the metrics must send. `None`: none.
    pub metrics_token: Option<MetricsToken>,
    /// The limits of a request.
    pub limits: RequestLimits,
    /// How long running calls may take to end after a stop.
    pub drain: Duration,
    /// How long the listener stays open after a stop, so that a load balancer can see that the server is not ready.
    pub drain_delay: Duration,
    /// How long an idle connection stays open.
    pub keep_alive: Duration,
    /// Connections of all workers. The limit on open files may allow fewer. Further ones serve health checks only.
    pub max_connections: usize,
    /// Connections from one address; 0: half of all.
    pub max_connections_per_address: usize,
    /// The simulated providers that tests control below `/__mock`. By default none: the routes do not exist then.
    pub simulator: Simulator,
}

/// Limits of a request's size and time.
#[derive(Clone, Debug)]
pub struct RequestLimits {
    /// The largest chat or embeddings body, in bytes.
    pub inference_body: usize,
    /// The largest body of a request for a registration token, in bytes.
    pub token_body: usize,
    /// The largest body of a registration, in bytes.
    pub registration_body: usize,
    /// The memory of all request bodies of more than 64 KiB together, in bytes.
    pub bodies_at_once: usize,
    /// The memory of all smaller request bodies together, in bytes. Registrations have a quarter of it besides.
    pub small_bodies_at_once: usize,
    /// The share of both that one project may hold, in percent. The largest body fits in any case.
    pub body_share_percent: u8,
    /// Timeout for receiving a body.
    pub body_time: Duration,
    /// After this time a body must have arrived at [`Self::body_rate`] on average.
    pub body_grace: Duration,
    /// The slowest average rate of a body after [`Self::body_grace`], in bytes per second.
    pub body_rate: u64,
    /// All request headers together, in bytes.
    pub headers: usize,
    /// The request target, in bytes.
    pub url: usize,
    /// After this long without an event a stream sends a comment. The status line waits this long for the first event.
    pub ping: Duration,
    /// A client that acknowledges nothing for this long is disconnected.
    pub write_stall: Duration,
    /// Malformed credentials per minute and address. Further ones get a 429.
    pub refusals_a_minute: u32,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            workers: 1,
            public_url: None,
            trusted_proxies: TrustedProxies::default(),
            metrics_listen: None,
            metrics_token: None,
            limits: RequestLimits::default(),
            drain: Duration::from_secs(120),
            drain_delay: Duration::ZERO,
            keep_alive: Duration::from_secs(75),
            max_connections: 25_000,
            max_connections_per_address: 0,
            simulator: Simulator::default(),
        }
    }
}

/// The values that `docs/configuration.md` documents.
impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            inference_body: 32 << 20,
            token_body: 64 << 10,
            registration_body: 16 << 10,
            bodies_at_once: 256 << 20,
            small_bodies_at_once: 64 << 20,
            body_share_percent: 25,
            body_time: Duration::from_secs(30),
            body_grace: Duration::from_secs(10),
            body_rate: 1024,
            headers: 32 << 10,
            url: 8 << 10,
            ping: Duration::from_secs(15),
            write_stall: Duration::from_secs(60),
            refusals_a_minute: 20,
        }
    }
}

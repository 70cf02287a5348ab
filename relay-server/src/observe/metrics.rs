//! Counters for Prometheus. Labels are bounded: never a user, a key or a model's name.

use std::sync::Arc;
use std::time::Duration;

use prometheus::{
    Encoder, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge, Opts, Registry, TextEncoder,
};
use relay_core::domain::UsageEvent;
use relay_core::ports::UsageSink;
use relay_core::{Class, Code, Provider, Relay, RelayError};

use crate::observe::logging;

/// The buckets that OpenTelemetry recommends for HTTP, and longer ones, because a model may think for minutes.
const BUCKETS: &[f64] =
    &[0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 30.0, 60.0, 120.0, 300.0];

/// Values that are read when Prometheus asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Gauges {
    /// Whether the server is shutting down.
    pub(crate) draining: bool,
    /// Bytes of request bodies in memory.
    pub(crate) body_bytes: u64,
    /// Usage events that could not be recorded.
    pub(crate) usage_dropped: u64,
    /// The time since the start.
    pub(crate) uptime: Duration,
}

/// All metrics. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: IntCounterVec,
    durations: HistogramVec,
    calls: IntCounterVec,
    tokens: IntCounterVec,
    auth_failures: IntCounterVec,
    streams_active: IntGauge,
    streams_cut: IntCounterVec,
    connections: IntGauge,
    connections_refused: IntCounterVec,
    panics: IntCounter,
    bodies_refused: IntCounterVec,
    draining: IntGauge,
    body_bytes: IntGauge,
    usage_dropped: IntGauge,
    log_dropped: IntGauge,
    uptime: IntGauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let counters =
            |name, help, labels: &[&str]| register(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let gauge = |name, help| register(&registry, IntGauge::new(name, help));
        let build = Opts::new("relay_build_info", "The version.").const_label("version", env!("CARGO_PKG_VERSION"));
        register(&registry, IntGauge::with_opts(build)).set(1);
        Self(Arc::new(Inner {
            requests: counters(
                "relay_http_requests_total",
                "Requests by route, method and status.",
                &["route", "method", "status"],
            ),
            durations: register(
                &registry,
                HistogramVec::new(
                    HistogramOpts::new(
                        "relay_http_request_duration_seconds",
                        "Seconds from a request's head to the end of its response.",
                    )
                    .buckets(BUCKETS.to_vec()),
                    &["route"],
                ),
            ),
            calls: counters(
                "relay_upstream_requests_total",
                "Calls to providers, by how they ended: whose fault a failure is.",
                &["provider", "endpoint", "outcome"],
            ),
            tokens: counters("relay_tokens_total", "Tokens that the providers counted.", &["provider", "direction"]),
            auth_failures: counters(
                "relay_auth_failures_total",
                "Refused Relay keys and registration tokens.",
                &["reason"],
            ),
            streams_active: gauge("relay_streams_active", "Event streams that are currently open."),
            streams_cut: counters(
                "relay_stream_cancelled_total",
                "Streams that ended early, by whose doing that was.",
                &["by"],
            ),
            connections: gauge("relay_connections", "Connections of clients that are currently open."),
            connections_refused: counters(
                "relay_connections_refused_total",
                "Connections beyond a limit: they serve health checks only, or take the place of an idle one.",
                &["limit"],
            ),
            panics: register(&registry, IntCounter::new("relay_panics_total", "Requests that ended in a panic.")),
            bodies_refused: counters(
                "relay_bodies_refused_total",
                "Request bodies that did not fit into the memory for bodies, by whose limit was reached.",
                &["limit"],
            ),
            draining: gauge("relay_draining", "1 while the server is shutting down."),
            body_bytes: gauge("relay_inflight_bytes", "Bytes of request bodies in memory."),
            usage_dropped: gauge("relay_usage_dropped", "Usage events that could not be stored."),
            log_dropped: gauge("relay_log_dropped", "Log lines that could not be written."),
            uptime: gauge("relay_uptime_seconds", "Seconds since the start."),
            registry,
        }))
    }

    pub(crate) fn request(&self, route: &str, method: &str, status: u16, took: Duration) {
        let mut digits = [b'0'; 3];
        for (digit, unit) in digits.iter_mut().zip([100, 10, 1]) {
            *digit += u8::try_from(status / unit % 10).unwrap_or_default();
        }
        let status = std::str::from_utf8(&digits).unwrap_or("other");
        self.0.requests.with_label_values(&[route, method, status]).inc();
        self.0.durations.with_label_values(&[route]).observe(took.as_secs_f64());
    }

    /// Counts an error that was returned to a client.
    pub(crate) fn failure(&self, error: &RelayError) {
        if matches!(error.class(), Class::Unauthenticated | Class::Gone)
            || error.relay_code() == Some(Code::ScopeMissing)
        {
            self.0.auth_failures.with_label_values(&[error.code()]).inc();
        }
    }

    /// Counts a body that was refused: by the whole server's limit, a project's or a token's.
    pub(crate) fn body_refused(&self, limit: &str) {
        self.0.bodies_refused.with_label_values(&[limit]).inc();
    }

    /// Counts a connection for as long as the result exists.
    pub(crate) fn connection(&self) -> OpenConnection {
        self.0.connections.inc();
        OpenConnection(self.clone())
    }

    pub(crate) fn connection_refused(&self, limit: &str) {
        self.0.connections_refused.with_label_values(&[limit]).inc();
    }

    pub(crate) fn panicked(&self) {
        self.0.panics.inc();
    }

    pub(crate) fn stream_began(&self) {
        self.0.streams_active.inc();
    }

    /// `outcome`: that of the request.
    pub(crate) fn stream_ended(&self, outcome: &str) {
        self.0.streams_active.dec();
        let by = match outcome {
            "complete" => return,
            "cancelled" => "client",
            other => other,
        };
        self.0.streams_cut.with_label_values(&[by]).inc();
    }

    /// Counts a call to a provider.
    fn called(&self, provider: Provider, event: &UsageEvent) {
        let (provider, counts) = (provider.name(), &self.0);
        counts.calls.with_label_values(&[provider, event.endpoint.as_str(), event.outcome.as_str()]).inc();
        for (direction, tokens) in [("input", event.tokens.prompt()), ("output", event.tokens.output)] {
            if tokens > 0 {
                counts.tokens.with_label_values(&[provider, direction]).inc_by(tokens);
            }
        }
    }

    /// The same `Relay`, whose usage events are also counted here.
    pub(crate) fn count_usage(&self, relay: &Relay) -> Relay {
        let mut ports = relay.ports().clone();
        ports.usage = Arc::new(Counted { metrics: self.clone(), sink: ports.usage });
        Relay::new(ports)
    }

    /// All metrics in Prometheus's text format.
    pub(crate) fn text(&self, now: &Gauges) -> Vec<u8> {
        let set = |gauge: &IntGauge, value: u64| gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
        set(&self.0.draining, u64::from(now.draining));
        set(&self.0.body_bytes, now.body_bytes);
        set(&self.0.usage_dropped, now.usage_dropped);
        set(&self.0.log_dropped, logging::dropped());
        set(&self.0.uptime, now.uptime.as_secs());
        let mut text = Vec::new();
        // Writing to memory does not fail.
        let _ = TextEncoder::new().encode(&self.0.registry.gather(), &mut text);
        text
    }
}

/// A connection that is counted while this exists.
pub(crate) struct OpenConnection(Metrics);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.0.connections.dec();
    }
}

/// Names and labels are constants, so an error here would fail every test.
#[expect(clippy::expect_used, reason = "constants: see above")]
fn register<M: prometheus::core::Collector + Clone + 'static>(registry: &Registry, metric: prometheus::Result<M>) -> M {
    let metric = metric.expect("a metric's name is valid");
    registry.register(Box::new(metric.clone())).expect("a metric's name is unique");
    metric
}

/// Counts usage events before they are stored.
struct Counted {
    metrics: Metrics,
    sink: Arc<dyn UsageSink>,
}

impl UsageSink for Counted {
    fn record(&self, event: UsageEvent) {
        if let Some(provider) = event.provider.filter(|_| event.is_counted() && event.used_key()) {
            self.metrics.called(provider, &event);
        }
        self.sink.record(event);
    }

    fn dropped(&self) -> u64 {
        self.sink.dropped()
    }
}

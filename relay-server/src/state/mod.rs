//! What all requests share.

pub(crate) mod admission;
pub(crate) mod budget;
mod compute;
pub(crate) mod drain;
pub(crate) mod public_address;
mod queue;
pub(crate) mod throttle;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use relay_core::Relay;

use self::budget::BodyBudget;
use self::compute::{Aside, Discard};
use self::drain::Drain;
use self::public_address::PublicAddress;
use self::throttle::Throttle;
use crate::config::options::{Options, RequestLimits};
use crate::config::{Simulator, TrustedProxies};
use crate::observe::metrics::{Gauges, Metrics};
use crate::observe::readiness::Readiness;

/// What all requests share.
pub(crate) struct State {
    pub(crate) relay: Relay,
    pub(crate) limits: RequestLimits,
    pub(crate) public: PublicAddress,
    pub(crate) trusted_proxies: TrustedProxies,
    pub(crate) budget: BodyBudget,
    pub(crate) drain: Drain,
    pub(crate) metrics: Metrics,
    pub(crate) readiness: Readiness,
    pub(crate) throttle: Throttle,
    pub(crate) began: Instant,
    pub(crate) simulator: Simulator,
}

impl State {
    pub(crate) fn new(relay: Relay, public: PublicAddress, options: &Options) -> io::Result<Arc<Self>> {
        let limits = options.limits.clone();
        let metrics = Metrics::new();
        let (relay, discard) = aside(&metrics.count_usage(&relay))?;
        let budget = BodyBudget::new(&limits, Some(discard));
        Ok(Arc::new(Self {
            relay,
            throttle: Throttle::new(limits.refusals_a_minute),
            readiness: Readiness::default(),
            drain: Drain::default(),
            began: Instant::now(),
            simulator: options.simulator.clone(),
            limits,
            public,
            trusted_proxies: options.trusted_proxies.clone(),
            budget,
            metrics,
        }))
    }

    /// The metrics as Prometheus reads them.
    pub(crate) fn metrics_text(&self) -> Vec<u8> {
        self.metrics.text(&Gauges {
            draining: self.drain.is_draining(),
            body_bytes: self.budget.held() as u64,
            usage_dropped: self.relay.ports().usage.dropped(),
            uptime: self.began.elapsed(),
        })
    }
}

/// The same relay, which translates large bodies on threads of its own, and what drops them there.
fn aside(relay: &Relay) -> io::Result<(Relay, Discard)> {
    let mut ports = relay.ports().clone();
    let aside = Aside::new(ports.compute)?;
    let discard = aside.discard();
    ports.compute = Arc::new(aside);
    Ok((Relay::new(ports), discard))
}

//! Traces and metrics for an OpenTelemetry collector, over OTLP/HTTP: the section `[telemetry]`, cargo feature `otlp`.
//!
//! Everything is made from the event of a call when it has ended, so a call's bytes never wait for it. No span or metric has
//! any part of a request or of an answer, a user, a key, or an address.

#[cfg(feature = "otlp")]
mod calls;
#[cfg(feature = "otlp")]
mod client;
mod error;
#[cfg(feature = "otlp")]
mod exporters;
#[cfg(feature = "otlp")]
mod spans;

pub use error::TelemetryError;
use relay_core::Relay;

use crate::config::TelemetryConfig;

/// What sends traces and metrics, if anything does.
pub(crate) struct Telemetry {
    #[cfg(feature = "otlp")]
    exporters: Option<exporters::Exporters>,
}

#[cfg(feature = "otlp")]
impl Telemetry {
    /// Starts to send, if a collector is configured. Needs a running tokio runtime, on which it sends.
    ///
    /// # Errors
    /// If the exporters can't be set up.
    pub(crate) fn start(config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        Ok(Self { exporters: exporters::Exporters::start(config)? })
    }

    /// The same relay, whose calls are also traced and counted here.
    pub(crate) fn observe(&self, relay: &Relay) -> Relay {
        let Some(exporters) = &self.exporters else { return relay.clone() };
        let mut ports = relay.ports().clone();
        ports.usage = std::sync::Arc::new(exporters.observing(ports.usage));
        Relay::new(ports)
    }

    /// Sends what is left. Ends within some seconds even if the collector does not answer.
    pub(crate) async fn stop(self) {
        if let Some(exporters) = self.exporters {
            exporters.stop().await;
        }
    }
}

#[cfg(not(feature = "otlp"))]
impl Telemetry {
    /// # Errors
    /// If a collector is configured.
    pub(crate) fn start(config: &TelemetryConfig) -> Result<Self, TelemetryError> {
        if config.endpoint.is_some() { Err(TelemetryError::NotBuilt) } else { Ok(Self {}) }
    }

    /// The same relay.
    pub(crate) fn observe(&self, relay: &Relay) -> Relay {
        relay.clone()
    }

    /// Does nothing.
    pub(crate) async fn stop(self) {}
}

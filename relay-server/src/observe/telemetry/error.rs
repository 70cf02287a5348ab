//! Why traces and metrics can't be sent.

/// Why traces and metrics can't be sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TelemetryError {
    /// A collector is configured, and this build can't send to it.
    #[error(
        "traces and metrics were asked for (`telemetry.endpoint`), but this program was built without them: build it with the \
         cargo feature `otlp`, or remove the setting"
    )]
    NotBuilt,
    /// The exporters could not be set up.
    #[error("traces and metrics can't be sent (`telemetry.endpoint`): {0}")]
    Setup(String),
}

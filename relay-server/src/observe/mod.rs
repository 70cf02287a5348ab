//! What operators see: log lines, metrics and readiness.

pub mod logging;
pub(crate) mod metrics;
pub(crate) mod readiness;
pub(crate) mod telemetry;

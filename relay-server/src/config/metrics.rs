//! `[metrics]`

use std::net::SocketAddr;

use super::reader::Reader;

/// Where Prometheus metrics are served.
#[derive(Clone, Debug)]
pub struct MetricsConfig {
    /// A loopback address; `None`: no metrics.
    pub listen: Option<SocketAddr>,
}

impl MetricsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        Self { listen: reader.get("metrics.listen", loopback) }
    }
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    match text.parse::<SocketAddr>() {
        Ok(address) if address.ip().is_loopback() => Ok(address),
        Ok(_) => Err("must be a loopback address, because metrics must not be public".to_owned()),
        Err(_) => Err("must be an IP address and a port, such as \"127.0.0.1:9464\"".to_owned()),
    }
}

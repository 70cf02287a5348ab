//! `[metrics]`

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::files::{self, Readers};
use super::reader::Reader;

/// The shortest token, in characters.
const SHORTEST_TOKEN: usize = 16;

/// Where Prometheus metrics are served.
#[derive(Clone, Debug)]
pub struct MetricsConfig {
    /// `None`: no metrics. Another address than loopback needs a token.
    pub listen: Option<SocketAddr>,
    /// The file with the token, if one is set.
    pub token_file: Option<std::path::PathBuf>,
    /// What a scraper must send; `None`: nothing.
    pub token: Option<MetricsToken>,
}

/// The bearer token of the metrics. Only its hash is kept, and `Debug` hides it.
#[derive(Clone)]
pub struct MetricsToken(Arc<[u8; 32]>);

impl MetricsToken {
    /// The token with this text.
    pub fn new(text: &str) -> Self {
        Self(Arc::new(Sha256::digest(text).into()))
    }

    /// Whether this is the token. Takes the same time for all texts of one length.
    pub fn is(&self, text: &str) -> bool {
        // The hashes of two texts are equal only if the texts are, and say nothing about where they differ.
        <[u8; 32]>::from(Sha256::digest(text)) == *self.0
    }
}

impl fmt::Debug for MetricsToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MetricsToken(..)")
    }
}

impl MetricsConfig {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let listen = reader.get("metrics.listen", address);
        let token_file = reader.path("metrics.token_file");
        let readable = reader.flag("master_key.allow_readable_file").unwrap_or(false);
        let readers = if readable { Readers::All } else { Readers::RootsGroup };
        let token = token_file.as_ref().and_then(|path| match files::read_private(path, readers) {
            Ok(text) if text.trim().len() >= SHORTEST_TOKEN => Some(MetricsToken::new(text.trim())),
            Ok(_) => {
                let message =
                    format!("names a file with less than {SHORTEST_TOKEN} characters; write a random token into it");
                reader.error("metrics.token_file", message);
                None
            }
            Err(message) => {
                reader.error("metrics.token_file", message);
                None
            }
        });
        if listen.is_some_and(|listen: SocketAddr| !listen.ip().is_loopback()) && token_file.is_none() {
            reader.error(
                "metrics.listen",
                "must be a loopback address unless `metrics.token_file` is set, because metrics must not be public",
            );
        }
        Self { listen, token_file, token }
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "must be an IP address and a port, such as \"127.0.0.1:9464\"".to_owned())
}

//! [`Relay`]: the type whose methods are the use cases.

use std::fmt;
use std::sync::Arc;

use crate::domain::ids::{RequestId, Timestamp};
use crate::relay::ports::Ports;
use crate::relay::token_clock::TokenClock;

/// Relay, built from its ports. Cheap to clone.
#[derive(Clone)]
pub struct Relay {
    pub(crate) ports: Arc<Ports>,
    token_clock: Arc<TokenClock>,
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Relay")
    }
}

impl Relay {
    /// Builds a `Relay` from its ports.
    pub fn new(ports: Ports) -> Self {
        Self { ports: Arc::new(ports), token_clock: Arc::default() }
    }

    /// The ports that it was built from.
    pub fn ports(&self) -> &Ports {
        &self.ports
    }

    /// The time by which registration tokens are issued and expire.
    pub(super) fn token_time(&self) -> Timestamp {
        self.token_clock.now(&*self.ports.clock)
    }

    /// A new request id.
    pub fn request_id(&self) -> RequestId {
        self.ports.tokens.request_id(self.ports.clock.now())
    }
}

//! A connection in JSON, for developers and users.

use relay_core::domain::Connection;
use relay_core::relay::registration::Registered;
use serde::Serialize;

/// The visible data of a stored key. It has only the last four characters of the key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShownConnection {
    provider: &'static str,
    state: &'static str,
    last4: String,
    connected_at: String,
}

impl From<&Connection> for ShownConnection {
    fn from(connection: &Connection) -> Self {
        Self {
            provider: connection.slot.slot.provider.name(),
            state: connection.state.as_str(),
            last4: connection.last4.clone(),
            connected_at: connection.connected_at.to_string(),
        }
    }
}

impl From<Registered> for ShownConnection {
    fn from(registered: Registered) -> Self {
        Self {
            provider: registered.provider.name(),
            state: registered.state.as_str(),
            last4: registered.last4,
            connected_at: registered.connected_at.to_string(),
        }
    }
}

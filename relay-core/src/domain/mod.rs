//! What Relay is about, as data with rules: ids, secrets, providers. No other room of the crate is used here.

pub mod ids;
pub mod provider;
pub mod secret;

pub use provider::Provider;

//! The pure core of Relay, the BYOK AI relay: ports, domain types, OpenAI's schema, all translation, the use cases.
//!
//! No I/O, no clock, no randomness, no runtime: those come in through the traits in [`ports`].

#[cfg(feature = "contract")]
pub mod contract;
pub mod error;
pub mod ids;
pub mod inference;
pub mod json;
mod key_check;
mod members;
mod metering;
mod models;
pub mod onboarding;
pub mod openai;
pub mod page;
pub mod ports;
pub mod provider;
pub mod providers;
pub mod relay;
pub mod secret;
pub mod sse;
mod translate;
mod turns;

pub use error::{Class, RelayError};
pub use inference::{Prepared, Reply, ReplyBody};
pub use provider::Provider;
pub use relay::{Caller, Ports, Relay};

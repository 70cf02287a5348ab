//! The pure core of Relay, the BYOK AI relay: ports, domain types, OpenAI's schema, all translation, the use cases.
//!
//! No I/O, no clock, no randomness, no runtime: those come in through the traits in [`ports`].

#[cfg(feature = "contract")]
pub mod contract;
pub mod domain;
pub mod error;
pub mod inference;
mod key_check;
mod metering;
mod models;
pub mod onboarding;
pub mod page;
pub mod ports;
pub mod relay;
mod translate;
pub mod translation;
mod turns;

pub use domain::Provider;
pub use error::{Class, RelayError};
pub use inference::{Prepared, Reply, ReplyBody};
pub use relay::{Caller, Ports, Relay};

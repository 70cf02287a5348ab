//! The pure core of Relay, the BYOK AI relay: ports, domain types, OpenAI's schema, all translation, the use cases.
//!
//! No I/O, no clock, no randomness, no runtime: those come in through the traits in [`ports`].

pub mod domain;
pub mod error;
pub mod ports;
pub mod relay;
pub mod translation;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use domain::Provider;
pub use error::{Class, Code, RelayError};
pub use relay::inference::{Prepared, Reply, ReplyBody};
pub use relay::{Caller, Ports, Relay};

#![doc = include_str!("../README.md")]

pub mod domain;
pub mod error;
pub mod ports;
pub mod relay;
pub mod translation;

#[cfg(feature = "conformance")]
pub mod conformance;

pub use domain::Provider;
pub use error::{Class, Code, Disclosure, RelayError};
pub use relay::inference::{Prepared, Reply, ReplyBody};

pub use relay::{Caller, EventStream, Ports, Relay};

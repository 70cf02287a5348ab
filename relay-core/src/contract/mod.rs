//! The suites that any adapter of a port must pass (feature `contract`).
//!
//! Each is a plain function over `&dyn Port` that panics where the port's obligations are not met. Call it from a test.

mod cipher;
mod provider_client;
mod token_issuer;

pub use cipher::cipher;
pub use provider_client::{FarSide, SeenRequest, provider_client};
pub use token_issuer::token_issuer;

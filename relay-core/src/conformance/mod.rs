//! The suites that every adapter must pass: one async function for each port, over `&dyn Port`.
//!
//! Run them in your adapter's tests against a fresh store; a broken obligation panics, and the message names the rule:
//! `the rule a_token_works_once is broken: …`. Each rule is a function of that name, and uses projects of its own, so
//! rules do not affect each other.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test suite")]

#[macro_use]
mod rule;

mod cipher;
mod key_store;
mod meta;
mod outbox;
mod projects;
mod provider_client;
mod samples;
mod store;
mod token_issuer;
mod trail;
mod upkeep;
mod usage;

pub use cipher::cipher;
pub use key_store::key_store;
pub use meta::meta;
pub use outbox::outbox;
pub use projects::projects;
pub use provider_client::{FarSide, SeenRequest, provider_client};
pub use store::store;
pub use token_issuer::token_issuer;
pub use trail::trail;
pub use upkeep::upkeep;
pub use usage::usage;

//! What Relay needs from the outside world, as traits. Each file has one trait with its types, obligations and error.
//!
//! Ports are used as `Arc<dyn Port>`. Their futures are `Send`, since embedders run multi-threaded runtimes.

mod audit_log;
mod bell;
mod cipher;
mod clock;
mod compute;
mod key_store;
mod meta;
mod outbox;
mod projects;
mod provider_client;
mod store;
mod store_error;
mod token_issuer;
mod upkeep;
mod usage;
mod users;
mod webhook_client;

pub use audit_log::*;
pub use bell::*;
pub use cipher::*;
pub use clock::*;
pub use compute::*;
pub use key_store::*;
pub use meta::*;
pub use outbox::*;
pub use projects::*;
pub use provider_client::*;
pub use store::*;
pub use store_error::*;
pub use token_issuer::*;
pub use upkeep::*;
pub use usage::*;
pub use users::*;
pub use webhook_client::*;

fn _ports_are_object_safe(_: &dyn Cipher, _: &dyn Clock, _: &dyn ProviderClient, _: &dyn Store, _: &dyn TokenIssuer) {}

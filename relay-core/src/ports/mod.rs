//! What Relay needs of the world, as traits: one file each, with its types, its obligations and its error.
//!
//! Ports are used as `Arc<dyn Port>`. Their futures are `Send`, since embedders run multi-threaded runtimes.

mod cipher;
mod clock;
mod key_store;
mod projects;
mod provider_client;
mod store;
mod token_issuer;
mod usage;

pub use cipher::*;
pub use clock::*;
pub use key_store::*;
pub use projects::*;
pub use provider_client::*;
pub use store::*;
pub use token_issuer::*;
pub use usage::*;

#[expect(clippy::too_many_arguments, reason = "one of each: it only has to compile")]
fn _ports_are_object_safe(
    _: &dyn Cipher,
    _: &dyn Clock,
    _: &dyn KeyStore,
    _: &dyn Projects,
    _: &dyn ProviderClient,
    _: &dyn TokenIssuer,
    _: &dyn UsageSink,
    _: &dyn UsageReport,
) {
}

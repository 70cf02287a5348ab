//! The use cases: an AI call for a user, a user's registration, and administration. Each is a method of [`Relay`], and
//! each method makes at most one change of state.
//!
//! | file | use cases |
//! | --- | --- |
//! | `inference`, `stream`, `models` | chat, embeddings, lists of models |
//! | [`registration_tokens`], [`token_access`], [`registration`], [`page`] | issue a token; look it up; show it, redeem it; which pages may use it |
//! | [`connections`], [`users`] | verify and disconnect a key; list, show and erase users |
//! | [`projects`], [`relay_keys`], [`usage`] | administration and reports |
//! | [`quotas`], `upkeep` | what a project may do how often, and removing what nobody needs |
//! | [`audit`], [`webhooks`] | the audit log; events for apps |
//! | [`readiness`] | whether this Relay can serve calls now |
//! | `handle`, `ports`, `caller`, `call` | shared: [`Relay`], its [`Ports`], the [`Caller`], one exchange with a provider |

pub mod audit;
mod call;
mod caller;
pub mod connections;
mod cost;
pub mod ending;
mod handle;
pub mod inference;
mod key_check;
mod metering;
mod models;
pub mod page;
mod ports;
pub mod projects;
pub mod quotas;
pub mod readiness;
pub mod registration;
mod registration_lock;
pub mod registration_tokens;
pub mod relay_keys;
mod stream;
pub mod token_access;
mod token_clock;
mod upkeep;
pub mod usage;
pub mod users;
pub mod webhooks;

pub use caller::Caller;
pub use handle::Relay;
pub use ports::Ports;
pub use stream::EventStream;

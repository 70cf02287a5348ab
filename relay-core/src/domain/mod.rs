//! The domain as data with rules: ids, secrets, providers, projects, connections, grants, usage. This module uses no
//! other room of the crate.

mod connection;
mod connection_state;
mod day;
mod end_user_name;
mod grant;
pub mod ids;
mod key_forms;
mod logo;
mod master_key;
mod not_a_key;
pub mod origin;
mod policy;
pub mod price;
mod project;
pub mod provider;
mod rate_limit;
mod relay_key;
pub mod return_url;
pub mod secret;
mod secret_form;
mod secret_hash;
mod trace_parent;
pub mod trail;
mod usage;
mod usage_event;
mod user;
mod webhook;
mod webhook_target;

pub use connection::{AccountIds, Connection, SealedKey, SealedSlot, Slot};
pub(crate) use connection_state::{AZURE_REFUSES, KeyAnswer, KeyRow};
pub use connection_state::{ConnectionState, KeySignal};
pub use day::Day;
pub use end_user_name::EndUserName;
pub use grant::{
    Allowed, CLOCK_SKEW_SECONDS, Grant, IdempotencyRecord, KEEP_GRANTS_SECONDS, REGISTRATION_TRIES, RedeemRefusal,
    Spent, StoredGrant,
};
pub use logo::{InvalidLogo, Logo};
pub use master_key::MasterKeyId;
pub use not_a_key::NotAKey;
pub use policy::{Policy, PolicyField, PolicyKind};
pub use price::MicroDollars;
pub use project::Project;
pub use provider::{Provider, Region};
pub use rate_limit::RateLimit;
pub use relay_key::{KeyedProject, RelayKeyRecord, Scope};
pub(crate) use secret_form::beginnings;
pub use secret_form::secret_at;
pub use secret_hash::SecretHash;
pub use trace_parent::TraceParent;
pub use usage::{Blame, Endpoint, Outcome, TokenUsage, UsageQuery, UsageRow};
pub use usage_event::{Timeline, UsageEvent};
pub use user::{UserState, UserSummary};
pub use webhook::{
    Attempt, DISABLE_AFTER_MS, Delivery, DeliveryState, KEEP_EVENTS_MS, MAX_KEPT_ANSWER, MAX_WEBHOOKS, Webhook,
    WebhookSecret, next_attempt,
};
pub use webhook_target::WebhookTargets;

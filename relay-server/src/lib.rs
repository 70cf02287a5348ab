//! Relay's HTTP server: BYOK key onboarding and an OpenAI-compatible API on actix-web.
//!
//! [`config`] reads the settings, [`wiring`] puts the adapters together, [`serve`] answers requests with any
//! [`Relay`](relay_core::Relay). [`run`] does all three until a signal ends it.

mod assets;
pub mod config;
mod http;
mod observe;
mod routes;
mod run;
mod server;
mod state;
pub mod wiring;

pub use config::{Options, RequestLimits};
pub use observe::logging;
pub use observe::readiness::Canary;
pub use run::run;
pub use server::{Running, Service, Stopper, serve};

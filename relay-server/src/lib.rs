//! Relay's HTTP server: BYOK key onboarding and an OpenAI-compatible API on actix-web.
//!
//! [`config`] reads the settings, [`wiring`] puts the adapters together, [`serve`] answers requests with any
//! [`Relay`](relay_core::Relay). [`run`] does all three until a signal ends it.

mod answer;
mod assets;
mod body;
pub mod codes;
pub mod config;
mod cors;
mod drain;
pub mod error;
mod extract;
mod health;
pub mod logging;
mod metrics;
mod middleware;
mod names;
mod routes;
mod run;
mod server;
mod state;
mod stream;
mod throttle;
mod trace;
pub mod wiring;

pub use health::Canary;
pub use run::run;
pub use server::{Running, Service, Stopper, serve};
pub use state::{Limits, Options};

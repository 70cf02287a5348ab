//! Tests of the adapters: what each must do, and what each does beyond it.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests, and what only tests use")]

mod administration;
mod cache;
mod damage;
#[cfg(feature = "http")]
mod egress;
#[cfg(feature = "http")]
mod http;
#[cfg(feature = "ring")]
mod ring;
mod sqlite;
mod stores;
#[cfg(feature = "http")]
mod tls;
mod trail;
mod webhooks;

//! The whole server on a free port, with a store in memory and simulated providers.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod access_log;
mod between;
mod bodies;
mod cancel;
mod connections;
mod control;
mod cors;
mod credentials;
mod drain;
mod errors;
mod framing;
mod generated;
mod harness;
mod headers;
mod hosted;
mod json;
mod large_bodies;
mod onboarding;
mod pages;
mod process;
mod public_url;
mod quotas;
mod routes;
mod shares;
mod signals;
mod streams;
mod users;
mod webhooks;
mod widget;
mod widget_docs;

//! Whole-product tests: the real server, from the outside.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests"
)]

mod cancel;
mod clients;
mod continuation;
mod corpus;
mod crash;
mod deploy;
mod faults;
mod fuzz;
mod isolation;
mod memory;
mod mock_over_http;
mod neighbours;
mod panics;
mod power;
mod proxies;
mod redeem;
mod registration;
mod schema;
mod sdk;
mod secrets;
mod start;
mod stolen_database;
mod storage;
mod telemetry;
mod two_nodes;
mod user_urls;

//! What the whole-product tests share: a real server on a free port, and a way to talk to it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests, and what only tests use"
)]

pub mod fake_provider;
pub mod harness;
pub mod logs;

pub use harness::{Answer, TestRelay};

//! What the whole-product tests share: a real server on a free port, providers that misbehave, and ways to look at both.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "tests, and what only tests use"
)]

pub mod api;
pub mod fuzz;
pub mod harness;
pub mod logs;
pub mod memory;
pub mod process;
pub mod scan;
pub mod upstream;

pub use api::{Answer, Api, says, streams};
pub use harness::TestRelay;

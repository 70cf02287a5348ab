//! The built `relay` command, run as its users run it.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test suite")]

mod demo;
mod demo_app;
mod doctor;
mod help;
mod local;
mod remote;
mod run;

//! The `relay` command as a library, so that tests can call its parts.

pub mod cli;
pub mod client;
pub mod commands;
#[cfg(feature = "mock")]
pub mod demo;
pub mod failure;
pub mod files;
pub mod json;
pub mod local;
pub mod output;
pub mod secrets;

#![doc = include_str!("../README.md")]
//!
//! ## As a library
//!
//! The binary is a thin `main` around this library, which is not meant for other programs: its API may change in any
//! release. [`cli`] describes the command line as data, and [`commands`] has one file for each command.
//!
//! ```
//! use clap::Parser as _;
//! use relay_cli::cli::{Cli, Command};
//!
//! let cli = Cli::try_parse_from(["relay", "--json", "health", "--base-url", "http://127.0.0.1:8080"])?;
//! assert!(cli.json);
//! assert!(matches!(cli.command, Command::Health(_)));
//! # Ok::<(), clap::Error>(())
//! ```
//!
//! ## Rooms
//!
//! A room (a file or folder directly below `src/`) uses only rooms below it in this list:
//!
//! | room | what is in it |
//! | --- | --- |
//! | `demo` | `relay demo`: the `script` of calls, the `narrator` that sends and prints them, and the demo `app` |
//! | `commands` | one file for each command |
//! | `local` | the configuration and the store on this machine |
//! | `client` | an HTTP client for Relay's API |
//! | `cli` | the command line: commands, arguments, help |
//! | `secrets`, `files`, `output`, `json` | reading secrets, writing files, printing results, reading JSON |
//! | `failure` | why a command failed, and its exit code |

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

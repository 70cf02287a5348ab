#![doc = include_str!("../README.md")]
//!
//! ## As a library
//!
//! [`config`] reads the settings, [`wiring::wire`] builds a [`Relay`](relay_core::Relay) and its adapters from them, and
//! [`serve`] answers HTTP requests with it. [`run`] does all three and stops on SIGTERM or SIGINT.
//!
//! A test can run the whole server in its own process, with simulated providers and a store in memory, on any free port:
//!
//! ```
//! use std::collections::BTreeMap;
//! use std::path::Path;
//!
//! use relay_server::config::Config;
//! use relay_server::wiring::wire;
//! use relay_server::{Options, serve};
//! use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//!
//! # #[cfg(feature = "mock")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let settings = "mock = true\n[storage]\npath = ':memory:'\n";
//! let config = Config::read(Some((Path::new("relay.toml"), settings)), &BTreeMap::new())?;
//! let wired = wire(&config)?;
//!
//! // `Options::default()` listens on port 0 of 127.0.0.1.
//! let running = serve(wired.relay.clone(), Options::default())?;
//! let mut connection = tokio::net::TcpStream::connect(running.addr).await?;
//! connection.write_all(b"GET /api/health HTTP/1.1\r\nhost: relay\r\nconnection: close\r\n\r\n").await?;
//! let mut response = String::new();
//! connection.read_to_string(&mut response).await?;
//! assert!(response.starts_with("HTTP/1.1 200 OK"));
//!
//! running.stopper().stop();
//! running.join().await?;
//! wired.close();
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "mock"))]
//! # fn main() {}
//! ```
//!
//! ## Rooms
//!
//! A room (a file or folder directly below `src/`) uses only rooms below it in this list, and no two files use each other:
//!
//! | room | what is in it |
//! | --- | --- |
//! | `run` | the process: its protection, and from a [`config::Config`] to a signal |
//! | `wiring` | the composition root: the one place that names concrete adapters |
//! | `server` | listens, serves, drains and stops |
//! | `routes` | the table of routes, and one file for each resource: a handler reads the request, calls relay-core and writes the response |
//! | `assets` | the widget's scripts, compiled in |
//! | `http` | what all routes share: `request/` reads, `response/` writes, `middleware` wraps every call; errors, CORS, headers |
//! | `state` | what all requests share: memory budget, throttle, shutdown |
//! | `observe` | logs, metrics, readiness |
//! | `config` | settings and their checks; the [`Options`] of [`serve`] |

mod assets;
pub mod config;
mod http;
mod observe;
mod routes;
mod run;
mod server;
mod state;
pub mod wiring;

pub use config::{Options, RequestLimits, Simulator};
pub use observe::logging;
pub use run::{Start, process, run, start};
pub use server::{Running, Stopper, serve};

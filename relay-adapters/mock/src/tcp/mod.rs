//! Simulated providers behind a real socket: HTTP/1.1 on loopback, written on tokio alone.
//!
//! A web framework hides what a test of a client wants: a connection that closes without an answer or in the middle of
//! one, every byte written when it is made, and the moment at which a client was gone.
//!
//! | what | here |
//! | --- | --- |
//! | all providers on one port, for tests | [`MockServer`] |
//! | answers that break every rule of HTTP | [`Step`] |
//! | reading requests and keeping connections, for any other server | [`serve`], [`Service`] |
//!
//! ```
//! # use relay_core::Provider;
//! use relay_mock::Mock;
//! use relay_mock::tcp::{MockServer, Step};
//!
//! let server = MockServer::start(Mock::new())?;
//! let base = server.base_url(Provider::ANTHROPIC); // http://127.0.0.1:<port>/anthropic
//!
//! // The next request gets half an answer and then a closed connection, whatever it asks.
//! server.script([Step::send("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")]);
//! assert_eq!(server.scripts_left(), 1);
//! # drop(base);
//! # Ok::<_, std::io::Error>(())
//! ```

mod record;
mod request;
mod server;
mod service;
mod steps;

pub use record::{Connection, Received};
pub use request::RawRequest;
pub use server::MockServer;
pub use service::{Client, Next, Service, serve};
pub use steps::Step;

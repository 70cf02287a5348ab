//! A server with a project's Relay key, for the commands over HTTP.

use std::io::Write as _;

use serde_json::Value;
use zeroize::Zeroizing;

use super::request::Request;
use super::response::StreamingResponse;
use super::server::Server;
use crate::cli::RemoteArgs;
use crate::failure::Failure;
use crate::secrets;

/// A server with the Relay key for it.
#[derive(Debug)]
pub struct Remote {
    /// The server.
    pub server: Server,
    key: Zeroizing<String>,
}

impl Remote {
    /// Reads the server and the Relay key from the arguments and the environment.
    ///
    /// # Errors
    /// If the URL is invalid, or there is no valid key.
    pub fn new(args: &RemoteArgs) -> Result<Self, Failure> {
        let remote =
            Self { server: Server::at(&args.base_url)?, key: secrets::relay_key(args.relay_key_file.as_deref())? };
        if remote.server.is_plaintext() {
            // If stderr is closed, nobody can read the warning.
            let warning = "relay: warning: without https, others can read the keys that are sent";
            let _ = writeln!(std::io::stderr(), "{warning} to {}", remote.server.base());
        }
        Ok(remote)
    }

    /// Sends a request with the Relay key.
    ///
    /// # Errors
    /// If the server does not respond.
    pub async fn send(&self, request: Request) -> Result<StreamingResponse, Failure> {
        self.server.send(&request.bearer(&self.key)).await
    }

    /// Sends a request with the Relay key, and returns the JSON body of a successful response.
    ///
    /// # Errors
    /// If the server does not respond, or responds with an error.
    pub async fn json(&self, request: Request) -> Result<Value, Failure> {
        self.send(request).await?.whole().await?.ok()
    }
}

//! What to send, how often, and what a right answer is.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;

/// A run against one gateway. `{user}` in a header or an expected text is the request's user, four digits.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    /// The path of every request, with its query.
    pub(crate) path: String,
    /// Header lines, `name: value`.
    pub(crate) headers: Vec<String>,
    /// The JSON body of every request.
    pub(crate) body: String,
    /// The number of users that requests rotate through, 0000 first.
    pub(crate) users: u32,
    pub(crate) connections: u32,
    /// Seconds before the measured window.
    pub(crate) warmup_s: f64,
    /// Length of the measured window, seconds. Answers that are under way at its end are awaited and counted.
    pub(crate) seconds: f64,
    /// Requests a second (open loop); without it each connection sends after an answer.
    pub(crate) rate: Option<f64>,
    /// The seconds over which the connections start, one after another.
    pub(crate) ramp_s: f64,
    /// An answer that takes longer, seconds, is an error.
    pub(crate) timeout_s: f64,
    pub(crate) expect: Expect,
    /// The processes of the gateway, for its CPU time and memory.
    pub(crate) pids: Vec<u32>,
    /// Clock ticks a second of `/proc/PID/stat`.
    pub(crate) ticks_per_s: f64,
    /// Whether to sample the gateway's memory while requests run: that costs it some time.
    pub(crate) sample_memory: bool,
}

/// What every answer must be, beside status 200.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Expect {
    /// Texts that it contains.
    pub(crate) contains: Vec<String>,
    /// How it ends, white space apart.
    pub(crate) ends_with: String,
    /// How many of the mock's content chunks it has, exactly.
    pub(crate) chunks: usize,
}

impl Plan {
    /// Refuses plans that would load somebody else's machine or divide by zero.
    pub(crate) fn check(&self) -> Result<(), String> {
        if !self.address.ip().is_loopback() {
            return Err(format!("{} is not a loopback address", self.address));
        }
        if self.users == 0 || self.users > 10_000 || self.connections == 0 || self.ticks_per_s <= 0.0 {
            return Err("users must be 1 to 10000, connections and ticks_per_s at least 1".into());
        }
        Ok(())
    }

    /// The bytes of a request for `user`.
    pub(crate) fn request(&self, user: &str) -> Vec<u8> {
        let Self { path, address, headers, body, .. } = self;
        let headers = headers.join("\r\n").replace("{user}", user);
        format!(
            "POST {path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n{headers}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.timeout_s)
    }
}

//! What a scripted answer consists of: bytes, waits and ways to end.

use std::io;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;

use super::service::{Client, Next};

/// One thing that a scripted answer does. Behind the last one the connection is closed (`FIN`).
#[derive(Clone, Debug)]
pub enum Step {
    /// Sends these bytes.
    Send(Bytes),
    /// Waits for [`super::MockServer::resume`].
    UntilResumed,
    /// Sends nothing more until the client closes the connection; [`super::MockServer::client_closed`] says when that was.
    UntilClosed,
    /// Sends these bytes again and again, with this pause between, until the client closes the connection, as
    /// [`Self::UntilClosed`].
    Repeat(Bytes, Duration),
    /// Ends the connection with a reset (`RST`), which throws away what the client has not read yet.
    Reset,
    /// Keeps the connection for a next request.
    Keep,
}

impl Step {
    /// Sends these bytes.
    pub fn send(bytes: impl Into<Bytes>) -> Self {
        Self::Send(bytes.into())
    }

    /// An answer in one piece with its length, after which the connection is closed.
    pub fn answer(status: u16, content_type: &str, body: &str) -> Vec<Self> {
        let length = body.len();
        vec![Self::send(format!(
            "HTTP/1.1 {status} Word\r\ncontent-type: {content_type}\r\ncontent-length: {length}\r\n\
             connection: close\r\n\r\n{body}"
        ))]
    }

    /// [`Self::answer`] with a JSON body.
    pub fn json(status: u16, body: &str) -> Vec<Self> {
        Self::answer(status, "application/json", body)
    }

    /// The head of an event stream that ends with its connection.
    pub fn stream_head() -> Self {
        Self::send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n")
    }

    /// Whether the script waits here for the client to leave.
    pub(super) fn awaits_close(&self) -> bool {
        matches!(self, Self::UntilClosed | Self::Repeat(..))
    }
}

/// Plays a script.
pub(super) async fn play(script: Vec<Step>, client: &mut Client<'_>, resume: &Notify) -> io::Result<Next> {
    for step in script {
        match step {
            Step::Send(bytes) => client.send(&bytes).await?,
            Step::UntilResumed => resume.notified().await,
            Step::UntilClosed => client.closed().await,
            Step::Repeat(bytes, pause) => client.repeat_until_closed(&bytes, pause).await,
            Step::Reset => {
                client.reset_at_end()?;
                return Ok(Next::Close);
            }
            Step::Keep => return Ok(Next::Keep),
        }
    }
    Ok(Next::Close)
}

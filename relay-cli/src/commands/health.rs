//! `relay health`: whether a server is healthy, for container health checks and for scripts that wait for a server.

use std::time::Duration;

use tokio::time::{sleep, timeout};

use crate::cli::HealthArgs;
use crate::client::{Request, Server};
use crate::failure::{Exit, Failure};
use crate::json::{at, text};
use crate::output::Out;

/// The pause between two questions whether the server is ready.
const PAUSE: Duration = Duration::from_millis(200);
/// Timeout for one answer to that.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);

/// Runs `relay health`.
///
/// # Errors
/// If the server does not respond, or is not healthy; with `--wait`, if it is not ready in time.
pub async fn run(args: &HealthArgs, out: Out) -> Result<(), Failure> {
    let server = Server::at(&args.base_url)?;
    if let Some(seconds) = args.wait {
        wait_until_ready(&server, seconds).await?;
    }
    let response = server.call(&Request::get("/api/health")).await?;
    let health = response.json();
    if response.status != 200 || text(&health, "/status") != Some("ok") {
        return Err(Failure::new(Exit::Unavailable, "the server answers but is not healthy"));
    }
    out.value(&health)?;
    let version = text(&health, "/version").unwrap_or("?");
    out.line(&format!("ok, version {version}, up {} s", at(&health, "/uptimeSeconds")))
}

/// Asks until the server is ready; at least once, also with a limit of 0 seconds.
async fn wait_until_ready(server: &Server, seconds: u64) -> Result<(), Failure> {
    let Err(first) = ready(server).await else { return Ok(()) };
    let mut last = first;
    let asking = async {
        loop {
            sleep(PAUSE).await;
            match ready(server).await {
                Ok(()) => return,
                Err(why) => last = why,
            }
        }
    };
    timeout(Duration::from_secs(seconds), asking).await.map_err(|_| {
        let base = server.base();
        Failure::new(Exit::Unavailable, format_args!("the server at {base} was not ready within {seconds} s: {last}"))
    })
}

/// Asks once.
async fn ready(server: &Server) -> Result<(), String> {
    let request = Request::get("/api/health/ready");
    let Ok(answered) = timeout(ANSWER_TIMEOUT, server.call(&request)).await else {
        return Err(format!("no answer within {} s", ANSWER_TIMEOUT.as_secs()));
    };
    let response = answered.map_err(|failure| failure.message)?;
    let body = response.json();
    match (response.status, text(&body, "/status")) {
        (200, Some("ok")) => Ok(()),
        (status, _) => {
            let why = text(&body, "/error/message").unwrap_or("this is not an answer of Relay");
            Err(format!("HTTP {status}: {why}"))
        }
    }
}

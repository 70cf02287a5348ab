//! `relay health`: whether a server is healthy, for container health checks.

use crate::cli::HealthArgs;
use crate::client::{Request, Server};
use crate::failure::{Exit, Failure};
use crate::json::{at, text};
use crate::output::Out;

/// Runs `relay health`.
///
/// # Errors
/// If the server does not respond, or is not healthy.
pub async fn run(args: &HealthArgs, out: Out) -> Result<(), Failure> {
    let response = Server::at(&args.base_url)?.call(&Request::get("/api/health")).await?;
    let health = response.json();
    if response.status != 200 || text(&health, "/status") != Some("ok") {
        return Err(Failure::new(Exit::Unavailable, "the server answers but is not healthy"));
    }
    out.value(&health)?;
    let version = text(&health, "/version").unwrap_or("?");
    out.line(&format!("ok, version {version}, up {} s", at(&health, "/uptimeSeconds")))
}

//! The doctor's checks of the machine: disk, clock and port.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use relay_core::domain::ids::Timestamp;
use tokio::net::TcpListener;
use tokio::time::timeout;

use super::report::Check;
use crate::client::{Request, Server};
use crate::json::text;

/// Less free space than this is a failure, in KiB: SQLite needs space for its log.
const DISK_FAIL: u64 = 64 << 10;
/// Less free space than this is a warning, in KiB.
const DISK_WARN: u64 = 1 << 20;
/// A clock before 2026-01-01 is wrong.
const OLDEST_NOW: Timestamp = Timestamp(1_767_225_600_000);
/// How far the clock may be behind the newest time in the store, in seconds.
const CLOCK_SLACK: u64 = 300;
/// Timeout for what listens on the port.
const REACH_TIMEOUT: Duration = Duration::from_secs(4);

/// Checks the free space for the store.
pub fn disk(folder: &Path) -> Check {
    // The standard library has no function for the free space of a file system; POSIX `df` does it.
    let listed = Command::new("df").arg("-Pk").arg(folder).output();
    let text = listed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    match free_kib(&text) {
        None => Check::warn("disk", "the free space is unknown, because there is no `df`"),
        Some(free) if free < DISK_FAIL => {
            Check::fail("disk", format!("only {} MiB are free", free >> 10)).fix("free some space")
        }
        Some(free) if free < DISK_WARN => Check::warn("disk", format!("{} MiB are free", free >> 10)),
        Some(free) => Check::pass("disk", format!("{} GiB are free", free >> 20)),
    }
}

/// The fourth column of the last line of `df -Pk`.
fn free_kib(text: &str) -> Option<u64> {
    text.lines().skip(1).last()?.split_whitespace().nth(3)?.parse().ok()
}

/// Checks whether the clock is plausible. `newest` is the newest time in the store.
pub fn clock(now: Timestamp, newest: Option<Timestamp>) -> Check {
    if now < OLDEST_NOW {
        return Check::fail("clock", format!("it shows {now}, which is too early"))
            .fix("set the clock; with this time, tokens would not expire");
    }
    match newest.filter(|newest| *newest > now.plus_seconds(CLOCK_SLACK)) {
        Some(newest) => {
            Check::fail("clock", format!("it shows {now}, but the store was written at {newest}")).fix("set the clock")
        }
        None => Check::pass("clock", now.to_string()),
    }
}

/// Checks that the port is free, or in use by a healthy Relay.
pub async fn port(listen: SocketAddr) -> Check {
    match TcpListener::bind(listen).await {
        Ok(_) => return Check::pass("port", format!("{listen} is free")),
        Err(error) if error.kind() != std::io::ErrorKind::AddrInUse => {
            return Check::fail("port", format!("cannot listen on {listen}: {error}")).fix("choose another address");
        }
        Err(_) => {}
    }
    let taken =
        || Check::fail("port", format!("another program is using {listen}")).fix("stop it, or choose another port");
    let Ok(server) = Server::at(&format!("http://{}", reachable(listen))) else { return taken() };
    match timeout(REACH_TIMEOUT, server.call(&Request::get("/api/health"))).await {
        Ok(Ok(response)) if text(&response.json(), "/status") == Some("ok") => {
            Check::pass("port", format!("a healthy Relay listens on {listen}"))
        }
        _ => taken(),
    }
}

/// An address to connect to: a server that listens on all addresses also listens on loopback.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        ip if !ip.is_unspecified() => ip,
        std::net::IpAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        std::net::IpAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    SocketAddr::new(ip, listen.port())
}

#[cfg(test)]
mod tests {
    use super::super::report::Verdict;
    use super::*;

    #[test]
    fn the_output_of_df_is_parsed() {
        let text =
            "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 263922416 20971520 74448896 22% /\n";
        assert_eq!(free_kib(text), Some(74_448_896));
        assert_eq!(free_kib(""), None);
        assert_eq!(free_kib("df: nonsense"), None);
    }

    #[test]
    fn a_clock_behind_the_store_is_a_failure() {
        let now = Timestamp(1_795_423_644_000);
        assert_eq!(clock(now, None).verdict, Verdict::Pass);
        assert_eq!(clock(now, Some(now.plus_seconds(60))).verdict, Verdict::Pass);
        assert_eq!(clock(now, Some(now.plus_seconds(3600))).verdict, Verdict::Fail);
        assert_eq!(clock(Timestamp(0), None).verdict, Verdict::Fail);
    }

    #[tokio::test]
    async fn a_port_that_another_program_uses_is_a_failure() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = taken.local_addr().unwrap();
        let stranger = tokio::spawn(async move { drop(taken.accept().await) });
        assert_eq!(port(address).await.verdict, Verdict::Fail);
        stranger.abort();
    }
}

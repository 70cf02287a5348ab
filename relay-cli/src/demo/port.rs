//! Finds a free port on loopback.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use crate::failure::{Exit, Failure};

/// The number of ports that are tried.
const PORTS: u16 = 100;
/// The first free loopback port from this one on.
pub(super) fn free_address(from: u16) -> Result<SocketAddr, Failure> {
    Ok(listener(from)?.local_addr()?)
}

/// Listens on the first free loopback port from this one on.
pub(super) fn listener(from: u16) -> Result<TcpListener, Failure> {
    let mut addresses = (from..=from.saturating_add(PORTS)).map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let free = addresses.find_map(|address| TcpListener::bind(address).ok());
    free.ok_or_else(|| {
        Failure::new(Exit::Unavailable, format_args!("no port is free from {from} on")).hint("name another with --port")
    })
}

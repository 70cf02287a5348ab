//! `server.trusted_proxies`: whose word about a client's address counts.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Addresses and networks of reverse proxies that are believed about a client's address, and the header in which they say
/// it. By default none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<Network>,
    header: AddressHeader,
}

/// The header in which proxies name the client: `server.client_address_header`.
///
/// Only one is read. A proxy passes on what the client sent in the other one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressHeader {
    /// `X-Forwarded-For`, which nearly all proxies send.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239).
    Forwarded,
}

impl AddressHeader {
    /// The header's name in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::XForwardedFor => "x-forwarded-for",
            Self::Forwarded => "forwarded",
        }
    }
}

impl FromStr for AddressHeader {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = [Self::XForwardedFor, Self::Forwarded];
        let found = known.into_iter().find(|header| header.name().eq_ignore_ascii_case(text));
        found.ok_or_else(|| "must be \"x-forwarded-for\" or \"forwarded\"".to_owned())
    }
}

/// The addresses that share the first `bits` bits with `address`, as IPv6; IPv4 is mapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Network {
    address: u128,
    bits: u32,
}

impl TrustedProxies {
    /// Whether this address is one of them.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = mapped(address);
        self.networks.iter().any(|network| {
            let different = 128 - (address ^ network.address).leading_zeros();
            different <= 128 - network.bits
        })
    }

    /// The same proxies, which name the client in this header.
    #[must_use]
    pub fn with_header(mut self, header: AddressHeader) -> Self {
        self.header = header;
        self
    }

    /// The header in which they name the client.
    pub fn header(&self) -> AddressHeader {
        self.header
    }
}

fn mapped(address: IpAddr) -> u128 {
    let address: Ipv6Addr = match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    };
    address.to_bits()
}

/// As [`FromStr`] reads it.
impl fmt::Display for TrustedProxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, Network { address, bits }) in self.networks.iter().enumerate() {
            let separator = if number > 0 { ", " } else { "" };
            let address = Ipv6Addr::from_bits(*address);
            match address.to_ipv4_mapped() {
                Some(address) => write!(f, "{separator}{address}/{}", bits.saturating_sub(96))?,
                None => write!(f, "{separator}{address}/{bits}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for TrustedProxies {
    type Err = String;

    /// Addresses (`10.0.0.1`) and networks (`10.0.0.0/8`, `fd00::/8`), separated by commas. Empty: none.
    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(network).collect::<Result<_, _>>()?;
        Ok(Self { networks, header: AddressHeader::default() })
    }
}

fn network(text: &str) -> Result<Network, String> {
    let wrong =
        || format!("has an invalid entry: write an address (`10.0.0.1`) or a network (`10.0.0.0/8`), not `{text}`");
    let (address, bits) = text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
    let address: IpAddr = address.parse().map_err(|_| wrong())?;
    let before = if address.is_ipv4() { 96 } else { 0 };
    let bits = match bits {
        None => 128,
        Some(bits) => before + bits.parse::<u32>().ok().filter(|bits| *bits <= 128 - before).ok_or_else(wrong)?,
    };
    Ok(Network { address: mapped(address), bits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_the_addresses_that_begin_like_it() {
        let proxies: TrustedProxies = "10.0.0.0/8, 192.0.2.7,fd00::/8, ::1".parse().unwrap();
        for inside in ["10.0.0.0", "10.255.1.2", "::ffff:10.1.1.1", "192.0.2.7", "fd12::1", "::1"] {
            assert!(proxies.contains(inside.parse().unwrap()), "{inside}");
        }
        for outside in ["11.0.0.0", "192.0.2.8", "fe00::1", "::2", "::ffff:11.0.0.1", "0.0.0.1"] {
            assert!(!proxies.contains(outside.parse().unwrap()), "{outside}");
        }
        assert!("0.0.0.0/0".parse::<TrustedProxies>().unwrap().contains("203.0.113.9".parse().unwrap()));
        assert!(!"".parse::<TrustedProxies>().unwrap().contains("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn what_is_not_an_address_is_refused() {
        for bad in ["localhost", "10.0.0.0/33", "fd00::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1:80"] {
            assert!(bad.parse::<TrustedProxies>().is_err(), "{bad}");
        }
    }
}

//! Where events may be sent: the rules for a webhook's address.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// Which addresses a webhook may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WebhookTargets {
    /// Whether private networks are allowed, and this machine. For networks in which every developer is trusted.
    pub allow_private: bool,
    /// Whether `http://` is allowed, and this machine, for loopback addresses: for development.
    pub allow_http_loopback: bool,
}

impl WebhookTargets {
    /// Checks the text of an address. A host's name is checked again, by what it resolves to, when it is connected to.
    ///
    /// # Errors
    /// What is wrong with it, as the end of a sentence that begins with its name.
    pub fn check(self, text: &str) -> Result<(), &'static str> {
        let url = Url::parse(text).map_err(|_| "must be an absolute URL, such as https://app.example/hooks")?;
        let authority = text.split_once("//").map_or(text, |(_, rest)| rest);
        let authority = authority.split(['/', '?', '#', '\\']).next().unwrap_or_default();
        if !url.username().is_empty() || url.password().is_some() || authority.contains('@') {
            return Err("must have no user name and no password");
        }
        if url.fragment().is_some() {
            return Err("must have no fragment");
        }
        let host = url.host().ok_or("must have a host")?;
        let is_loopback = match &host {
            Host::Domain(name) => is_localhost(name),
            Host::Ipv4(address) => address.is_loopback(),
            Host::Ipv6(address) => address.is_loopback(),
        };
        match url.scheme() {
            "https" => {}
            "http" if self.allow_http_loopback && is_loopback => return Ok(()),
            _ => return Err("must begin with https://"),
        }
        let address = match host {
            Host::Domain(name) if is_localhost(name) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            Host::Domain(_) => return Ok(()),
            Host::Ipv4(address) => IpAddr::V4(address),
            Host::Ipv6(address) => IpAddr::V6(address),
        };
        if self.permits(address) { Ok(()) } else { Err("must not be an address of a private or reserved network") }
    }

    /// Whether events may be sent to this address.
    pub fn permits(self, address: IpAddr) -> bool {
        if address.is_loopback() && self.allow_http_loopback {
            return true;
        }
        match address {
            IpAddr::V4(address) => is_public_v4(address) || self.allow_private && is_unicast_v4(address),
            IpAddr::V6(address) => is_public_v6(address) || self.allow_private && is_private_v6(address),
        }
    }
}

fn is_localhost(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name == "localhost" || name.ends_with(".localhost")
}

/// Whether the bits of a prefix of this length are equal.
fn within(address: u128, network: u128, length: u32, width: u32) -> bool {
    (address ^ network) >> (width - length) == 0
}

/// Reserved networks: <https://www.iana.org/assignments/iana-ipv4-special-registry>, and multicast and class E.
const NOT_PUBLIC_V4: [([u8; 4], u32); 15] = [
    ([0, 0, 0, 0], 8),
    ([10, 0, 0, 0], 8),
    ([100, 64, 0, 0], 10),
    ([127, 0, 0, 0], 8),
    ([169, 254, 0, 0], 16),
    ([172, 16, 0, 0], 12),
    ([192, 0, 0, 0], 24),
    ([192, 0, 2, 0], 24),
    ([192, 88, 99, 0], 24),
    ([192, 168, 0, 0], 16),
    ([198, 18, 0, 0], 15),
    ([198, 51, 100, 0], 24),
    ([203, 0, 113, 0], 24),
    ([224, 0, 0, 0], 4),
    ([240, 0, 0, 0], 4),
];

fn is_public_v4(address: Ipv4Addr) -> bool {
    let bits = |address: Ipv4Addr| u128::from(u32::from(address));
    !NOT_PUBLIC_V4.iter().any(|(network, length)| within(bits(address), bits((*network).into()), *length, 32))
}

/// What may be a machine of a private network: no multicast, broadcast or "this network".
fn is_unicast_v4(address: Ipv4Addr) -> bool {
    !address.is_unspecified() && !address.is_multicast() && address.octets().first().is_some_and(|first| *first < 224)
}

/// Parts of 2000::/3, the only public block, that are special:
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>. 6to4 and Teredo lead to IPv4 addresses.
const NOT_PUBLIC_V6: [([u16; 2], u32); 4] =
    [([0x2001, 0], 23), ([0x2001, 0x0db8], 32), ([0x2002, 0], 16), ([0x3fff, 0], 20)];

/// NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), mapped (::ffff:0:0/96) and translated addresses are not in 2000::/3.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let bits = u128::from(address);
    let network = |[first, second]: [u16; 2]| u128::from(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0));
    within(bits, network([0x2000, 0]), 3, 128)
        && !NOT_PUBLIC_V6.iter().any(|(prefix, length)| within(bits, network(*prefix), *length, 128))
}

/// This machine and unique local addresses (fc00::/7).
fn is_private_v6(address: Ipv6Addr) -> bool {
    address.is_loopback() || address.is_unique_local()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_permitted() {
        let strict = WebhookTargets::default();
        for public in ["8.8.8.8", "1.1.1.1", "172.15.0.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00::1"] {
            assert!(strict.permits(public.parse().unwrap()), "{public}");
        }
        for bad in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:10::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!strict.permits(bad.parse().unwrap()), "{bad}");
        }
    }

    #[test]
    fn private_networks_are_permitted_only_if_configured_and_multicast_never() {
        let private = WebhookTargets { allow_private: true, allow_http_loopback: false };
        for address in ["10.0.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "fd00::1", "::1"] {
            assert!(private.permits(address.parse().unwrap()), "{address}");
        }
        for address in ["224.0.0.1", "255.255.255.255", "0.0.0.0", "ff02::1", "::"] {
            assert!(!private.permits(address.parse().unwrap()), "{address}");
        }
        assert!(private.check("http://10.0.0.1/").is_err(), "still https");
    }

    #[test]
    fn plain_http_is_for_this_machine_only_and_only_if_configured() {
        let local = WebhookTargets { allow_private: false, allow_http_loopback: true };
        for good in
            ["http://localhost:3000/hooks", "http://127.0.0.1:3000", "http://[::1]:3000/", "https://app.example/h"]
        {
            assert_eq!(local.check(good), Ok(()), "{good}");
        }
        for bad in ["http://app.example/", "http://10.0.0.1/", "http://localhost.example/", "ftp://127.0.0.1/"] {
            assert!(local.check(bad).is_err(), "{bad}");
        }
        assert!(WebhookTargets::default().check("http://127.0.0.1/").is_err());
    }
}

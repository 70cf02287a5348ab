//! `Host`: `uri-host [ ":" port ]` (RFC 9110, 7.2; RFC 3986, 3.2.2).

/// The longest host name of DNS, in bytes (RFC 1035, 2.3.4), and a port.
const LONGEST: usize = 253 + 6;

/// Whether this is a host name or address, with or without a port.
///
/// Narrower than RFC 3986, whose `reg-name` may also have percent-encodings and `!$&'()*+,;=`: no name of a host has
/// them, and a proxy may take a list or a parameter for one.
pub(super) fn is_valid(value: &[u8]) -> bool {
    if value.len() > LONGEST {
        return false;
    }
    let (host_is_valid, rest) = match value.strip_prefix(b"[") {
        Some(inside) => {
            let Some(end) = memchr::memchr(b']', inside) else { return false };
            let (address, rest) = inside.split_at(end);
            (is_ipv6(address), rest.get(1..).unwrap_or_default())
        }
        None => {
            let end = memchr::memchr(b':', value).unwrap_or(value.len());
            let (name, rest) = value.split_at(end);
            (is_name(name), rest)
        }
    };
    host_is_valid && (rest.is_empty() || rest.strip_prefix(b":").is_some_and(is_port))
}

fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'))
}

fn is_ipv6(address: &[u8]) -> bool {
    std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok())
}

/// `port = *DIGIT`: it may be empty.
fn is_port(port: &[u8]) -> bool {
    port.len() <= 5
        && port.iter().all(u8::is_ascii_digit)
        && port.iter().fold(0, |port, b| port * 10 + u32::from(b - b'0')) <= u32::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn a_host_is_a_name_or_an_address_with_an_optional_port() {
        for good in [
            "a",
            "relay.example",
            "xn--bcher-kva.example:443",
            "10.0.0.1:8080",
            "[::1]",
            "[2001:db8::1]:80",
            "a_b:",
            "a.",
        ] {
            assert!(is_valid(good.as_bytes()), "{good}");
        }
        let long = "a".repeat(300);
        for bad in [
            "",
            ":80",
            "a, b",
            "a,b",
            "a b",
            "u@x",
            "x/p",
            "x?q",
            "x#f",
            "x\\y",
            "http://x",
            "a:b",
            "a:80:80",
            "a:65536",
            "a:-1",
            "a: 80",
            "[::1",
            "::1",
            "[::1]x",
            "[::g]",
            "[]",
            "[fe80::1%25eth0]",
            "a%41",
            "a;b",
            "é",
            "a\tb",
            &long,
        ] {
            assert!(!is_valid(bad.as_bytes()), "{bad}");
        }
    }
}

//! The address of a client.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;

use crate::config::{AddressHeader, TrustedProxies};

/// The address of the client: that of the connection, unless it is a trusted proxy's. Then it is the last address in the
/// proxies' header that is not a trusted proxy's: each proxy appends the address that it saw, so what stands before that
/// may be made up. Without such an address it is the proxy's own.
pub(crate) fn client_address(request: &HttpRequest, proxies: &TrustedProxies) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !proxies.contains(peer) {
        return Some(peer);
    }
    let header = proxies.header();
    let lines: Vec<&str> = request.headers().get_all(header.name()).filter_map(|line| line.to_str().ok()).collect();
    let mut nearest = peer;
    for entry in lines.iter().flat_map(|line| line.split(',')).rev() {
        let named = match header {
            AddressHeader::XForwardedFor => address(entry),
            AddressHeader::Forwarded => forwarded_for(entry),
        };
        let Some(address) = named else { break };
        nearest = address.to_canonical();
        if !proxies.contains(nearest) {
            break;
        }
    }
    Some(nearest)
}

/// `203.0.113.1`, `2001:db8::7`, `[2001:db8::7]`, and the first and the last with a port, which some proxies append.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let plain = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    plain.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|socket| socket.ip()))
}

/// The address in `for=` of one element of `Forwarded`: `for="[2001:db8::7]:4711";proto=https`.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let mut values = element.split(';').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        name.trim().eq_ignore_ascii_case("for").then(|| value.trim())
    });
    let value = values.next().filter(|_| values.next().is_none())?;
    address(value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn seen(trusted: &str, header: AddressHeader, peer: &str, lines: &[(&str, &str)]) -> String {
        let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
        for line in lines {
            request = request.append_header(*line);
        }
        let proxies = trusted.parse::<TrustedProxies>().unwrap().with_header(header);
        client_address(&request.to_http_request(), &proxies).unwrap().to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_saw_itself() {
        for (trusted, peer, lines, want) in [
            ("", "10.0.0.1", &["203.0.113.1"][..], "10.0.0.1"),
            ("10.0.0.2", "10.0.0.1", &["203.0.113.1"], "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1", &["203.0.113.1"], "203.0.113.1"),
            // The client made up the first address.
            ("10.0.0.1", "10.0.0.1", &["198.51.100.1, 203.0.113.1"], "203.0.113.1"),
            ("10.0.0.1", "10.0.0.1", &["198.51.100.1", "203.0.113.1"], "203.0.113.1"),
            // Two proxies, one behind the other.
            ("10.0.0.0/8", "10.0.0.1", &["198.51.100.1, 203.0.113.1, 10.0.0.2"], "203.0.113.1"),
            ("10.0.0.0/8", "10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", "10.0.0.1", &["203.0.113.1, unknown"], "10.0.0.1"),
            ("10.0.0.1", "10.0.0.1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", "10.0.0.1", &["::ffff:203.0.113.1"], "203.0.113.1"),
            // Azure's gateways append the port.
            ("10.0.0.1", "10.0.0.1", &["203.0.113.1:50123"], "203.0.113.1"),
            ("10.0.0.1", "10.0.0.1", &["[2001:db8::7]:50123"], "2001:db8::7"),
        ] {
            let headers: Vec<_> = lines.iter().map(|line| ("x-forwarded-for", *line)).collect();
            assert_eq!(seen(trusted, AddressHeader::XForwardedFor, peer, &headers), want, "{trusted} {lines:?}");
        }
    }

    #[test]
    fn the_standard_header_is_read_instead_if_the_settings_say_so() {
        for (line, want) in [
            ("for=203.0.113.1", "203.0.113.1"),
            ("For=\"203.0.113.1:4711\"; proto=https;by=10.0.0.1", "203.0.113.1"),
            ("proto=https;for=\"[2001:db8::7]:4711\"", "2001:db8::7"),
            ("for=\"[2001:db8::7]\"", "2001:db8::7"),
            ("for=198.51.100.1, for=203.0.113.1, for=10.0.0.2", "203.0.113.1"),
            ("for=unknown", "10.0.0.1"),
            ("for=_hidden, for=10.0.0.2", "10.0.0.2"),
            ("for=198.51.100.1;for=203.0.113.1", "10.0.0.1"),
            ("by=203.0.113.1", "10.0.0.1"),
            // A comma within quotes splits one element into two that name nobody.
            ("for=\"203.0.113.1,198.51.100.1\"", "10.0.0.1"),
        ] {
            assert_eq!(
                seen("10.0.0.0/8", AddressHeader::Forwarded, "10.0.0.1", &[("forwarded", line)]),
                want,
                "{line}"
            );
        }
    }

    #[test]
    fn the_other_header_is_the_clients_own_and_ignored() {
        let both = [("forwarded", "for=198.51.100.1"), ("x-forwarded-for", "203.0.113.1")];
        assert_eq!(seen("10.0.0.1", AddressHeader::XForwardedFor, "10.0.0.1", &both), "203.0.113.1");
        assert_eq!(seen("10.0.0.1", AddressHeader::Forwarded, "10.0.0.1", &both), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", AddressHeader::XForwardedFor, "10.0.0.1", &both[..1]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", AddressHeader::Forwarded, "10.0.0.1", &both[1..]), "10.0.0.1");
    }
}

//! The address of a client.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

use crate::config::TrustedProxies;

static FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client: that of the connection, unless it is a trusted proxy's. Then it is the last address in
/// `X-Forwarded-For` that is not a trusted proxy's: each proxy appends the address that it saw, so what stands before
/// that may be made up. Without such an address it is the proxy's own.
///
/// `Forwarded` and other headers are not read: a proxy that does not set them passes on the client's.
pub(crate) fn client_address(request: &HttpRequest, proxies: &TrustedProxies) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    if !proxies.contains(peer) {
        return Some(peer);
    }
    let lines: Vec<&str> = request.headers().get_all(&FORWARDED_FOR).filter_map(|line| line.to_str().ok()).collect();
    let mut nearest = peer;
    for entry in lines.iter().flat_map(|line| line.split(',')).rev() {
        let Ok(address) = entry.trim().parse::<IpAddr>() else { break };
        nearest = address.to_canonical();
        if !proxies.contains(nearest) {
            break;
        }
    }
    Some(nearest)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_what_it_saw_itself() {
        let seen = |trusted: &str, peer: &str, lines: &[&str]| {
            let mut request = TestRequest::default().peer_addr(format!("{peer}:1").parse().unwrap());
            for line in lines {
                request = request.append_header(("x-forwarded-for", *line));
            }
            client_address(&request.to_http_request(), &trusted.parse().unwrap()).unwrap().to_string()
        };
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
        ] {
            assert_eq!(seen(trusted, peer, lines), want, "{trusted} {lines:?}");
        }
    }
}

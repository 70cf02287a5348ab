//! Answers of what stands between Relay and a provider: proxies, firewalls, content delivery networks, login pages. They say
//! nothing about a key.

use crate::reply::Reply;

/// An answer that is not the provider's.
#[derive(Clone, Copy, Debug)]
pub struct Between {
    /// Its name in `{{between=…}}`.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    content_type: &'static str,
    headers: &'static [(&'static str, &'static str)],
    /// The body.
    pub body: &'static str,
}

const HTML: &str = "text/html; charset=UTF-8";
const JSON: &str = "application/json";
const TEXT: &str = "text/plain";

const fn row(name: &'static str, status: u16, content_type: &'static str, body: &'static str) -> Between {
    Between { name, status, content_type, headers: &[], body }
}

impl Between {
    const fn with(self, headers: &'static [(&'static str, &'static str)]) -> Self {
        Self { headers, ..self }
    }

    /// The answer of this name.
    fn find(name: &str) -> Option<&'static Self> {
        BETWEEN.iter().find(|row| row.name == name)
    }

    pub(super) fn reply(&self) -> Reply {
        let reply = Reply { is_foreign: true, ..Reply::body(self.status, self.content_type, self.body) };
        self.headers.iter().fold(reply, |reply, (name, value)| reply.header(name, *value))
    }
}

/// All of them, as `docs/mock.md` lists them.
pub const BETWEEN: &[Between] = &[
    row(
        "cloudflare",
        403,
        HTML,
        "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head><body><h1>Sorry, you have been \
         blocked</h1></body></html>",
    )
    .with(&[("server", "cloudflare"), ("cf-ray", "8c0ffee-ICN")]),
    row(
        "cloudflare_limit",
        429,
        HTML,
        "<!DOCTYPE html><html><head><title>Access denied | used Cloudflare to restrict access</title></head><body>Error 1015: \
         You are being rate limited</body></html>",
    )
    .with(&[("server", "cloudflare"), ("retry-after", "30")]),
    row(
        "akamai",
        403,
        HTML,
        "<HTML><HEAD><TITLE>Access Denied</TITLE></HEAD><BODY><H1>Access Denied</H1>You don't have permission to access this on \
         this server.<P>Reference #18.c0ffee</BODY></HTML>",
    )
    .with(&[("server", "AkamaiGHost")]),
    row(
        "alb",
        401,
        HTML,
        "<html><head><title>401 Authorization Required</title></head><body><center><h1>401 Authorization \
         Required</h1></center></body></html>",
    )
    .with(&[("server", "awselb/2.0")]),
    row(
        "squid",
        407,
        HTML,
        "<!DOCTYPE html><html><head><title>ERROR: Cache Access Denied</title></head><body><h1>Cache Access Denied.</h1><p>You are \
         not currently allowed to request this from this cache until you have authenticated yourself.</body></html>",
    )
    .with(&[("proxy-authenticate", "Basic realm=\"squid\""), ("server", "squid/6.6")]),
    row(
        "login",
        200,
        HTML,
        "<!DOCTYPE html><html><head><title>Sign in to continue</title></head><body><form action=\"/login\"><input \
         name=\"user\"></form></body></html>",
    ),
    row("login_json", 200, JSON, r#"{"status":"login_required","login":"https://login.corp.example/"}"#),
    row("redirect", 302, HTML, "").with(&[("location", "https://login.corp.example/")]),
    row("plain", 403, TEXT, "Forbidden"),
    row("empty", 401, TEXT, ""),
    row("gateway", 403, JSON, r#"{"message":"Forbidden"}"#),
    row("gateway_unauthorized", 401, JSON, r#"{"error":"unauthorized"}"#),
    row("gateway_error", 401, JSON, r#"{"error":{"message":"Invalid API key","type":"forbidden"}}"#),
    row("gateway_status", 403, JSON, r#"{"error":{"code":403,"message":"Access denied by policy","status":"FORBIDDEN"}}"#),
    row("unavailable", 503, HTML, "<html><body><h1>503 Service Unavailable</h1>No server is available.</body></html>"),
];

/// The answer of something before the provider.
pub(super) fn between(name: &str) -> Reply {
    let unknown = || Reply::body(400, "text/plain", format!("mock: nothing between is called {name}"));
    Between::find(name).map_or_else(unknown, Between::reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_documented() {
        let docs = include_str!("../../../docs/mock.md");
        let line = docs.lines().find_map(|line| line.strip_prefix("Names for `between`: ")).unwrap_or_default();
        let listed: Vec<_> = line.split('`').skip(1).step_by(2).collect();
        assert_eq!(listed, BETWEEN.iter().map(|row| row.name).collect::<Vec<_>>());
    }
}

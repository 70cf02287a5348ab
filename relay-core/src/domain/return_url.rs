//! The URLs to which the hosted page may send a user afterwards.
//!
//! A URL is compared exactly with the one in a link, so it is stored unchanged.

use std::fmt;

use url::Url;

use crate::domain::origin::is_loopback;

/// The longest return URL, in characters.
const MAX_LEN: usize = 2000;
/// Schemes that run or show content of the URL itself, read files, or cannot be navigated to.
const REFUSED: [&str; 11] =
    ["about", "blob", "data", "file", "filesystem", "ftp", "javascript", "vbscript", "view-source", "ws", "wss"];

/// A URL that a project can have on its list: of a site (`https:`), of an app (`myapp://done`), or of this machine
/// (`http:`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl(String);

impl ReturnUrl {
    /// Checks a URL, and keeps it unchanged.
    ///
    /// # Errors
    /// For a URL that a browser would rewrite, that runs a script, or that cannot be navigated to.
    pub fn parse(text: &str) -> Result<Self, InvalidReturnUrl> {
        if is_usable(text) { Ok(Self(text.to_owned())) } else { Err(InvalidReturnUrl::new(text)) }
    }

    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ReturnUrl> for String {
    fn from(url: ReturnUrl) -> Self {
        url.0
    }
}

/// A text that is not a valid return URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidReturnUrl(String);

impl InvalidReturnUrl {
    fn new(text: &str) -> Self {
        // The text may be printed to a terminal.
        Self(text.chars().take(100).map(|c| if c.is_control() { '?' } else { c }).collect())
    }
}

impl fmt::Display for InvalidReturnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a valid return URL; use https://…, an app's own scheme (myapp://done), or http:// on this machine, \
             without a #fragment",
            self.0
        )
    }
}

impl std::error::Error for InvalidReturnUrl {}

fn is_usable(text: &str) -> bool {
    // A browser would drop or rewrite other characters, and then open a different URL than the one that was compared.
    let plain = text.len() <= MAX_LEN && text.bytes().all(|b| b.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&b));
    let Some((scheme, rest)) = text.split_once(':').filter(|_| plain) else { return false };
    let Ok(url) = Url::parse(text) else { return false };
    let bare = url.username().is_empty() && url.password().is_none();
    if url.scheme() != scheme || REFUSED.contains(&scheme) || !bare {
        return false;
    }
    match scheme {
        "https" => rest.starts_with("//") && url.host_str().is_some(),
        "http" => rest.starts_with("//") && url.host_str().is_some_and(is_loopback),
        _ => rest.starts_with('/'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_returns_to_a_site_an_app_or_this_machine() {
        for good in [
            "https://app.example/keys?from=relay&x=%20",
            "https://app.example:8443",
            "https://xn--3e0b707e.example/",
            "http://localhost:3000/done",
            "http://127.0.0.1/done",
            "http://[::1]:3000/done",
            "myapp://done",
            "myapp:///done",
            "com.example.app:/done",
        ] {
            assert!(is_usable(good), "{good}");
        }
    }

    #[test]
    fn no_url_runs_a_script_or_opens_a_different_address() {
        for bad in [
            "",
            "app.example",
            "/done",
            "//app.example/done",
            "https:app.example",
            "https:///",
            "HTTPS://app.example",
            "https://app.example/done#x",
            "https://u@app.example/",
            "https://u:p@app.example/",
            "https://app.example\\@evil.example",
            "https://app.example/a b",
            "https://app.example/\n",
            " https://app.example",
            "https://한국.example",
            "http://app.example/done",
            "http://localhost.evil.example/done",
            "http://127.0.0.1.evil.example/",
            "javascript:alert(1)",
            "javascript://app.example/%0aalert(1)",
            "JavaScript://x/%0aalert(1)",
            "java\tscript://x",
            "data:text/html,x",
            "data://text/html,x",
            "blob:https://app.example/x",
            "blob:/x",
            "file:///etc/passwd",
            "filesystem:https://app.example/x",
            "vbscript://x",
            "view-source:https://app.example",
            "about://blank",
            "myapp:done",
            "mailto:a@app.example",
            "://x",
        ] {
            assert!(!is_usable(bad), "{bad}");
        }
        assert!(!is_usable(&format!("https://app.example/{}", "x".repeat(MAX_LEN))));
    }
}

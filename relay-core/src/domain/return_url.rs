//! Where the hosted page may send a user when they are done.
//!
//! The address is compared letter by letter with what a link asks for, so it is kept as it was given.

use std::fmt;

use url::Url;

use crate::domain::origin::is_loopback;

/// The longest one, in characters.
const MAX_LEN: usize = 2000;
/// Schemes that run or show what is in the address itself, read files, or are no place to go.
const REFUSED: [&str; 11] =
    ["about", "blob", "data", "file", "filesystem", "ftp", "javascript", "vbscript", "view-source", "ws", "wss"];

/// An address that a project can have on its list: a site's (`https:`), an app's own (`myapp://done`), or this machine's
/// (`http:`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl(String);

impl ReturnUrl {
    /// Takes an address as it is.
    ///
    /// # Errors
    /// When a browser would take it for another one, or it runs a script, or leads nowhere.
    pub fn parse(text: &str) -> Result<Self, InvalidReturnUrl> {
        if is_usable(text) { Ok(Self(text.to_owned())) } else { Err(InvalidReturnUrl::new(text)) }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<ReturnUrl> for String {
    fn from(url: ReturnUrl) -> Self {
        url.0
    }
}

/// A text that can't be a return URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidReturnUrl(String);

impl InvalidReturnUrl {
    fn new(text: &str) -> Self {
        // It may go to a terminal.
        Self(text.chars().take(100).map(|c| if c.is_control() { '?' } else { c }).collect())
    }
}

impl fmt::Display for InvalidReturnUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` can't be a return URL; use https://…, an app's own (myapp://done), or http:// on this machine, without a \
             #fragment",
            self.0
        )
    }
}

impl std::error::Error for InvalidReturnUrl {}

fn is_usable(text: &str) -> bool {
    // A browser would drop or rewrite other characters, and then go elsewhere than was compared.
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
    fn no_address_runs_a_script_or_leads_where_it_does_not_say() {
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

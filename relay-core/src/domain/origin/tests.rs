use proptest::prelude::*;

use super::*;

fn list(origins: &[&str]) -> Vec<String> {
    origins.iter().map(|&origin| origin.to_owned()).collect()
}

fn only(origins: &[&str]) -> Origins {
    Origins::parse(&list(origins), PublicSuffixes::Allowed).unwrap()
}

/// Accepted texts, and the form in which they are stored.
const ACCEPTED: &[(&str, &str)] = &[
    ("https://app.example.com", "https://app.example.com"),
    ("https://App.Example.com/", "https://app.example.com"),
    ("HTTPS://app.example.com", "https://app.example.com"),
    ("https://app.example.com:443", "https://app.example.com"),
    ("https://app.example.com:0443/", "https://app.example.com"),
    ("https://app.example.com:", "https://app.example.com"),
    ("https://app.example.com:8443", "https://app.example.com:8443"),
    ("https://app.example.com:80", "https://app.example.com:80"),
    ("http://app.example.com:80", "http://app.example.com"),
    ("http://localhost:3000", "http://localhost:3000"),
    ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
    ("http://0x7f.1:3000", "http://127.0.0.1:3000"),
    ("http://[::1]:3000", "http://[::1]:3000"),
    ("http://[0:0::1]:3000", "http://[::1]:3000"),
    ("https://한국.example", "https://xn--3e0b707e.example"),
    ("https://xn--3e0b707e.example", "https://xn--3e0b707e.example"),
    ("https://my_app.example.com", "https://my_app.example.com"),
    ("https://app.example.com.", "https://app.example.com."),
    ("https://*.example.com", "https://*.example.com"),
    ("https://*.Example.com:443/", "https://*.example.com"),
    ("https://*.example.com:8443", "https://*.example.com:8443"),
    ("http://*.example.com", "http://*.example.com"),
    ("https://*.한국.example", "https://*.xn--3e0b707e.example"),
    ("http://*.localhost:3000", "http://*.localhost:3000"),
    ("https://*.my-app.vercel.app", "https://*.my-app.vercel.app"),
    ("capacitor://localhost", "capacitor://localhost"),
    ("Tauri://localhost/", "tauri://localhost"),
    ("com.example.app://bundle", "com.example.app://bundle"),
];

/// Texts that need an explicit permission, and what they would allow.
const PUBLIC: &[(&str, &str)] = &[
    ("https://*", "the pages of every host on the web"),
    ("http://*:8080", "the pages of every host on the web"),
    ("https://*.com", "everybody's pages: anyone can get a host below the public suffix com"),
    ("https://*.co.uk", "everybody's pages: anyone can get a host below the public suffix co.uk"),
    ("https://*.vercel.app", "everybody's pages: anyone can get a host below the public suffix vercel.app"),
    ("https://*.GitHub.io:443", "everybody's pages: anyone can get a host below the public suffix github.io"),
    ("https://*.compute.estate", "everybody's pages: anyone can get a host below the public suffix compute.estate"),
    ("https://*.intranet", "everybody's pages: anyone can get a host below the public suffix intranet"),
];

const APP_HOST: &str =
    "has no valid host after an app's own scheme; write it as the app's pages send it, such as capacitor://localhost";

/// Refused texts, and the error's message after the text.
const REFUSED: &[(&str, &str)] = &[
    ("*", "is not an origin; to allow every origin, omit the list"),
    ("null", "stands for every page without an origin of its own, such as a file, and cannot be allowed"),
    ("", "is not an origin; write it with its scheme, such as https://app.example.com"),
    ("app.example.com", "is not an origin; write it with its scheme, such as https://app.example.com"),
    ("//app.example.com", "is not an origin; write it with its scheme, such as https://app.example.com"),
    ("https:app.example.com", "is not an origin; write it with its scheme, such as https://app.example.com"),
    ("https:\\\\app.example.com", "is not an origin; write it with its scheme, such as https://app.example.com"),
    ("file:///tmp", "is not an origin; it must begin with https://, http:// or an app's own scheme"),
    ("javascript://app.example.com", "is not an origin; it must begin with https://, http:// or an app's own scheme"),
    ("data://x", "is not an origin; it must begin with https://, http:// or an app's own scheme"),
    ("my_app://x", "is not an origin; it must begin with https://, http:// or an app's own scheme"),
    (
        "chrome-extension://abc",
        "is an extension's page, which can't load the widget; open `connectUrl` in a window of its own instead",
    ),
    ("capacitor://", APP_HOST),
    ("capacitor://*", APP_HOST),
    ("tauri://Localhost", APP_HOST),
    ("tauri://localhost:80", APP_HOST),
    ("app://a;script-src", APP_HOST),
    (" https://app.example.com", "is not an origin; it must begin with https://, http:// or an app's own scheme"),
    (
        "https://u:secret@app.example.com",
        "has a user name or password; write only scheme, host and port, such as https://app.example.com",
    ),
    (
        "https://app.example.com/path",
        "has more than an origin; leave out everything after the host and port: https://app.example.com",
    ),
    (
        "https://app.example.com//",
        "has more than an origin; leave out everything after the host and port: https://app.example.com",
    ),
    (
        "https://app.example.com?x",
        "has more than an origin; leave out everything after the host and port: https://app.example.com",
    ),
    (
        "https://app.example.com#x",
        "has more than an origin; leave out everything after the host and port: https://app.example.com",
    ),
    ("https://", "has no valid host name; write an origin such as https://app.example.com"),
    (
        "https:///app.example.com",
        "has more than an origin; leave out everything after the host and port: https://app.example.com",
    ),
    ("https://:8443", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://app.example.com ", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://%61pp.example.com", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://app..example.com", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://app.example.com;script-src", "has no valid host name; write an origin such as https://app.example.com"),
    (
        "https://app.example.com,https://b.example",
        "has more than an origin; leave out everything after the host and port: https://app.example.com",
    ),
    ("https://1.2.3.4.5", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://app.example.com:0", "has no valid port; write a number from 1 to 65535, or leave it out"),
    ("https://app.example.com:65536", "has no valid port; write a number from 1 to 65535, or leave it out"),
    ("https://app.example.com:port", "has no valid port; write a number from 1 to 65535, or leave it out"),
    ("https://app.example.com:*", "has a wildcard as its port; list each port as a separate origin"),
    ("https://*.example.com:*", "has a wildcard as its port; list each port as a separate origin"),
    (
        "https://a.*.example.com",
        "has a wildcard in the wrong place; `*` can only be the first label, as in https://*.example.com",
    ),
    (
        "https://a*.example.com",
        "has a wildcard in the wrong place; `*` can only be the first label, as in https://*.example.com",
    ),
    (
        "https://*a.example.com",
        "has a wildcard in the wrong place; `*` can only be the first label, as in https://*.example.com",
    ),
    (
        "https://**.example.com",
        "has a wildcard in the wrong place; `*` can only be the first label, as in https://*.example.com",
    ),
    (
        "https://*.*.example.com",
        "has a wildcard in the wrong place; `*` can only be the first label, as in https://*.example.com",
    ),
    // A full-width asterisk, which a browser maps to the usual one.
    ("https://\u{ff0a}.example.com", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://*.", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://*.example.com.", "has no valid host name; write an origin such as https://app.example.com"),
    ("https://*.127.0.0.1", "has a wildcard before an IP address; only host names have subdomains"),
    ("https://*.[::1]", "has a wildcard before an IP address; only host names have subdomains"),
];

#[test]
fn an_origin_is_stored_as_browsers_send_it() {
    for (text, stored) in ACCEPTED {
        let origins = Origins::parse(&list(&[text]), PublicSuffixes::Refused);
        assert_eq!(origins.unwrap().to_stored(), [*stored], "{text}");
        assert_eq!(OriginPattern::parse(stored).unwrap().to_string(), *stored);
    }
}

#[test]
fn a_wildcard_over_a_public_suffix_needs_a_permission() {
    for (text, allows) in PUBLIC {
        let error = Origins::parse(&list(&[text]), PublicSuffixes::Refused).unwrap_err();
        assert_eq!(error.to_string(), format!("`{text}` would allow {allows}; list your own hosts instead"));
        let InvalidOriginList::Entry(0, error) = error else { panic!("{error:?}") };
        assert_eq!(error.public_suffix().unwrap().to_string(), *allows);
        let allowed = Origins::parse(&list(&[text]), PublicSuffixes::Allowed).unwrap();
        assert_eq!(allowed.patterns().len(), 1);
        assert_eq!(Origins::parse(&list(&[text]), PublicSuffixes::AllowedBy(&allowed)).unwrap(), allowed);
        for other in [Origins::Any, only(&["https://*.example.com"]), only(&["https://*.x.vercel.app"])] {
            assert!(Origins::parse(&list(&[text]), PublicSuffixes::AllowedBy(&other)).is_err());
        }
    }
}

#[test]
fn an_error_suggests_what_to_write() {
    for (text, why) in REFUSED {
        for public_suffixes in [PublicSuffixes::Refused, PublicSuffixes::Allowed] {
            let error = Origins::parse(&list(&["https://a.example", text]), public_suffixes).unwrap_err();
            let shown = text.rsplit('@').next().unwrap();
            assert_eq!(error.to_string(), format!("`{shown}` {why}"), "{text}");
            assert!(matches!(error, InvalidOriginList::Entry(1, _)), "{text}");
        }
    }
    let long = format!("https://{}.example", "a".repeat(300));
    let error = OriginPattern::parse(&long).unwrap_err().to_string();
    assert!(error.ends_with("` is longer than an origin can be") && error.len() < 150, "{error}");
    assert!(!OriginPattern::parse("https://a\u{1b}[2J").unwrap_err().to_string().contains('\u{1b}'));
    let many = vec!["https://a.example".to_owned(); MAX_ORIGINS + 1];
    assert_eq!(Origins::parse(&many, PublicSuffixes::Refused), Err(InvalidOriginList::TooLong));
    assert_eq!(Origins::parse(&many[1..], PublicSuffixes::Refused), Ok(only(&["https://a.example"])));
}

#[test]
fn one_origin_has_no_wildcard() {
    for (text, stored) in ACCEPTED {
        let origin = Origin::parse(text).map(|origin| origin.to_string()).ok();
        let is_server = |stored: &&str| !stored.contains('*') && stored.starts_with("http");
        assert_eq!(origin.as_deref(), Some(*stored).filter(is_server), "{text}");
    }
    for (text, private) in [
        ("https://relay.example", true),
        ("http://relay.example", false),
        ("http://localhost:8080", true),
        ("http://[::1]:8080", true),
        ("http://localhost.evil.example", false),
    ] {
        assert_eq!(Origin::parse(text).unwrap().is_private(), private, "{text}");
    }
}

#[test]
fn an_origin_is_compared_exactly() {
    let known = only(&["https://a.example"]);
    assert!(known.permits("https://a.example"));
    for other in [
        "https://A.example",
        "https://a.example/",
        "http://a.example",
        "https://a.example:443",
        "https://a.example:8443",
        "https://x.a.example",
        "null",
        "",
    ] {
        assert!(!known.permits(other), "{other}");
        assert!(Origins::Any.permits(other));
    }
}

#[test]
fn a_wildcard_stands_for_whole_labels_only() {
    let below = only(&["https://*.example.com"]);
    for origin in ["https://a.example.com", "https://a.b.example.com", "https://xn--3e0b707e.example.com"] {
        assert!(below.permits(origin), "{origin}");
    }
    for origin in [
        "https://example.com",
        "https://.example.com",
        "https://a..example.com",
        "https://aexample.com",
        "https://a.example.com.evil",
        "https://a.example.com.",
        "https://a.example.com:8443",
        "https://a.example.com:443",
        "http://a.example.com",
        "https://A.example.com",
        "https://*.example.com",
        "https://evil.test/.example.com",
        "https://evil.test#.example.com",
        "https://evil.test:80.example.com",
        "https://u@a.example.com",
        "https://[::1].example.com",
        "https://a b.example.com",
        "null",
        "",
    ] {
        assert!(!below.permits(origin), "{origin}");
    }
    let port = only(&["https://*.example.com:8443"]);
    assert!(port.permits("https://a.example.com:8443"));
    assert!(!port.permits("https://a.example.com") && !port.permits("https://a.example.com:08443"));
    let any = only(&["https://*"]);
    assert!(any.permits("https://a.example") && any.permits("https://localhost"));
    assert!(!any.permits("https://127.0.0.1") && !any.permits("https://[::1]") && !any.permits("http://a.example"));
}

#[test]
fn a_stored_list_neither_fails_nor_widens() {
    let stored = |origins: &[&str]| Origins::stored(&list(origins), PublicSuffixes::Refused);
    assert_eq!(stored(&[]), Origins::Any);
    assert_eq!(stored(&["https://a.example", "not an origin"]), only(&["https://a.example"]));
    // A list without a valid entry allows no page; it must not mean "any". Older versions stored the last entry, since
    // they did not know wildcards.
    for useless in [
        "",
        "*",
        "https://a.example/path",
        "https://a.example:443",
        "https://é.example",
        "https://a;b.example",
        "https://*.vercel.app",
        "https://*",
    ] {
        assert_eq!(stored(&[useless]), Origins::Only(vec![]), "{useless}");
        assert!(!stored(&[useless]).permits("https://a.vercel.app"));
    }
    assert_eq!(
        Origins::stored(&list(&["https://*.vercel.app"]), PublicSuffixes::Allowed),
        only(&["https://*.vercel.app"])
    );
}

#[test]
fn a_list_narrows_another_and_never_widens_it() {
    let (a, b, c) = ("https://a.example.com", "https://b.example", "https://c.example");
    let (below, deep, all) = ("https://*.example.com", "https://*.x.example.com", "https://*");
    for (own, project, both) in [
        (&[a][..], &[a, b][..], &[a][..]),
        (&[c, b, a], &[a, b], &[b, a]),
        // An empty intersection allows no page; it must not mean "any".
        (&[c], &[a, b], &[]),
        (&[a], &[below], &[a]),
        (&["https://example.com"], &[below], &[]),
        (&["https://a.example.com:8443"], &[below], &[]),
        (&["http://a.example.com"], &[below], &[]),
        (&[below], &[a, b], &[a]),
        (&[deep], &[below], &[deep]),
        (&[below], &[deep], &[deep]),
        (&[all], &[below], &[below]),
        (&[below, deep], &[deep, below], &[deep, below]),
        (&["https://*.a.test"], &["https://*.b.test"], &[]),
        // Not a whole label.
        (&["https://*.myexample.com"], &[below], &[]),
        (&["https://*.example.com:8443"], &[below], &[]),
        (&["http://*.example.com"], &[below], &[]),
    ] {
        let narrowed = only(own).narrowed_by(&only(project));
        assert_eq!(narrowed.to_stored(), both, "{own:?} {project:?}");
        assert_eq!(narrowed, Origins::Only(narrowed.patterns().to_vec()));
    }
    assert_eq!(Origins::Any.narrowed_by(&only(&[a])), only(&[a]));
    assert_eq!(only(&[a]).narrowed_by(&Origins::Any), only(&[a]));
    assert_eq!(Origins::Any.narrowed_by(&Origins::Any), Origins::Any);
}

/// The parts of an origin or a wildcard, for an oracle that does not parse text.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parts {
    https: bool,
    wildcard: bool,
    labels: Vec<&'static str>,
    port: Option<u16>,
}

impl Parts {
    fn text(&self) -> String {
        let labels = self.wildcard.then_some("*").into_iter().chain(self.labels.iter().copied());
        let host = labels.collect::<Vec<_>>().join(".");
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        format!("{}://{host}{port}", if self.https { "https" } else { "http" })
    }

    /// Whether a pattern matches an origin.
    fn means(&self, origin: &Self) -> bool {
        let (mine, its) = (&self.labels, &origin.labels);
        let host = if self.wildcard { its.len() > mine.len() && its.ends_with(mine) } else { mine == its };
        (self.https, self.port) == (origin.https, origin.port) && host
    }
}

/// Few distinct labels, so that many pairs match and the others differ only slightly.
fn labels(least: usize) -> impl Strategy<Value = Vec<&'static str>> {
    proptest::collection::vec(proptest::sample::select(vec!["a", "b", "ab", "xn--a-0ga", "b-a"]), least..4)
}

fn port() -> impl Strategy<Value = Option<u16>> {
    proptest::sample::select(vec![None, None, Some(8443), Some(81)])
}

fn origin() -> impl Strategy<Value = Parts> {
    (any::<bool>(), labels(1), port()).prop_map(|(https, labels, port)| Parts { https, wildcard: false, labels, port })
}

fn pattern() -> impl Strategy<Value = Parts> {
    (any::<bool>(), any::<bool>(), labels(0), port()).prop_map(|(https, wildcard, labels, port)| Parts {
        https,
        wildcard: wildcard || labels.is_empty(),
        labels,
        port,
    })
}

fn patterns() -> impl Strategy<Value = Vec<Parts>> {
    proptest::collection::vec(pattern(), 0..4)
}

fn origins(parts: &[Parts]) -> Origins {
    let texts: Vec<_> = parts.iter().map(Parts::text).collect();
    Origins::parse(&texts, PublicSuffixes::Allowed).unwrap()
}

/// Whether a browser lets `page` embed a page with these `frame-ancestors`: CSP Level 3, 6.7.2.7 to 6.7.2.11, for
/// sources of scheme, host and port.
fn frames(ancestors: &str, page: &str) -> bool {
    let (scheme, host, port) = csp_parts(page);
    let matches = |source: &str| {
        if source == "*" {
            return true;
        }
        if source == "'self'" {
            return false;
        }
        let (its_scheme, its_host, its_port) = csp_parts(source);
        // `http` also stands for `https`, and port 80 for 443.
        let scheme_matches = its_scheme == scheme || (its_scheme == "http" && scheme == "https");
        let default = |scheme: &str| if scheme == "https" { 443 } else { 80 };
        let page_port = port.unwrap_or(default(&scheme));
        let port_matches = match its_port {
            None => page_port == default(&scheme),
            Some(its) => its == page_port || (its == 80 && page_port == 443),
        };
        let host_matches = match its_host.strip_prefix('*') {
            Some("") => host.parse::<std::net::Ipv4Addr>().is_err() && !host.starts_with('['),
            Some(suffix) => host.ends_with(suffix),
            None => host == its_host,
        };
        scheme_matches && port_matches && host_matches
    };
    ancestors.split(' ').any(matches)
}

fn csp_parts(text: &str) -> (String, String, Option<u16>) {
    let (scheme, rest) = text.split_once("://").unwrap();
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port.parse().unwrap())),
        _ => (rest, None),
    };
    (scheme.to_owned(), host.to_owned(), port)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn matching_agrees_with_the_oracle(pattern in pattern(), origin in origin()) {
        let parsed = OriginPattern::parse(&pattern.text()).unwrap();
        prop_assert_eq!(parsed.permits(&origin.text()), pattern.means(&origin));
    }

    #[test]
    fn a_narrowed_list_permits_only_what_both_permit(own in patterns(), project in patterns(), origin in origin()) {
        let (own, project, origin) = (origins(&own), origins(&project), origin.text());
        let both = own.permits(&origin) && project.permits(&origin);
        prop_assert_eq!(own.narrowed_by(&project).permits(&origin), both);
        prop_assert_eq!(project.narrowed_by(&own).permits(&origin), both);
    }

    #[test]
    fn one_pattern_covers_another_if_it_permits_all_of_it(one in pattern(), other in pattern(), origin in origin()) {
        let (one, other) = (OriginPattern::parse(&one.text()).unwrap(), OriginPattern::parse(&other.text()).unwrap());
        let origin = origin.text();
        prop_assert!(!one.covers(&other) || !other.permits(&origin) || one.permits(&origin));
    }

    #[test]
    fn frame_ancestors_agree_with_the_check(list in patterns(), page in origin()) {
        let allowed = origins(&list);
        let twin = Parts { https: false, port: page.port, ..page.clone() }.text();
        // The one difference: CSP's `http:` sources stand for `https:` too.
        let upgraded = page.https && allowed.permits(&twin);
        let page = page.text();
        prop_assert_eq!(frames(&allowed.frame_ancestors(), &page), allowed.permits(&page) || upgraded);
    }

    #[test]
    fn every_parsed_text_has_one_stored_form(text in "[a-zA-Z*:/.0-9é\\[\\]@;, _%-]{0,12}", before in "(https?://(\\*\\.)?)?") {
        if let Ok(pattern) = OriginPattern::parse(&format!("{before}{text}")) {
            let stored = pattern.to_string();
            prop_assert!(stored.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b":/.*[]_-".contains(&b)), "{}", stored);
            prop_assert_eq!(OriginPattern::parse(&stored).unwrap(), pattern);
        }
    }

    #[test]
    fn only_the_text_of_an_origin_is_permitted(text in "[a-c.:/@#?\\[\\] *A-]{0,12}") {
        let text = format!("https://{text}.b.example");
        let parsed = url::Url::parse(&text).map(|url| url.origin().ascii_serialization());
        let permitted = only(&["https://*.b.example"]).permits(&text);
        prop_assert!(!permitted || parsed.as_deref() == Ok(&*text), "{}", text);
    }
}

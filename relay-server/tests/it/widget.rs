//! The widget's scripts, the key frame and the hosted page: each header, and each byte that is pinned.

use std::io::{Read as _, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use serde_json::json;
use sha2::{Digest, Sha256, Sha384};

use crate::harness::{Answer, TestServer};

const VERSION: &str = env!("CARGO_PKG_VERSION");
const GOOD: u16 = 200;

/// The scripts as `npm run build` left them.
fn built(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/assets/widget/{name}.js", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn pinned(name: &str) -> String {
    let hash: String = Sha256::digest(built(name)).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("/widget/{VERSION}/{name}-{hash}.js")
}

/// All headers but those of the transport and the request ids, which every answer has.
fn headers(answer: &Answer) -> Vec<(&str, &str)> {
    answer.assert_ids();
    let of_all = ["date", "content-length", "x-request-id", "x-relay-request-id"];
    let mut headers: Vec<_> = answer.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    headers.retain(|(name, _)| !of_all.contains(name));
    headers.sort_unstable();
    headers
}

fn script_headers<'a>(cache: &'a str, tag: &'a str, encoding: Option<&'a str>) -> Vec<(&'a str, &'a str)> {
    let mut headers = vec![
        ("access-control-allow-origin", "*"),
        ("access-control-expose-headers", "x-request-id, x-relay-request-id, retry-after"),
        ("cache-control", cache),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ("content-type", "text/javascript; charset=utf-8"),
        ("cross-origin-resource-policy", "cross-origin"),
        ("etag", tag),
        ("referrer-policy", "no-referrer"),
        ("vary", "accept-encoding"),
        ("x-content-type-options", "nosniff"),
    ];
    headers.extend(encoding.map(|encoding| ("content-encoding", encoding)));
    headers.sort_unstable();
    headers
}

#[tokio::test]
async fn a_script_comes_as_it_was_built_and_compressed_if_asked() {
    let test = TestServer::start().await;
    for (path, name, cache) in [
        ("/widget.js".to_owned(), "widget", "public, max-age=300"),
        (pinned("widget"), "widget", "public, max-age=31536000, immutable"),
        (pinned("frame-en"), "frame-en", "public, max-age=31536000, immutable"),
        (pinned("frame-ko"), "frame-ko", "public, max-age=31536000, immutable"),
        (pinned("text-en"), "text-en", "public, max-age=31536000, immutable"),
        (pinned("text-ko"), "text-ko", "public, max-age=31536000, immutable"),
        (pinned("connect"), "connect", "public, max-age=31536000, immutable"),
        (pinned("form"), "form", "public, max-age=31536000, immutable"),
    ] {
        let hash: String = Sha256::digest(built(name)).iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let (plain_tag, gzip_tag) = (format!("\"{hash}\""), format!("\"{hash}-gzip\""));
        for accepts in [None, Some("identity"), Some("br"), Some("gzip;q=0")] {
            let request = test.request("GET", &path);
            let request =
                accepts.map_or(test.request("GET", &path), |accepts| request.header("accept-encoding", accepts));
            let answer = request.header("origin", "https://app.example").send().await;
            assert_eq!((answer.status, &answer.body), (GOOD, &built(name)), "{path} {accepts:?}");
            assert_eq!(headers(&answer), script_headers(cache, &plain_tag, None), "{path}");
        }
        for accepts in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8, *;q=0.1"] {
            let answer = test.request("GET", &path).header("accept-encoding", accepts).send().await;
            let mut plain = Vec::new();
            GzDecoder::new(&*answer.body).read_to_end(&mut plain).unwrap();
            assert_eq!((answer.status, plain), (GOOD, built(name)), "{path} {accepts}");
            assert_eq!(headers(&answer), script_headers(cache, &gzip_tag, Some("gzip")), "{path}");
        }
    }
}

#[tokio::test]
async fn a_script_that_the_client_has_is_not_sent_again() {
    let test = TestServer::start().await;
    for path in ["/widget.js".to_owned(), pinned("widget")] {
        for encoding in ["identity", "gzip"] {
            let request = || test.request("GET", &path).header("accept-encoding", encoding);
            let whole = request().send().await;
            let tag = whole.header("etag").unwrap();
            for known in [tag, &format!("W/{tag}"), &format!("\"other\", {tag}"), "*"] {
                let answer = request().header("if-none-match", known).send().await;
                assert_eq!((answer.status, answer.body.len()), (304, 0), "{known}");
                for name in ["etag", "vary", "cache-control", "access-control-allow-origin"] {
                    assert_eq!(answer.header(name), whole.header(name), "{name}");
                }
                answer.assert_ids();
            }
            let other = request().header("if-none-match", "\"other\"").send().await;
            assert_eq!((other.status, &other.body), (GOOD, &whole.body));
            // What is compressed is not what is plain.
            let swapped = if encoding == "gzip" { "identity" } else { "gzip" };
            let request = test.request("GET", &path).header("accept-encoding", swapped);
            assert_eq!(request.header("if-none-match", tag).send().await.status, GOOD);
        }
    }
}

#[tokio::test]
async fn what_is_said_of_the_widget_is_what_is_served() {
    let test = TestServer::with(|options| options.public_url = Some("https://vault.example".into())).await;
    let answer = test.request("GET", "/api/widget").header("origin", "https://app.example").send().await;
    let integrity = format!("sha384-{}", STANDARD.encode(Sha384::digest(built("widget"))));
    let url = format!("https://vault.example{}", pinned("widget"));
    let snippet = format!(r#"<script src="{url}" integrity="{integrity}" crossorigin="anonymous"></script>"#);
    let want = json!({
        "version": VERSION, "script": pinned("widget"), "url": url, "integrity": integrity, "snippet": snippet
    });
    assert_eq!(answer.json(), want);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("cross-origin-resource-policy"), Some("cross-origin"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let script = test.request("GET", answer.json()["script"].as_str().unwrap()).send().await;
    assert_eq!(format!("sha384-{}", STANDARD.encode(Sha384::digest(&script.body))), integrity);
}

#[tokio::test]
async fn another_version_of_a_script_says_which_one_is_here() {
    let test = TestServer::with(|options| options.public_url = Some("https://vault.example".into())).await;
    let here = pinned("widget");
    let file = here.rsplit('/').next().unwrap();
    for path in [
        format!("/widget/0.0.0/{file}"),
        format!("/widget/{VERSION}/widget-0000000000000000.js"),
        format!("/widget/{VERSION}/widget.js"),
        format!("/widget/{VERSION}/{}", file.to_uppercase()),
        format!("/widget/{VERSION}/..%2f{file}"),
    ] {
        let answer = test.request("GET", &path).send().await;
        let error = answer.assert_error(404, "unknown_endpoint");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(&format!("https://vault.example{here}")), "{message}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "it may come with the next version");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    }
}

#[tokio::test]
async fn head_says_what_get_would() {
    let test = TestServer::start().await;
    for path in ["/widget.js", &pinned("frame-en"), "/api/widget", "/frame", "/connect"] {
        let get = test.request("GET", path).send().await;
        let head = test.request("HEAD", path).send().await;
        assert_eq!((head.status, head.body.len()), (GOOD, 0), "{path}");
        assert_eq!(headers(&head), headers(&get), "{path}");
        assert_eq!(head.header("content-length"), get.header("content-length"), "{path}");
        test.request("POST", path).send().await.assert_error(405, "method_not_allowed");
    }
}

const NO_PERMISSIONS: &str = "accelerometer=(), autoplay=(), camera=(), clipboard-read=(), \
     clipboard-write=(), display-capture=(), encrypted-media=(), fullscreen=(), gamepad=(), geolocation=(), \
     gyroscope=(), hid=(), idle-detection=(), local-fonts=(), magnetometer=(), microphone=(), midi=(), payment=(), \
     picture-in-picture=(), publickey-credentials-create=(), publickey-credentials-get=(), screen-wake-lock=(), \
     serial=(), storage-access=(), usb=(), xr-spatial-tracking=()";

/// The policies of both pages, for these sources of `frame-ancestors`.
fn frame_policy(ancestors: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; form-action 'none'; \
         base-uri 'none'; frame-ancestors {ancestors}; require-trusted-types-for 'script'; trusted-types 'none'"
    )
}

fn connect_policy(ancestors: &str) -> String {
    let more = "connect-src 'self'; frame-src 'self';";
    frame_policy(ancestors).replace("connect-src 'self';", more)
}

#[tokio::test]
async fn the_pages_have_no_line_of_script_or_style_and_every_header() {
    let test = TestServer::start().await;
    for (path, language, name, policy) in [
        ("/frame", "en", "frame-en", frame_policy("*")),
        ("/frame?locale=ko", "ko", "frame-ko", frame_policy("*")),
        // What a page asks for is not written into the document.
        ("/frame?locale=%22%3E%3Cscript%3E", "en", "frame-en", frame_policy("*")),
        ("/frame?locale=ko&locale=en", "en", "frame-en", frame_policy("*")),
        ("/connect", "en", "connect", connect_policy("'none'")),
    ] {
        let script = pinned(name);
        let answer = test.request("GET", path).send().await;
        let hosted = path == "/connect";
        let mut want = vec![
            ("cache-control", "no-store"),
            ("content-security-policy", policy.as_str()),
            ("content-type", "text/html; charset=utf-8"),
            ("cross-origin-embedder-policy", "require-corp"),
            ("cross-origin-resource-policy", "cross-origin"),
            ("permissions-policy", NO_PERMISSIONS),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
        ];
        if hosted {
            // The page that opened it has no hold on it.
            want.insert(4, ("cross-origin-opener-policy", "same-origin"));
        }
        assert_eq!((answer.status, headers(&answer)), (GOOD, want), "{path}");
        let text = answer.text();
        assert!(text.starts_with(&format!("<!doctype html>\n<html lang=\"{language}\">")), "{text}");
        assert!(text.contains("<meta name=\"viewport\""), "{text}");
        assert!(text.contains("<title>"), "{text}");
        assert!(text.contains(&format!("<script src=\"{script}\" defer></script>")), "{text}");
        assert_eq!(test.request("GET", &script).send().await.body, built(name));
        assert_eq!(text.matches("<script").count(), 1);
        for inline in ["<style", "style=", "onload", "<base", "http"] {
            assert!(!text.contains(inline), "{inline} in {text}");
        }
        assert_eq!(text.contains("<div id=\"root\"></div>"), hosted);
        assert_eq!(text.contains("<noscript>"), hosted);
    }
}

#[tokio::test]
async fn who_may_frame_a_page_is_what_both_lists_allow() {
    let test = TestServer::start().await;
    let (a, b, c) = ("https://a.example", "http://b.example:3000", "https://c.example");
    let below = "https://*.example.com";
    let cases: [(&[&str], &[&str], &str); 10] = [
        (&[], &[], "*"),
        (&[a], &[], "'self' https://a.example"),
        (&[], &[b, a], "'self' http://b.example:3000 https://a.example"),
        (&[a, b, c], &[b, a], "'self' https://a.example http://b.example:3000"),
        (&[a], &[b], "'self'"),
        (&[], &[below], "'self' https://*.example.com"),
        (&["https://pr-7.example.com", a], &[below], "'self' https://pr-7.example.com"),
        (&["https://*.pr.example.com"], &[below], "'self' https://*.pr.example.com"),
        (&[below], &["https://*.pr.example.com"], "'self' https://*.pr.example.com"),
        // What no browser sends can't match, and must not become a directive of its own.
        (&[], &["https://x.example; script-src *", "*", "https://é.example"], "'self'"),
    ];
    for (of_token, of_project, ancestors) in cases {
        test.store_origins(of_project).await;
        let token = test.token_with("bo", json!({"allowedOrigins": of_token})).await;
        let grant = test.grant(&token);
        for (path, policy) in [("frame", frame_policy(ancestors)), ("connect", connect_policy(ancestors))] {
            let answer = test.request("GET", &format!("/{path}?grant={grant}")).send().await;
            assert_eq!(answer.header("content-security-policy"), Some(&*policy), "{of_token:?} {of_project:?}");
            // The name is no token.
            let used = test.request("GET", "/v1/registration").header("authorization", &format!("Bearer {grant}"));
            used.send().await.assert_error(401, "invalid_registration_token");
        }
    }
}

#[tokio::test]
async fn a_token_that_was_spent_still_says_who_may_frame_it() {
    let test = TestServer::start().await;
    let token = test.token_with("bo", json!({"allowedOrigins": ["https://a.example"]})).await;
    let key = relay_mock::sample_key(relay_core::Provider::OPENAI, "good", "bo");
    let body = json!({"provider": "openai", "apiKey": key});
    let request = test.request("POST", "/v1/registration").header("authorization", &format!("Bearer {token}"));
    assert_eq!(request.json(&body).send().await.status, 201);
    let answer = test.request("GET", &format!("/frame?grant={}", test.grant(&token))).send().await;
    assert_eq!(answer.header("content-security-policy"), Some(&*frame_policy("'self' https://a.example")));
}

#[tokio::test]
async fn a_page_for_no_known_token_is_the_frame_anywhere_and_the_hosted_page_nowhere() {
    let test = TestServer::start().await;
    let token = test.token_with("bo", json!({"allowedOrigins": ["https://a.example"]})).await;
    let grant = test.grant(&token);
    for query in [
        String::new(),
        "?grant=".into(),
        "?grant=x".into(),
        format!("?grant={}", "0".repeat(64)),
        format!("?grant={}", grant.to_uppercase()),
        format!("?grant={grant}0"),
        format!("?grant={grant}&grant={grant}"),
        format!("?grant={token}"),
        "?grant=%zz".into(),
        format!("?other={grant}"),
    ] {
        for (path, policy) in [("frame", frame_policy("*")), ("connect", connect_policy("'none'"))] {
            let answer = test.request("GET", &format!("/{path}{query}")).send().await;
            let policies = (answer.status, answer.header("content-security-policy"));
            assert_eq!(policies, (GOOD, Some(&*policy)), "{path}{query}");
        }
    }
}

/// Else the frame's policy would name nobody, without a word.
#[test]
fn the_scripts_name_a_token_as_the_store_does() {
    for name in ["widget", "connect"] {
        assert!(String::from_utf8(built(name)).unwrap().contains("relay.rrt.v1"), "{name}.js");
    }
}

/// As the server compresses; `gzip -9` makes it about one in a hundred smaller.
fn gzipped(bytes: &[u8]) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().len()
}

#[tokio::test]
async fn the_widget_is_small() {
    let test = TestServer::start().await;
    let size = |path: String| {
        let request = test.request("GET", &path).header("accept-encoding", "gzip");
        async move { request.send().await.body.len() }
    };
    let widget = size("/widget.js".into()).await;
    assert!(widget <= 12 << 10, "widget.js has {widget} bytes");
    for language in ["en", "ko"] {
        let page = gzipped(&test.request("GET", &format!("/frame?locale={language}")).send().await.body);
        let frame = page + size(pinned(&format!("frame-{language}"))).await;
        // One language: the other one comes only to a page that changes it.
        assert!(frame <= 19 << 10, "the frame and its script have {frame} bytes");
    }
}

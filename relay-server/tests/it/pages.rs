//! Which pages may use a registration token: by `Origin`, by what Relay's own frame says, and by both lists.

use relay_core::Provider;
use relay_mock::sample_key;
use serde_json::json;

use crate::harness::{Answer, TestServer};

const APP: &str = "https://app.example";
const OTHER: &str = "https://other.example";
const EVIL: &str = "https://evil.example";
const PUBLIC: &str = "https://vault.example";

/// What a browser, or another client, says about where a call comes from.
#[derive(Clone, Copy, Debug, Default)]
struct From {
    origin: Option<&'static str>,
    fetch_site: Option<&'static str>,
    page: Option<&'static str>,
}

/// Who a call speaks for.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Speaks {
    ForNoPage,
    For(&'static str),
}

/// The rule, as the documentation has it.
fn speaks(from: From) -> Speaks {
    let same_origin = from.fetch_site == Some("same-origin");
    match (from.origin, from.page) {
        (Some(origin), _) if origin != PUBLIC && !same_origin => Speaks::For(origin),
        // The browser knows Relay by the public address, or by what it calls its origin.
        (_, Some(page)) if page != PUBLIC && !(same_origin && from.origin == Some(page)) => Speaks::For(page),
        _ => Speaks::ForNoPage,
    }
}

async fn server() -> TestServer {
    TestServer::with(|options| options.public_url = Some(PUBLIC.to_owned())).await
}

async fn call(test: &TestServer, method: &str, path: &str, token: &str, from: From) -> Answer {
    let mut request = test.request(method, path).header("authorization", &format!("Bearer {token}"));
    for (name, value) in
        [("origin", from.origin), ("sec-fetch-site", from.fetch_site), ("x-relay-page-origin", from.page)]
    {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    if method == "POST" {
        let key = sample_key(Provider::OPENAI, "good", "bo");
        request = request.json(&json!({"provider": "openai", "apiKey": key}));
    }
    request.send().await
}

#[tokio::test]
async fn a_call_speaks_for_its_page_and_both_lists_must_have_it() {
    let test = server().await;
    let origins = [None, Some(PUBLIC), Some(APP), Some(EVIL), Some("null")];
    let sites = [None, Some("same-origin"), Some("cross-site"), Some("same-site"), Some("none")];
    let pages = [None, Some(PUBLIC), Some(APP), Some(OTHER), Some(EVIL), Some("null"), Some("")];
    let lists: [(&[&str], &[&str]); 5] =
        [(&[], &[]), (&[APP], &[]), (&[], &[APP]), (&[APP, OTHER], &[OTHER, APP]), (&[APP], &[OTHER])];
    let mut answers = [0, 0];
    for (of_token, of_project) in lists {
        test.change_policy(|policy| {
            policy.allowed_origins = of_project.iter().map(|&origin| origin.to_owned()).collect();
        })
        .await;
        let token = test.token_with("bo", json!({"allowedOrigins": of_token})).await;
        let allows = |list: &[&str], page: &str| list.is_empty() || list.contains(&page);
        for origin in origins {
            for (fetch_site, page) in sites.iter().flat_map(|site| pages.iter().map(move |page| (*site, *page))) {
                let from = From { origin, fetch_site, page };
                let allowed = match speaks(from) {
                    Speaks::ForNoPage => true,
                    Speaks::For(page) => allows(of_token, page) && allows(of_project, page),
                };
                for (method, path) in [("GET", "/v1/registration"), ("DELETE", "/v1/registration/connections/google")] {
                    let answer = call(&test, method, path, &token, from).await;
                    answers[usize::from(allowed)] += 1;
                    if allowed {
                        assert!([200, 204].contains(&answer.status), "{from:?} {of_token:?} {of_project:?}");
                    } else {
                        answer.assert_error(403, "origin_not_allowed");
                    }
                }
            }
        }
    }
    assert_eq!(answers.iter().sum::<u32>(), 1750);
    assert!(answers.iter().all(|count| *count > 300), "{answers:?}: both kinds are tested");
}

#[tokio::test]
async fn two_names_of_a_page_are_none_that_a_list_has() {
    let test = server().await;
    let bound = test.token_with("bo", json!({"allowedOrigins": [APP]})).await;
    let request = test.request("GET", "/v1/registration").header("authorization", &format!("Bearer {bound}"));
    let answer = request.header("x-relay-page-origin", APP).header("x-relay-page-origin", APP).send().await;
    answer.assert_error(403, "origin_not_allowed");
}

#[tokio::test]
async fn relays_own_pages_are_known_by_whatever_name_the_browser_calls_it() {
    let test = server().await;
    let bound = test.token_with("bo", json!({"allowedOrigins": [APP]})).await;
    // Not the public address; a browser that reads names no origin, one that writes does.
    let here = Some("http://relay.test");
    for (origin, page, status) in [
        (None, here, 200),
        (here, here, 200),
        (here, Some(APP), 200),
        (None, Some("http://relay.test.evil.example"), 403),
        (here, Some(EVIL), 403),
    ] {
        let from = From { origin, page, fetch_site: Some("same-origin") };
        assert_eq!(call(&test, "GET", "/v1/registration", &bound, from).await.status, status, "{from:?}");
        // A page can't say where it comes from: without the browser's word it is a page like any other.
        let from = From { origin: here, page, fetch_site: Some("cross-site") };
        call(&test, "GET", "/v1/registration", &bound, from).await.assert_error(403, "origin_not_allowed");
    }
}

#[tokio::test]
async fn a_project_can_take_keys_from_relays_frame_only() {
    let test = server().await;
    test.change_policy(|policy| policy.frame_only = true).await;
    let token = test.registration_token("bo").await;
    let script = From { origin: Some(APP), fetch_site: Some("cross-site"), page: None };
    // The widget learns of it before the user has typed anything.
    let shown = call(&test, "GET", "/v1/registration", &token, script).await;
    assert_eq!(shown.json()["frameOnly"], true);
    for liar in [script, From { page: Some(APP), ..script }, From { page: Some(PUBLIC), ..script }] {
        let answer = call(&test, "POST", "/v1/registration", &token, liar).await;
        answer.assert_error(403, "frame_required");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "the widget can say why");
        assert_eq!(test.mock.requests().len(), 0, "the provider was not asked");
    }
    let frame = From { origin: Some(PUBLIC), fetch_site: Some("same-origin"), page: Some(APP) };
    assert_eq!(call(&test, "POST", "/v1/registration", &token, frame).await.status, 201);
    // A program of the app's own: it is no page.
    let token = test.registration_token("bo").await;
    assert_eq!(call(&test, "POST", "/v1/registration", &token, From::default()).await.status, 201);

    test.change_policy(|policy| policy.frame_only = false).await;
    let token = test.registration_token("bo").await;
    assert_eq!(call(&test, "GET", "/v1/registration", &token, script).await.json()["frameOnly"], false);
    assert_eq!(call(&test, "POST", "/v1/registration", &token, script).await.status, 201);
}

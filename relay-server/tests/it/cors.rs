//! CORS: what pages of other origins may read.

use relay_core::relay::projects::ProjectChange;
use serde_json::json;

use crate::harness::TestServer;
use crate::routes;

const PAGE: &str = "https://app.example";

#[tokio::test]
async fn a_page_may_register_a_key_and_nothing_else() {
    let test = TestServer::start().await;
    let preflight = |path: &str, method: &str| {
        test.request("OPTIONS", path)
            .header("origin", PAGE)
            .header("access-control-request-method", method)
            .header("access-control-request-headers", "authorization,content-type")
            .send()
    };
    for path in ["/v1/registration", "/v1/registration/"] {
        for method in ["GET", "POST"] {
            let answer = preflight(path, method).await;
            assert_eq!(answer.status, 204);
            for (name, value) in [
                // A preflight has no token: the answer to the call itself decides who may read it.
                ("access-control-allow-origin", "*"),
                ("access-control-allow-methods", "GET, POST"),
                ("access-control-allow-headers", "authorization, content-type"),
                ("access-control-max-age", "600"),
                ("vary", "origin"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{name}");
            }
            assert_eq!(answer.header("access-control-allow-credentials"), None);
            answer.assert_ids();
        }
    }
    for (path, method) in [
        ("/v1/chat/completions", "POST"),
        ("/v1/embeddings", "POST"),
        ("/v1/models", "GET"),
        ("/v1/models/gpt-4o-mini", "GET"),
        ("/v1/registration-tokens", "POST"),
        ("/v1/registration/exchange", "POST"),
        ("/v1/users", "GET"),
        ("/v1/users/ana", "DELETE"),
        ("/v1/users/ana/connections", "GET"),
        ("/v1/users/ana/connections/openai", "DELETE"),
        ("/v1/users/ana/connections/openai/verify", "POST"),
        ("/v1/usage", "GET"),
    ] {
        let answer = preflight(path, method).await;
        let error = answer.assert_error(403, "cors_not_allowed");
        assert!(error["message"].as_str().unwrap().contains("server"), "gives the reason");
        assert!(!answer.headers.iter().any(|(name, _)| name.starts_with("access-control-")), "{path}");
    }
}

#[tokio::test]
async fn answers_to_pages_can_be_read_where_pages_may_call_and_nowhere_else() {
    let test = TestServer::start().await;
    let token = format!("Bearer {}", test.registration_token("bo").await);
    let request = |path: &str| test.request("GET", path).header("origin", PAGE).header("authorization", &token);
    for (path, status) in [("/v1/registration", 200), ("/v1/registration/", 200)] {
        let answer = request(path).send().await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"), "neither token nor project has a list");
        assert!(answer.header("access-control-expose-headers").unwrap().contains("x-relay-request-id"));
    }
    // A failure too: the widget shows it. Without a token there is no project whose list could forbid it.
    let refused = test.request("GET", "/v1/registration").header("origin", "null").send().await;
    refused.assert_error(401, "invalid_registration_token");
    assert_eq!(refused.header("access-control-allow-origin"), Some("*"));
    let wrong = test.request("PUT", "/v1/registration").header("origin", PAGE).send().await;
    wrong.assert_error(405, "method_not_allowed");
    assert_eq!((wrong.header("access-control-allow-origin"), wrong.header("allow")), (Some("*"), Some("GET, POST")));

    let chat = test.chat("gpt-4o-mini", "hi", true).header("origin", PAGE).send().await;
    assert_eq!(chat.status, 200);
    assert!(!chat.headers.iter().any(|(name, _)| name.starts_with("access-control-")));
    // Not a preflight: just a question.
    let plain = test.request("OPTIONS", "/v1/chat/completions").send().await;
    assert_eq!((plain.status, plain.header("allow")), (204, Some("POST")));
}

/// Origins, and whether the list of the table's token has them: `https://app.example` and `https://*.apps.example:8443`.
const ORIGINS: [(&str, bool); 12] = [
    (PAGE, true),
    ("https://pr-7.apps.example:8443", true),
    ("https://evil.example", false),
    ("http://app.example", false),
    ("https://app.example:444", false),
    ("https://app.example.evil.example", false),
    ("https://xapp.example", false),
    ("https://pr-7.apps.example", false),
    ("HTTPS://APP.EXAMPLE", false),
    ("https://app.example/", false),
    ("null", false),
    ("*", false),
];

#[tokio::test]
async fn each_route_and_origin_has_its_answer() {
    let test = TestServer::start().await;
    let listed = json!({"allowedOrigins": [PAGE, "https://*.apps.example:8443"]});
    let tokens = [test.token_with("bo", listed).await, test.registration_token("bo").await];
    let mut cases = 0;
    for route in routes::all() {
        for (origin, is_listed) in ORIGINS {
            let preflight = test.request("OPTIONS", &route.path).header("origin", origin);
            let answer = preflight.header("access-control-request-method", route.methods[0]).send().await;
            let is_open = matches!(route.cors, "WithToken" | "Public");
            assert_eq!(answer.status, if is_open { 204 } else { 403 }, "{route:?}");
            assert_eq!(answer.header("access-control-allow-origin"), is_open.then_some("*"), "{route:?} {origin}");
            cases += 1;
            for (method, (token, has_list)) in
                route.methods.iter().flat_map(|method| tokens.iter().zip([true, false]).map(move |of| (method, of)))
            {
                let credential = if route.cors == "WithToken" { token } else { &test.key };
                let request = test.request(method, &route.path).header("origin", origin);
                let request = request.header("authorization", &format!("Bearer {credential}"));
                let answer = request.header("x-relay-user", "nobody").send().await;
                let want = match route.cors {
                    "WithToken" if !has_list => Some("*"),
                    "WithToken" => is_listed.then_some(origin),
                    "Public" => Some("*"),
                    _ => None,
                };
                assert_eq!(
                    answer.header("access-control-allow-origin"),
                    want,
                    "{method} {route:?} {origin} {has_list}"
                );
                assert_eq!(answer.header("access-control-allow-credentials"), None);
                if route.cors == "WithToken" {
                    assert_eq!(answer.header("vary"), Some("origin"));
                    assert_eq!(answer.status == 403, has_list && !is_listed, "{method} {route:?} {origin}");
                }
                cases += 1;
            }
        }
    }
    assert!(cases >= 27 * 12 * 2, "{cases}");
}

#[tokio::test]
async fn a_token_can_be_bound_to_a_pages_origin() {
    let test = TestServer::start().await;
    let body = json!({"user": "bo", "allowedOrigins": [PAGE]});
    let issued = test.as_app("POST", "/v1/registration-tokens").json(&body).send().await;
    let token = format!("Bearer {}", issued.json()["registrationToken"].as_str().unwrap());
    let own = format!("http://{}", test.addr());
    for (origin, status) in [
        (Some(PAGE), 200),
        (None, 200),
        (Some(own.as_str()), 200),
        (Some("https://evil.example"), 403),
        (Some("null"), 403),
    ] {
        let request = test.request("GET", "/v1/registration").header("authorization", &token);
        let request = origin
            .map_or(test.request("GET", "/v1/registration").header("authorization", &token), |origin| {
                request.header("origin", origin)
            });
        let answer = request.send().await;
        assert_eq!(answer.status, status, "{origin:?}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_token_takes_origins_in_any_spelling_and_wildcards() {
    let test = TestServer::start().await;
    for (asked, origin, status) in [
        ("https://App.example:443/", PAGE, 200),
        ("https://*.app.example", "https://pr-7.app.example", 200),
        ("https://*.app.example", "https://a.pr-7.app.example", 200),
        ("https://*.app.example", PAGE, 403),
        ("https://*.app.example", "http://pr-7.app.example", 403),
        ("https://*.app.example", "https://pr-7.app.example:8443", 403),
        ("https://*.app.example", "https://pr-7.app.example.evil", 403),
        ("https://*.app.example", "https://xapp.example", 403),
    ] {
        let token = format!("Bearer {}", test.token_with("bo", json!({"allowedOrigins": [asked]})).await);
        let request = || test.request("GET", "/v1/registration").header("authorization", &token);
        let by_page = request().header("origin", origin).send().await;
        let by_frame = request().header("x-relay-page-origin", origin).send().await;
        assert_eq!((by_page.status, by_frame.status), (status, status), "{asked} {origin}");
    }
    for (origins, param, message) in [
        (json!([PAGE, "*"]), "allowedOrigins[1]", "`*` is not an origin; to allow every origin, omit the list"),
        (json!([PAGE, "https://a.example/x"]), "allowedOrigins[1]", "`https://a.example/x` has more than an origin"),
        (
            json!(["https://*.vercel.app"]),
            "allowedOrigins[0]",
            "anyone can get a host below the public suffix vercel.app",
        ),
        (json!(vec![PAGE; 51]), "allowedOrigins", "a list may have at most 50 origins"),
    ] {
        let body = json!({"user": "bo", "allowedOrigins": origins});
        let answer = test.as_app("POST", "/v1/registration-tokens").json(&body).send().await;
        let error = answer.assert_error(400, "invalid_value");
        assert_eq!(error["param"], param);
        assert!(error["message"].as_str().unwrap().contains(message), "{error}");
    }
}

#[tokio::test]
async fn a_public_suffix_counts_only_where_a_project_allows_it() {
    let test = TestServer::start().await;
    let (wide, page) = ("https://*.vercel.app", "https://my-app.vercel.app");
    let ask = || {
        let body = json!({"user": "bo", "allowedOrigins": [wide]});
        test.as_app("POST", "/v1/registration-tokens").json(&body).send()
    };
    let seen_from = async |token: &str| {
        let request = test.request("GET", "/v1/registration").header("authorization", &format!("Bearer {token}"));
        request.header("origin", page).send().await.status
    };
    let token = test.registration_token("bo").await;
    assert_eq!(seen_from(&token).await, 200, "a project without a list");

    // As a version stored it to which the wildcard was a letter: it matches nothing, and is in nobody's way.
    test.store_origins(&[wide]).await;
    assert_eq!(seen_from(&token).await, 403);
    ask().await.assert_error(400, "invalid_value");
    let renamed = test.relay.update_project(&test.project.id, ProjectChange::default().name("Notes 2")).await.unwrap();
    assert_eq!((&*renamed.policy.allowed_origins, renamed.unusable_origins()), (&[wide.to_owned()][..], vec![wide]));
    let mut policy = renamed.policy.clone();
    policy.frame_only = true;
    let changed = test.relay.update_project(&test.project.id, ProjectChange::default().policy(policy)).await.unwrap();
    assert_eq!(changed.policy.allowed_origins, [wide]);
    assert_eq!(seen_from(&token).await, 403);

    let mut policy = changed.policy;
    policy.allow_public_suffix = true;
    let allowed = test.relay.update_project(&test.project.id, ProjectChange::default().policy(policy)).await.unwrap();
    assert!(allowed.unusable_origins().is_empty());
    assert_eq!(seen_from(&token).await, 200);
    let token = ask().await.json()["registrationToken"].as_str().unwrap().to_owned();
    assert_eq!(seen_from(&token).await, 200);

    let mut policy = allowed.policy;
    policy.allow_public_suffix = false;
    let refused = test.relay.update_project(&test.project.id, ProjectChange::default().policy(policy)).await;
    assert_eq!(refused.unwrap_err().param(), Some("allowedOrigins[0]"));
}

#[tokio::test]
async fn answers_are_not_stored_framed_or_sniffed() {
    let test = TestServer::start().await;
    for answer in [
        test.as_app("GET", "/v1/users").send().await,
        test.request("GET", "/v1/users").send().await,
        test.request("GET", "/nothing").send().await,
        test.chat("gpt-4o-mini", "hi", false).send().await,
    ] {
        for (name, value) in [
            ("cache-control", "no-store"),
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(answer.header(name), Some(value), "{}", answer.status);
        }
    }
}

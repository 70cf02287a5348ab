//! Request ids, credentials, `X-Relay-User`, `X-Relay-Paid`, and the head's limits.

use std::collections::HashSet;

use relay_core::Provider;
use relay_core::domain::{Policy, Scope};
use relay_core::relay::relay_keys::NewRelayKey;
use serde_json::json;

use crate::harness::{CHAT, TestServer, chat_body};

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let test = TestServer::start().await;
    let mut seen = HashSet::new();
    for (method, path, status) in [
        ("GET", "/api/health", 200),
        ("HEAD", "/api/health", 200),
        ("GET", "/api/health/live/", 200),
        ("GET", "/api/health/ready", 200),
        ("GET", "/openapi.json", 200),
        ("GET", "/", 200),
        ("HEAD", "/", 200),
        ("GET", "/docs/", 200),
        ("GET", "/nothing", 404),
        ("GET", "/v1/responses", 404),
        ("GET", "/v1//models", 404),
        ("GET", CHAT, 405),
        ("BREW", CHAT, 405),
        ("OPTIONS", CHAT, 204),
        ("POST", CHAT, 401),
        ("GET", "/v1/models", 401),
        ("GET", "/v1/usage", 401),
        ("GET", "/widget.js", 200),
        ("GET", "/widget/0.0.0/widget-0.js", 404),
        ("GET", "/api/widget", 200),
        ("GET", "/frame?grant=x", 200),
        ("HEAD", "/connect", 200),
        ("DELETE", "/v1/registration/connections/openai", 401),
        ("DELETE", "/v1/users/ana", 401),
    ] {
        let answer = test.request(method, path).send().await;
        assert_eq!(answer.status, status, "{method} {path}");
        answer.assert_ids();
        assert!(seen.insert(answer.header("x-request-id").unwrap().to_owned()), "an id twice");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    }
    for stream in [false, true] {
        let answer = test.chat("gpt-4o-mini", "hello", stream).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.assert_ids();
    }
}

#[tokio::test]
async fn a_callers_own_id_is_repeated_if_it_is_plain() {
    let test = TestServer::start().await;
    for (id, repeated) in [
        ("abc-DEF_12", true),
        (&"x".repeat(64), true),
        ("short", false),
        (&"x".repeat(65), false),
        ("with space 1", false),
        ("req;drop=1", false),
    ] {
        let answer = test.request("GET", "/api/health").header("x-request-id", id).send().await;
        answer.assert_ids();
        assert_eq!(answer.header("x-relay-client-request-id"), repeated.then_some(id), "{id}");
    }
}

#[tokio::test]
async fn a_path_may_end_with_a_slash() {
    let test = TestServer::start().await;
    for path in ["/v1/chat/completions", "/v1/chat/completions/"] {
        let request = test.as_app("POST", path).header("x-relay-user", "ana");
        let answer = request.json(&chat_body("gpt-4o-mini", "hello", false)).send().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    for path in ["/v1/models", "/v1/models/", "/v1/models/gpt-4o-mini", "/v1/models/gpt-4o-mini/"] {
        let answer = test.as_app("GET", path).header("x-relay-user", "ana").send().await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    }
    for path in ["/v1/users", "/v1/users/", "/v1/users/ana", "/v1/users/ana/", "/v1/users/ana/connections/"] {
        assert_eq!(test.as_app("GET", path).send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn all_wrong_credentials_get_one_answer() {
    let test = TestServer::start().await;
    let expired = test.relay_key(NewRelayKey::new("test").seconds(0)).await;
    let mut changed = test.key.clone();
    changed.replace_range(10..11, if changed.as_bytes()[10] == b'a' { "b" } else { "a" });
    let mut bodies = HashSet::new();
    // What something else than a Relay key gets by its beginning is in `credentials.rs`.
    for headers in [
        vec![],
        vec![String::new()],
        vec!["Bearer".to_owned()],
        vec!["Bearer ".to_owned()],
        vec![test.key.clone()],
        vec![format!("Basic {}", test.key)],
        vec![format!("Bearer {} x", test.key)],
        vec![format!("Bearer {}", test.key.to_uppercase())],
        vec![format!("Bearer {changed}")],
        vec![format!("Bearer {expired}")],
        vec!["Bearer rly-".to_owned()],
        vec![format!("Bearer {}", "x".repeat(5000))],
        vec![format!("Bearer {}", test.key), format!("Bearer {}", test.key)],
        vec!["Bearer rly-é".to_owned()],
    ] {
        let request =
            headers.iter().fold(test.request("GET", "/v1/users"), |r, value| r.header("authorization", value));
        let answer = request.send().await;
        answer.assert_error(401, "invalid_relay_key");
        assert_eq!(answer.header("x-should-retry"), Some("false"));
        bodies.insert(answer.body);
    }
    assert_eq!(bodies.len(), 1);
    let lower = test.request("GET", "/v1/users").header("authorization", &format!("bearer {}", test.key));
    assert_eq!(lower.send().await.status, 200);
}

#[tokio::test]
async fn a_key_can_only_do_what_its_scopes_say() {
    let test = TestServer::start().await;
    for (scope, allowed) in
        [(Scope::Inference, "/v1/models"), (Scope::Users, "/v1/users"), (Scope::Tokens, "/v1/registration-tokens")]
    {
        let key = format!("Bearer {}", test.relay_key(NewRelayKey::new("test").scopes([scope])).await);
        for (method, path) in
            [("GET", "/v1/models"), ("GET", "/v1/users"), ("GET", "/v1/usage"), ("POST", "/v1/registration-tokens")]
        {
            let request = test.request(method, path).header("authorization", &key).header("x-relay-user", "ana");
            let answer = request.json(&json!({"user": "bo"})).send().await;
            if path == allowed || (path == "/v1/usage" && scope == Scope::Users) {
                assert!(answer.status < 300, "{scope:?} {path}: {}", answer.text());
            } else {
                answer.assert_error(403, "scope_missing");
            }
        }
    }
}

#[tokio::test]
async fn a_user_is_one_header_of_visible_ascii_byte_by_byte() {
    let test = TestServer::start().await;
    let long = "x".repeat(128);
    let longer = "x".repeat(129);
    let huge = "x".repeat(10_000);
    // What is fine leads to the key: `ana` has one, nobody else does.
    for (value, user_exists) in [
        ("ana", true),
        (" ana", true), // HTTP takes the white space around a value away
        ("ana\t", true),
        ("Ana", false),
        ("ANA", false),
        ("ana,", false),
        ("ana,bo", false),
        ("ana%20", false),
        ("%61na", false),
        ("\"ana\"", false),
        ("a", false),
        ("0", false),
        ("null", false),
        ("undefined", false),
        ("[object", false),
        ("ana@example.com", false),
        ("ana+x@example.com", false),
        ("../ana", false),
        ("ana/connections", false),
        ("ana?x=1", false),
        ("ana#x", false),
        ("ana;x", false),
        ("'OR'1'='1", false),
        ("{\"a\":1}", false),
        ("<script>", false),
        ("~!@#$%^&*()_+", false),
        (&long, false),
    ] {
        let answer = chat_for(&test, &[value]).await;
        if user_exists {
            assert_eq!(answer.status, 200, "{value:?}: {}", answer.text());
        } else {
            answer.assert_error(403, "provider_key_missing");
        }
    }
    for values in [
        vec!["a b"],
        vec!["ana, ana"],
        vec!["ana\tb"],
        vec!["é"],
        vec!["аna"], // a Cyrillic letter
        vec!["ana\u{200b}"],
        vec!["用户"],
        vec!["\u{a0}ana"],
        vec!["ana\u{85}"],
        vec!["😀"],
        vec![""],
        vec![" "],
        vec!["\t"],
        vec![&longer],
        vec![&huge],
        vec!["ana", "ana"],
        vec!["ana", "bo"],
        vec!["ana", ""],
        vec!["ana", "ana", "ana"],
    ] {
        let error = chat_for(&test, &values).await.assert_error(400, "invalid_user");
        assert_eq!(error["param"], "X-Relay-User", "{values:?}");
    }
    chat_for(&test, &[]).await.assert_error(400, "missing_user");
    assert_eq!(
        usize::try_from(test.mock.total_calls()).unwrap(),
        Provider::ALL.len() + 2 + 3,
        "a registration for each provider, of which two take two calls, and three calls for ana"
    );
}

async fn chat_for(test: &TestServer, users: &[&str]) -> crate::harness::Answer {
    let request = users.iter().fold(test.as_app("POST", CHAT), |request, user| request.header("X-Relay-User", user));
    request.json(&chat_body("gpt-4o-mini", "hello", false)).send().await
}

#[tokio::test]
async fn paid_is_true_or_false_or_absent() {
    let test = TestServer::start().await;
    for value in ["true", "false"] {
        assert_eq!(test.chat("gpt-4o-mini", "hi", false).header("x-relay-paid", value).send().await.status, 200);
    }
    for value in ["True", "FALSE", "1", "0", "yes", "", "true,true", "false ; x"] {
        let answer = test.chat("gpt-4o-mini", "hi", false).header("x-relay-paid", value).send().await;
        assert_eq!(answer.assert_error(400, "invalid_value")["param"], "X-Relay-Paid", "{value:?}");
    }
    let twice = test.chat("gpt-4o-mini", "hi", false).header("x-relay-paid", "true").header("x-relay-paid", "true");
    twice.send().await.assert_error(400, "invalid_value");
}

#[tokio::test]
async fn a_head_has_a_limit() {
    let test = TestServer::start().await;
    let big = "x".repeat(33 << 10);
    let answer = test.request("GET", "/api/health").header("x-big", &big).send().await;
    answer.assert_error(431, "request_headers_too_large");
    let answer = test.request("GET", &format!("/api/health?{}", "x".repeat(9 << 10))).send().await;
    answer.assert_error(414, "url_too_long");
    let fine = test.request("GET", "/api/health").header("x-big", &"x".repeat(20 << 10)).send().await;
    assert_eq!(fine.status, 200);
}

#[tokio::test]
async fn many_refusals_from_one_address_are_answered_429_and_a_good_key_still_works() {
    let test = TestServer::with(|options| options.limits.refusals_a_minute = 3).await;
    for _ in 0..3 {
        test.request("GET", "/v1/users").send().await.assert_error(401, "invalid_relay_key");
    }
    let answer = test.request("GET", "/v1/users").send().await;
    answer.assert_error(429, "too_many_refusals");
    assert!(answer.header("retry-after").is_some());
    assert_eq!(test.as_app("GET", "/v1/users").send().await.status, 200);
}

/// Behind a proxy all callers have one address: a widget must still learn that its token is unknown.
#[tokio::test]
async fn a_well_formed_credential_keeps_its_own_error_however_many_came_before() {
    let test = TestServer::with(|options| options.limits.refusals_a_minute = 3).await;
    let tokens = &test.relay.ports().tokens;
    let send = |method: &'static str, path: &'static str, credential: &str| {
        test.request(method, path).header("authorization", &format!("Bearer {credential}")).send()
    };
    for _ in 0..10 {
        let (key, token) = (tokens.relay_key().unwrap(), tokens.registration_token().unwrap());
        send("GET", "/v1/users", key.expose()).await.assert_error(401, "invalid_relay_key");
        for method in ["GET", "POST"] {
            let answer = send(method, "/v1/registration", token.expose()).await;
            answer.assert_error(401, "invalid_registration_token");
        }
        let path = "/v1/registration/connections/openai";
        send("DELETE", path, token.expose()).await.assert_error(401, "invalid_registration_token");
    }
    // Malformed ones are counted, on all routes together.
    for _ in 0..2 {
        send("GET", "/v1/registration", "rrt-x").await.assert_error(401, "invalid_registration_token");
    }
    send("GET", "/v1/users", "rly-x").await.assert_error(401, "invalid_relay_key");
    for (method, path) in [("GET", "/v1/registration"), ("POST", "/v1/registration"), ("POST", CHAT)] {
        send(method, path, "rrt-x").await.assert_error(429, "too_many_refusals");
    }
    let token = tokens.registration_token().unwrap();
    send("GET", "/v1/registration", token.expose()).await.assert_error(401, "invalid_registration_token");
    assert_eq!(test.as_app("GET", "/v1/users").send().await.status, 200);
}

#[tokio::test]
async fn a_trusted_proxy_names_the_client() {
    let trusting = TestServer::with(|options| {
        options.limits.refusals_a_minute = 1;
        options.trusted_proxies = "127.0.0.0/8".parse().unwrap();
    });
    let test = trusting.await;
    let from = |client: &str| test.request("GET", "/v1/users").header("x-forwarded-for", client).send();
    from("203.0.113.1").await.assert_error(401, "invalid_relay_key");
    from("203.0.113.1").await.assert_error(429, "too_many_refusals");
    from("198.51.100.9, 203.0.113.1").await.assert_error(429, "too_many_refusals");
    from("203.0.113.2").await.assert_error(401, "invalid_relay_key");
}

/// Headers in which a client can lie about who or where it is.
#[tokio::test]
async fn what_a_client_says_about_itself_changes_nothing() {
    let test = TestServer::with(|options| options.limits.refusals_a_minute = 1).await;
    test.request("GET", "/v1/users").send().await.assert_error(401, "invalid_relay_key");
    for (name, value) in [
        ("x-forwarded-for", "203.0.113.7"),
        ("x-forwarded-for", "127.0.0.1, 203.0.113.8"),
        ("x-real-ip", "203.0.113.9"),
        ("forwarded", "for=203.0.113.10;host=evil.example;proto=https"),
        ("cf-connecting-ip", "203.0.113.11"),
        ("true-client-ip", "203.0.113.12"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("x-original-url", "/api/health"),
        ("x-http-method-override", "DELETE"),
        ("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        ("x-relay-request-id", "req_00000000000000000000000000"),
        ("x-relay-page-origin", "https://evil.example"),
    ] {
        let answer = test.request("GET", "/v1/users").header(name, value).send().await;
        answer.assert_error(429, "too_many_refusals");
        let answer = test.as_app("GET", "/v1/users/ana").header(name, value).send().await;
        assert_eq!(answer.status, 200, "{name}");
        assert!(!answer.headers.iter().any(|(_, known)| known == value), "{name} is repeated: {answer:?}");
        let issued = test.as_app("POST", "/v1/registration-tokens").header(name, value).json(&json!({"user": "bo"}));
        assert!(!issued.send().await.text().contains("evil.example"), "{name}");
    }
    for bad in ["1", "True", "TRUE", "yes", "", "true,false"] {
        let request = test.as_app("POST", CHAT).header("x-relay-user", "ana").header("x-relay-paid", bad);
        let answer = request.json(&chat_body("gpt-4o-mini", "hi", false)).send().await;
        assert_eq!(answer.assert_error(400, "invalid_value")["param"], "X-Relay-Paid", "{bad:?}");
    }
}

#[tokio::test]
async fn a_request_id_that_looks_like_a_secret_is_not_repeated() {
    let test = TestServer::start().await;
    let of = async |id: &str| {
        let answer = test.request("GET", "/api/health").header("x-request-id", id).send().await;
        answer.assert_ids();
        answer.header("x-relay-client-request-id").map(str::to_owned)
    };
    assert_eq!(of("job-00000001").await.as_deref(), Some("job-00000001"));
    let tokens = &test.relay.ports().tokens;
    let mut secrets = vec![test.key.clone(), tokens.registration_token().unwrap().expose().to_owned()];
    for provider in Provider::ALL {
        secrets.push(relay_mock::sample_key(*provider, "good", "a"));
        secrets.extend(provider.key_prefixes().iter().map(|prefix| format!("{prefix}0123456789")));
    }
    for secret in secrets {
        for id in [secret.clone(), secret.to_uppercase(), format!("job-{secret}"), format!("_{secret}")] {
            assert_eq!(of(&id).await, None, "{id}");
        }
    }
}

#[tokio::test]
async fn a_method_that_is_a_secret_is_not_repeated() {
    let test = TestServer::start().await;
    for path in ["/v1/users", "/api/health", "/v1/registration", "/nothing"] {
        let answer = test.request(&test.key, path).send().await;
        answer.assert_error(501, "method_not_implemented");
        assert!(!format!("{answer:?} {}", answer.text()).contains(&test.key[4..20]), "{}", answer.text());
    }
}

#[tokio::test]
async fn what_a_provider_lacks_is_named_and_a_strict_project_refuses_it() {
    let mut test = TestServer::start().await;
    let ask = |stream: bool| {
        let mut body = chat_body("claude-opus-5-5", "hello", stream);
        body["seed"] = json!(7);
        body["max_tokens"] = json!(999_999);
        body
    };
    for stream in [false, true] {
        let answer = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&ask(stream)).send().await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.header("x-relay-dropped-params"), Some("seed"));
        assert_eq!(answer.header("x-relay-adjusted-params"), Some("max_tokens"));
    }
    let mut strict = Policy::default();
    strict.strict_params = true;
    test.project = test.relay.create_project("strict", strict).await.unwrap();
    test.key = test.relay_key(NewRelayKey::new("test")).await;
    test.connect("ana", Provider::ANTHROPIC, "good").await;
    for stream in [false, true] {
        let answer = test.as_app("POST", CHAT).header("x-relay-user", "ana").json(&ask(stream)).send().await;
        answer.assert_error(400, "unsupported_parameter");
        assert_eq!(answer.json()["error"]["param"], "seed");
    }
}

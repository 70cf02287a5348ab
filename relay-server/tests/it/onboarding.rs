//! From a registration token to a stored key, over HTTP.

use std::collections::HashSet;

use relay_core::Provider;
use relay_core::domain::Policy;
use relay_core::relay::relay_keys::NewRelayKey;
use relay_mock::sample_key;
use serde_json::json;

use crate::harness::TestServer;

#[tokio::test]
async fn a_token_is_issued_as_asked() {
    let test = TestServer::with(|options| options.public_url = Some("https://vault.example".into())).await;
    let body = json!({"endUserLabel": "jieun_123", "provider": "anthropic", "expiresInSeconds": 60, "replace": false});
    let answer = test.as_app("POST", "/v1/registration-tokens").json(&body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    let issued = answer.json();
    let token = issued["registrationToken"].as_str().unwrap();
    assert!(token.starts_with("rrt-") && token.len() == 53);
    assert_eq!((&issued["endUserLabel"], &issued["provider"]), (&json!("jieun_123"), &json!("anthropic")));
    assert_eq!(issued["connectUrl"], format!("https://vault.example/connect?grant={}#{token}", test.grant(token)));
    assert_eq!(issued["expiresAt"].as_str().unwrap().len(), "2026-11-23T08:47:24.000Z".len());
    assert_eq!((&issued["endUserName"], issued.as_object().unwrap().len()), (&json!(null), 6));
    // The SDK's name for the label, and any provider.
    let answer = test.as_app("POST", "/v1/registration-tokens").json(&json!({"user": "bo"})).send().await;
    assert_eq!((answer.json()["endUserLabel"].clone(), answer.json()["provider"].clone()), (json!("bo"), json!(null)));
    for seconds in [59, 3601, -1] {
        let body = json!({"user": "bo", "expiresInSeconds": seconds});
        let answer = test.as_app("POST", "/v1/registration-tokens").json(&body).send().await;
        assert_eq!(answer.assert_error(400, "invalid_value")["param"], "expiresInSeconds");
    }
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_token_again() {
    let test = TestServer::start().await;
    let send = |key: &str, user: &str| {
        let request = test.as_app("POST", "/v1/registration-tokens").header("idempotency-key", key);
        request.json(&json!({"user": user})).send()
    };
    let (first, again, other) = (send("a-1", "bo").await, send("a-1", "bo").await, send("a-2", "bo").await);
    assert_eq!(first.body, again.body);
    assert_ne!(first.body, other.body);
    send("a-1", "cy").await.assert_error(400, "idempotency_key_reused");
    for bad in ["", "a b", &"x".repeat(256), "é"] {
        assert_eq!(send(bad, "bo").await.assert_error(400, "invalid_value")["param"], "Idempotency-Key");
    }
}

/// The token of a link stays in the browser's history. The hosted page continues with another one.
#[tokio::test]
async fn a_token_is_exchanged_without_being_spent() {
    let test = TestServer::start().await;
    let (old, new) = (test.registration_token("bo").await, test.unknown_registration_token());
    let bearer = |token: &str| format!("Bearer {token}");
    let show = |token: &str| test.request("GET", "/v1/registration").header("authorization", &bearer(token)).send();
    let exchange = |token: &str, successor: &str| {
        let request = test.request("POST", "/v1/registration/exchange").header("authorization", &bearer(token));
        request.json(&json!({"successor": successor})).send()
    };
    let register = |token: &str| {
        let request = test.request("POST", "/v1/registration").header("authorization", &bearer(token));
        request.json(&json!({"provider": "openai", "apiKey": sample_key(Provider::OPENAI, "good", "bo")})).send()
    };
    let before = show(&old).await.json();
    for bad in ["", "rrt-", &new[..52], &old, &bearer(&new)] {
        assert_eq!(exchange(&old, bad).await.assert_error(400, "invalid_value")["param"], "successor", "{bad}");
    }
    assert_eq!(exchange(&old, &new).await.status, 204);
    show(&old).await.assert_error(401, "invalid_registration_token");
    register(&old).await.assert_error(401, "invalid_registration_token");
    assert_eq!(show(&new).await.json(), before);
    exchange(&old, &new).await.assert_error(401, "invalid_registration_token");
    exchange(&old, &test.unknown_registration_token()).await.assert_error(401, "invalid_registration_token");
    assert_eq!(register(&new).await.status, 201);
    exchange(&new, &test.unknown_registration_token()).await.assert_error(410, "registration_token_used");
    exchange(&test.unknown_registration_token(), &test.unknown_registration_token())
        .await
        .assert_error(401, "invalid_registration_token");
}

#[tokio::test]
async fn a_token_shows_what_it_allows_and_stores_one_key() {
    let test = TestServer::start().await;
    let token = format!("Bearer {}", test.registration_token("bo").await);
    let show = || test.request("GET", "/v1/registration").header("authorization", &token).send();
    let shown = show().await.json();
    assert_eq!((&shown["projectName"], &shown["endUserLabel"]), (&json!("Notes"), &json!("bo")));
    let names: Vec<_> = shown["providers"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    let all: Vec<_> = Provider::ALL.iter().map(|provider| provider.name()).collect();
    assert_eq!((&names, shown["connections"].as_array().unwrap().len()), (&all, 0));
    let known: Vec<_> =
        shown["knownProviders"].as_array().unwrap().iter().map(|p| p["name"].as_str().unwrap()).collect();
    assert_eq!(known, all);

    let register = |provider: Provider, behaviour: &str| {
        let body = json!({"provider": provider.name(), "apiKey": sample_key(provider, behaviour, "bo")});
        test.request("POST", "/v1/registration").header("authorization", &token).json(&body).send()
    };
    let refused = register(Provider::OPENAI, "unknown").await;
    refused.assert_error(422, "key_refused_by_provider");
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    let stored = register(Provider::OPENAI, "good").await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    assert_eq!((&stored.json()["state"], stored.json()["last4"].as_str().unwrap().len()), (&json!("active"), 4));
    // A lost answer: the same again.
    assert_eq!(register(Provider::OPENAI, "good").await.body, stored.body);
    register(Provider::OPENAI, "restricted").await.assert_error(410, "registration_token_used");
    show().await.assert_error(410, "registration_token_used");
    let other = test.request("POST", "/v1/registration").json(&json!({"provider": "openai", "apiKey": "sk-12345678"}));
    other.send().await.assert_error(401, "invalid_registration_token");
}

/// The widget compares it before it sends what was typed: names can't tell two accounts apart.
#[tokio::test]
async fn an_account_differs_between_projects_with_the_same_name() {
    let mut test = TestServer::start().await;
    let mut seen = Vec::new();
    for _ in 0..2 {
        for user in ["bo", "bo", "cy"] {
            let token = format!("Bearer {}", test.registration_token(user).await);
            let shown = test.request("GET", "/v1/registration").header("authorization", &token).send().await.json();
            assert_eq!(shown["projectName"], "Notes");
            let account = shown["account"].as_str().unwrap().to_owned();
            assert!(account.len() == 64 && !account.contains(test.project.id.as_str()), "{account}");
            seen.push(account);
        }
        test.project = test.relay.create_project("Notes", Policy::default()).await.unwrap();
        test.key = test.relay_key(NewRelayKey::new("test")).await;
    }
    assert_eq!((&seen[0], &seen[3]), (&seen[1], &seen[4]), "one account, two tokens");
    let different: HashSet<_> = seen.iter().collect();
    assert_eq!(different.len(), 4, "{seen:?}");
}

/// Such keys list models, so that listing alone proves nothing. OpenAI has no call that is free and shows it.
#[tokio::test]
async fn a_genuine_key_that_may_not_be_used_is_stored_and_said_to_be_so() {
    let test = TestServer::start().await;
    for (provider, behaviour, state) in [
        (Provider::ANTHROPIC, "restricted", "restricted"),
        (Provider::GOOGLE, "restricted", "restricted"),
        (Provider::OPENAI, "nocredit", "active"),
        (Provider::ANTHROPIC, "good", "active"),
        (Provider::GOOGLE, "ratelimited", "active"),
    ] {
        let token = format!("Bearer {}", test.registration_token("bo").await);
        let body = json!({"provider": provider.name(), "apiKey": sample_key(provider, behaviour, "bo")});
        let stored = test.request("POST", "/v1/registration").header("authorization", &token).json(&body).send().await;
        assert_eq!((stored.status, &stored.json()["state"]), (201, &json!(state)), "{provider} {behaviour}");
    }
}

#[tokio::test]
async fn refusals_say_how_many_tries_are_left() {
    let test = TestServer::start().await;
    let token = format!("Bearer {}", test.registration_token("bo").await);
    let body = json!({"provider": "openai", "apiKey": sample_key(Provider::OPENAI, "refused", "bo")});
    let refused = || test.request("POST", "/v1/registration").header("authorization", &token).json(&body).send();
    let texts = ["ask the app for a new", "1 try left", "2 tries left", "3 tries left", "4 tries left"];
    for (number, left) in texts.into_iter().enumerate().rev() {
        let answer = refused().await;
        assert_eq!(answer.assert_error(422, "key_refused_by_provider")["triesLeft"], number);
        assert!(answer.text().contains(left), "{left}: {}", answer.text());
    }
    refused().await.assert_error(410, "registration_token_expired");
}

#[tokio::test]
async fn a_key_is_never_in_an_answer() {
    let test = TestServer::start().await;
    let token = format!("Bearer {}", test.registration_token("bo").await);
    for body in [
        r#"{"provider":"openai","apiKey":"sk-hidden-é"}"#,
        r#"{"provider":"openai","apiKey":"sk-hidden-1","extra":1}"#,
        r#"{"provider":"openai","apiKey":{"sk-hidden-1":1}}"#,
        r#"{"provider":"openai","apiKey":"sk-hidden-1"#,
        r#""sk-hidden-1""#,
        r#"{"provider":"openai","apiKey":"sk-hidden-0123456789"}"#,
    ] {
        let request = test.request("POST", "/v1/registration").header("authorization", &token);
        let answer = request.header("content-type", "application/json").body(body).send().await;
        assert!(answer.status >= 400 && !answer.text().contains("hidden"), "{body}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_key_that_needs_a_workspace_says_how_many_tries_are_left() {
    let test = TestServer::start().await;
    let answer = test.connect("bo", Provider::ANTHROPIC, "workspace").await;
    let error = answer.assert_error(422, "provider_key_needs_workspace");
    assert_eq!((&error["triesLeft"], &error["param"]), (&json!(4), &json!("workspaceId")));
}

#[tokio::test]
async fn a_user_can_disconnect_a_key_with_their_token() {
    let test = TestServer::start().await;
    let token = format!("Bearer {}", test.registration_token("ana").await);
    let disconnect = |provider: &str| {
        let path = format!("/v1/registration/connections/{provider}");
        test.request("DELETE", &path).header("authorization", &token).send()
    };
    let connected = || async {
        let answer = test.as_app("GET", "/v1/users/ana/connections").send().await.json();
        let list = answer["connections"].as_array().unwrap().clone();
        list.iter().map(|one| one["provider"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all: Vec<_> = Provider::ALL.iter().map(|provider| provider.name()).collect();
    assert_eq!(connected().await, all);
    // Twice, since a missing key is not an error.
    for _ in 0..2 {
        let answer = disconnect("openai").await;
        assert_eq!((answer.status, answer.body.len()), (204, 0));
        answer.assert_ids();
        assert_eq!(connected().await, all[1..]);
    }
    test.chat("gpt-4o-mini", "hi", false).send().await.assert_error(403, "provider_key_missing");
    assert_eq!(disconnect("nobody").await.assert_error(400, "invalid_value")["param"], "provider");

    // The token is still good for a key, and for nothing after it.
    let body = json!({"provider": "openai", "apiKey": sample_key(Provider::OPENAI, "good", "ana")});
    let stored = test.request("POST", "/v1/registration").header("authorization", &token).json(&body).send().await;
    assert_eq!(stored.status, 201, "{}", stored.text());
    disconnect("openai").await.assert_error(410, "registration_token_used");
    assert_eq!(connected().await, all);
}

#[tokio::test]
async fn a_token_disconnects_only_what_it_may_replace() {
    let test = TestServer::start().await;
    let keep = test.token_with("ana", json!({"replace": false})).await;
    let other = test.token_with("ana", json!({"provider": "google"})).await;
    let stranger = test.registration_token("bo").await;
    let disconnect = |token: &str| {
        let request = test.request("DELETE", "/v1/registration/connections/openai");
        request.header("authorization", &format!("Bearer {token}")).send()
    };
    let error = disconnect(&keep).await.assert_error(403, "replace_not_allowed");
    assert_eq!(error["provider"], "openai");
    disconnect(&other).await.assert_error(400, "invalid_value");
    disconnect(&test.key).await.assert_error(401, "invalid_registration_token");
    assert_eq!(disconnect(&stranger).await.status, 204, "a user of their own");
    assert_eq!(test.chat("gpt-4o-mini", "hi", false).send().await.status, 200, "ana's key is there");
}

#[tokio::test]
async fn a_user_returns_only_to_an_address_of_the_projects_list() {
    let test = TestServer::start().await;
    test.change_policy(|policy| {
        policy.return_urls = vec!["https://app.example/done?a=1".into(), "myapp://done".into()];
    })
    .await;
    let token = format!("Bearer {}", test.registration_token("bo").await);
    let shown =
        |query: &str| test.request("GET", &format!("/v1/registration{query}")).header("authorization", &token).send();
    for (query, url) in [
        ("?returnUrl=https%3A%2F%2Fapp.example%2Fdone%3Fa%3D1", json!("https://app.example/done?a=1")),
        ("?returnUrl=myapp%3A%2F%2Fdone", json!("myapp://done")),
        ("", json!(null)),
        ("?returnUrl=", json!(null)),
        ("?returnUrl=https%3A%2F%2Fapp.example%2Fdone", json!(null)),
        ("?returnUrl=https%3A%2F%2Fapp.example%2Fdone%3Fa%3D1%23x", json!(null)),
        ("?returnUrl=https%3A%2F%2Fapp.example%2Fdone%3Fa%3D1%26b%3D2", json!(null)),
        ("?returnUrl=HTTPS%3A%2F%2Fapp.example%2Fdone%3Fa%3D1", json!(null)),
        ("?returnUrl=myapp%3A%2F%2Fdone%2F..", json!(null)),
        ("?returnUrl=javascript%3Aalert(1)", json!(null)),
    ] {
        let answer = shown(query).await;
        assert_eq!((answer.status, &answer.json()["returnUrl"]), (200, &url), "{query}");
    }
    for bad in ["?returnUrl=a&returnUrl=b", "?returnUrl=%zz"] {
        assert_eq!(shown(bad).await.assert_error(400, "invalid_value")["param"], "returnUrl");
    }
}

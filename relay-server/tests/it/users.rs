//! Users, their connections, their usage.

use relay_core::Provider;
use serde_json::{Value, json};

use crate::harness::TestServer;

#[tokio::test]
async fn users_come_page_by_page_and_visitors_who_never_connected_apart() {
    let test = TestServer::start().await;
    for user in ["bo", "cy", "di", "Zed", "a+b@c.example"] {
        test.connect(user, Provider::OPENAI, "good").await;
    }
    for visitor in ["v1", "v2", "v3"] {
        test.registration_token(visitor).await;
    }
    // Who connected once stays, whatever became of the key.
    test.as_app("DELETE", "/v1/users/bo/connections/openai").send().await;
    let connected = listed(&test, "state=connected").await;
    assert_eq!(connected, ["Zed", "a+b@c.example", "ana", "bo", "cy", "di"]);
    assert_eq!(listed(&test, "x=y").await, connected, "the default");
    assert_eq!(listed(&test, "state=pending").await, ["v1", "v2", "v3"]);
    let visitor = test.as_app("GET", "/v1/users/v1").send().await.json();
    assert_eq!((&visitor["state"], &visitor["connections"]), (&json!("pending"), &json!([])));
    test.connect("v1", Provider::OPENAI, "good").await;
    assert_eq!(listed(&test, "state=pending").await, ["v2", "v3"]);
    for bad in [
        "state=",
        "state=all",
        "limit=0",
        "limit=201",
        "limit=x",
        "limit=1&limit=2",
        "after=",
        "after=%zz",
        "after=a%20b",
    ] {
        let answer = test.as_app("GET", &format!("/v1/users?{bad}")).send().await;
        assert_eq!(answer.status, 400, "{bad}: {}", answer.text());
    }
}

/// The labels on all pages.
async fn listed(test: &TestServer, query: &str) -> Vec<String> {
    let mut seen = vec![];
    let mut after = String::new();
    loop {
        let page = test.as_app("GET", &format!("/v1/users?limit=2&{query}{after}")).send().await.json();
        let labels = page["users"].as_array().unwrap().iter().map(|u| u["endUserLabel"].as_str().unwrap().to_owned());
        seen.extend(labels);
        if page["hasMore"] == json!(false) {
            assert_eq!(page["nextAfter"], Value::Null);
            return seen;
        }
        let next = page["nextAfter"].as_str().unwrap().replace('+', "%2B").replace('@', "%40");
        after = format!("&after={next}");
    }
}

#[tokio::test]
async fn a_label_in_a_path_is_percent_encoded_and_exact() {
    let test = TestServer::start().await;
    for label in ["a/b", "a%2Fb", "100%", "?x=1#y", "...", "a;b", "\"<>\\", "~"] {
        test.connect(label, Provider::OPENAI, "good").await;
        let encoded: String = label.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let user = test.as_app("GET", &format!("/v1/users/{encoded}")).send().await;
        assert_eq!((user.status, &user.json()["endUserLabel"]), (200, &json!(label)));
        let connections = test.as_app("GET", &format!("/v1/users/{encoded}/connections")).send().await.json();
        assert_eq!(connections["connections"][0]["provider"], "openai");
        assert_eq!(test.as_app("DELETE", &format!("/v1/users/{encoded}/")).send().await.status, 204);
        test.as_app("GET", &format!("/v1/users/{encoded}")).send().await.assert_error(404, "user_not_found");
    }
    for bad in ["%", "%2", "%zz", "a%20b", "%C3%A9", "%FF", "%00", "a%0Ab", &"x".repeat(129)] {
        let answer = test.as_app("GET", &format!("/v1/users/{bad}")).send().await;
        assert_eq!(answer.assert_error(400, "invalid_user")["param"], "label", "{bad}");
    }
}

#[tokio::test]
async fn a_connection_can_be_checked_and_forgotten() {
    let test = TestServer::start().await;
    let checked = test.as_app("POST", "/v1/users/ana/connections/anthropic/verify").send().await;
    assert_eq!((checked.status, &checked.json()["state"]), (200, &json!("active")), "{}", checked.text());
    assert_eq!(test.as_app("POST", "/v1/users/ana/connections/nobody/verify").send().await.status, 400);
    for _ in 0..2 {
        let gone = test.as_app("DELETE", "/v1/users/ana/connections/anthropic").send().await;
        assert_eq!((gone.status, gone.body.len()), (204, 0));
        gone.assert_ids();
    }
    let error = test.chat("claude-haiku-4-5", "hi", false).send().await.assert_error(403, "provider_key_missing");
    assert_eq!(error["provider"], "anthropic");
    test.as_app("POST", "/v1/users/ana/connections/anthropic/verify")
        .send()
        .await
        .assert_error(403, "provider_key_missing");
    test.as_app("POST", "/v1/users/nobody/connections/openai/verify")
        .send()
        .await
        .assert_error(403, "provider_key_missing");
    assert_eq!(test.as_app("DELETE", "/v1/users/nobody").send().await.status, 204);
}

#[tokio::test]
async fn usage_is_reported_by_day_user_provider_model_and_tier() {
    let test = TestServer::start().await;
    test.chat("gpt-4o-mini", "hi", false).send().await;
    test.chat("gpt-4o-mini", "hi", false).header("x-relay-paid", "false").send().await;
    test.chat("gpt-4o-mini", "hi", true).send().await;
    let report = test.as_app("GET", "/v1/usage?user=ana").send().await.json();
    let rows = report["usage"].as_array().unwrap();
    let of = |tier: &str| {
        rows.iter().find(|row| row["tier"] == tier && row["model"].as_str().unwrap().starts_with("gpt")).unwrap()
    };
    assert_eq!((&of("paid")["requests"], &of("free")["requests"]), (&json!(2), &json!(1)), "{report}");
    assert!(of("paid")["inputTokens"].as_u64().unwrap() > 0 && of("paid")["outputTokens"].as_u64().unwrap() > 0);
    assert_eq!((of("paid")["day"].clone(), report["hasMore"].clone()), (report["to"].clone(), json!(false)));
    let nobody = test.as_app("GET", "/v1/usage?user=nobody").send().await.json();
    assert_eq!(nobody["usage"], json!([]));
    for bad in ["from=x", "from=2026-11-24&to=2026-11-23", "user=", "to=2026-02-30"] {
        assert_eq!(test.as_app("GET", &format!("/v1/usage?{bad}")).send().await.status, 400, "{bad}");
    }
}

//! What the hosted page asks of Relay beside the widget: names, the logo, and what became of a token.

use relay_core::Provider;
use relay_core::domain::Logo;
use relay_mock::sample_key;
use serde_json::{Value, json};

use crate::harness::{Answer, TestServer};

async fn ask(test: &TestServer, token: &str, query: &str) -> Answer {
    let path = format!("/v1/registration{query}");
    test.request("GET", &path).header("authorization", &format!("Bearer {token}")).send().await
}

async fn store(test: &TestServer, token: &str, user: &str) {
    let body = json!({"provider": "openai", "apiKey": sample_key(Provider::OPENAI, "good", user)});
    let request = test.request("POST", "/v1/registration").header("authorization", &format!("Bearer {token}"));
    assert_eq!(request.json(&body).send().await.status, 201);
}

#[tokio::test]
async fn a_name_comes_with_the_token_and_goes_to_the_widget_cleaned() {
    let test = TestServer::start().await;
    for (sent, shown) in [
        (json!("김지은"), json!("김지은")),
        (json!(" Ana\u{202e}  Kim\n"), json!("Ana Kim")),
        (json!("\u{200b}"), json!(null)),
        (json!(null), json!(null)),
    ] {
        let body = json!({"endUserLabel": "bo", "endUserName": sent});
        let issued = test.as_app("POST", "/v1/registration-tokens").json(&body).send().await.json();
        assert_eq!(issued["endUserName"], shown);
        let session = ask(&test, issued["registrationToken"].as_str().unwrap(), "").await.json();
        assert_eq!((&session["endUserName"], &session["endUserLabel"]), (&shown, &json!("bo")));
    }
    // The account is the label's, whatever the name.
    let account = async |name: Value| {
        let token = test.token_with("bo", json!({"endUserName": name})).await;
        ask(&test, &token, "").await.json()["account"].clone()
    };
    assert_eq!(account(json!("Ana")).await, account(json!("Bo")).await);
    let long = json!({"endUserLabel": "bo", "endUserName": "b".repeat(81)});
    test.as_app("POST", "/v1/registration-tokens").json(&long).send().await.assert_error(400, "invalid_value");
}

#[tokio::test]
async fn a_token_that_is_over_says_what_became_of_it_if_asked() {
    let test = TestServer::start().await;
    let token = test.token_with("bo", json!({"endUserName": "Bo"})).await;
    let open = ask(&test, &token, "?resume=true").await.json();
    assert_eq!(
        (&open["status"], &open["stored"], open["providers"].as_array().unwrap().len()),
        (&json!("open"), &json!(null), 3)
    );
    store(&test, &token, "bo").await;
    ask(&test, &token, "").await.assert_error(410, "registration_token_used");
    ask(&test, &token, "?resume=false").await.assert_error(410, "registration_token_used");
    let used = ask(&test, &token, "?resume=true").await.json();
    assert_eq!(
        (&used["status"], &used["stored"]["provider"], &used["endUserName"]),
        (&json!("used"), &json!("openai"), &json!("Bo"))
    );
    assert_eq!((&used["providers"], &used["connections"]), (&json!([]), &json!([])), "it shows no other key");
    // Of a key that was replaced or disconnected since, it does not say that it is connected.
    let next = test.registration_token("bo").await;
    store(&test, &next, "another").await;
    assert_eq!(ask(&test, &token, "?resume=true").await.json()["stored"], json!(null));
    assert_ne!(ask(&test, &next, "?resume=true").await.json()["stored"], json!(null));
    test.as_app("DELETE", "/v1/users/bo/connections/openai").send().await;
    assert_eq!(ask(&test, &next, "?resume=true").await.json()["stored"], json!(null));
    ask(&test, &test.unknown_registration_token(), "?resume=true")
        .await
        .assert_error(401, "invalid_registration_token");
    ask(&test, &next, "?resume=maybe").await.assert_error(400, "invalid_value");
}

#[tokio::test]
async fn a_page_that_may_not_use_a_token_learns_nothing_of_what_became_of_it() {
    let test = TestServer::start().await;
    let token = test.token_with("bo", json!({"allowedOrigins": ["https://app.example"]})).await;
    store(&test, &token, "bo").await;
    let request = test.request("GET", "/v1/registration?resume=true").header("origin", "https://evil.example");
    let answer = request.header("authorization", &format!("Bearer {token}")).send().await;
    answer.assert_error(403, "origin_not_allowed");
}

#[tokio::test]
async fn a_logo_is_served_to_relays_own_pages_as_an_image_and_nothing_else() {
    let test = TestServer::start().await;
    let token = test.registration_token("bo").await;
    assert_eq!(ask(&test, &token, "").await.json()["logoUrl"], json!(null));
    let path = format!("/logo?grant={}", test.grant(&token));
    test.request("GET", &path).send().await.assert_error(404, "unknown_endpoint");
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR <script>".to_vec();
    test.change_policy(|policy| policy.logo = Logo::parse(&png).ok()).await;
    assert_eq!(ask(&test, &token, "").await.json()["logoUrl"], json!(path));
    let answer = test.request("GET", &path).send().await;
    let header = |name: &str| answer.header(name).unwrap_or_default();
    assert_eq!((answer.status, header("content-type"), &answer.body[..]), (200, "image/png", &png[..]));
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    assert_eq!(header("cross-origin-resource-policy"), "same-origin");
    assert_eq!(header("cache-control"), "private, max-age=300");
    for malformed in ["/logo", "/logo?grant=zz"] {
        test.request("GET", malformed).send().await.assert_error(400, "invalid_value");
    }
    let unknown = format!("/logo?grant={}", "0".repeat(64));
    test.request("GET", &unknown).send().await.assert_error(404, "unknown_endpoint");
}

#[tokio::test]
async fn relays_pages_have_an_icon() {
    let test = TestServer::start().await;
    let answer = test.request("GET", "/favicon.svg").send().await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some("image/svg+xml")));
    assert!(test.request("GET", "/connect").send().await.text().contains("<link rel=\"icon\" href=\"/favicon.svg\">"));
}

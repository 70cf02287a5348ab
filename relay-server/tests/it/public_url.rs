//! Where the server is reached: links, a path before all routes, the pages for people, the metrics' token.

use relay_server::config::MetricsToken;
use serde_json::json;

use crate::harness::{CHAT, Connection, TestServer, chat_body};

#[tokio::test]
async fn no_link_is_made_from_an_address_that_nobody_can_reach() {
    // The harness connects with tokens, so this server has none of its users.
    let test = TestServer::bare(|options| options.listen = ([0, 0, 0, 0], 0).into()).await;
    let token = test.as_app("POST", "/v1/registration-tokens").json(&json!({"user": "bo"})).send().await;
    assert_eq!(token.header("x-should-retry"), Some("false"));
    let error = token.assert_error(500, "public_url_missing");
    assert!(error["message"].as_str().unwrap().contains("`server.public_url`"), "{error}");
    assert_eq!(test.as_app("GET", "/v1/users?state=pending").send().await.json()["users"], json!([]));
    test.request("GET", "/api/widget").send().await.assert_error(500, "public_url_missing");
    assert_eq!(test.request("GET", "/widget.js").send().await.status, 200, "the widget itself needs no link");
    for path in ["/", "/docs", "/api/health", "/connect"] {
        assert_eq!(test.request("GET", path).send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn with_a_path_every_route_works_with_it_and_without() {
    let test = TestServer::with(|options| options.public_url = Some("https://r.example/tools/relay".to_owned())).await;
    let issued = test.as_app("POST", "/tools/relay/v1/registration-tokens").json(&json!({"user": "bo"})).send().await;
    let link = issued.json()["connectUrl"].as_str().unwrap().to_owned();
    assert!(link.starts_with("https://r.example/tools/relay/connect?grant="), "{link}");
    let target = link.strip_prefix("https://r.example").unwrap().split('#').next().unwrap();
    for page in [target, target.strip_prefix("/tools/relay").unwrap()] {
        let page = test.request("GET", page).send().await;
        let script = page.text().split("<script src=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        assert!(script.starts_with("/tools/relay/widget/"), "{script}");
        assert_eq!(test.request("GET", &script).send().await.status, 200);
    }
    let about = test.request("GET", "/tools/relay/api/widget").send().await.json();
    assert!(about["snippet"].as_str().unwrap().contains("https://r.example/tools/relay/widget/"), "{about}");
    for prefix in ["", "/tools/relay"] {
        let request = test.as_app("POST", &format!("{prefix}{CHAT}")).header("x-relay-user", "ana");
        assert_eq!(request.json(&chat_body("gpt-4o-mini", "hi", false)).send().await.status, 200, "{prefix}");
        let user = test.as_app("GET", &format!("{prefix}/v1/users/an%61?x=1")).send().await;
        assert_eq!(user.json()["endUserLabel"], "ana", "{prefix}");
        assert_eq!(test.request("GET", &format!("{prefix}/")).send().await.status, 200, "{prefix}");
    }
    assert_eq!(test.request("GET", "/tools/relay").send().await.status, 200, "the landing page without a slash");
    test.request("GET", "/tools/relayed/v1/users").send().await.assert_error(404, "unknown_endpoint");
    // A key leaves no copy in the connection's buffer under either name.
    let token = format!("Bearer {}", issued.json()["registrationToken"].as_str().unwrap());
    let body = json!({"provider": "openai", "apiKey": "sk-mock-good-000000000bob"});
    let registered =
        test.request("POST", "/tools/relay/v1/registration").header("authorization", &token).json(&body).send().await;
    assert_eq!((registered.status, registered.header("connection")), (201, Some("close")));
}

#[tokio::test]
async fn the_pages_for_people_load_nothing_else() {
    let test = TestServer::start().await;
    let home = test.request("GET", "/").header("accept", "text/html,*/*;q=0.8").send().await;
    assert_eq!((home.status, home.header("vary")), (200, Some("accept")));
    let docs = test.request("GET", "/docs").send().await;
    for page in [&home, &docs] {
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"), "{policy}");
        let text = page.text();
        for forbidden in ["<script", "src=", "@import", "url(", "http://", "https://"] {
            assert!(!text.contains(forbidden), "{forbidden}");
        }
    }
    assert!(home.text().contains("href=\"/docs\"") && docs.text().contains("/v1/chat/completions"));
    let json = test.request("GET", "/").header("accept", "*/*").send().await.json();
    assert_eq!((&json["name"], &json["docs"]), (&json!("Relay"), &json!("/docs")));
}

#[tokio::test]
async fn metrics_with_a_token_need_it() {
    let test = TestServer::with(|options| {
        options.metrics_listen = Some(([127, 0, 0, 1], 0).into());
        options.metrics_token = Some(MetricsToken::new("a-token-of-the-scraper"));
    })
    .await;
    for (credential, status) in [
        ("", 401),
        ("authorization: Bearer a-token-of-the-scrapes\r\n", 401),
        ("authorization: Basic a-token-of-the-scraper\r\n", 401),
        ("authorization: Bearer a-token-of-the-scraper\r\n", 200),
        ("authorization: bearer a-token-of-the-scraper\r\n", 200),
    ] {
        let mut connection = Connection::to(test.running.metrics_addr.unwrap()).await;
        connection.write(format!("GET /metrics HTTP/1.1\r\nhost: x\r\n{credential}\r\n").as_bytes()).await;
        let answer = connection.answer(false).await;
        assert_eq!(answer.status, status, "{credential}");
        assert_eq!(answer.text().contains("relay_build_info"), status == 200);
    }
}

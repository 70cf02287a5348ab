//! Webhooks, Relay keys and the audit log over HTTP.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use relay_adapters::http::HttpWebhooks;
use relay_core::Provider;
use relay_core::domain::ids::EndUser;
use relay_core::domain::trail::{Actor, By};
use relay_core::domain::{KeySignal, Scope, Slot, WebhookTargets};
use relay_core::relay::relay_keys::NewRelayKey;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::harness::TestServer;

/// What an endpoint was sent: the head and the body.
type Received = Arc<Mutex<Vec<(String, String)>>>;

/// An app's endpoint, which answers each event with this status.
async fn endpoint(status: &'static str) -> (String, Received) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hooks", listener.local_addr().unwrap());
    let received = Received::default();
    let seen = Arc::clone(&received);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let (head, body) = loop {
                let mut piece = [0; 4096];
                let read = stream.read(&mut piece).await.unwrap_or(0);
                bytes.extend_from_slice(&piece[..read]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
                let length = head
                    .to_ascii_lowercase()
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: ").map(str::to_owned));
                if read == 0 || body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0) {
                    break (head.to_ascii_lowercase(), body.to_owned());
                }
            };
            seen.lock().unwrap().push((head, body));
            let _ = stream
                .write_all(format!("HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok").as_bytes())
                .await;
        }
    });
    (url, received)
}

/// A server that delivers events, and a key that may do everything.
async fn server() -> TestServer {
    let targets = WebhookTargets { allow_private: false, allow_http_loopback: true };
    let mut test = TestServer::around(
        |_| {},
        |mut ports| {
            ports.webhook_targets = targets;
            ports.webhooks = Some(Arc::new(HttpWebhooks::new(targets).unwrap()));
            ports
        },
    )
    .await;
    test.key = test.relay_key(NewRelayKey::new("admin").scopes(Scope::ALL)).await;
    let relay = test.relay.clone();
    tokio::spawn(async move {
        loop {
            if relay.deliver().await.unwrap() == 0 {
                let _ = tokio::time::timeout(Duration::from_secs(1), relay.ports().outbox.event_stored()).await;
            }
        }
    });
    test
}

async fn create(test: &TestServer, body: Value) -> Value {
    let answer = test.as_app("POST", "/v1/webhooks").json(&body).send().await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    answer.json()
}

/// Waits for so many events.
async fn wait_for(received: &Received, number: usize) -> Vec<(String, String)> {
    let begin = Instant::now();
    while received.lock().unwrap().len() < number {
        assert!(begin.elapsed() < Duration::from_secs(30), "{:?}", received.lock().unwrap());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    received.lock().unwrap().clone()
}

#[tokio::test]
async fn a_key_that_is_refused_reaches_the_app_at_once_and_signed() {
    let test = server().await;
    let (url, received) = endpoint("200 OK").await;
    let made = create(&test, json!({ "url": url, "events": ["connection.invalid", "connection.repaired"] })).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let user = EndUser::parse("ana").unwrap();
    let slot = Slot { project: test.project.id.clone(), user, provider: Provider::OPENAI };
    let by = By::new(Actor::Provider(Provider::OPENAI));
    let begin = Instant::now();
    test.relay.ports().key_store.observe(&slot, 1, KeySignal::Invalid, true, by.at, &by).await.unwrap();
    let [(head, body)] = wait_for(&received, 1).await.try_into().unwrap();
    println!("the event arrived after {:?}", begin.elapsed());
    let event: Value = serde_json::from_str(&body).unwrap();
    assert_eq!((&event["type"], &event["data"]["endUserLabel"]), (&json!("connection.invalid"), &json!("ana")));
    let header = |name: &str| {
        let line = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        line.unwrap_or_else(|| panic!("no {name} in {head}")).to_owned()
    };
    assert!(header("webhook-id").starts_with("evt_"));
    assert!(header("webhook-timestamp").parse::<u64>().unwrap() > 1_700_000_000);
    assert!(header("webhook-signature").starts_with("v1,"));
    assert!(!head.contains("authorization") && !head.contains("cookie"));
    let id = made["id"].as_str().unwrap();
    let log = test.as_app("GET", &format!("/v1/webhooks/{id}/deliveries")).send().await.json();
    assert_eq!(log["deliveries"][0]["event"], "connection.invalid");
    assert!(!test.as_app("GET", "/v1/webhooks").send().await.text().contains("whsec_"), "shown once");
}

#[tokio::test]
async fn a_test_event_is_sent_and_replayed() {
    let test = server().await;
    let (url, received) = endpoint("204 No Content").await;
    let made = create(&test, json!({ "url": url })).await;
    let id = made["id"].as_str().unwrap();
    let sent = test.as_app("POST", &format!("/v1/webhooks/{id}/test")).send().await;
    assert_eq!(sent.status, 202);
    let first = wait_for(&received, 1).await;
    assert!(first[0].1.contains("webhook.test"));
    let delivery = sent.json()["delivery"].clone();
    // The attempt is settled a moment after the endpoint has it.
    loop {
        let log = test.as_app("GET", &format!("/v1/webhooks/{id}/deliveries")).send().await.json();
        if log["deliveries"][0]["state"] == "delivered" {
            assert_eq!(log["deliveries"][0]["lastAttempt"]["status"], 204);
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let replay = test.as_app("POST", &format!("/v1/webhooks/{id}/replay")).json(&json!({ "delivery": delivery }));
    assert_eq!(replay.send().await.json(), json!({ "deliveries": 1 }));
    let both = wait_for(&received, 2).await;
    let id_of =
        |(head, _): &(String, String)| head.lines().find(|line| line.starts_with("webhook-id")).unwrap().to_owned();
    assert_eq!(id_of(&both[0]), id_of(&both[1]), "the same event");
}

#[tokio::test]
async fn webhooks_are_changed_rolled_and_deleted() {
    let test = server().await;
    let (url, received) = endpoint("200 OK").await;
    let made = create(&test, json!({ "url": url, "description": "ours" })).await;
    let path = format!("/v1/webhooks/{}", made["id"].as_str().unwrap());
    let changed =
        test.as_app("PATCH", &path).json(&json!({ "enabled": false, "events": ["user.deleted"] })).send().await;
    assert_eq!((&changed.json()["enabled"], &changed.json()["events"]), (&json!(false), &json!(["user.deleted"])));
    test.as_app("PATCH", &path).json(&json!({ "enabled": true })).send().await;
    let rolled =
        test.as_app("POST", &format!("{path}/roll-secret")).json(&json!({ "overlapSeconds": 60 })).send().await;
    assert!(rolled.json()["secret"] != made["secret"] && rolled.json()["previousSecretUntil"].is_string());
    test.as_app("POST", &format!("{path}/test")).send().await;
    let [(head, _)] = wait_for(&received, 1).await.try_into().unwrap();
    let signatures = head.lines().find_map(|line| line.strip_prefix("webhook-signature: ")).unwrap();
    assert_eq!(signatures.split(' ').count(), 2, "by the old and the new secret");
    assert_eq!(test.as_app("DELETE", &path).send().await.status, 204);
    test.as_app("GET", &path).send().await.assert_error(404, "webhook_not_found");
}

#[tokio::test]
async fn what_cannot_be_a_webhook_is_refused() {
    let test = server().await;
    for (body, param) in [
        (json!({}), "url"),
        (json!({ "url": "http://app.example/" }), "url"),
        (json!({ "url": "https://10.0.0.1/" }), "url"),
        (json!({ "url": "https://user@app.example/" }), "url"),
        (json!({ "url": "https://app.example/", "events": ["nothing"] }), "events"),
        (json!({ "url": "https://app.example/", "secret": "mine" }), "secret"),
        (json!({ "url": "https://app.example/", "description": "a\nb" }), "description"),
    ] {
        let answer = test.as_app("POST", "/v1/webhooks").json(&body).send().await;
        assert_eq!((answer.status, &answer.json()["error"]["param"]), (400, &json!(param)), "{body}");
    }
    let plain = test.relay_key(NewRelayKey::new("plain").scopes([Scope::Inference])).await;
    let answer = test.request("GET", "/v1/webhooks").header("authorization", &format!("Bearer {plain}")).send().await;
    answer.assert_error(403, "scope_missing");
}

#[tokio::test]
async fn relay_keys_are_made_rolled_and_revoked() {
    let test = server().await;
    let made = test.as_app("POST", "/v1/keys").json(&json!({ "name": "backend", "scopes": ["users"] })).send().await;
    assert_eq!((made.status, &made.json()["scopes"]), (201, &json!(["users"])));
    let all = test.as_app("POST", "/v1/keys").json(&json!({ "name": "usual" })).send().await.json();
    assert!(!all["scopes"].as_array().unwrap().contains(&json!("admin")), "`admin` only by name: {all}");
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let rolled = test.as_app("POST", &format!("/v1/keys/{id}/roll")).json(&json!({ "overlapSeconds": 0 })).send().await;
    assert_eq!((rolled.status, &rolled.json()["scopes"]), (201, &json!(["users"])));
    test.as_app("POST", &format!("/v1/keys/{id}/roll")).send().await.assert_error(404, "relay_key_not_found");
    let new = rolled.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(test.as_app("DELETE", &format!("/v1/keys/{new}")).send().await.status, 204);
    test.as_app("DELETE", &format!("/v1/keys/{new}")).send().await.assert_error(404, "relay_key_not_found");
    let listed = test.as_app("GET", "/v1/keys").send().await;
    assert!(!listed.text().contains("rly-"), "shown once");
}

#[tokio::test]
async fn the_audit_log_says_who_did_what() {
    let test = server().await;
    test.as_app("DELETE", "/v1/users/ana/connections/openai").send().await;
    test.as_app("DELETE", "/v1/users/ana").send().await;
    let page = test.as_app("GET", "/v1/audit?limit=2").send().await.json();
    assert_eq!(page["entries"][0]["action"], "user.deleted");
    assert_eq!(page["entries"][0]["actor"]["type"], "relay_key");
    assert!(page["entries"][0]["requestId"].as_str().unwrap().starts_with("req_"));
    assert_eq!(
        (&page["entries"][1]["action"], &page["entries"][1]["erased"]),
        (&json!("connection.deleted"), &json!(true))
    );
    let next = page["nextBefore"].as_str().unwrap();
    let rest = test.as_app("GET", &format!("/v1/audit?before={next}&limit=200")).send().await;
    assert!(!rest.text().contains(r#""ana""#), "{}", rest.text());
    for bad in ["limit=0", "limit=201", "before=x", "action=nothing", "since=yesterday", "user=a%20b"] {
        assert_eq!(test.as_app("GET", &format!("/v1/audit?{bad}")).send().await.status, 400, "{bad}");
    }
}

//! What one project may do how often, and that others do not notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use relay_core::domain::Policy;
use relay_core::domain::ids::Timestamp;
use relay_core::ports::Clock;
use relay_core::relay::quotas::{QuotaLimits, Quotas};
use relay_core::relay::relay_keys::NewRelayKey;
use relay_core::{Provider, Relay};
use relay_mock::sample_key;
use serde_json::json;

use crate::harness::{Answer, TestServer};

/// A clock that a test sets, in microseconds; the wall clock can be set apart from it.
#[derive(Default)]
struct Hands {
    micros: AtomicU64,
    wall_ahead: AtomicU64,
}

impl Hands {
    fn pass(&self, seconds: u64) {
        self.micros.fetch_add(seconds * 1_000_000, Ordering::SeqCst);
    }

    /// Sets the wall clock this many seconds ahead of where it would be.
    fn set_ahead(&self, seconds: u64) {
        self.wall_ahead.store(seconds * 1000, Ordering::SeqCst);
    }
}

impl Clock for Hands {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_423_644_000 + self.micros() / 1000 + self.wall_ahead.load(Ordering::SeqCst))
    }

    fn micros(&self) -> u64 {
        self.micros.load(Ordering::SeqCst)
    }
}

async fn server(limits: QuotaLimits) -> (TestServer, Arc<Hands>) {
    let hands = Arc::new(Hands::default());
    let clock = Arc::clone(&hands);
    let test = TestServer::around(
        |_| {},
        |mut ports| {
            (ports.clock, ports.quotas) = (clock, Arc::new(Quotas::new(limits)));
            ports
        },
    );
    (test.await, hands)
}

async fn issue(test: &TestServer, key: &str, user: &str) -> Answer {
    let request = test.request("POST", "/v1/registration-tokens").header("authorization", &format!("Bearer {key}"));
    request.json(&json!({"user": user})).send().await
}

async fn other_project(test: &TestServer) -> String {
    let project = test.relay.create_project("Other", Policy::default()).await.unwrap();
    test.relay.create_relay_key(&project.id, NewRelayKey::new("test")).await.unwrap().key.expose().to_owned()
}

async fn register(test: &TestServer, token: &str, behaviour: &str) -> Answer {
    let request = test.request("POST", "/v1/registration").header("authorization", &format!("Bearer {token}"));
    let key = sample_key(Provider::OPENAI, behaviour, "x");
    request.json(&json!({"provider": "openai", "apiKey": key})).send().await
}

#[track_caller]
fn wait(answer: &Answer, part: &str) -> u64 {
    let error = answer.assert_error(429, "rate_limit_exceeded");
    assert!(error["message"].as_str().unwrap().contains(part), "{error}");
    assert_eq!(error.get("provider"), None, "it is Relay's own limit");
    answer.header("retry-after").unwrap().parse().unwrap()
}

#[tokio::test]
async fn tokens_are_limited_by_project_and_the_wait_is_honest() {
    let (test, hands) = server(QuotaLimits { tokens_a_minute: 60, ..QuotaLimits::default() }).await;
    let other = other_project(&test).await;
    hands.pass(60);
    for n in 0..30 {
        assert_eq!(issue(&test, &test.key, &format!("user{n}")).await.status, 201);
    }
    let refused = issue(&test, &test.key, "one-more").await;
    assert_eq!(wait(&refused, "registration tokens: 60 a minute"), 1);
    assert_eq!(refused.header("x-should-retry"), None, "a client may send it again");
    assert_eq!(issue(&test, &other, "ana").await.status, 201);
    hands.pass(1);
    assert_eq!(issue(&test, &test.key, "one-more").await.status, 201);
    wait(&issue(&test, &test.key, "two-more").await, "registration tokens");
}

#[tokio::test]
async fn an_app_with_a_thousand_users_a_minute_passes() {
    let (test, hands) = server(QuotaLimits::default()).await;
    hands.pass(60);
    // All at once, and then evenly for a while.
    for n in 0..1000 {
        assert_eq!(issue(&test, &test.key, &format!("a{n}")).await.status, 201, "{n}");
    }
    for n in 0..1000 {
        hands.micros.fetch_add(60_000, Ordering::SeqCst);
        let answer = issue(&test, &test.key, &format!("b{n}")).await;
        let token = answer.json()["registrationToken"].as_str().unwrap().to_owned();
        assert_eq!(register(&test, &token, "good").await.status, 201, "{n}");
    }
}

#[tokio::test]
async fn key_checks_are_limited_by_project() {
    let (test, hands) = server(QuotaLimits { key_checks_a_minute: 6, ..QuotaLimits::default() }).await;
    let other = other_project(&test).await;
    hands.pass(60);
    let token = test.registration_token("bo").await;
    for _ in 0..2 {
        register(&test, &token, "refused").await.assert_error(422, "key_refused_by_provider");
    }
    let verify = || test.as_app("POST", "/v1/users/ana/connections/openai/verify").send();
    assert_eq!(verify().await.status, 200);
    let asked = test.mock.total_calls();
    assert_eq!(wait(&register(&test, &token, "good").await, "key checks: 6 a minute"), 10);
    wait(&verify().await, "key checks");
    assert_eq!(test.mock.total_calls(), asked, "the provider was not asked");
    let foreign = issue(&test, &other, "ana").await.json()["registrationToken"].as_str().unwrap().to_owned();
    assert_eq!(register(&test, &foreign, "good").await.status, 201);
    hands.pass(10);
    assert_eq!(register(&test, &token, "good").await.status, 201, "the token has lost no try");
}

/// A client that leaves before the provider's answer loses no try of its token.
#[tokio::test]
async fn key_checks_are_limited_by_token() {
    let (test, hands) = server(QuotaLimits::default()).await;
    hands.pass(60);
    let token = test.registration_token("bo").await;
    for _ in 0..10 {
        test.mock.script(Provider::OPENAI, relay_mock::Scripted::never());
        let key = sample_key(Provider::OPENAI, "good", "x");
        let request = test.request("POST", "/v1/registration").header("authorization", &format!("Bearer {token}"));
        let connection = request.json(&json!({"provider": "openai", "apiKey": key})).open().await;
        test.mock.until(|mock| mock.open_calls() == 1).await;
        connection.leave();
        test.mock.until(|mock| mock.open_calls() == 0).await;
    }
    assert_eq!(wait(&register(&test, &token, "good").await, "one registration token: 10 a minute"), 6);
    let other = test.registration_token("cy").await;
    assert_eq!(register(&test, &other, "good").await.status, 201);
}

/// Each exchange writes, and the new token has checks of its own.
#[tokio::test]
async fn exchanges_are_limited_by_user() {
    let (test, hands) = server(QuotaLimits::default()).await;
    hands.pass(60);
    let exchange = |token: &str, successor: &str| {
        let request = test.request("POST", "/v1/registration/exchange");
        request.header("authorization", &format!("Bearer {token}")).json(&json!({"successor": successor})).send()
    };
    let mut token = test.registration_token("bo").await;
    for _ in 0..20 {
        let next = test.unknown_registration_token();
        assert_eq!(exchange(&token, &next).await.status, 204);
        token = next;
    }
    let next = test.unknown_registration_token();
    assert_eq!(wait(&exchange(&token, &next).await, "exchanged tokens of one user: 20 a minute"), 3);
    let other = test.registration_token("cy").await;
    assert_eq!(exchange(&other, &test.unknown_registration_token()).await.status, 204);
    hands.pass(3);
    assert_eq!(exchange(&token, &next).await.status, 204);
}

#[tokio::test]
async fn users_without_a_key_are_limited_and_go_with_their_tokens() {
    let (test, hands) = server(QuotaLimits { pending_users: 3, ..QuotaLimits::default() }).await;
    let other = other_project(&test).await;
    for user in ["a", "b", "c"] {
        assert_eq!(issue(&test, &test.key, user).await.status, 201);
    }
    let refused = issue(&test, &test.key, "d").await;
    wait(&refused, "users who never connected a key: 3");
    assert_eq!(refused.header("x-should-retry"), Some("false"));
    // Users who are known may have further tokens, and other projects new users.
    for user in ["a", "ana"] {
        assert_eq!(issue(&test, &test.key, user).await.status, 201);
    }
    assert_eq!(issue(&test, &other, "d").await.status, 201);
    // One connects a key.
    let token = test.registration_token("b").await;
    assert_eq!(register(&test, &token, "good").await.status, 201);
    assert_eq!(issue(&test, &test.key, "d").await.status, 201);
    issue(&test, &test.key, "e").await.assert_error(429, "rate_limit_exceeded");
    // A day after their tokens expired, they are gone, and who connected a key is not.
    hands.pass(600 + 86_400);
    while test.relay.clean_up().await.unwrap() {}
    for (user, status) in [("a", 404), ("b", 200), ("c", 404), ("d", 404), ("ana", 200)] {
        assert_eq!(test.as_app("GET", &format!("/v1/users/{user}")).send().await.status, status, "{user}");
    }
    assert_eq!(issue(&test, &test.key, "e").await.status, 201);
}

#[tokio::test]
async fn an_expired_token_stays_expired_when_the_clock_is_set_back() {
    let (test, hands) = server(QuotaLimits::default()).await;
    let (first, second) = (test.registration_token("bo").await, test.registration_token("bo").await);
    let show = async |token: &str| {
        let request = test.request("GET", "/v1/registration").header("authorization", &format!("Bearer {token}"));
        request.send().await
    };
    let short = test.relay_key(NewRelayKey::new("short").seconds(600)).await;
    assert_eq!(show(&first).await.status, 200);
    hands.set_ahead(3600);
    let expired = test.request("GET", "/v1/users").header("authorization", &format!("Bearer {short}")).send().await;
    expired.assert_error(401, "invalid_relay_key");
    show(&first).await.assert_error(410, "registration_token_expired");
    hands.set_ahead(0);
    for token in [&first, &second] {
        show(token).await.assert_error(410, "registration_token_expired");
        register(&test, token, "good").await.assert_error(410, "registration_token_expired");
    }
    let restored = test.request("GET", "/v1/users").header("authorization", &format!("Bearer {short}")).send().await;
    restored.assert_error(401, "invalid_relay_key");
    // Tokens that are issued now live for their time.
    let fresh = test.registration_token("cy").await;
    hands.pass(599);
    assert_eq!(show(&fresh).await.status, 200);
    hands.pass(1);
    show(&fresh).await.assert_error(410, "registration_token_expired");
    // The next process does not know how late it was, but what was cleaned up until then stays closed.
    let mut ports = test.relay.ports().clone();
    ports.quotas = Arc::default();
    test.relay.clean_up().await.unwrap();
    let restarted = Relay::new(ports);
    let token = relay_core::domain::secret::RegistrationToken::new(first);
    let error = restarted.registration(&token, None).await.unwrap_err();
    assert_eq!(error.code(), "registration_token_expired");
}

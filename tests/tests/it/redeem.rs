//! A registration token stores one key, however many requests race for it.

use std::collections::HashMap;
use std::time::Duration;

use futures::StreamExt as _;
use relay_core::Provider;
use relay_mock::Mock;
use relay_tests::{Answer, TestRelay};
use reqwest::Method;
use serde_json::{Value, json};

const REQUESTS: usize = 1000;
/// Requests under way at a time.
const AT_ONCE: usize = 64;

/// Sends all of these keys with one token, and returns the answers in the order of the keys.
async fn race(relay: &TestRelay, token: &str, keys: &[String]) -> Vec<Answer> {
    let requests = keys.iter().map(|key| {
        let body = json!({"provider": "openai", "apiKey": key});
        async move { relay.call_as(token, Method::POST, "/v1/registration", &body).await }
    });
    futures::stream::iter(requests).buffered(AT_ONCE).collect().await
}

fn key(n: usize) -> String {
    relay_mock::sample_key(Provider::OPENAI, "good", &format!("{n:0>16}"))
}

fn counts(answers: &[Answer]) -> HashMap<(u16, String), usize> {
    answers.iter().fold(HashMap::new(), |mut counts, answer| {
        let code = answer.json()["error"]["code"].as_str().unwrap_or_default().to_owned();
        *counts.entry((answer.status, code)).or_default() += 1;
        counts
    })
}

async fn connections(relay: &TestRelay, user: &str) -> Value {
    let path = format!("/v1/users/{user}/connections");
    relay.call(Method::GET, &path, &Value::Null).await.expect(200).json()["connections"].take()
}

/// Races different keys; returns the winner's answer.
async fn one_wins(relay: &TestRelay, user: &str, keys: &[String]) {
    let token = relay.token(user).await;
    let answers = race(relay, &token, keys).await;
    let want =
        HashMap::from([((201, String::new()), 1), ((410, "registration_token_used".to_owned()), keys.len() - 1)]);
    assert_eq!(counts(&answers), want);
    answers.iter().filter(|answer| answer.status == 410).for_each(|a| a.assert_error(410, "registration_token_used"));
    let winner = answers.iter().position(|answer| answer.status == 201).unwrap();
    let last4 = &keys[winner][keys[winner].len() - 4..];
    let stored = connections(relay, user).await;
    assert_eq!(stored.as_array().unwrap().len(), 1, "{stored}");
    assert_eq!((&stored[0]["last4"], &answers[winner].json()["last4"]), (&json!(last4), &json!(last4)));
    // The stored bytes are the winner's key too, not only its last four characters.
    relay.mock.forget();
    relay.chat(user, &relay_tests::says("gpt-4o-mini", "hi")).await.expect(200);
    assert_eq!(relay.mock.requests()[0].key.as_ref().unwrap().expose(), keys[winner]);
}

#[actix_web::test]
async fn of_1000_different_keys_with_one_token_one_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).mock(slow()).start().await;
    one_wins(&relay, "ana", &(0..REQUESTS).map(key).collect::<Vec<_>>()).await;
}

/// The provider takes a while, so that all requests have found the token unspent before the first one spends it.
fn slow() -> Mock {
    Mock::new().pausing(Duration::from_millis(50))
}

#[actix_web::test]
async fn of_keys_that_come_together_the_provider_is_asked_about_one_only() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).mock(slow()).start().await;
    for round in 0..10 {
        let before = relay.mock.total_calls();
        let keys: Vec<String> = (0..AT_ONCE).map(|n| key(round * AT_ONCE + n)).collect();
        one_wins(&relay, &format!("user{round}"), &keys).await;
        let checked = relay.mock.total_calls() - before - 1;
        // The token's turn lasts until the key is stored; those who waited find it spent.
        assert_eq!(checked, 1, "round {round}");
    }
}

#[actix_web::test]
async fn the_same_key_1000_times_gets_the_same_answer_1000_times() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).mock(slow()).start().await;
    let token = relay.token("ana").await;
    let answers = race(&relay, &token, &vec![key(7); REQUESTS]).await;
    let bodies: HashMap<&str, usize> = answers.iter().fold(HashMap::new(), |mut bodies, answer| {
        *bodies.entry(&answer.text).or_default() += 1;
        bodies
    });
    assert_eq!(counts(&answers), HashMap::from([((201, String::new()), REQUESTS)]));
    assert_eq!(bodies.len(), 1, "{bodies:?}");
    assert_eq!(connections(&relay, "ana").await.as_array().unwrap().len(), 1);
}

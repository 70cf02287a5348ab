//! A refusal does not say what is wrong with a Relay key: an attacker learns nothing about keys that exist.
//!
//! No test measures time, because no secret is compared with another. The store is asked for the SHA-256 of what was
//! sent (`Projects::relay_key` and `KeyStore::grant` take a `SecretHash`), and `RelayKey` and `RegistrationToken` have
//! no `==`. How long a search takes depends on that hash, which nobody can choose. The same is true of a registration
//! that is repeated: it compares keyed HMACs of the users' keys (`Cipher::fingerprint`), not the keys.

use relay_core::domain::secret::RelayKey;
use relay_core::relay::relay_keys::NewRelayKey;

use crate::harness::{Answer, CHAT, TestServer};

/// An answer without its request id and the date: status, headers, body.
fn without_id(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let id = answer.header("x-request-id").unwrap();
    let mut headers = answer.headers.clone();
    headers.retain(|(name, _)| !["x-request-id", "x-relay-request-id", "date"].contains(&name.as_str()));
    (answer.status, headers, answer.text().replace(id, "ID"))
}

/// Keys of each kind that are refused.
async fn refused_keys(test: &TestServer) -> Vec<(&'static str, String)> {
    let revoked = test.relay_key(NewRelayKey::new("revoked")).await;
    let other = TestServer::start().await;
    let issuer = &test.relay.ports().tokens;
    let hash = issuer.hash_relay_key(&RelayKey::new(revoked.clone())).unwrap();
    let record = test.relay.ports().projects.relay_key(&hash).await.unwrap().unwrap().key;
    assert!(test.relay.revoke_relay_key(&test.project.id, &record.id).await.unwrap());
    let mut mistyped = test.key.clone();
    let last = if mistyped.pop() == Some('x') { 'y' } else { 'x' };
    mistyped.push(last);
    vec![
        ("unknown", issuer.relay_key().unwrap().expose().to_owned()),
        ("revoked", revoked),
        ("of another server", other.key.clone()),
        ("mistyped", mistyped),
        ("cut", test.key[..test.key.len() - 1].to_owned()),
        ("longer", format!("{}x", test.key)),
        ("in other case", test.key.to_uppercase()),
        ("a hash", hash.to_hex()),
    ]
}

#[tokio::test]
async fn a_refusal_is_the_same_whatever_is_wrong_with_the_key() {
    let test = TestServer::start().await;
    let keys = refused_keys(&test).await;
    for (method, path) in [("POST", CHAT), ("GET", "/v1/users"), ("POST", "/v1/registration-tokens")] {
        let mut first = None;
        for (kind, key) in &keys {
            let answer = test.request(method, path).header("authorization", &format!("Bearer {key}")).send().await;
            answer.assert_error(401, "invalid_relay_key");
            let found = without_id(&answer);
            assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "{method} {path}: {kind}");
        }
    }
    assert_eq!(test.as_app("GET", "/v1/users").send().await.status, 200);
}

/// What was sent instead of a key is named by its beginning alone: whether it is valid plays no part.
#[tokio::test]
async fn another_kind_of_secret_in_place_of_the_key_is_named() {
    let test = TestServer::start().await;
    let token = test.registration_token("bo").await;
    for (kind, sent) in [
        ("a registration token", vec![token.clone(), token[..20].to_owned(), "rrt-x".to_owned()]),
        ("a user's key for OpenAI", vec!["sk-proj-abcdefgh".to_owned(), "sk-x".to_owned()]),
        ("a user's key for Anthropic", vec!["sk-ant-api03-abcdefgh".to_owned()]),
        ("a user's key for Google", vec!["AIzaSyAbcdefgh".to_owned(), "AQ.abcdefgh".to_owned()]),
        (
            "in front of the Relay key",
            vec![format!("\"{}\"", test.key), format!("Bearer {}", test.key), format!(" {}", test.key)],
        ),
    ] {
        let mut first = None;
        for sent in sent {
            for (method, path) in [("POST", CHAT), ("GET", "/v1/users"), ("POST", "/v1/registration-tokens")] {
                let answer = test.request(method, path).header("authorization", &format!("Bearer {sent}")).send().await;
                let error = answer.assert_error(401, "invalid_relay_key");
                let message = error["message"].as_str().unwrap().to_owned();
                assert!(message.contains(kind) && message.contains("rly-…"), "{kind}: {message}");
                assert!(!answer.text().contains(&sent), "{kind}: the answer repeats it");
                assert_eq!(first.get_or_insert_with(|| message.clone()), &message, "{kind}");
            }
        }
    }
    let answer = test.request("GET", "/v1/registration").header("authorization", &format!("Bearer {}", test.key));
    let error = answer.send().await.assert_error(401, "invalid_registration_token");
    assert!(error["message"].as_str().unwrap().contains("this is a Relay key"), "{error}");
}

#[tokio::test]
async fn a_key_is_found_by_its_whole_hash_only() {
    let test = TestServer::start().await;
    let ports = test.relay.ports();
    let hash = ports.tokens.hash_relay_key(&RelayKey::new(test.key.clone())).unwrap();
    assert!(ports.projects.relay_key(&hash).await.unwrap().is_some());
    for byte in 0..hash.0.len() {
        let mut near = hash;
        near.0[byte] ^= 1;
        assert!(ports.projects.relay_key(&near).await.unwrap().is_none(), "byte {byte}");
    }
}

//! What a registration token does not allow, and what is said when the store or a provider lets Relay down.

use std::sync::Arc;

use relay_core::domain::secret::ProviderKey;
use relay_core::domain::{SealedKey, SealedSlot, Slot, WebhookSecret};
use relay_core::ports::{Cipher, CipherError, Zeroizing};
use relay_core::{Provider, Relay};
use relay_mock::{Scripted, sample_key};
use relay_server::{Options, serve};
use relay_tests::{Answer, Api, TestRelay, says};
use reqwest::Method;
use serde_json::{Value, json};

async fn token(relay: &TestRelay, grant: &Value) -> String {
    let answer = relay.call(Method::POST, "/v1/registration-tokens", grant).await.expect(201);
    answer.json()["registrationToken"].as_str().unwrap().to_owned()
}

fn key(tag: &str) -> Value {
    json!({"provider": "openai", "apiKey": sample_key(Provider::OPENAI, "good", tag)})
}

async fn from_page(relay: &TestRelay, token: &str, origin: &str, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("origin", origin)];
    relay.send(Method::POST, "/v1/registration", &headers, body.to_string()).await
}

#[actix_web::test]
async fn a_token_works_on_its_pages_only() {
    let relay = TestRelay::start().await;
    let grant = json!({"user": "ana", "allowedOrigins": ["https://app.example"]});
    let token = token(&relay, &grant).await;
    for elsewhere in ["https://evil.example", "http://app.example", "https://app.example:444", "null"] {
        from_page(&relay, &token, elsewhere, &key("ana1")).await.assert_error(403, "origin_not_allowed");
    }
    assert_eq!(relay.mock.total_calls(), 0, "no key was shown to a provider");
    from_page(&relay, &token, "https://app.example", &key("ana1")).await.expect(201);
}

#[actix_web::test]
async fn a_token_that_may_not_replace_leaves_the_key_that_is_there() {
    let relay = TestRelay::start().await;
    let first = relay.connect("ana", Provider::OPENAI, "good").await;
    let token = token(&relay, &json!({"user": "ana", "replace": false})).await;
    let answer = relay.call_as(&token, Method::POST, "/v1/registration", &key("other")).await;
    answer.assert_error(403, "replace_not_allowed");
    relay.mock.forget();
    relay.chat("ana", &says("gpt-4o-mini", "hi")).await.expect(200);
    assert_eq!(relay.mock.requests()[0].key.as_ref().unwrap().expose(), first);
    // The token is not spent: another provider's slot is free.
    let other = json!({"provider": "google", "apiKey": sample_key(Provider::GOOGLE, "good", "ana2")});
    relay.call_as(&token, Method::POST, "/v1/registration", &other).await.expect(201);
}

#[actix_web::test]
async fn a_token_for_one_provider_takes_no_other_key() {
    let relay = TestRelay::start().await;
    let token = token(&relay, &json!({"user": "ana", "provider": "anthropic"})).await;
    let answer = relay.call_as(&token, Method::POST, "/v1/registration", &key("ana1")).await;
    answer.assert_error(400, "invalid_value");
    assert_eq!(answer.json()["error"]["param"], "provider");
}

#[actix_web::test]
async fn a_store_that_can_not_be_written_is_a_503_and_calls_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let relay = TestRelay::with().sqlite(folder.path()).start().await;
    relay.connect("ana", Provider::OPENAI, "good").await;
    std::fs::rename(folder.path().join("relay.db"), folder.path().join("elsewhere")).unwrap();
    let answer = relay.call(Method::POST, "/v1/registration-tokens", &json!({"user": "bo"})).await;
    answer.assert_error(503, "storage_unavailable");
    assert!(!answer.header("retry-after").is_empty());
    relay.chat("ana", &says("gpt-4o-mini", "hi")).await.expect(200);
    std::fs::rename(folder.path().join("elsewhere"), folder.path().join("relay.db")).unwrap();
    relay.call(Method::POST, "/v1/registration-tokens", &json!({"user": "bo"})).await.expect(201);
}

#[actix_web::test]
async fn vectors_that_do_not_match_the_texts_are_refused() {
    let relay = TestRelay::start().await;
    relay.connect("ana", Provider::GOOGLE, "good").await;
    relay.mock.script(Provider::GOOGLE, Scripted::whole(200, r#"{"embeddings":[{"values":[1.0]}]}"#));
    let body = json!({"model": "gemini-embedding-001", "input": ["one", "two"]});
    let answer = relay.infer(&relay.key, "ana", "/v1/embeddings", &body).await;
    answer.assert_error(502, "embedding_count_mismatch");
}

#[actix_web::test]
async fn a_misspelt_member_is_named() {
    let relay = TestRelay::start().await;
    let body = json!({"user": "ana", "expiresInSecond": 60});
    let answer = relay.call(Method::POST, "/v1/registration-tokens", &body).await;
    answer.assert_error(400, "unknown_parameter");
    assert_eq!(answer.json()["error"]["param"], "expiresInSecond");
}

/// As if the master key had changed under the running process.
struct OpensNothing;

impl Cipher for OpensNothing {
    fn seal(&self, _: &SealedSlot, _: &ProviderKey) -> Result<SealedKey, CipherError> {
        Err(CipherError::Unavailable)
    }

    fn open(&self, _: &SealedSlot, _: &SealedKey) -> Result<ProviderKey, CipherError> {
        Err(CipherError::Tampered)
    }

    fn check(&self) -> Result<(), CipherError> {
        Err(CipherError::Tampered)
    }

    fn fingerprint(&self, _: &Slot, _: &ProviderKey) -> [u8; 16] {
        [0; 16]
    }

    fn seal_secret(&self, _: &str, _: &[u8]) -> Result<SealedKey, CipherError> {
        Err(CipherError::Unavailable)
    }

    fn open_secret(&self, _: &str, _: &SealedKey) -> Result<Zeroizing<Vec<u8>>, CipherError> {
        Err(CipherError::Tampered)
    }

    fn sign_webhook(&self, _: &WebhookSecret, _: &str, _: u64, _: &str) -> String {
        String::new()
    }
}

#[actix_web::test]
async fn a_relay_whose_master_key_opens_nothing_is_not_ready() {
    let mut ports = TestRelay::start().await.relay.ports().clone();
    ports.cipher = Arc::new(OpensNothing);
    let running = serve(Relay::new(ports), Options::default()).unwrap();
    let api = Api::new(format!("http://{}", running.addr), String::new());
    api.send(Method::GET, "/api/health/ready", &[], "").await.assert_error(503, "master_key_unusable");
    api.send(Method::GET, "/api/health/live", &[], "").await.expect(200);
}
